//! A **source**: a place that objects are read from.

use std::path::PathBuf;

use bytes::Bytes;

mod fetch;
mod folder;
mod listing;
mod name;
mod named;
mod outstanding;
mod s3;

pub(crate) use fetch::{Fetched, Stored, fetch_all, read_local};
pub(crate) use listing::{Aside, Listing, list};
pub(crate) use name::ObjectName;
pub(crate) use outstanding::Outstanding;

use crate::date::MICROS_PER_HOUR;
use crate::error::SourceError;

/// One place to read from, as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input: one document.
    Stdin,
    /// A file, or a folder with everything below it.
    Path(PathBuf),
    /// Objects of a bucket under a prefix.
    S3 {
        /// Name of the bucket.
        bucket: String,
        /// Prefix of the keys; may be empty.
        prefix: String,
    },
    /// Objects of a bucket, named one by one; nothing is listed.
    S3Objects {
        /// Name of the bucket.
        bucket: String,
        /// Keys as they are, not as notifications write them: `+` is a plus.
        keys: Vec<String>,
    },
    /// A document in memory, as an event or a log subscription brings it.
    Document {
        /// Stands for the document in the lake; the same one again is known by
        /// it and by its bytes.
        uri: String,
        /// When it came into being, microseconds since 1970 UTC. The journal of
        /// that time is where it is looked for.
        delivered_at: Option<i64>,
        /// The document.
        bytes: Bytes,
    },
}

impl Source {
    /// Whether all that `other` names is named by this source, too.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path(outer), Self::Path(inner)) => {
                let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
                real(inner).starts_with(real(outer))
            }
            (
                Self::S3 { bucket: outer_bucket, prefix: outer },
                Self::S3 { bucket: inner_bucket, prefix: inner },
            ) => outer_bucket == inner_bucket && inner.starts_with(outer.as_str()),
            // A listing may start behind an object that is named.
            _ => self == other,
        }
    }

    /// An object as typed, `s3://bucket/key`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse_object(text: &str) -> Result<Self, SourceError> {
        match Self::parse(text)? {
            Self::S3 { bucket, prefix } if !prefix.is_empty() => {
                Ok(Self::S3Objects { bucket, keys: vec![prefix] })
            }
            _ => Err(SourceError::Unusable {
                source_name: text.to_owned(),
                reason: "an object is named as s3://bucket/key".to_owned(),
            }),
        }
    }

    /// Whether S3 is asked for it.
    pub(crate) fn is_in_s3(&self) -> bool {
        matches!(self, Self::S3 { .. } | Self::S3Objects { .. })
    }

    /// Reads a source as typed: `-`, a path, or `s3://bucket/prefix`.
    ///
    /// # Errors
    /// When it is a URL of another kind or names no bucket.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(SourceError::Unusable {
                    source_name: text.to_owned(),
                    reason: "no bucket named".to_owned(),
                });
            }
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
        }
        if let Some(rest) = text.strip_prefix("file://") {
            return Ok(Self::Path(PathBuf::from(rest)));
        }
        if text.contains("://") {
            let reason = "give a path, - or s3://bucket/prefix".to_owned();
            return Err(SourceError::Unusable { source_name: text.to_owned(), reason });
        }
        Ok(Self::Path(PathBuf::from(text)))
    }
}

/// Where the bytes of an object are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Stdin,
    File(PathBuf),
    Memory(Bytes),
    S3 { bucket: String, key: String },
}

/// One object found in a source, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) uri: String,
    pub(crate) bytes: u64,
    /// Changes when the object does.
    pub(crate) etag: String,
    pub(crate) place: Place,
    pub(crate) name: ObjectName,
    /// Whether it was named to us, and not found by listing.
    pub(crate) named: bool,
}

impl Object {
    /// The day of its delivery, counted from 1970; objects without come first.
    fn day(&self) -> i64 {
        self.name.delivered_at.map_or(i64::MIN, |at| at.div_euclid(24 * MICROS_PER_HOUR))
    }

    /// Folder of its account and Region, and day: where listing starts again goes
    /// by what it has read there. None for what listing does not go by.
    pub(crate) fn place_in_listing(&self) -> Option<(String, i64)> {
        if self.named || self.name.delivered_at.is_none() {
            return None;
        }
        Some((region_folder(&self.uri)?.to_owned(), self.day()))
    }
}

/// `.../CloudTrail/<region>/` of a log file's URI: four folders up from the
/// file, which lies under year, month and day.
pub(crate) fn region_folder(uri: &str) -> Option<&str> {
    let mut end = uri.len();
    for _ in 0..4 {
        end = uri[..end].rfind('/')?;
    }
    let folder = &uri[..=end];
    folder.contains("/CloudTrail/").then_some(folder)
}

/// Sources of which none names what another one names.
fn without_overlaps(sources: &[Source]) -> Vec<Source> {
    let mut kept: Vec<Source> = Vec::new();
    for source in sources {
        if !kept.iter().any(|known| known.covers(source)) {
            kept.retain(|known| !source.covers(known));
            kept.push(source.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_inside_another_is_not_listed_twice() {
        let read = |texts: &[&str]| -> Vec<Source> {
            texts.iter().map(|text| Source::parse(text).unwrap()).collect()
        };
        let sources =
            read(&["s3://b/x/y", "/none/a/b", "s3://b/x", "/none/a", "-", "-", "/none/ab"]);
        assert_eq!(without_overlaps(&sources), read(&["s3://b/x", "/none/a", "-", "/none/ab"]));
        let apart = read(&["s3://b/x", "s3://c/x", "x/y", "x/z"]);
        assert_eq!(without_overlaps(&apart), apart);
    }

    #[test]
    fn the_folder_of_a_region_is_four_up_from_the_file() {
        let uri = "s3://b/AWSLogs/1/CloudTrail/eu-west-1/2023/07/10/x.json.gz";
        assert_eq!(region_folder(uri), Some("s3://b/AWSLogs/1/CloudTrail/eu-west-1/"));
        assert_eq!(region_folder("/a/b.json"), None);
    }

    #[test]
    fn a_source_is_read_as_typed() {
        assert_eq!(Source::parse("-").unwrap(), Source::Stdin);
        assert_eq!(Source::parse("a/b").unwrap(), Source::Path("a/b".into()));
        let bucket = Source::S3 { bucket: "logs".into(), prefix: "x/y".into() };
        assert_eq!(Source::parse("s3://logs/x/y").unwrap(), bucket);
        for wrong in ["s3://", "s3:///x", "http://x/y"] {
            assert!(Source::parse(wrong).is_err(), "{wrong}");
        }
        let object = Source::S3Objects { bucket: "logs".into(), keys: vec!["x/y".into()] };
        assert_eq!(Source::parse_object("s3://logs/x/y").unwrap(), object);
        for wrong in ["s3://logs", "s3://logs/", "x/y", "-"] {
            assert!(Source::parse_object(wrong).is_err(), "{wrong}");
        }
    }
}
