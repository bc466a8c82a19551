//! **Outstanding** objects: handed out to be read, and not noted in the journal
//! yet.
//!
//! In S3, listing starts again a few days before the newest object that the
//! journal has of a folder. So an object must not be noted while a much older
//! one of its folder is still in some decoder's hands: a run that ended then
//! would leave the older one behind for good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Object;

/// Days that a noted object may be ahead of an outstanding one: less than
/// listing looks back.
const LEAD_DAYS: i64 = 2;

/// How many objects of each folder and day are outstanding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outstanding {
    days: Arc<Mutex<BTreeMap<(String, i64), u64>>>,
}

impl Outstanding {
    /// An object is handed out.
    pub(super) fn add(&self, object: &Object) {
        let Some(place) = object.place_in_listing() else { return };
        self.change(|days| *days.entry(place).or_default() += 1);
    }

    /// An object has been read.
    pub(crate) fn settle(&self, object: &Object) {
        let Some(place) = object.place_in_listing() else { return };
        self.change(|days| {
            if let Some(count) = days.get_mut(&place) {
                *count -= 1;
                if *count == 0 {
                    days.remove(&place);
                }
            }
        });
    }

    /// Whether no object is outstanding that listing would not come upon again
    /// once this one is noted.
    pub(crate) fn allows(&self, object: &Object) -> bool {
        let Some((folder, day)) = object.place_in_listing() else { return true };
        let start = (folder, i64::MIN);
        let first = self.change(|days| {
            let (place, _) = days.range(&start..).next()?;
            (place.0 == start.0).then_some(place.1)
        });
        first.is_none_or(|first| day <= first.saturating_add(LEAD_DAYS))
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<(String, i64), u64>) -> T) -> T {
        change(&mut self.days.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{ObjectName, Place};

    fn delivered(region: &str, day: u32) -> Object {
        let key = format!(
            "AWSLogs/111122223333/CloudTrail/{region}/2026/10/{day:02}/111122223333_CloudTrail_{region}_202610{day:02}T0000Z_x.json.gz"
        );
        let object = Object {
            uri: format!("s3://bucket/{key}"),
            bytes: 1,
            etag: "x".to_owned(),
            name: ObjectName::read(&key),
            place: Place::S3 { bucket: "bucket".to_owned(), key },
            named: false,
        };
        assert!(object.name.delivered_at.is_some());
        object
    }

    #[test]
    fn an_object_is_not_noted_while_a_much_older_one_is_outstanding() {
        let outstanding = Outstanding::default();
        let [first, second, third] = [1, 2, 4].map(|day| delivered("eu-west-1", day));
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

    #[test]
    fn only_objects_that_listing_finds_in_the_same_folder_hold_one_up() {
        let outstanding = Outstanding::default();
        outstanding.add(&delivered("eu-west-1", 1));
        outstanding.add(&Object { named: true, ..delivered("us-east-1", 1) });
        assert!(outstanding.allows(&delivered("us-east-1", 30)));
        assert!(!outstanding.allows(&delivered("eu-west-1", 30)));
        assert!(outstanding.allows(&Object { named: true, ..delivered("eu-west-1", 30) }));
    }
}
