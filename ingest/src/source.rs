//! A **source**: a place that objects are read from.

use std::path::PathBuf;

use aws_sdk_s3::Client;

mod fetch;
mod folder;
mod name;
mod s3;

pub(crate) use fetch::{Fetched, Stored, fetch_all, read_local};
pub(crate) use name::ObjectName;

use crate::error::SourceError;
use crate::journal::Journal;

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

/// What a listing found.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Objects to read, in order of delivery.
    pub(crate) objects: Vec<Object>,
    /// Objects that an earlier run read.
    pub(crate) known: u64,
    /// Objects that are no log files by their name.
    pub(crate) passed_over: u64,
    /// Digest and Insight objects, told by their folder.
    pub(crate) left_alone: u64,
    /// Places that could not be looked into, and why.
    pub(crate) failures: Vec<(String, String)>,
}

impl Listing {
    /// Takes an object in, or counts why not.
    fn consider(&mut self, object: Object, journal: &Journal) {
        if journal.has_read(&object) {
            self.known += 1;
        } else {
            self.objects.push(object);
        }
    }
}

/// Lists all sources. Objects come in order of their delivery, whatever account
/// or Region they are of, so that a batch touches few hours.
///
/// # Errors
/// When a source named by the user is not there at all.
pub(crate) async fn list(
    sources: &[Source],
    client: Option<&Client>,
    journal: &Journal,
) -> Result<Listing, SourceError> {
    let mut listing = Listing::default();
    for source in sources {
        match source {
            Source::Stdin => listing.objects.push(Object {
                uri: "stdin".to_owned(),
                bytes: 0,
                etag: String::new(),
                place: Place::Stdin,
                name: ObjectName::default(),
            }),
            Source::Path(path) => folder::list(path, journal, &mut listing)?,
            Source::S3 { bucket, prefix } => {
                if let Some(client) = client {
                    s3::list(client, bucket, prefix, journal, &mut listing).await?;
                }
            }
        }
    }
    listing.objects.sort_by(|left, right| {
        (left.name.delivered_at, &left.uri).cmp(&(right.name.delivered_at, &right.uri))
    });
    // The same object under two sources is read once.
    listing.objects.dedup_by(|left, right| left.place == right.place);
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

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
