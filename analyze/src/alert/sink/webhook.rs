//! A **webhook**: an address of anybody's that takes OCSF Detection Findings,
//! one a request, signed so that it can tell who sent them.

use aws_lc_rs::hmac;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::address::{Address, Answer, Request, wrong};
use crate::alert::format::{Redaction, hex, ocsf};
use crate::alert::{Alert, DeliveryError};
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// Fewer characters of a secret can be guessed.
const SECRET_CHARACTERS_MIN: usize = 16;

/// A webhook, ready to be sent to.
#[derive(Debug)]
pub struct Webhook {
    address: Address,
    key: Option<hmac::Key>,
    include_sensitive: bool,
}

impl Webhook {
    /// Reads address and secret.
    ///
    /// # Errors
    /// When one is missing or not what it should be.
    pub fn open(settings: &SinkSettings) -> Result<Self, AnalyzeError> {
        Self::open_with(settings, |name| std::env::var(name).ok())
    }

    fn open_with(
        settings: &SinkSettings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, AnalyzeError> {
        let key = match &settings.secret_variable {
            None => None,
            Some(name) => {
                let secret = variable(name).ok_or_else(|| {
                    let reason =
                        format!("the environment variable {name} with its secret is not set");
                    wrong(&settings.name, &reason)
                })?;
                if secret.chars().count() < SECRET_CHARACTERS_MIN {
                    let reason =
                        format!("its secret has fewer than {SECRET_CHARACTERS_MIN} characters");
                    return Err(wrong(&settings.name, &reason));
                }
                Some(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
            }
        };
        let address = Address::open(settings, variable)?;
        Ok(Self { address, key, include_sensitive: settings.include_sensitive })
    }

    /// Sends alerts; one result for each, in order.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        let requests = alerts.iter().map(|alert| self.request(alert, seconds_now()));
        self.address.post_each(requests, judge).await
    }

    fn request(&self, alert: &Alert, seconds: u64) -> Request {
        let event = if self.include_sensitive {
            ocsf::event(alert)
        } else {
            ocsf::event(&Redaction::withheld().alert(alert))
        };
        let body = event.to_string().into_bytes();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut add = |name: &'static str, value: &str| {
            // Ours are digits and letters; else the request goes without.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        add("x-keytrail-alert-id", &alert.id);
        add("x-keytrail-timestamp", &seconds.to_string());
        if let Some(key) = &self.key {
            add("x-keytrail-signature", &signature(key, seconds, &body));
        }
        Request { headers, body }
    }
}

/// `v1=` and the HMAC of time and body, so that an old request cannot be sent
/// again as a new one.
fn signature(key: &hmac::Key, seconds: u64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    format!("v1={}", hex(context.sign().as_ref()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature says when it was made, which a retry makes later than the run's now"
)]
fn seconds_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn judge(answer: &Answer) -> Result<(), DeliveryError> {
    if answer.is_success() { Ok(()) } else { Err(answer.error(None)) }
}

#[cfg(test)]
mod tests;
