//! HTTP client for Kraken's public API: one request at a time, about one per second, with retries
//! if the exchange is busy.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bars::{excerpt, shortened};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use ureq::Body;
use ureq::http::header::{LOCATION, RETRY_AFTER};
use ureq::http::{Response, StatusCode};
use url::Url;

use super::shape;
use crate::address::without_password;
use crate::error::{Error, Result};
use crate::panics::contain;
use crate::warnings::Warnings;

/// Base URL of the API.
pub const BASE_URL: &str = "https://api.kraken.com";

/// Time limit of a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a response. All pairs take about a megabyte, a thousand trades a tenth of that.
const MAX_ANSWER: u64 = 8 << 20;
/// Maximum number of redirects of a request.
const MAX_REDIRECTS: usize = 3;
/// Maximum pause that a server's Retry-After may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// Number of characters shown of an unreadable response.
const SHOWN: usize = 80;
/// Number of characters shown of an error.
const SHOWN_ERROR: usize = 300;

/// Rate limit and retries.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Minimum time from the start of a request to that of the next.
    pub between: Duration,
    /// Pauses between attempts if the exchange is busy; there is one attempt more than pauses.
    pub waits: [Duration; 4],
}

impl Default for Pace {
    /// One request per second, and a quarter of a minute of retries.
    fn default() -> Pace {
        Pace { between: Duration::from_secs(1), waits: [1, 2, 4, 8].map(Duration::from_secs) }
    }
}

/// HTTP client for Kraken's public API.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    pace: Pace,
    /// Start of the last request; locked during a request, so that there is one at a time.
    last: Mutex<Option<Instant>>,
    warnings: Warnings,
}

/// The JSON object around every response.
#[derive(Deserialize)]
struct Envelope<'a> {
    error: Vec<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

/// The outcome of one request.
enum Attempt {
    Answered(String),
    /// Worth another try, after the given pause if the server named one.
    Busy(String, Option<Duration>),
}

impl Client {
    /// Creates a client of the API at `base`, such as [`BASE_URL`] or a mirror.
    ///
    /// # Errors
    /// `base` is not a valid URL.
    pub fn new(base: &str, pace: Pace) -> Result<Client> {
        let url = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none_or(|url| url.host().is_none() || url.query().is_some()) {
            return Err(Error::Input(format!(
                "invalid URL \"{}\": expected one like {BASE_URL}",
                without_password(base)
            )));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            // Followed here, within the same host.
            .max_redirects(0)
            .user_agent(concat!("data-pipeline/", env!("CARGO_PKG_VERSION")))
            .build();
        let base = base.trim_end_matches('/').to_owned();
        let warnings = Warnings::default();
        Ok(Client { agent: config.into(), base, pace, last: Mutex::new(None), warnings })
    }

    /// Returns the client with a receiver of warnings about retried requests.
    pub fn with_warnings(self, warnings: Warnings) -> Client {
        Client { warnings, ..self }
    }

    /// Calls a public `method` and returns its result.
    ///
    /// # Errors
    /// The error of the API, the server or the network (of the last attempt, if it was retried); an
    /// unexpected response.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        method: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let mut waits = self.pace.waits.iter();
        let text = loop {
            match self.once(method, query)? {
                Attempt::Answered(text) => break text,
                Attempt::Busy(why, pause) => {
                    let Some(&wait) = waits.next() else {
                        let attempts = self.pace.waits.len() + 1;
                        return Err(self.error(
                            method,
                            format!("gave up after {attempts} attempts: {why}; try again in a few minutes"),
                        ));
                    };
                    let wait = wait.max(pause.unwrap_or_default()).min(MAX_PAUSE);
                    let seconds = wait.as_secs_f64();
                    self.warnings
                        .warn(format_args!("Kraken {method}: {why}; retrying in {seconds:.1} s"));
                    sleep(wait);
                }
            }
        };
        serde_json::from_str(&text).map_err(|e| self.senseless(method, e))
    }

    /// Returns the error for a response to `method` that makes no sense.
    pub(super) fn senseless(&self, method: &str, what: impl std::fmt::Display) -> Error {
        let what = shortened(&what.to_string(), SHOWN_ERROR);
        self.error(method, format!("unexpected response: {what}"))
    }

    fn error(&self, method: &str, reason: String) -> Error {
        Error::Exchange { place: without_password(&self.address(method)), reason }
    }

    fn address(&self, method: &str) -> String {
        format!("{}/0/public/{method}", self.base)
    }

