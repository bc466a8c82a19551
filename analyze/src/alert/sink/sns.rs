//! An **SNS** topic as a sink: one message for each alert, for people to read.
//!
//! The body is text, because what subscribes to such topics first is e-mail; the
//! alert as JSON is what queues and buses get. Attributes serve filter policies.
//! Ten messages and 256 KiB a request by [`PublishBatch`]; the subject is one line
//! below a hundred characters, and ASCII as SNS long asked for. A FIFO topic gets
//! the fingerprint as group and the alert's id for deduplication.
//!
//! [`PublishBatch`]: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry as Entry};

use super::aws::{arn_region, config, invalid, target};
use super::aws_error::Purpose;
use super::batches::{Batches, Delivery, all_but};
use super::{DeliveryError, attributes};
use crate::alert::Alert;
use crate::alert::format::{bounded, text};
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// Most messages in a request.
const MESSAGES_MAX: usize = 10;
/// Most bytes in a request, below 256 KiB with what surrounds the messages.
const REQUEST_BYTES_MAX: usize = 250_000;
/// Largest body: more is no message to people, and costs as several.
const BODY_BYTES_MAX: usize = 20_000;
/// Longest subject.
const SUBJECT_BYTES_MAX: usize = 99;

/// An SNS topic.
#[derive(Debug)]
pub struct Sns {
    client: Client,
    arn: String,
    purpose: Purpose,
}

/// A message before it has a place in a request.
struct Message {
    subject: String,
    body: String,
    attributes: Vec<(&'static str, String)>,
    order: Option<attributes::Order>,
}

impl Sns {
    /// The topic of the settings.
    ///
    /// # Errors
    /// When the target is no ARN of a topic.
    pub fn open(settings: &SinkSettings, aws: &SdkConfig) -> Result<Self, AnalyzeError> {
        let what = "the ARN of a topic";
        let arn = target(settings, what)?;
        let region = arn_region(arn, "sns");
        let region = region.ok_or_else(|| invalid(settings, &format!("target is not {what}")))?;
        let config = config(settings, aws, Some(region))?;
        let purpose = Purpose { place: format!("topic {arn}"), action: "sns:Publish" };
        Ok(Self { client: Client::new(&config), arn: arn.to_owned(), purpose })
    }

    /// Publishes each alert, and says what came of it, in order.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Delivery> {
        let messages: Vec<Message> =
            alerts.iter().map(|alert| Message::new(alert, &self.arn)).collect();
        let sizes: Vec<usize> = messages.iter().map(Message::bytes).collect();
        let mut batches = Batches::new(&sizes, MESSAGES_MAX, REQUEST_BYTES_MAX);
        while let Some(entries) = batches.next() {
            let outcome = self.send(&messages[entries.clone()]).await;
            batches.came(entries, outcome);
        }
        batches.deliveries()
    }

    async fn send(&self, messages: &[Message]) -> Result<Vec<Delivery>, DeliveryError> {
        let entries: Result<Vec<Entry>, _> =
            messages.iter().enumerate().map(|(place, message)| message.entry(place)).collect();
        let entries = entries.map_err(|error| self.purpose.error(&error.to_string(), false))?;
        let request = self.client.publish_batch().topic_arn(&self.arn);
        let answer = request.set_publish_batch_request_entries(Some(entries)).send().await;
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
    fn new(alert: &Alert, arn: &str) -> Self {
        Self {
            subject: subject(&text::subject(alert)),
            body: bounded::cut(&bounded::writable(&text::body(alert)), BODY_BYTES_MAX),
            attributes: attributes::of(alert),
            order: attributes::order(arn, alert),
        }
    }

    fn bytes(&self) -> usize {
        self.subject.len() + self.body.len() + attributes::bytes(&self.attributes)
    }

    fn entry(&self, place: usize) -> Result<Entry, aws_sdk_sns::error::BuildError> {
        let mut entry =
            Entry::builder().id(place.to_string()).subject(&self.subject).message(&self.body);
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

/// A subject that SNS takes: it begins with a letter, digit or punctuation mark.
fn subject(text: &str) -> String {
    let ascii: String = text
        .chars()
        .map(|letter| match letter {
            ' '..='~' => letter,
            _ if letter.is_control() => ' ',
            _ => '?',
        })
        .take(SUBJECT_BYTES_MAX)
        .collect();
    match ascii.trim() {
        "" => "KeyTrail".to_owned(),
        subject => subject.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alert::format::sample;

    #[test]
    fn a_subject_is_one_short_line_of_ascii() {
        assert_eq!(subject("KMS key disabled"), "KMS key disabled");
        assert_eq!(subject("Schlüssel\r\nBcc: x"), "Schl?ssel  Bcc: x");
        assert_eq!(subject("\n"), "KeyTrail");
        assert_eq!(subject(&"x".repeat(500)).len(), 99);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn ten_messages_fit_into_a_request(alert in sample::hostile()) {
            let message = Message::new(&alert, "arn:aws:sns:eu-west-1:111122223333:a");
            prop_assert!(message.subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert!((1..100).contains(&message.subject.len()));
            prop_assert!((1..=BODY_BYTES_MAX).contains(&message.body.len()));
            prop_assert!(message.bytes() * MESSAGES_MAX <= REQUEST_BYTES_MAX);
            prop_assert!(message.entry(0).is_ok());
        }
    }
}
