//! An **S3 prefix** as a source.
//!
//! CloudTrail lays a bucket out by account, Region and day. Each
//! account-and-Region folder is listed on its own, from a few days before the
//! newest object that the journal has of it, so that years of old logs are not
//! listed again and late files are still found. The folders are listed side by
//! side, a day at a time.

use std::collections::{HashSet, VecDeque};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::types::Object as Entry;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::listing::{Aside, Portions};
use super::name::{NameKind, kind};
use super::{Object, ObjectName, Place};
use crate::aws::explain;
use crate::date::MICROS_PER_HOUR;
use crate::error::{IngestError, SourceError};
use crate::journal::{JournalTable, newest_deliveries};

/// How far behind the newest known object listing starts again. CloudTrail
/// states no bound for late files; hours are usual.
const OVERLAP_MICROS: i64 = 3 * 24 * MICROS_PER_HOUR;

/// Deepest folder looked into for `CloudTrail/<region>/`.
const FOLDERS_MAX: u32 = 8;

/// Requests in flight.
const REQUESTS: usize = 16;

/// Objects handed on at once, about.
const PORTION_OBJECTS: usize = 20_000;

/// Lists a prefix.
pub(super) async fn list(
    client: &Client,
    bucket: &str,
    prefix: &str,
    objects: Option<&JournalTable>,
    portions: &mut Portions,
) -> Result<(), IngestError> {
    let mut pending = vec![(prefix.to_owned(), 0)];
    let mut lanes = Vec::new();
    let mut beside = Vec::new();
    while let Some((prefix, depth)) = pending.pop() {
        if !is_region(&prefix) && depth < FOLDERS_MAX && leads_to_regions(&prefix) {
            let folders =
                folders(client, bucket, &prefix, &mut beside, &mut portions.aside).await?;
            pending.extend(folders.into_iter().map(|folder| (folder, depth + 1)));
        } else {
            lanes.push(Lane::new(prefix));
        }
    }
    if let Some(objects) = objects {
        start_where_known(bucket, &mut lanes, objects).await?;
    }
    if let Some(moment) = portions.delivered_from() {
        start_at(moment, &mut lanes);
    }
    portions.expect(1);
    if portions.send(beside, true).await {
        day_by_day(client, bucket, lanes, portions).await?;
    }
    Ok(())
}

/// Lists the lanes side by side, so that objects come by day.
async fn day_by_day(
    client: &Client,
    bucket: &str,
    mut lanes: Vec<Lane>,
    portions: &mut Portions,
) -> Result<(), SourceError> {
    loop {
        lanes = stream::iter(lanes)
            .map(|lane| lane.filled(client, bucket))
            .buffer_unordered(REQUESTS)
            .try_collect()
            .await?;
        for lane in &mut lanes {
            portions.aside.add(std::mem::take(&mut lane.aside));
        }
        lanes.retain(|lane| !lane.ahead.is_empty());
        let Some(day) = lanes.iter().filter_map(Lane::day).min() else {
            return Ok(());
        };
        let mut portion = Vec::new();
        for lane in &mut lanes {
            lane.take_day(day, &mut portion);
        }
        // A day goes on while the lane it ran out of has more pages.
        let is_over = lanes.iter().all(|lane| lane.is_over || !lane.ahead.is_empty());
        portions.expect(u64::from(is_over));
        if !portions.send(portion, is_over).await {
            return Ok(());
        }
    }
}

/// One folder under way: its objects in the order of their keys, which is the
/// order of delivery below a Region.
struct Lane {
    prefix: String,
    start_after: Option<String>,
    continuation: Option<String>,
    is_over: bool,
    ahead: VecDeque<Object>,
    aside: Aside,
}

impl Lane {
    fn new(prefix: String) -> Self {
        Self {
            prefix,
            start_after: None,
            continuation: None,
            is_over: false,
            ahead: VecDeque::new(),
            aside: Aside::default(),
        }
    }

    /// The folder of a day: all its keys come after that. Without the slash, some
    /// servers start behind the whole folder.
    fn day_folder(&self, day: chrono::DateTime<chrono::Utc>) -> String {
        format!("{}{}/", self.prefix, day.format("%Y/%m/%d"))
    }

    fn day(&self) -> Option<i64> {
        self.ahead.front().map(Object::day)
    }

    /// Lists on until there is an object ahead or the folder is over.
    async fn filled(mut self, client: &Client, bucket: &str) -> Result<Self, SourceError> {
        while self.ahead.is_empty() && !self.is_over {
            let page = client
                .list_objects_v2()
                .bucket(bucket)
                .prefix(&self.prefix)
                .set_start_after(self.start_after.take())
                .set_continuation_token(self.continuation.take())
                .send()
                .await
                .map_err(|error| failed(bucket, &self.prefix, &error))?;
            self.ahead.extend(look(bucket, page.contents(), &mut self.aside));
            self.continuation = page.next_continuation_token().map(str::to_owned);
            self.is_over = self.continuation.is_none();
        }
        Ok(self)
    }

