//! A **source**: a place that objects are read from.

use std::path::PathBuf;

mod fetch;
mod folder;
mod listing;
mod name;
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
}

impl Source {
    /// Whether all that `other` names is named by this source, too.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stdin, Self::Stdin) => true,
            (Self::Path(outer), Self::Path(inner)) => {
                let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
                real(inner).starts_with(real(outer))
            }
            (
                Self::S3 { bucket: outer_bucket, prefix: outer },
                Self::S3 { bucket: inner_bucket, prefix: inner },
            ) => outer_bucket == inner_bucket && inner.starts_with(outer.as_str()),
            _ => false,
        }
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
}

impl Object {
    /// The day of its delivery, counted from 1970; objects without come first.
    fn day(&self) -> i64 {
        self.name.delivered_at.map_or(i64::MIN, |at| at.div_euclid(24 * MICROS_PER_HOUR))
    }
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
    fn a_source_is_read_as_typed() {
        assert_eq!(Source::parse("-").unwrap(), Source::Stdin);
        assert_eq!(Source::parse("a/b").unwrap(), Source::Path("a/b".into()));
        let bucket = Source::S3 { bucket: "logs".into(), prefix: "x/y".into() };
        assert_eq!(Source::parse("s3://logs/x/y").unwrap(), bucket);
        for wrong in ["s3://", "s3:///x", "http://x/y"] {
            assert!(Source::parse(wrong).is_err(), "{wrong}");
        }
    }
}
