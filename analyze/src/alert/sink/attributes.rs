//! **Attributes** of a message: what subscriptions and consumers choose by,
//! without reading it.
//!
//! Names and values as [SNS] and [SQS] want them: never empty, at most ten.
//!
//! [SNS]: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
//! [SQS]: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html

use sha2::{Digest, Sha256};

use crate::alert::Alert;
use crate::alert::format::bounded::line;

/// Longest value.
const VALUE_BYTES_MAX: usize = 256;
/// Longest group and deduplication id, by the API references of both.
const ID_CHARACTERS_MAX: usize = 128;
/// Name, type and value count towards a message's size.
const TYPE: &str = "String";

/// Names and values, which are all strings.
pub(super) fn of(alert: &Alert) -> Vec<(&'static str, String)> {
    let finding = &alert.finding;
    let reason = serde_json::to_value(alert.reason).unwrap_or_default();
    let own = |value: &Option<String>| value.clone().unwrap_or_default();
    let attributes = [
        ("alert_id", alert.id.clone()),
        ("reason", reason.as_str().unwrap_or_default().to_owned()),
        ("severity", finding.severity.name().to_owned()),
        ("detection", finding.detection.clone()),
        ("account_id", own(&finding.account_id)),
        ("region", own(&finding.region)),
    ];
    let clean = attributes.map(|(name, value)| (name, line(&value, VALUE_BYTES_MAX)));
    clean.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Their part of the size of a message.
pub(super) fn bytes(attributes: &[(&'static str, String)]) -> usize {
    attributes.iter().map(|(name, value)| name.len() + TYPE.len() + value.len()).sum()
}

/// Where the order of messages matters: matters keep theirs, and an alert that is
/// sent again within five minutes is not delivered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) group: String,
    pub(super) deduplication: String,
}

/// The order of an alert at a target, if its name is that of a FIFO topic or queue.
pub(super) fn order(target: &str, alert: &Alert) -> Option<Order> {
    target.strip_suffix(".fifo").map(|_| Order {
        group: identifier(&alert.finding.fingerprint),
        deduplication: identifier(&alert.id),
    })
}

/// Letters, digits and punctuation, as ids here must be; anything else by its hash.
fn identifier(text: &str) -> String {
    let fits = (1..=ID_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { text.to_owned() } else { format!("{:x}", Sha256::digest(text)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alert::format::{example, sample};

    #[test]
    fn attributes_are_what_filters_ask_for() {
        let mut alert = example::alert();
        alert.finding.region = None;
        let names: Vec<_> = of(&alert).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["alert_id", "reason", "severity", "detection", "account_id"]);
    }

    #[test]
    fn only_fifo_targets_have_an_order() {
        let alert = example::alert();
        assert_eq!(order("arn:aws:sns:eu-west-1:111122223333:alerts", &alert), None);
        let order = order("https://sqs/111122223333/alerts.fifo", &alert).unwrap();
        assert_eq!(order.group, alert.finding.fingerprint);
        assert_eq!(order.deduplication, alert.id);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn no_text_breaks_an_attribute(alert in sample::hostile()) {
            for (_, value) in of(&alert) {
                prop_assert!((1..=256).contains(&value.len()) && !value.contains(char::is_control));
            }
            let order = order("x.fifo", &alert).unwrap();
            for id in [order.group, order.deduplication] {
                prop_assert!((1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