    fn take_day(&mut self, day: i64, portion: &mut Vec<Object>) {
        while portion.len() < PORTION_OBJECTS && self.day().is_some_and(|next| next <= day) {
            portion.extend(self.ahead.pop_front());
        }
    }
}

/// Starts each Region's folder where the journal leaves off.
async fn start_where_known(
    bucket: &str,
    lanes: &mut [Lane],
    objects: &JournalTable,
) -> Result<(), IngestError> {
    let uri = |prefix: &str| format!("s3://{bucket}/{prefix}");
    let regions: HashSet<String> =
        lanes.iter().filter(|lane| is_region(&lane.prefix)).map(|lane| uri(&lane.prefix)).collect();
    let newest = newest_deliveries(objects, &regions).await?;
    for lane in lanes {
        lane.start_after = newest
            .get(&uri(&lane.prefix))
            .and_then(|newest| chrono::DateTime::from_timestamp_micros(newest - OVERLAP_MICROS))
            .map(|day| lane.day_folder(day));
    }
    Ok(())
}

/// Starts each Region's folder no earlier than on the day of a moment.
fn start_at(moment: i64, lanes: &mut [Lane]) {
    let Some(day) = chrono::DateTime::from_timestamp_micros(moment) else { return };
    for lane in lanes.iter_mut().filter(|lane| is_region(&lane.prefix)) {
        let start = lane.day_folder(day);
        lane.start_after = lane.start_after.take().max(Some(start));
    }
}

/// Whether this is `.../CloudTrail/<region>/`.
fn is_region(prefix: &str) -> bool {
    let parts = prefix.strip_suffix('/').and_then(|prefix| prefix.rsplit_once('/'));
    parts.is_some_and(|(head, _)| head == "CloudTrail" || head.ends_with("/CloudTrail"))
}

/// Whether account and Region folders lie below: anything at or above
/// `CloudTrail/`, but nothing below a Region.
fn leads_to_regions(prefix: &str) -> bool {
    let mut parts =
        prefix.split('/').filter(|part| !part.is_empty()).skip_while(|part| *part != "CloudTrail");
    parts.next().is_none() || parts.next().is_none()
}

/// The folders directly below a prefix. Objects that lie beside them count too.
async fn folders(
    client: &Client,
    bucket: &str,
    prefix: &str,
    beside: &mut Vec<Object>,
    aside: &mut Aside,
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
        beside.extend(look(bucket, page.contents(), aside));
    }
    Ok(found)
}

/// The log files of a page; anything else is counted.
fn look(bucket: &str, page: &[Entry], aside: &mut Aside) -> Vec<Object> {
    let mut found = Vec::new();
    for entry in page {
        // Consoles make empty objects as folders.
        let Some(key) = entry.key().filter(|key| !key.ends_with('/')) else { continue };
        match kind(key) {
            NameKind::Other => aside.passed_over += 1,
            NameKind::LeftAlone => aside.left_alone += 1,
            NameKind::Log => found.push(Object {
                uri: format!("s3://{bucket}/{key}"),
                bytes: entry.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                etag: entry.e_tag().unwrap_or_default().to_owned(),
                place: Place::S3 { bucket: bucket.to_owned(), key: key.to_owned() },
                name: ObjectName::read(key),
                named: false,
            }),
        }
    }
    found
}

fn failed<E: std::error::Error>(bucket: &str, prefix: &str, error: &E) -> SourceError {
    SourceError::List {
        place: format!("s3://{bucket}/{prefix}"),
        reason: explain(&DisplayErrorContext(error).to_string(), "s3:ListBucket"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_from_the_later_of_two_days() {
        let region = "AWSLogs/111122223333/CloudTrail/eu-west-1/";
        let known = |day: &str| Some(format!("{region}{day}/"));
        let mut lanes = [None, known("2026/09/30"), known("2026/10/06"), None]
            .map(|start_after| Lane { start_after, ..Lane::new(region.to_owned()) });
        lanes[3].prefix = "elsewhere/".to_owned();
        start_at(crate::date::micros("2026-10-05T12:00:00Z").unwrap(), &mut lanes);
        let starts = lanes.map(|lane| lane.start_after);
        let from = known("2026/10/05");
        assert_eq!(starts, [from.clone(), from, known("2026/10/06"), None]);
    }

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
