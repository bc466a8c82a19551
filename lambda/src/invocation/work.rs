//! The **work** of an invocation: what all items of its trigger ask for together,
//! each thing once.

use std::collections::{BTreeMap, BTreeSet};

use ingest::Source;

use crate::trigger::{Document, NamedObject, Trigger, Wanted};

/// What is to be read.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Whether the sources are listed.
    pub(super) listing: bool,
    /// Keys by bucket.
    pub(super) objects: BTreeMap<String, BTreeSet<String>>,
    /// Records that came along, by what the journal calls them.
    pub(super) documents: BTreeMap<String, Document>,
    /// Objects that are not in the sources, and not read: whoever may send a
    /// notification does not choose what goes into the lake.
    pub(super) outside: Vec<NamedObject>,
}

impl Work {
    /// What a trigger asks for.
    pub(super) fn of(trigger: &Trigger, sources: &[Source]) -> Self {
        let mut work = Self::default();
        for wanted in trigger.items.iter().filter_map(|item| item.wanted.as_ref().ok()).flatten() {
            match wanted {
                Wanted::Listing => work.listing = true,
                Wanted::Object(object) if is_inside(object, sources) => {
                    let keys = work.objects.entry(object.bucket.clone()).or_default();
                    keys.insert(object.key.clone());
                }
                Wanted::Object(object) => work.outside.push(object.clone()),
                Wanted::Document(document) => {
                    work.documents.insert(document.uri.clone(), document.clone());
                }
                Wanted::Nothing(_) => {}
            }
        }
        work
    }

    /// Whether there is nothing to do.
    pub(super) fn is_nothing(&self) -> bool {
        !self.listing && self.objects.is_empty() && self.documents.is_empty()
    }

    /// Where ingest reads from.
    pub(super) fn sources(&self, all: &[Source]) -> Vec<Source> {
        let listed = if self.listing { all } else { &[] };
        let objects = self.objects.iter().map(|(bucket, keys)| Source::S3Objects {
            bucket: bucket.clone(),
            keys: keys.iter().cloned().collect(),
        });
        let documents = self.documents.values().map(|document| Source::Document {
            uri: document.uri.clone(),
            delivered_at: document.made_at,
            bytes: document.bytes.clone(),
        });
        listed.iter().cloned().chain(objects).chain(documents).collect()
    }
}

fn is_inside(object: &NamedObject, sources: &[Source]) -> bool {
    sources.iter().any(|source| match source {
        Source::S3 { bucket, prefix } => {
            *bucket == object.bucket && object.key.starts_with(prefix.as_str())
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(payload: &str) -> Work {
        let sources = [Source::parse("s3://example-trail/AWSLogs/").unwrap()];
        Work::of(&Trigger::read(payload), &sources)
    }

    #[test]
    fn an_object_that_is_named_twice_is_read_once() {
        let one = r#"{"s3Bucket":"example-trail","s3ObjectKey":["AWSLogs/a","AWSLogs/a"]}"#;
        let work = work(one);
        assert_eq!(work.objects["example-trail"].len(), 1);
        assert_eq!(work.sources(&[]).len(), 1);
    }

    #[test]
    fn what_lies_outside_of_the_sources_is_not_read() {
        for (bucket, key) in [("example-trail", "other/a"), ("another", "AWSLogs/a")] {
            let work = work(&format!(r#"{{"s3Bucket":"{bucket}","s3ObjectKey":["{key}"]}}"#));
            assert!(work.is_nothing());
            assert_eq!(work.outside.len(), 1);
        }
    }

    #[test]
    fn the_sources_are_listed_on_a_schedule_only() {
        let all = [Source::parse("s3://example-trail/AWSLogs/").unwrap()];
        let schedule = work(include_str!("../../fixtures/schedule.json"));
        assert_eq!(schedule.sources(&all), all);
        let call = work(include_str!("../../fixtures/call.json"));
        assert!(matches!(call.sources(&all)[..], [Source::Document { .. }]));
    }
}
