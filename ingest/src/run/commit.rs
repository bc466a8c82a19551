//! A **commit unit**: decoded batches, written as files, and added to the lake
//! all at once.

use std::collections::HashSet;

use arrow::array::BooleanArray;
use deltalake_core::kernel::Add;

use super::{Decoded, IngestOptions};
use crate::budget::MemoryBudget;
use crate::decode::{ObjectReport, append_object};
use crate::error::IngestError;
use crate::known::{EventKey, KnownEvents, keyed_rows};
use crate::lake::{
    COMMIT_ATTEMPTS_MAX, DataFile, LakeError, LakeTable, Packing, TableWriter, back_off,
};
use crate::report::IngestReport;
use crate::rows::Rows;
use crate::scan::scan_all;
use crate::schema::OBJECTS;
use crate::source::{Object, Outstanding};

/// Application id of ingest's commits.
const APPLICATION: &str = "ingest";

/// Collects batches and commits them unit by unit.
pub(super) struct Committer {
    events: LakeTable,
    objects: LakeTable,
    known: KnownEvents,
    writer: Option<TableWriter>,
    pending_events: usize,
    journal: Rows,
    memory: MemoryBudget,
    outstanding: Outstanding,
    /// Objects that are ahead of outstanding ones, and not noted yet.
    ahead: Vec<(Object, ObjectReport)>,
    run_id: String,
    started_at: i64,
}

impl Committer {
    pub(super) fn new(
        events: LakeTable,
        objects: LakeTable,
        outstanding: Outstanding,
        options: &IngestOptions,
    ) -> Result<Self, IngestError> {
        Ok(Self {
            known: KnownEvents::new(&events)?,
            events,
            objects,
            writer: None,
            pending_events: 0,
            journal: Rows::new(&OBJECTS),
            memory: options.memory,
            outstanding,
            ahead: Vec::new(),
            run_id: options.run_id.clone(),
            started_at: options.started_at,
        })
    }

    /// Takes a decoded part: its new events are written, its objects noted.
    pub(super) async fn take(
        &mut self,
        part: Decoded,
        report: &mut IngestReport,
    ) -> Result<(), IngestError> {
        let batch = part.rows?;
        let fresh = self.known.admit(&self.events, &batch).await?;
        let new = fresh.true_count();
        report.duplicates += (batch.num_rows() - new) as u64;
        if new > 0 {
            self.pending_events += new;
            let writer = self.writer.get_or_insert_with(|| {
                TableWriter::new(&self.events, "event_time", self.memory.packing())
            });
            writer.write(&batch, Some(&fresh)).await?;
        }
        for (object, _) in &part.objects {
            self.outstanding.settle(object);
        }
        for (object, outcome) in std::mem::take(&mut self.ahead).into_iter().chain(part.objects) {
            if self.outstanding.allows(&object) {
                self.note(&object, &outcome);
            } else {
                self.ahead.push((object, outcome));
            }
        }
        if self.pending_events >= self.memory.unit_events
            || self.journal.len() >= self.memory.unit_objects
        {
            self.commit(report).await?;
        }
        // A row that waits for its commit must not be forgotten.
        if self.pending_events == 0 {
            self.known.make_room(self.memory.known_keys);
        }
        Ok(())
    }

    /// Commits what is left.
    pub(super) async fn finish(mut self, report: &mut IngestReport) -> Result<(), IngestError> {
        // What a run that was stopped did not read is outstanding still.
        for (object, outcome) in std::mem::take(&mut self.ahead) {
            if self.outstanding.allows(&object) {
                self.note(&object, &outcome);
            }
        }
        self.commit(report).await?;
        report.events_version = self.events.version();
        Ok(())
    }

    fn note(&mut self, object: &Object, outcome: &ObjectReport) {
        append_object(&mut self.journal, object, outcome, &self.run_id, self.started_at);
    }

