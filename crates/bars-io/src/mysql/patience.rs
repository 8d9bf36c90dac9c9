//! Reports silence of the server while requests wait for it, and ends answers that do not proceed.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::warnings::Warnings;

/// A wait is reported after this time, and each time it has passed again.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// A request ends when no part of its answer was complete for this many times the limit of a read. The
/// driver limits each read only, and a server that sends a byte now and then ends each of them.
const LIMITS_PER_PART: u32 = 10;

/// How long a request waits for a complete part of its answer, such as a row, if `limit` is that of a
/// read.
pub(super) fn part_limit(limit: Duration) -> Duration {
    limit * LIMITS_PER_PART
}

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
    progress: Arc<Progress>,
    /// The number of parts of the answer at the last look that found a new one.
    seen: u64,
    /// When that was.
    since: Instant,
    reports: u32,
}

#[derive(Debug, Default)]
struct Progress {
    /// Number of parts of the answer so far.
    parts: AtomicU64,
    /// The socket of the connection that reads the answer.
    socket: Mutex<Option<RawFd>>,
    is_given_up: AtomicBool,
}

impl Progress {
    fn socket(&self) -> MutexGuard<'_, Option<RawFd>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the socket in both directions, which ends a read that waits for it.
    fn give_up(&self) {
        // The lock is held until the end, so that the number is not yet that of another socket.
        if let Some(socket) = &*self.socket() {
            self.is_given_up.store(true, Ordering::Relaxed);
            // It fails if the server has closed the connection, which ends the read as well.
            let _ = nix::sys::socket::shutdown(*socket, nix::sys::socket::Shutdown::Both);
        }
    }
}

/// The answers to a request; the request ends when this is dropped.
#[derive(Debug)]
pub(super) struct Answers<'a> {
    patience: &'a Patience,
    progress: Arc<Progress>,
}

impl Answers<'_> {
    /// Counts a part of the answer, such as a row. Returns the number of parts so far.
    pub(super) fn arrived(&self) -> u64 {
        self.progress.parts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Runs `work` on a connection, and closes it if no part of the answer is complete within its
    /// [limit](part_limit).
    pub(super) fn over<C: AsRawFd, T>(
        &self,
        connection: &mut C,
        work: impl FnOnce(&mut C) -> T,
    ) -> T {
        *self.progress.socket() = Some(connection.as_raw_fd());
        let _watched = Watched(&self.progress);
        work(connection)
    }

    /// Returns whether the connection was closed because the answer did not proceed.
    pub(super) fn is_given_up(&self) -> bool {
        self.progress.is_given_up.load(Ordering::Relaxed)
    }
}

/// A connection that may be closed by the thread that watches it, until this is dropped.
struct Watched<'a>(&'a Progress);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        *self.0.socket() = None;
    }
}

impl Drop for Answers<'_> {
    fn drop(&mut self) {
        let mut requests = self.patience.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.retain(|request| !Arc::ptr_eq(&request.progress, &self.progress));
    }
}

impl Patience {
    /// Starts to report requests that wait for longer than the [interval](report_every) of `limit`, the
    /// limit of a read, and to end those without a part of the answer for their [limit](part_limit).
    pub(super) fn new(limit: Duration, warnings: &Warnings) -> Patience {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (watched, warnings) = (Arc::downgrade(&requests), warnings.clone());
        // Without this thread the reports and the limit of a part are missing, but not that of a read.
        let _ = thread::Builder::new()
            .name("patience".to_owned())
            .spawn(move || watch(&watched, limit, &warnings));
        Patience { requests }
    }

    /// Begins a request.
    pub(super) fn request(&self, what: &str) -> Answers<'_> {
        let progress = Arc::new(Progress::default());
        let request = Request {
            what: what.to_owned(),
            progress: progress.clone(),
            seen: 0,
            since: Instant::now(),
            reports: 0,
        };
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Answers { patience: self, progress }
    }
}

fn watch(requests: &Weak<Mutex<Vec<Request>>>, limit: Duration, warnings: &Warnings) {
    let every = report_every(limit);
    while let Some(requests) = requests.upgrade() {
        let mut silent = Vec::new();
        for request in requests.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            let parts = request.progress.parts.load(Ordering::Relaxed);
            if parts != request.seen {
                (request.seen, request.since, request.reports) = (parts, Instant::now(), 0);
            } else if request.since.elapsed() >= part_limit(limit) {
                request.progress.give_up();
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

/// The report of a request without a part of the answer for some seconds. `limit` is that of a read: a
/// server that sends a byte now and then is not silent, but its answer may never be complete.
fn report(what: &str, seconds: f64, limit: Duration) -> String {
    let (kind, limit) = match seconds < limit.as_secs_f64() {
        true => ("no answer", limit),
        false => ("no complete answer", part_limit(limit)),
    };
    format!(
        "{what}: {kind} from the server for {seconds:.1} s, waiting up to {} s",
        limit.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn waits_beyond_the_limit_of_a_read_name_that_of_an_answer() {
        let limit = Duration::from_secs(60);
        assert!(
            report("bars", 20.0, limit)
                .ends_with("no answer from the server for 20.0 s, waiting up to 60 s")
        );
        let slow = report("bars", 200.0, limit);
        assert!(
            slow.ends_with("no complete answer from the server for 200.0 s, waiting up to 600 s"),
            "{slow}"
        );
    }

    #[test]
    fn an_answer_that_does_not_proceed_is_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _server = listener.accept().unwrap();
        let patience = Patience::new(Duration::from_millis(50), &Warnings::default());
        let answers = patience.request("bars");
        let begun = Instant::now();
        // Longer than the limit, while parts arrive.
        for _ in 0..80 {
            thread::sleep(Duration::from_millis(10));
            answers.over(&mut connection, |_| answers.arrived());
        }
        assert!(!answers.is_given_up());
        // The other end stays open and sends nothing.
        let read = answers.over(&mut connection, |connection| connection.read(&mut [0]));
        assert!(matches!(read, Ok(0)), "{read:?}");
        assert!(answers.is_given_up());
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        // The end of a request ends the watch of its socket.
        assert_eq!(*answers.progress.socket(), None);
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
