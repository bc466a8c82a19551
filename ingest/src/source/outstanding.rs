//! **Outstanding** objects: handed out to be read, and not noted in the journal
//! yet.
//!
//! In S3, listing starts again a few days before the newest object that the
//! journal has of a folder. So an object must not be noted while a much older
//! one is still in some decoder's hands: a run killed then would leave the older
//! one behind for good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Object;

/// Days that a noted object may be ahead of an outstanding one: less than
/// listing looks back.
const LEAD_DAYS: i64 = 2;

/// How many objects of each day are outstanding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outstanding {
    days: Arc<Mutex<BTreeMap<i64, u64>>>,
}

impl Outstanding {
    /// An object is handed out.
    pub(super) fn add(&self, object: &Object) {
        self.change(|days| *days.entry(object.day()).or_default() += 1);
    }

    /// An object has been read.
    pub(crate) fn settle(&self, object: &Object) {
        self.change(|days| {
            if let Some(count) = days.get_mut(&object.day()) {
                *count -= 1;
                if *count == 0 {
                    days.remove(&object.day());
                }
            }
        });
    }

    /// Whether no object is outstanding that listing would not come upon again
    /// once this one is noted.
    pub(crate) fn allows(&self, object: &Object) -> bool {
        let first = self.change(|days| days.keys().next().copied());
        first.is_none_or(|first| object.day() <= first.saturating_add(LEAD_DAYS))
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<i64, u64>) -> T) -> T {
        change(&mut self.days.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{ObjectName, Place};

    fn delivered(day: u32) -> Object {
        let key = format!(
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/{day:02}/111122223333_CloudTrail_eu-west-1_202610{day:02}T0000Z_x.json.gz"
        );
        let object = Object {
            uri: format!("s3://bucket/{key}"),
            bytes: 1,
            etag: "x".to_owned(),
            name: ObjectName::read(&key),
            place: Place::S3 { bucket: "bucket".to_owned(), key },
        };
        assert!(object.name.delivered_at.is_some());
        object
    }

    #[test]
    fn an_object_is_not_noted_while_a_much_older_one_is_outstanding() {
        let outstanding = Outstanding::default();
        let [first, second, third] = [1, 2, 4].map(delivered);
        for object in [&first, &second, &third] {
            outstanding.add(object);
        }
        outstanding.settle(&third);
        outstanding.settle(&second);
        assert!(outstanding.allows(&second));
        assert!(!outstanding.allows(&third));
        outstanding.settle(&first);
        assert!(outstanding.allows(&third));
    }
}