    /// Events first, then the journal: a run killed in between reads these
    /// objects again and finds their events there.
    async fn commit(&mut self, report: &mut IngestReport) -> Result<(), IngestError> {
        if let Some(writer) = self.writer.take() {
            let files = writer.close().await?;
            let added = self.commit_events(files, report).await?;
            report.events += added;
            report.commits += 1;
            self.pending_events = 0;
        }
        if !self.journal.is_empty() {
            let batch = self.journal.finish()?;
            let mut writer = TableWriter::new(&self.objects, "delivered_at", Packing::FRESH);
            writer.write(&batch, None).await?;
            let files = writer.close().await?;
            append_blindly(&mut self.objects, files, APPLICATION, self.started_at).await?;
        }
        Ok(())
    }

    /// Adds the files to `events`. When somebody else committed first, rows
    /// that are in their files too are taken out of ours before the next try.
    async fn commit_events(
        &mut self,
        mut files: Vec<Add>,
        report: &mut IngestReport,
    ) -> Result<u64, IngestError> {
        for attempt in 0..COMMIT_ATTEMPTS_MAX {
            let added = files
                .iter()
                .map(|add| DataFile::from_add(add).statistics.num_records.unwrap_or_default())
                .sum();
            if files.is_empty() {
                return Ok(0);
            }
            let ours: Vec<_> = files.iter().map(|add| DataFile::from_add(add).path).collect();
            let prepared_on = self.events.version();
            let answer = self.events.append(files.clone(), APPLICATION, self.started_at).await;
            if self.events.has_landed(answer, &ours, prepared_on, attempt).await? {
                self.known.committed(&ours);
                report.newest_event_time = report.newest_event_time.max(newest(&files));
                // What others committed since the table was last looked at came in
                // with ours: nothing is pending now, so it only needs knowing.
                self.known.look_again(&self.events).await?;
                return Ok(added);
            }
            let theirs = self.known.look_again(&self.events).await?;
            files = self.without(files, &theirs, report).await?;
            back_off(attempt).await;
        }
        Err(self.events.not_committed().into())
    }

    /// Our files without the rows that others added meanwhile.
    async fn without(
        &self,
        files: Vec<Add>,
        theirs: &HashSet<EventKey>,
        report: &mut IngestReport,
    ) -> Result<Vec<Add>, IngestError> {
        if theirs.is_empty() {
            return Ok(files);
        }
        let mut writer = TableWriter::new(&self.events, "event_time", self.memory.packing());
        let mut dropped = 0;
        for add in &files {
            let file = DataFile::from_add(add);
            for batch in scan_all(&self.events, &file).await? {
                let keep: BooleanArray =
                    keyed_rows(&batch).iter().map(|(_, key)| !theirs.contains(key)).collect();
                dropped += keep.false_count() as u64;
                writer.write(&file.with_partitions(&batch, &self.events)?, Some(&keep)).await?;
            }
        }
        report.duplicates += dropped;
        Ok(writer.close().await?)
    }
}

/// When the newest event in these files happened.
fn newest(files: &[Add]) -> Option<i64> {
    let times = |add| DataFile::from_add(add).time_range("event_time");
    // The log cuts times to milliseconds, and the range is rounded up again.
    files.iter().filter_map(times).map(|range| range.1 - 999).max()
}

/// Adds files to a table whose rows nobody else could have added.
pub(super) async fn append_blindly(
    table: &mut LakeTable,
    files: Vec<Add>,
    application: &str,
    run_number: i64,
) -> Result<(), LakeError> {
    let paths: Vec<_> = files.iter().map(|add| DataFile::from_add(add).path).collect();
    for attempt in 0..COMMIT_ATTEMPTS_MAX {
        let prepared_on = table.version();
        let answer = table.append(files.clone(), application, run_number).await;
        if table.has_landed(answer, &paths, prepared_on, attempt).await? {
            return Ok(());
        }
        back_off(attempt).await;
    }
    Err(table.not_committed())
}
