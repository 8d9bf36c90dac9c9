//! Asking the API: one request at a time, about one a second, again where the exchange asks for
//! patience.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use ureq::http::StatusCode;
use ureq::http::header::RETRY_AFTER;

use crate::error::{Error, Result};
use crate::warnings::Warnings;

/// Where the API is.
pub const BASE_URL: &str = "https://api.kraken.com";

/// An answer that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(10);
/// All pairs of the exchange are about a megabyte; a thousand trades a tenth of that.
const MAX_ANSWER: u64 = 64 << 20;
/// The longest that a server's own wish for a pause is followed.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How much of an answer that cannot be read is shown.
const SHOWN: usize = 80;

/// How fast the API is asked.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From the beginning of a request to that of the next.
    pub between: Duration,
    /// Waits before asking again where the exchange is busy; as many attempts as waits, and one.
    pub waits: [Duration; 4],
}

impl Default for Pace {
    /// One request a second, and a quarter of a minute of patience.
    fn default() -> Pace {
        Pace { between: Duration::from_secs(1), waits: [1, 2, 4, 8].map(Duration::from_secs) }
    }
}

/// Someone who asks the API.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    pace: Pace,
    /// When the last request began; held while one is under way, so that there is one at a time.
    last: Mutex<Option<Instant>>,
    warnings: Warnings,
}

/// What every answer comes in.
#[derive(Deserialize)]
struct Envelope<'a> {
    error: Vec<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

/// What came of one request.
enum Attempt {
    Answered(String),
    /// Worth another try, after a pause of this length where the server named one.
    Busy(String, Option<Duration>),
}

impl Client {
    /// A client of the API at `base`, such as [`BASE_URL`] or that of a mirror.
    ///
    /// # Errors
    /// Where `base` is no address of a web server.
    pub fn new(base: &str, pace: Pace) -> Result<Client> {
        let url = url::Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none_or(|url| url.host().is_none() || url.query().is_some()) {
            return Err(Error::Input(format!(
                "'{base}' is no address of an API; it should look like {BASE_URL}"
            )));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .user_agent(concat!("data-pipeline/", env!("CARGO_PKG_VERSION")))
            .build();
        let base = base.trim_end_matches('/').to_owned();
        let warnings = Warnings::default();
        Ok(Client { agent: config.into(), base, pace, last: Mutex::new(None), warnings })
    }

    /// The same client; `warnings` hears of requests that are tried again.
    pub fn with_warnings(self, warnings: Warnings) -> Client {
        Client { warnings, ..self }
    }

    /// Asks for a public `method` and reads the result out of its envelope.
    ///
    /// # Errors
    /// What the API, the server or the network says, in the last of a few attempts where it is
    /// worth several; an answer that is not what the method should give.
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
                            format!("gave up after {attempts} attempts: {why}. Try again in some minutes"),
                        ));
                    };
                    let wait = wait.max(pause.unwrap_or_default()).min(MAX_PAUSE);
                    let seconds = wait.as_secs_f64();
                    self.warnings.warn(format_args!(
                        "Kraken, {method}: {why}; trying again in {seconds:.1} s"
                    ));
                    sleep(wait);
                }
            }
        };
        serde_json::from_str(&text).map_err(|e| {
            self.error(method, format!("the answer is not as this program knows it: {e}"))
        })
    }

    /// That an answer to `method` makes no sense.
    pub(super) fn senseless(&self, method: &str, what: impl std::fmt::Display) -> Error {
        self.error(method, format!("the answer makes no sense: {what}"))
    }

    fn error(&self, method: &str, reason: String) -> Error {
        Error::Exchange { place: self.address(method), reason }
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
        let request = self.agent.get(self.address(method)).query_pairs(query.iter().copied());
        let mut answer = request.call().map_err(|e| self.error(method, told(&e)))?;
        let status = answer.status();
        let pause =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let pause = pause.map(Duration::from_secs);
        let text = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        let text = match text {
            Ok(text) => text,
            // A page of the server's own may be in any encoding; its status says enough.
            Err(_) if !status.is_success() => String::new(),
            Err(e) => return Err(self.error(method, told(&e))),
        };
        self.judge(method, status, pause, &text)
    }

    /// Takes the envelope off.
    fn judge(
        &self,
        method: &str,
        status: StatusCode,
        pause: Option<Duration>,
        text: &str,
    ) -> Result<Attempt> {
        let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        match serde_json::from_str::<Envelope<'_>>(text) {
            Ok(Envelope { error, .. }) if !error.is_empty() => {
                let said = format!("the exchange says {}", error.join(", "));
                if busy || error.iter().any(|error| is_passing(error)) {
                    return Ok(Attempt::Busy(said, pause));
                }
                Err(self.error(method, said))
            }
            _ if busy => Ok(Attempt::Busy(format!("the server answers {status}"), pause)),
            _ if !status.is_success() => Err(self.error(
                method,
                format!("the server answers {status}; check the address, base_url names another"),
            )),
            Ok(Envelope { result: Some(result), .. }) => {
                Ok(Attempt::Answered(result.get().to_owned()))
            }
            Ok(Envelope { result: None, .. }) => Err(self.senseless(method, "it has no result")),
            Err(e) => {
                let shown: String = text.chars().take(SHOWN).collect();
                Err(self.error(
                    method,
                    format!("this is no answer of Kraken's API ({e}): '{}'", shown.escape_debug()),
                ))
            }
        }
    }
}

/// Whether the exchange says so of what passes by itself.
fn is_passing(error: &str) -> bool {
    error.starts_with("EService:") || error.starts_with("EAPI:Rate limit exceeded")
}

/// What went wrong on the way, and what to do about it.
fn told(error: &ureq::Error) -> String {
    const CHECK: &str = "check the network, or name a mirror with base_url";
    match error {
        ureq::Error::Timeout(_) => {
            format!("no answer within {} s; try again, {CHECK}", TIMEOUT.as_secs())
        }
        ureq::Error::HostNotFound => format!("there is no such host; {CHECK}"),
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            "the answer broke off in the middle; try again".to_owned()
        }
        ureq::Error::BodyExceedsLimit(limit) => format!("the answer is longer than {limit} bytes"),
        other => format!("{other}; {CHECK}"),
    }
}
