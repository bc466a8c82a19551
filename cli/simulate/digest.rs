//! A digest is CloudTrail's hourly list of the log files it delivered, with their hashes.
//!
//! These have the shape of real ones and no valid hash or signature: they exist so that readers of log
//! files learn to leave them alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::delivery::{Route, make_folder};
use super::dice::{Dice, Purpose};
use super::packing::Packer;
use super::roster::moment;

pub(super) const BUCKET: &str = "trail-logs-111122223333";
pub(super) const TRAIL: &str = "organization-trail";

/// A delivered file, as a digest lists it.
#[derive(Debug)]
struct Listed {
    object: String,
    oldest: u32,
    newest: u32,
}

/// The files of one delivery by hour of the day.
#[derive(Debug)]
pub(super) struct DigestLog {
    root: std::path::PathBuf,
    seed: u64,
    hours: BTreeMap<i64, Vec<Listed>>,
}

impl DigestLog {
    /// `root` is the folder above `AWSLogs`.
    pub(super) fn new(root: &Path, seed: u64) -> Self {
        Self { root: root.to_owned(), seed, hours: BTreeMap::new() }
    }

    pub(super) fn add(
        &mut self,
        slot: i64,
        path: &Path,
        seconds: impl Iterator<Item = u32> + Clone,
    ) {
        // Hours of the next day belong to that day's job; what arrives there late stays unlisted.
        if slot / 12 >= 24 {
            return;
        }
        let object = path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let (oldest, newest) = (seconds.clone().min().unwrap_or(0), seconds.max().unwrap_or(0));
        self.hours.entry(slot / 12).or_default().push(Listed { object, oldest, newest });
    }

    /// Writes one digest per hour that saw files; returns their size.
    pub(super) fn write(self, route: &Route, packer: &mut Packer) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for (hour, listed) in &self.hours {
            let mut dice = Dice::new(self.seed, Purpose::Digest, &[(route.day * 24 + hour) as u64]);
            let target = self.root.join(self.object(route, *hour + 1));
            let text = self.document(route, *hour, listed, &mut dice);
            let member = packer.pack(text.as_bytes())?;
            make_folder(target.parent().unwrap_or(&self.root))?;
            fs::write(&target, member).with_context(|| format!("writing {}", target.display()))?;
            bytes += member.len() as u64;
        }
        Ok(bytes)
    }

    /// The name of the digest that ends with the given hour of the day.
    fn object(&self, route: &Route, hour: i64) -> String {
        let Route { account_folder, account_id, region, day, .. } = route;
        let folder = account_folder.strip_prefix(&self.root).unwrap_or(account_folder);
        let end = moment((day * 24 + hour) * 3600);
        format!(
            "{}/CloudTrail-Digest/{region}/{}/{account_id}_CloudTrail-Digest_{region}_{TRAIL}_{region}_{}.json.gz",
            folder.display(),
            end.format("%Y/%m/%d"),
            end.format("%Y%m%dT%H%M%SZ"),
        )
    }

    fn document(&self, route: &Route, hour: i64, listed: &[Listed], dice: &mut Dice) -> String {
        let clock = |second: i64| moment(second).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let start = (route.day * 24 + hour) * 3600;
        let event = |second: u32| clock(route.day * 86_400 + i64::from(second));
        let files: Vec<String> = listed
            .iter()
            .map(|file| {
                format!(
                    r#"{{"s3Bucket":"{BUCKET}","s3Object":"{}","hashValue":"{}","hashAlgorithm":"SHA-256","newestEventTime":"{}","oldestEventTime":"{}"}}"#,
                    file.object,
                    dice.hex(64),
                    event(file.newest),
                    event(file.oldest),
                )
            })
            .collect();
        let oldest = listed.iter().map(|file| file.oldest).min().unwrap_or(0);
        let newest = listed.iter().map(|file| file.newest).max().unwrap_or(0);
        format!(
            r#"{{"awsAccountId":"{}","digestStartTime":"{}","digestEndTime":"{}","digestS3Bucket":"{BUCKET}","digestS3Object":"{}","digestPublicKeyFingerprint":"{}","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":"{}","oldestEventTime":"{}","previousDigestS3Bucket":"{BUCKET}","previousDigestS3Object":"{}","previousDigestHashValue":"{}","previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"{}","logFiles":[{}]}}"#,
            route.account_id,
            clock(start),
            clock(start + 3600),
            self.object(route, hour + 1),
            dice.hex(32),
            event(newest),
            event(oldest),
            self.object(route, hour),
            dice.hex(64),
            dice.hex(512),
            files.join(","),
        )
    }
}