    fn once(&self, method: &str, query: &[(&str, &str)]) -> Result<Attempt> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = *last {
            sleep((last + self.pace.between).saturating_duration_since(Instant::now()));
        }
        *last = Some(Instant::now());
        let mut answer = self.request(method, query)?;
        let status = answer.status();
        let pause =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let pause = pause.map(Duration::from_secs);
        let text = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        let text = match text {
            Ok(text) => text,
            // A server's error page may be in any encoding; its status is enough.
            Err(_) if !status.is_success() => String::new(),
            Err(e) => return Err(self.error(method, reason_of(&e))),
        };
        self.judge(method, status, pause, &text)
    }

    /// Sends a request. Redirects are followed within the same host: another one was not named by
    /// the user.
    fn request(&self, method: &str, query: &[(&str, &str)]) -> Result<Response<Body>> {
        let invalid = |e: url::ParseError| self.error(method, format!("invalid URL: {e}"));
        let mut url = Url::parse(&self.address(method)).map_err(invalid)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let own = url.origin();
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.call(method, &url)?;
            let location =
                answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection());
            let Some(location) = location.and_then(|location| location.to_str().ok()) else {
                return Ok(answer);
            };
            url = url.join(location).map_err(invalid)?;
            if url.origin() != own {
                // Only addresses with a host have an origin that can be written.
                let origin = url.origin();
                let (other, remedy) = match origin.is_tuple() {
                    true => (origin.ascii_serialization(), "if you trust it, give it as base_url"),
                    false => (format!("{}:", url.scheme()), "check base_url"),
                };
                let other = excerpt(&other, SHOWN);
                return Err(self.error(
                    method,
                    format!(
                        "the server redirects to another host, port or scheme, {other}; {remedy}"
                    ),
                ));
            }
        }
        Err(self.error(method, format!("more than {MAX_REDIRECTS} redirects; check base_url")))
    }

    /// Sends one request.
    fn call(&self, method: &str, url: &Url) -> Result<Response<Body>> {
        // ureq looks up the host on a thread, and panics if the system refuses it.
        match contain(|| self.agent.get(url.as_str()).call()) {
            Ok(answer) => answer.map_err(|e| self.error(method, reason_of(&e))),
            Err(panic) if panic.starts_with("failed to spawn thread") => {
                Err(Error::thread(io::Error::other("the system refuses it")))
            }
            Err(panic) => Err(self.senseless(method, panic)),
        }
    }

    /// Unwraps a response.
    fn judge(
        &self,
        method: &str,
        status: StatusCode,
        pause: Option<Duration>,
        text: &str,
    ) -> Result<Attempt> {
        let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        shape::check(text).map_err(|what| self.senseless(method, what))?;
        match serde_json::from_str::<Envelope<'_>>(text) {
            Ok(Envelope { error, .. }) if !error.is_empty() => {
                let reason = shortened(&error.join(", "), SHOWN_ERROR);
                let reason = format!("Kraken reports {reason}");
                if busy || error.iter().any(|error| is_passing(error)) {
                    return Ok(Attempt::Busy(reason, pause));
                }
                Err(self.error(method, reason))
            }
            _ if busy => Ok(Attempt::Busy(format!("HTTP status {status}"), pause)),
            _ if !status.is_success() => {
                Err(self.error(method, format!("HTTP status {status}; check base_url")))
            }
            Ok(Envelope { result: Some(result), .. }) => {
                Ok(Attempt::Answered(result.get().to_owned()))
            }
            Ok(Envelope { result: None, .. }) => Err(self.senseless(method, "no result")),
            Err(e) => {
                let (shown, e) = (excerpt(text, SHOWN), shortened(&e.to_string(), SHOWN_ERROR));
                let reason = format!("not a response of Kraken's API ({e}): \"{shown}\"");
                Err(self.error(method, reason))
            }
        }
    }
}

/// Returns whether Kraken reports the error as temporary.
fn is_passing(error: &str) -> bool {
    error.starts_with("EService:") || error.starts_with("EAPI:Rate limit exceeded")
}

/// Describes a network error, with a remedy.
fn reason_of(error: &ureq::Error) -> String {
    const CHECK: &str = "check the network, or give a mirror with base_url";
    match error {
        ureq::Error::Timeout(_) => {
            format!("no response within {} s; try again, {CHECK}", TIMEOUT.as_secs())
        }
        ureq::Error::HostNotFound => format!("host not found; {CHECK}"),
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            "the response was truncated; try again".to_owned()
        }
        ureq::Error::BodyExceedsLimit(limit) => format!("the response exceeds {limit} bytes"),
        other => format!("{}; {CHECK}", shortened(&other.to_string(), SHOWN_ERROR)),
    }
}
