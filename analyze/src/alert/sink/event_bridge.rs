//! An **EventBridge** bus as a sink: one event for each alert, its detail the alert
//! as JSON.
//!
//! Ten events a request, and 256 KB by [`PutEvents`]' own way of counting: detail,
//! source, detail type, resources, and 14 bytes for the time. Rules match on
//! `detail.finding.severity` and the like.
//!
//! [`PutEvents`]: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::{DateTime, DateTimeFormat};
use aws_sdk_eventbridge::types::PutEventsRequestEntry as Entry;

use super::DeliveryError;
use super::aws::{arn_region, config, invalid};
use super::aws_error::Purpose;
use super::batches::{Batches, Delivery, all_but};
use crate::alert::Alert;
use crate::alert::format::json;
use crate::configuration::SinkSettings;
use crate::error::AnalyzeError;

/// Most events in a request.
const EVENTS_MAX: usize = 10;
/// Most bytes in a request, below 256 KB with what surrounds the events.
const REQUEST_BYTES_MAX: usize = 250_000;
/// Largest detail.
const DETAIL_BYTES_MAX: usize = 200_000;
/// Longest resource, by the API reference.
const RESOURCE_BYTES_MAX: usize = 2_048;
/// What a time counts.
const TIME_BYTES: usize = 14;

/// What rules match first.
const SOURCE: &str = "keytrail";
/// See `SOURCE`.
const DETAIL_TYPE: &str = "KeyTrail Finding";

/// An EventBridge bus.
#[derive(Debug)]
pub struct EventBridge {
    client: Client,
    bus: String,
    purpose: Purpose,
}

impl EventBridge {
    /// The bus of the settings; the default one, if they name none.
    ///
    /// # Errors
    /// When the target is an ARN, but not of a bus, or no Region is known.
    pub fn open(settings: &SinkSettings, aws: &SdkConfig) -> Result<Self, AnalyzeError> {
        let bus = settings.target.as_deref().filter(|bus| !bus.is_empty()).unwrap_or("default");
        let region = arn_region(bus, "events");
        if bus.starts_with("arn:") && region.is_none() {
            return Err(invalid(settings, "target is not the name or ARN of a bus"));
        }
        let config = config(settings, aws, region)?;
        let purpose = Purpose { place: format!("bus {bus}"), action: "events:PutEvents" };
        Ok(Self { client: Client::new(&config), bus: bus.to_owned(), purpose })
    }

    /// Puts each alert, and says what came of it, in order.
    pub async fn deliver(&self, alerts: &[Alert]) -> Vec<Delivery> {
        let events: Vec<Entry> = alerts.iter().map(|alert| self.event(alert)).collect();
        let sizes: Vec<usize> = events.iter().map(bytes).collect();
        let mut batches = Batches::new(&sizes, EVENTS_MAX, REQUEST_BYTES_MAX);
        while let Some(entries) = batches.next() {
            let outcome = self.send(&events[entries.clone()]).await;
            batches.came(entries, outcome);
        }
        batches.deliveries()
    }

    fn event(&self, alert: &Alert) -> Entry {
        let key = alert.finding.key_arn.as_ref();
        // Anything else than an ARN would fail the event.
        let key = key.filter(|key| key.starts_with("arn:") && key.len() <= RESOURCE_BYTES_MAX);
        let key = key.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
        Entry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(DETAIL_TYPE)
            .detail(json::within(alert, DETAIL_BYTES_MAX))
            .set_time(DateTime::from_str(&alert.raised_at, DateTimeFormat::DateTimeWithOffset).ok())
            .set_resources(key.map(|key| vec![key.clone()]))
            .build()
    }

    async fn send(&self, events: &[Entry]) -> Result<Vec<Delivery>, DeliveryError> {
        let request = self.client.put_events().set_entries(Some(events.to_vec()));
        let answer = request.send().await.map_err(|error| self.purpose.failed(&error))?;
        let results = answer.entries();
        if answer.failed_entry_count() > 0 && results.len() != events.len() {
            return Err(self.purpose.error("some events were refused, and not which", true));
        }
        let refused = results.iter().enumerate().filter_map(|(place, result)| {
            let code = result.error_code()?;
            Some((place, self.purpose.refused(code, result.error_message(), false)))
        });
        Ok(all_but(events.len(), refused))
    }
}

/// The size of an event, as EventBridge counts it.
fn bytes(event: &Entry) -> usize {
    let detail = event.detail().map_or(0, str::len);
    let resources: usize = event.resources().iter().map(String::len).sum();
    TIME_BYTES + SOURCE.len() + DETAIL_TYPE.len() + detail + resources
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alert::format::{example, sample};
    use crate::configuration::SinkKind;

    fn bus() -> EventBridge {
        let settings = sample::sink(SinkKind::EventBridge, Some("alerts"));
        EventBridge::open(&settings, &sample::aws()).unwrap()
    }

    #[test]
    fn an_event_says_when_the_alert_was_raised_and_about_which_key() {
        let event = bus().event(&example::alert());
        assert_eq!(event.resources(), [example::alert().finding.key_arn.unwrap()]);
        assert_eq!(event.time().unwrap().secs(), 1_795_601_250);
    }

    #[test]
    fn the_arn_of_something_else_is_no_bus() {
        let settings = sample::sink(SinkKind::EventBridge, Some("arn:aws:sns:eu-west-1:1:a"));
        let error = EventBridge::open(&settings, &sample::aws()).unwrap_err();
        assert_eq!(error.to_string(), "sink test: target is not the name or ARN of a bus");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn no_alert_is_too_large_for_a_request(alert in sample::hostile()) {
            let event = bus().event(&alert);
            prop_assert!(bytes(&event) <= REQUEST_BYTES_MAX);
            let detail = event.detail().unwrap_or_default();
            prop_assert!(serde_json::from_str::<serde_json::Value>(detail).unwrap().is_object());
        }
    }
}
