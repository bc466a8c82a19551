//! An **address** on the web that alerts are sent to, one request for each.
//!
//! The address is often a secret itself, so that only its host is ever named.

use std::fmt;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::alert::DeliveryError;
use crate::alert::format::hostile::plain;
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read: enough for the reason of a refusal.
const ANSWER_BYTES_MAX: usize = 1_024;
const ANSWER_CHARACTERS_MAX: usize = 200;
/// Requests in a row without an answer after which the others of the run are not
/// tried: each would wait as long.
const UNANSWERED_MAX: usize = 3;

/// Where to, and by what.
pub(super) struct Address {
    host: String,
    url: Url,
    client: Client,
}

/// Without the address, which may be a secret.
impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Address").field("host", &self.host).finish_non_exhaustive()
    }
}

/// What one alert is sent as.
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) host: String,
    pub(super) status: u16,
    pub(super) retry_after: Option<u64>,
    /// The beginning of the body; empty if it names the address.
    pub(super) text: String,
}

impl Address {
    /// Reads the address of a sink from its settings or the environment.
    pub(super) fn open(
        settings: &SinkSettings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, AnalyzeError> {
        Self::patient(settings, variable, REQUEST_TIME_MAX)
    }

    /// The same, waiting so long for an answer.
    fn patient(
        settings: &SinkSettings,
        variable: impl Fn(&str) -> Option<String>,
        request_time_max: Duration,
    ) -> Result<Self, AnalyzeError> {
        let name = &settings.name;
        let text = target(settings, variable)?;
        // What is wrong is said without the address.
        let url = Url::parse(text.trim()).map_err(|_| wrong(name, "its address is no URL"))?;
        let loopback = is_loopback(&url);
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(wrong(name, "its address must begin with https://"));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(request_time_max)
            .redirect(Policy::none())
            .referer(false)
            .user_agent(concat!("keytrail/", env!("CARGO_PKG_VERSION")));
        if loopback {
            // A proxy has no business there; elsewhere it may be the only way out.
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| wrong(name, &format!("no HTTPS client: {}", causes(&error))))?;
        Ok(Self { host, url, client })
    }

    /// Sends requests one after the other, each made when its turn comes.
    pub(super) async fn post_each(
        &self,
        requests: impl Iterator<Item = Request> + Send,
        judge: fn(&Answer) -> Result<(), DeliveryError>,
    ) -> Vec<Result<(), DeliveryError>> {
        let mut results = Vec::new();
        let mut unanswered = 0;
        let mut stopped: Option<String> = None;
        for request in requests {
            if let Some(reason) = &stopped {
                let reason = format!("not tried, since before {reason}");
                results.push(Err(DeliveryError::passing(reason)));
                continue;
            }
            let result = match self.post(request).await {
                Ok(answer) => {
                    unanswered = 0;
                    let result = judge(&answer);
                    // It has had enough for now.
                    stopped = result
                        .as_ref()
                        .err()
                        .filter(|_| answer.status == 429)
                        .map(|error| error.reason.clone());
                    result
                }
                Err(error) => {
                    unanswered += 1;
                    stopped = (unanswered >= UNANSWERED_MAX).then(|| error.reason.clone());
                    Err(error)
                }
            };
            results.push(result);
        }
        results
    }

    /// Sends one request; an error is the lack of an answer.
    async fn post(&self, request: Request) -> Result<Answer, DeliveryError> {
        let sent =
            self.client.post(self.url.clone()).headers(request.headers).body(request.body).send();
        let mut response = sent.await.map_err(|error| self.unanswered(&error.without_url()))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse().ok());
        let mut body = Vec::new();
        // The status has been said; what cannot be read of the rest is not missed.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend(chunk.iter().take(ANSWER_BYTES_MAX - body.len()));
            if body.len() >= ANSWER_BYTES_MAX {
                break;
            }
        }
        let text = plain(String::from_utf8_lossy(&body).trim(), ANSWER_CHARACTERS_MAX);
        let text = if self.is_named_in(&text) { String::new() } else { text };
        Ok(Answer { host: self.host.clone(), status, retry_after, text })
    }

    fn unanswered(&self, error: &reqwest::Error) -> DeliveryError {
        let host = &self.host;
        let (reason, retry) = if error.is_timeout() {
            let what = if error.is_connect() { "take the connection" } else { "answer" };
            (format!("{host} did not {what} in time"), true)
        } else if error.is_builder() {
            (format!("the request to {host} cannot be made: {}", causes(error)), false)
        } else if error.is_connect() {
            (format!("no connection to {host}: {}", causes(error)), true)
        } else {
            (format!("{host} gave no answer: {}", causes(error)), true)
        };
        DeliveryError { retry, ..DeliveryError::passing(reason) }
    }

    /// Whether a text has a part of the address that may be secret: servers like
    /// to say which path they do not know.
    fn is_named_in(&self, text: &str) -> bool {
        let segments = self.url.path_segments().into_iter().flatten().map(str::to_owned);
        let query = self
            .url
            .query_pairs()
            .flat_map(|(name, value)| [name.into_owned(), value.into_owned()]);
        let login =
            [self.url.username().to_owned(), self.url.password().unwrap_or_default().to_owned()];
        segments.chain(query).chain(login).any(|part| {
            // The text was cut, perhaps within the part.
            part.chars().count() >= 4
                && text.contains(part.chars().take(8).collect::<String>().as_str())
        })
    }
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error that this answer is, of which a sink may know more.
    pub(super) fn error(&self, meaning: Option<&str>) -> DeliveryError {
        let Self { host, status, .. } = self;
        let mut reason = format!("{host} answered {status}");
        if (300..400).contains(status) {
            reason += ", a redirect: give the address that it leads to";
        } else if let Some(meaning) = meaning {
            reason += &format!(" {}: {meaning}", self.text);
        } else if !self.text.is_empty() {
            reason += &format!(": {}", self.text);
        }
        if let Some(seconds) = self.retry_after {
            reason += &format!(" (again after {seconds} seconds)");
        }
        // Too early, too many, or not our fault.
        let retry = matches!(status, 408 | 425 | 429 | 500..=599);
        DeliveryError { reason, retry, retry_after_seconds: self.retry_after }
    }
}

/// The address as it was given.
fn target(
    settings: &SinkSettings,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, AnalyzeError> {
    let reason = match (&settings.target, &settings.target_variable) {
        (Some(target), None) => return Ok(target.clone()),
        (None, Some(name)) => match variable(name) {
            Some(target) => return Ok(target),
            None => format!("the environment variable {name} with its address is not set"),
        },
        (Some(_), Some(_)) => "give target or target_variable, not both".to_owned(),
        (None, None) => "give its address: target or target_variable".to_owned(),
    };
    Err(wrong(&settings.name, &reason))
}

/// An error of a sink's settings.
pub(super) fn wrong(sink: &str, reason: &str) -> AnalyzeError {
    AnalyzeError::Setting { reason: format!("sink {sink}: {reason}") }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// What lies below an error, innermost last; its own text says less.
fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let text = causes.last().cloned().unwrap_or_else(|| "for an unknown reason".to_owned());
    plain(&text, ANSWER_CHARACTERS_MAX)
}

#[cfg(test)]
mod tests;
