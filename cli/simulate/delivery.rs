//! A delivery brings the records of one account, Region and day into log files, as late, doubled and
//! unsorted as CloudTrail does.
//!
//! Only files that are still open are held: a file is written when it is full or when its slot has passed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::dice::{Dice, Purpose};
use super::digest::DigestLog;
use super::packing::Packer;
use super::record::Call;
use super::roster::moment;
use super::schedule::{SLOT_SECONDS, SLOTS_PER_DAY};
use super::text::Text;

const FILE_RECORDS_MAX: f64 = 900.0;
/// Records that wait for hours; more than these come in time.
const LATE_HELD_MAX: u32 = 400;
const LATE_SHARE: f64 = 0.0004;
const DUPLICATE_SHARE: f64 = 0.01;
const UNSORTED_SHARE: f64 = 0.25;
/// How far ahead, in slots, the files lie that most records go to, and how many buffers they need.
const SOON_SLOTS: i64 = 4;
const SPARE_MAX: usize = 4;

/// Which files a delivery writes.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// The folder that holds `CloudTrail/<region>`.
    pub(super) account_folder: PathBuf,
    pub(super) account_id: String,
    pub(super) region: &'static str,
    /// Days since 1970.
    pub(super) day: i64,
    /// First slot of the day after the plan's last slot, counted from the day's start.
    pub(super) end_slot: i64,
}

/// What has been written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) objects: u64,
    pub(super) records: u64,
    pub(super) kms_records: u64,
    pub(super) bytes: u64,
}

#[derive(Debug, Default)]
struct OpenFile {
    text: Text,
    /// Event second and position in `text` of each record.
    records: Vec<(u32, u32, u32)>,
    full_at: usize,
}

#[derive(Debug)]
pub(super) struct Delivery<'a> {
    route: Route,
    packer: &'a mut Packer,
    dice: Dice,
    /// By the slot of delivery, counted from the day's start.
    open: BTreeMap<i64, OpenFile>,
    /// Large buffers of closed files, for those that fill next.
    spare: Vec<OpenFile>,
    /// The last slot that was flushed.
    flushed: i64,
    document: Text,
    late_held: u32,
    file_records: f64,
    folder_made: Option<PathBuf>,
    pub(super) digests: Option<DigestLog>,
    pub(super) totals: Totals,
}

impl<'a> Delivery<'a> {
    /// `expected` is how many records a slot has on average: busy cells have larger files.
    pub(super) fn new(
        route: Route,
        seed: u64,
        cell: [u64; 2],
        expected: f64,
        packer: &'a mut Packer,
    ) -> Self {
        let path = [cell[0], cell[1], route.day as u64];
        Self {
            packer,
            dice: Dice::new(seed, Purpose::Delivery, &path),
            open: BTreeMap::new(),
            spare: Vec::new(),
            flushed: 0,
            document: Text::new(),
            late_held: 0,
            file_records: (expected / 6.0).clamp(12.0, 70.0),
            folder_made: None,
            digests: None,
            totals: Totals::default(),
            route,
        }
    }

    /// Delivers one call some time after its event, now and then twice.
    pub(super) fn send(&mut self, call: &mut Call<'_>) -> anyhow::Result<()> {
        let (slot, delayed) = self.arrival(call.second);
        call.delayed = delayed;
        let is_kms = call.is_kms();
        let start = self.with_file(slot).text.len();
        call.write(&mut self.with_file(slot).text);
        self.close_record(slot, call.second, start, is_kms)
    }

    /// Delivers a record that is already text.
    pub(super) fn send_text(
        &mut self,
        second: u32,
        text: &[u8],
        is_kms: bool,
    ) -> anyhow::Result<()> {
        let (slot, _) = self.arrival(second);
        let start = self.with_file(slot).text.len();
        self.with_file(slot).text.extend_from_slice(text);
        self.close_record(slot, second, start, is_kms)
    }

    fn close_record(
        &mut self,
        slot: i64,
        second: u32,
        start: usize,
        is_kms: bool,
    ) -> anyhow::Result<()> {
        let twice = self.dice.chance(DUPLICATE_SHARE);
        let copy = twice.then(|| self.with_file(slot).text[start..].to_vec());
        self.count(slot, second, start, is_kms)?;
        if let Some(copy) = copy {
            let again = slot + 1 + i64::from(self.dice.below(2));
            let start = self.with_file(again).text.len();
            self.with_file(again).text.extend_from_slice(&copy);
            self.count(again, second, start, is_kms)?;
        }
        Ok(())
    }

