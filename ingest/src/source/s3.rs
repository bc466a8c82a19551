//! An **S3 prefix** as a source.
//!
//! CloudTrail lays a bucket out by account, Region and day. Each
//! account-and-Region folder is listed on its own, from a few days before the
//! newest object that the journal has of it, so that years of old logs are not
//! listed again and late files are still found.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;

use super::name::{NameKind, kind};
use super::{Listing, Object, ObjectName, Place};
use crate::aws::explain;
use crate::date::MICROS_PER_HOUR;
use crate::error::SourceError;
use crate::journal::Journal;

/// How far behind the newest known object listing starts again. CloudTrail
/// states no bound for late files; hours are usual.
const OVERLAP_MICROS: i64 = 3 * 24 * MICROS_PER_HOUR;

/// Deepest folder looked into for `CloudTrail/<region>/`.
const FOLDERS_MAX: u32 = 8;

/// Lists a prefix.
pub(super) async fn list(
    client: &Client,
    bucket: &str,
    prefix: &str,
    journal: &Journal,
    listing: &mut Listing,
) -> Result<(), SourceError> {
    let mut pending = vec![(prefix.to_owned(), 0)];
    while let Some((prefix, depth)) = pending.pop() {
        if let Some(start) = region_start(bucket, &prefix, journal) {
            objects(client, bucket, &prefix, Some(start), journal, listing).await?;
        } else if depth < FOLDERS_MAX && leads_to_regions(&prefix) {
            let folders = folders(client, bucket, &prefix, journal, listing).await?;
            pending.extend(folders.into_iter().map(|folder| (folder, depth + 1)));
        } else {
            objects(client, bucket, &prefix, None, journal, listing).await?;
        }
    }
    Ok(())
}

/// Whether account and Region folders lie below: anything at or above
/// `CloudTrail/`, but nothing below a Region.
fn leads_to_regions(prefix: &str) -> bool {
    let mut parts =
        prefix.split('/').filter(|part| !part.is_empty()).skip_while(|part| *part != "CloudTrail");
    parts.next().is_none() || parts.next().is_none()
}

/// For `.../CloudTrail/<region>/`: the key to start listing after. Empty when
/// nothing is known of it yet.
fn region_start(bucket: &str, prefix: &str, journal: &Journal) -> Option<String> {
    let (head, region) = prefix.strip_suffix('/')?.rsplit_once('/')?;
    if !head.ends_with("/CloudTrail") && head != "CloudTrail" {
        return None;
    }
    let newest = journal.newest_delivery(&format!("s3://{bucket}/{head}/{region}/"));
    let day =
        newest.and_then(|newest| chrono::DateTime::from_timestamp_micros(newest - OVERLAP_MICROS));
    Some(day.map_or_else(String::new, |day| format!("{prefix}{}", day.format("%Y/%m/%d"))))
}

/// The folders directly below a prefix. Objects that lie beside them count too.
async fn folders(
    client: &Client,
    bucket: &str,
    prefix: &str,
    journal: &Journal,
    listing: &mut Listing,
) -> Result<Vec<String>, SourceError> {
    let mut found = Vec::new();
    let mut pages = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .delimiter("/")
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(bucket, prefix, &error))?;
        for folder in page.common_prefixes() {
            match folder.prefix() {
                Some(folder)
                    if folder.ends_with("/CloudTrail-Digest/")
                        || folder.ends_with("/CloudTrail-Insight/") => {}
                Some(folder) => found.push(folder.to_owned()),
                None => {}
            }
        }
        take(bucket, page.contents(), journal, listing);
    }
    Ok(found)
}

async fn objects(
    client: &Client,
    bucket: &str,
    prefix: &str,
    start: Option<String>,
    journal: &Journal,
    listing: &mut Listing,
) -> Result<(), SourceError> {
    let start = start.filter(|start| !start.is_empty());
    let mut pages = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .set_start_after(start)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(bucket, prefix, &error))?;
        take(bucket, page.contents(), journal, listing);
    }
    Ok(())
}

fn take(
    bucket: &str,
    page: &[aws_sdk_s3::types::Object],
    journal: &Journal,
    listing: &mut Listing,
) {
    for object in page {
        let Some(key) = object.key() else { continue };
        match kind(key) {
            // Consoles make empty objects as folders.
            _ if key.ends_with('/') => {}
            NameKind::Other => listing.passed_over += 1,
            NameKind::LeftAlone => listing.left_alone += 1,
            NameKind::Log => {
                let object = Object {
                    uri: format!("s3://{bucket}/{key}"),
                    bytes: object
                        .size()
                        .and_then(|size| u64::try_from(size).ok())
                        .unwrap_or_default(),
                    etag: object.e_tag().unwrap_or_default().to_owned(),
                    place: Place::S3 { bucket: bucket.to_owned(), key: key.to_owned() },
                    name: ObjectName::read(key),
                };
                listing.consider(object, journal);
            }
        }
    }
}

fn failed<E: std::error::Error>(bucket: &str, prefix: &str, error: &E) -> SourceError {
    SourceError::List {
        place: format!("s3://{bucket}/{prefix}"),
        reason: explain(&DisplayErrorContext(error).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_split_by_account_and_region_only_above_the_regions() {
        for above in [
            "",
            "x/",
            "AWSLogs/",
            "AWSLogs/o-1/",
            "AWSLogs/111122223333/",
            "AWSLogs/111122223333/CloudTrail/",
        ] {
            assert!(leads_to_regions(above), "{above}");
        }
        for below in ["AWSLogs/1/CloudTrail/eu-west-1/", "AWSLogs/1/CloudTrail/eu-west-1/2026/"] {
            assert!(!leads_to_regions(below), "{below}");
        }
    }
}
