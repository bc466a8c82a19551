//! **Slack**, or what takes its messages: an incoming webhook, whose address is
//! a secret.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::address::{Address, Answer, Request};
use crate::alert::format::{Redaction, slack};
use crate::alert::{Alert, DeliveryError};
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// What Slack answers when it refuses, and what to do.
const REFUSALS: [(&str, &str); 10] = [
    ("invalid_token", "the webhook was revoked or its address is incomplete; make a new one"),
    ("no_service", "the webhook was disabled or removed; make a new one"),
    ("no_active_hooks", "the webhook is disabled; enable it or make a new one"),
    ("no_team", "the workspace is gone or its address is incomplete"),
    ("team_disabled", "the workspace is disabled"),
    ("channel_not_found", "the channel is gone; make a webhook for another one"),
    ("channel_is_archived", "the channel is archived; make a webhook for another one"),
    ("action_prohibited", "an administrator has restricted the webhook or its channel"),
    ("posting_to_general_channel_denied", "the webhook may not post to this channel"),
    ("invalid_payload", "the message was not understood"),
];

/// A channel, ready to be sent to.
#[derive(Debug)]
pub struct Slack {
    address: Address,
    include_sensitive: bool,
}

impl Slack {
    /// Reads the address.
    ///
    /// # Errors
    /// When it is missing or not what it should be.
    pub fn open(settings: &SinkSettings) -> Result<Self, AnalyzeError> {
        let address = Address::open(settings, |name| std::env::var(name).ok())?;
        Ok(Self { address, include_sensitive: settings.include_sensitive })
    }

    /// Sends alerts, one message for each; one result for each, in order.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Result<(), DeliveryError>> {
        self.address.post_each(alerts.iter().map(|alert| self.request(alert)), judge).await
    }

    fn request(&self, alert: &Alert) -> Request {
        let message = if self.include_sensitive {
            slack::message(alert)
        } else {
            slack::message(&Redaction::withheld().alert(alert))
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Request { headers, body: message.to_string().into_bytes() }
    }
}

fn judge(answer: &Answer) -> Result<(), DeliveryError> {
    if answer.is_success() {
        return Ok(());
    }
    let known = REFUSALS.iter().find(|(word, _)| answer.text == *word);
    Err(answer.error(known.map(|(_, meaning)| *meaning)))
}

#[cfg(test)]
mod tests;