    fn count(&mut self, slot: i64, second: u32, start: usize, is_kms: bool) -> anyhow::Result<()> {
        self.totals.records += 1;
        self.totals.kms_records += u64::from(is_kms);
        let file = self.with_file(slot);
        file.records.push((second, start as u32, file.text.len() as u32));
        if file.records.len() >= file.full_at {
            self.close(slot)?;
        }
        Ok(())
    }

    /// The slot at whose end a record arrives, and whether it is so late that CloudTrail says so.
    fn arrival(&mut self, second: u32) -> (i64, bool) {
        let held = self.late_held < LATE_HELD_MAX && self.dice.chance(LATE_SHARE);
        let lateness = if held {
            3600 + self.dice.below(7 * 3600)
        } else {
            self.dice.log_normal(35.0, 0.85).min(560.0) as u32
        };
        let soonest = i64::from(second / SLOT_SECONDS) + 1;
        let slot = i64::from((second + lateness) / SLOT_SECONDS) + 1;
        if slot > self.route.end_slot {
            return (soonest.max(self.route.end_slot), false);
        }
        self.late_held += u32::from(held);
        (slot, held && self.dice.chance(0.5))
    }

    fn with_file(&mut self, slot: i64) -> &mut OpenFile {
        let (dice, spare, median) = (&mut self.dice, &mut self.spare, self.file_records);
        let soon = slot <= self.flushed + SOON_SLOTS;
        self.open.entry(slot).or_insert_with(|| {
            // A file that waits for hours stays small: it must not sit on a large buffer.
            let reused = if soon { spare.pop() } else { None };
            let mut file = reused.unwrap_or_default();
            file.full_at = dice.log_normal(median, 1.3).clamp(1.0, FILE_RECORDS_MAX) as usize;
            file
        })
    }

    /// Writes every file whose slot ended at or before `slot`.
    pub(super) fn flush(&mut self, slot: i64) -> anyhow::Result<()> {
        self.flushed = slot.min(self.route.end_slot);
        while let Some((&first, _)) = self.open.first_key_value() {
            if first > slot {
                break;
            }
            self.close(first)?;
        }
        Ok(())
    }

    fn close(&mut self, slot: i64) -> anyhow::Result<()> {
        let Some(mut file) = self.open.remove(&slot) else {
            return Ok(());
        };
        if self.dice.chance(UNSORTED_SHARE) {
            self.dice.shuffle(&mut file.records);
        } else {
            file.records.sort_unstable();
        }
        self.document.clear();
        self.document.extend_from_slice(b"{\"Records\":[");
        for (position, &(_, start, end)) in file.records.iter().enumerate() {
            if position > 0 {
                self.document.push(b',');
            }
            self.document.extend_from_slice(&file.text[start as usize..end as usize]);
        }
        self.document.extend_from_slice(b"]}");
        self.write_file(slot, &file)?;
        file.text.clear();
        file.records.clear();
        if self.spare.len() < SPARE_MAX {
            self.spare.push(file);
        }
        Ok(())
    }

    fn write_file(&mut self, slot: i64, file: &OpenFile) -> anyhow::Result<()> {
        let Route { account_id, region, .. } = &self.route;
        let stamp = moment((self.route.day * SLOTS_PER_DAY + slot) * i64::from(SLOT_SECONDS));
        let folder = self
            .route
            .account_folder
            .join(format!("CloudTrail/{region}/{}", stamp.format("%Y/%m/%d")));
        let random =
            self.dice.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 16);
        let name = format!(
            "{account_id}_CloudTrail_{region}_{}_{random}.json.gz",
            stamp.format("%Y%m%dT%H%MZ")
        );
        if self.folder_made.as_ref() != Some(&folder) {
            make_folder(&folder)?;
            self.folder_made = Some(folder.clone());
        }
        let path = folder.join(name);
        let packed = self.packer.pack(&self.document)?;
        fs::write(&path, packed).with_context(|| format!("writing {}", path.display()))?;
        self.totals.objects += 1;
        self.totals.bytes += packed.len() as u64;
        if let Some(digests) = &mut self.digests {
            digests.add(slot, &path, file.records.iter().map(|record| record.0));
        }
        Ok(())
    }

    /// Writes all that is still open, and the digests.
    pub(super) fn finish(mut self) -> anyhow::Result<Totals> {
        self.flush(i64::MAX)?;
        if let Some(digests) = self.digests.take() {
            self.totals.bytes += digests.write(&self.route, self.packer)?;
        }
        Ok(self.totals)
    }
}

/// Makes a folder and all above it.
pub(super) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making folder {}", folder.display()))
}
