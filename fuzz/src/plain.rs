//! A **plain reader**: what a document holds, read the slow and simple way. The
//! whole document becomes a tree first; what to do with it is what
//! `docs/lake.md` and `docs/operate.md` say, not what ingest does.
//!
//! It judges documents that are JSON from end to end. How much is saved of a
//! damaged one is ingest's own affair.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;

mod event;

use crate::json::Json;
pub(crate) use event::{Cell, Event};

/// What a plain reader finds in a document.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    pub(crate) format: &'static str,
    pub(crate) records: u64,
    pub(crate) insights: u64,
    pub(crate) skipped: BTreeMap<&'static str, u64>,
    pub(crate) events: Vec<Event>,
}

/// Nothing can be said about a document.
#[derive(Debug)]
pub(crate) struct Unjudged;

/// Envelopes inside envelopes are followed this far.
const ENVELOPES_MAX: u32 = 4;

/// Reads a document, keeping every record.
pub(crate) fn read(document: &[u8]) -> Result<Plain, Unjudged> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let mut plain = Plain::default();
    plain.format = plain.values(document, 0)?;
    if plain.insights > 0 && plain.insights == plain.records {
        plain.format = "insight";
    }
    Ok(plain)
}

impl Plain {
    fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn values(&mut self, text: &[u8], envelopes: u32) -> Result<&'static str, Unjudged> {
        let values = Json::values(text).ok_or(Unjudged)?;
        let mut format = "empty";
        for value in &values {
            let found = match value {
                Json::List(elements) => self.list(elements, envelopes, false).map(|()| "array")?,
                Json::Object(_) => self.object(value, envelopes)?,
                _ => return Err(Unjudged),
            };
            if matches!(format, "empty" | "unknown") {
                format = found;
            }
        }
        Ok(if values.len() > 1 && format != "unknown" { "json_lines" } else { format })
    }

    /// An object by the names of its fields: a record, or an envelope.
    fn object(&mut self, object: &Json, envelopes: u32) -> Result<&'static str, Unjudged> {
        if let Some((name, Json::List(records))) = object.fields().first()
            && name == "Records"
        {
            return self.list(records, envelopes, true).map(|()| "records");
        }
        let mut format = "unknown";
        for (name, value) in object.fields() {
            format = match (name.as_str(), value) {
                ("eventVersion" | "eventSource" | "eventName", _) => {
                    return self.record(object).map(|()| "record");
                }
                ("Records", Json::List(records)) => {
                    self.list(records, envelopes, true).map(|()| "records")?
                }
                ("Events", Json::List(events)) => {
                    self.list(events, envelopes + 1, false).map(|()| "lookup_events")?
                }
                ("logEvents", Json::List(events)) => {
                    self.list(events, envelopes + 1, false).map(|()| "cloudwatch_logs")?
                }
                ("CloudTrailEvent", Json::Text(text)) => {
                    self.text(text, envelopes).map(|()| "lookup_events")?
                }
                ("message", Json::Text(text)) => {
                    self.text(text, envelopes).map(|()| "cloudwatch_logs")?
                }
                ("awslogs", Json::Object(_)) => {
                    let inflated = inflated(value).ok_or(Unjudged)?;
                    self.values(&inflated, envelopes + 1).map(|_| "cloudwatch_logs")?
                }
                ("detail", Json::Object(_)) if envelopes < ENVELOPES_MAX => {
                    self.object(value, envelopes + 1).map(|_| "event_bridge")?
                }
                ("incidents", Json::List(_)) => "labels",
                ("digestStartTime" | "digestS3Object", _) => "digest",
                _ => format,
            };
        }
        Ok(format)
    }

    fn list(&mut self, list: &[Json], envelopes: u32, of_records: bool) -> Result<(), Unjudged> {
        for element in list {
            let starts_as_record =
                element.fields().first().is_some_and(|(name, _)| name == "eventVersion");
            match element {
                Json::Object(_) if of_records || starts_as_record => self.record(element)?,
                Json::Object(_) if envelopes < ENVELOPES_MAX => {
                    self.object(element, envelopes + 1)?;
                }
                Json::Object(_) => self.skip("nested too deeply"),
                _ => self.skip("not valid JSON"),
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, envelopes: u32) -> Result<(), Unjudged> {
        if envelopes >= ENVELOPES_MAX {
            self.skip("nested too deeply");
        } else if self.values(text.as_bytes(), envelopes + 1)? == "unknown" {
            self.skip("not valid JSON");
        }
        Ok(())
    }

    fn record(&mut self, record: &Json) -> Result<(), Unjudged> {
        let said = |name: &str| record.field(name).and_then(Json::said).unwrap_or_default();
        if said("eventCategory") == "Insight" || said("eventType") == "AwsCloudTrailInsight" {
            self.insights += 1;
        } else if said("eventSource").is_empty() || said("eventName").is_empty() {
            self.skip("no eventSource or eventName");
            return Ok(());
        } else if let Some(event) = event::read(record, self.records)? {
            self.events.push(event);
        } else {
            self.skip("eventTime missing or not a date");
            return Ok(());
        }
        self.records += 1;
        Ok(())
    }
}

/// What is in `{"data": "<base64 of gzip>"}`.
fn inflated(envelope: &Json) -> Option<Vec<u8>> {
    let data = envelope.fields().iter().find(|(name, _)| name == "data")?.1.said()?;
    let stored = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
    let mut document = Vec::new();
    let mut decoder = flate2::bufread::GzDecoder::new(&stored[..]);
    decoder.by_ref().take(1 << 24).read_to_end(&mut document).ok()?;
    decoder.into_inner().is_empty().then_some(document)
}
