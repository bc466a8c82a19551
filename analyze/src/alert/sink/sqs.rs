//! An **SQS** queue as a sink: one message for each alert, its body the alert as
//! JSON.
//!
//! Ten messages and 1 MiB a request by [`SendMessageBatch`]; 256 KiB where a queue
//! was made before 2025. A FIFO queue gets the fingerprint as group and the alert's
//! id for deduplication.
//!
//! [`SendMessageBatch`]: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry as Entry};

use super::aws::{config, invalid, target};
use super::aws_error::Purpose;
use super::batches::{Batches, Delivery, all_but};
use super::{DeliveryError, attributes};
use crate::alert::Alert;
use crate::alert::format::json;
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// Most messages in a request.
const MESSAGES_MAX: usize = 10;
/// Most bytes in a request, below 256 KiB with what surrounds the messages.
const REQUEST_BYTES_MAX: usize = 250_000;
/// Largest body.
const BODY_BYTES_MAX: usize = 200_000;

/// An SQS queue.
#[derive(Debug)]
pub struct Sqs {
    client: Client,
    url: String,
    purpose: Purpose,
}

/// A message before it has a place in a request.
struct Message {
    body: String,
    attributes: Vec<(&'static str, String)>,
    order: Option<attributes::Order>,
}

impl Sqs {
    /// The queue of the settings.
    ///
    /// # Errors
    /// When the target is no URL, or no Region is known.
    pub fn open(settings: &SinkSettings, aws: &SdkConfig) -> Result<Self, AnalyzeError> {
        let what = "the URL of a queue";
        let url = target(settings, what)?;
        let parsed = url::Url::parse(url).ok().filter(url::Url::has_host);
        let host = parsed.as_ref().and_then(url::Url::host_str);
        let host = host.ok_or_else(|| invalid(settings, &format!("target is not {what}")))?;
        let region = host.strip_prefix("sqs.").and_then(|rest| rest.split('.').next());
        let config = config(settings, aws, region)?;
        let name = url.rsplit('/').next().unwrap_or(url);
        let purpose = Purpose { place: format!("queue {name}"), action: "sqs:SendMessage" };
        Ok(Self { client: Client::new(&config), url: url.to_owned(), purpose })
    }

    /// Sends each alert, and says what came of it, in order.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Delivery> {
        let messages: Vec<Message> = alerts.iter().map(|alert| self.message(alert)).collect();
        let sizes: Vec<usize> = messages.iter().map(Message::bytes).collect();
        let mut batches = Batches::new(&sizes, MESSAGES_MAX, REQUEST_BYTES_MAX);
        while let Some(entries) = batches.next() {
            let outcome = self.send(&messages[entries.clone()]).await;
            batches.came(entries, outcome);
        }
        batches.deliveries()
    }

    fn message(&self, alert: &Alert) -> Message {
        Message {
            body: json::within(alert, BODY_BYTES_MAX),
            attributes: attributes::of(alert),
            order: attributes::order(&self.url, alert),
        }
    }

    async fn send(&self, messages: &[Message]) -> Result<Vec<Delivery>, DeliveryError> {
        let entries: Result<Vec<Entry>, _> =
            messages.iter().enumerate().map(|(place, message)| message.entry(place)).collect();
        let entries = entries.map_err(|error| self.purpose.error(&error.to_string(), false))?;
        let request = self.client.send_message_batch().queue_url(&self.url);
        let answer = request.set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| self.purpose.failed(&error))?;
        let refused = answer.failed().iter().filter_map(|entry| {
            let place = entry.id().parse().ok()?;
            let refusal = self.purpose.refused(entry.code(), entry.message(), entry.sender_fault());
            Some((place, refusal))
        });
        Ok(all_but(messages.len(), refused))
    }
}

impl Message {
    fn bytes(&self) -> usize {
        self.body.len() + attributes::bytes(&self.attributes)
    }

    fn entry(&self, place: usize) -> Result<Entry, aws_sdk_sqs::error::BuildError> {
        let mut entry = Entry::builder().id(place.to_string()).message_body(&self.body);
        for (name, value) in &self.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            entry = entry.message_attributes(*name, value.build()?);
        }
        if let Some(order) = &self.order {
            entry =
                entry.message_group_id(&order.group).message_deduplication_id(&order.deduplication);
        }
        entry.build()
    }
}
