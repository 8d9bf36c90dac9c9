//! Reports silence of the server while requests wait for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::warnings::Warnings;

/// A wait is reported after this time, and each time it has passed again.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// How often a wait with the time limit `limit` is reported: at least once before it ends.
pub(super) fn report_every(limit: Duration) -> Duration {
    REPORT_EVERY.min(limit / 2)
}

/// The requests that wait for the server. A thread looks at them as long as this exists.
#[derive(Debug)]
pub(super) struct Patience {
    requests: Arc<Mutex<Vec<Request>>>,
}

#[derive(Debug)]
struct Request {
    what: String,
    answers: Arc<AtomicU64>,
    /// The number of answers at the last look that found a new one.
    seen: u64,
    /// When that was.
    since: Instant,
    reports: u32,
}

/// The answers to a request; the request ends when this is dropped.
#[derive(Debug)]
pub(super) struct Answers<'a> {
    patience: &'a Patience,
    count: Arc<AtomicU64>,
}

impl Answers<'_> {
    /// Counts a part of the answer, such as a row. Returns the number of parts so far.
    pub(super) fn arrived(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Drop for Answers<'_> {
    fn drop(&mut self) {
        let mut requests = self.patience.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.retain(|request| !Arc::ptr_eq(&request.answers, &self.count));
    }
}

impl Patience {
    /// Starts to report requests that wait for longer than the [interval](report_every) of `limit`,
    /// after which they fail.
    pub(super) fn new(limit: Duration, warnings: &Warnings) -> Patience {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (watched, warnings) = (Arc::downgrade(&requests), warnings.clone());
        // Without this thread only the reports are missing.
        let _ = thread::Builder::new()
            .name("patience".to_owned())
            .spawn(move || watch(&watched, limit, &warnings));
        Patience { requests }
    }

    /// Begins a request.
    pub(super) fn request(&self, what: &str) -> Answers<'_> {
        let count = Arc::new(AtomicU64::new(0));
        let request = Request {
            what: what.to_owned(),
            answers: count.clone(),
            seen: 0,
            since: Instant::now(),
            reports: 0,
        };
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Answers { patience: self, count }
    }
}

fn watch(requests: &Weak<Mutex<Vec<Request>>>, limit: Duration, warnings: &Warnings) {
    let every = report_every(limit);
    while let Some(requests) = requests.upgrade() {
        let mut silent = Vec::new();
        for request in requests.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            let answers = request.answers.load(Ordering::Relaxed);
            if answers != request.seen {
                (request.seen, request.since, request.reports) = (answers, Instant::now(), 0);
            } else if request.since.elapsed() >= every * (request.reports + 1) {
                request.reports += 1;
                silent.push((request.what.clone(), request.since.elapsed().as_secs_f64()));
            }
        }
        drop(requests);
        for (what, seconds) in silent {
            warnings.warn(format_args!("{}", report(&what, seconds, limit)));
        }
        thread::sleep(every.min(Duration::from_secs(1)));
    }
}

/// The report of a request without an answer for some seconds. `limit` is that of a single read: a
/// server that sends a byte now and then is not silent, but its answer may never be complete.
fn report(what: &str, seconds: f64, limit: Duration) -> String {
    let wait = match seconds < limit.as_secs_f64() {
        true => format!(
            "no answer from the server for {seconds:.1} s, waiting up to {} s",
            limit.as_secs()
        ),
        false => format!(
            "no complete answer from the server for {seconds:.1} s; the limit of {} s is for each read, \
             so stop this if the server is not just slow",
            limit.as_secs()
        ),
    };
    format!("{what}: {wait}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_beyond_the_limit_of_a_read_do_not_promise_an_end() {
        let limit = Duration::from_secs(60);
        assert!(report("bars", 20.0, limit).ends_with("for 20.0 s, waiting up to 60 s"));
        let slow = report("bars", 200.0, limit);
        assert!(slow.contains("no complete answer") && !slow.contains("up to"), "{slow}");
    }

    #[test]
    fn silence_is_reported_and_answers_are_not() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = heard.clone();
        let warnings = Warnings::new(move |text| ear.lock().unwrap().push(text.to_owned()));
        let patience = Patience::new(Duration::from_millis(600), &warnings);
        let (busy, _silent) = (patience.request("busy"), patience.request("silent"));
        drop(patience.request("short"));
        for _ in 0..50 {
            thread::sleep(Duration::from_millis(10));
            busy.arrived();
        }
        let heard = heard.lock().unwrap();
        let about = |what: &str| heard.iter().filter(|text| text.starts_with(what)).count();
        assert!(about("silent: no answer from the server") >= 1, "{heard:?}");
        assert_eq!(about("busy") + about("short"), 0, "{heard:?}");
    }
}
