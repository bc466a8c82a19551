//! A **finding row**: one change in the life of a finding, on its way into the
//! table `findings`.
//!
//! Whoever writes there decides from what is there, so a lost race is not mended
//! here: the caller looks at what others added, and decides anew.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use deltalake_core::kernel::Add;

use crate::date::{self, MICROS_PER_HOUR};
use crate::error::IngestError;
use crate::lake::{
    COMMIT_ATTEMPTS_MAX, Committed, DataFile, LakeTable, Packing, TableWriter, back_off,
};
use crate::rows::{Rows, position};
use crate::schema::FINDINGS;

/// Application id of the commits of detection runs to `findings`; their version
/// is the one of `events` that was judged.
pub const DETECT_APPLICATION: &str = "detect";

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingChange {
    /// A matter is new, or back.
    Found,
    /// A known matter was seen again.
    Seen,
    /// It got worse.
    Escalated,
    /// It is from before alerting began.
    Historical,
    /// The configuration says not to tell.
    Suppressed,
    /// The condition is gone.
    Closed,
    /// An alert is to be sent.
    Raised,
    /// A run is about to send it to a sink.
    Claimed,
    /// A sink has it.
    Delivered,
    /// A sink did not take it.
    Failed,
    /// It is not tried any more.
    Dead,
    /// A run has judged the lake.
    Judged,
}

impl FindingChange {
    /// The text of the column `change`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Seen => "seen",
            Self::Escalated => "escalated",
            Self::Historical => "historical",
            Self::Suppressed => "suppressed",
            Self::Closed => "closed",
            Self::Raised => "raised",
            Self::Claimed => "claimed",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Judged => "judged",
        }
    }
}

/// A row of `findings`; what the columns mean is said in [`FINDINGS`]. Times are
/// microseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described once, in the schema")]
pub struct FindingRow {
    pub change: FindingChange,
    pub recorded_at: i64,
    pub run_id: String,
    pub fingerprint: Option<String>,
    pub detection: Option<String>,
    pub severity: Option<String>,
    pub event_time: Option<i64>,
    pub last_time: Option<i64>,
    pub event_count: Option<i64>,
    pub account_id: Option<String>,
    pub region: Option<String>,
    pub actor: Option<String>,
    pub key_arn: Option<String>,
    pub summary: Option<String>,
    /// JSON.
    pub finding: Option<String>,
    pub reason: Option<String>,
    pub alert_id: Option<String>,
    pub sink: Option<String>,
    pub attempt: Option<i64>,
    pub until: Option<i64>,
    /// Moments in the hours; the lake gets them as [`hour_text`].
    pub hours: Option<BTreeSet<i64>>,
}

impl FindingRow {
    /// A row with nothing but what every row has; the rest by
    /// `FindingRow { fingerprint, ..FindingRow::new(change, run_id, now) }`.
    #[must_use]
    pub fn new(change: FindingChange, run_id: &str, recorded_at: i64) -> Self {
        Self {
            change,
            recorded_at,
            run_id: run_id.to_owned(),
            fingerprint: None,
            detection: None,
            severity: None,
            event_time: None,
            last_time: None,
            event_count: None,
            account_id: None,
            region: None,
            actor: None,
            key_arn: None,
            summary: None,
            finding: None,
            reason: None,
            alert_id: None,
            sink: None,
            attempt: None,
            until: None,
            hours: None,
        }
    }
}

/// Writes rows and tries one commit, under an application id and its version.
///
/// The answer is sure: a commit whose answer was lost is looked for, and counts
/// when it has landed. On [`Committed::Moved`] none of the rows are in the table
/// and `table` shows what others added: decide again, and call again. Nothing
/// is committed when there are no rows.
///
/// # Errors
/// When the table is not `findings`, or cannot be read or written.
pub async fn append_findings(
    table: &mut LakeTable,
    rows: &[FindingRow],
    application: &str,
    number: i64,
) -> Result<Committed, IngestError> {
    if rows.is_empty() {
        return Ok(Committed::Version(table.version()));
    }
    let files = written(table, rows).await?;
    append_once(table, files, application, number, 0).await
}

/// As [`append_findings`], again and again until it lands: for rows that are
/// true whatever others have added. They are added once, whatever answers are
/// lost.
///
/// # Errors
/// As [`append_findings`]; and when other writers never leave room.
pub async fn append_findings_always(
    table: &mut LakeTable,
    rows: &[FindingRow],
    application: &str,
    number: i64,
) -> Result<u64, IngestError> {
    if rows.is_empty() {
        return Ok(table.version());
    }
    let files = written(table, rows).await?;
    for attempt in 0..COMMIT_ATTEMPTS_MAX {
        let answer = append_once(table, files.clone(), application, number, attempt).await?;
        if let Committed::Version(version) = answer {
            return Ok(version);
        }
        back_off(attempt).await;
    }
    Err(table.not_committed().into())
}

async fn append_once(
    table: &mut LakeTable,
    files: Vec<Add>,
    application: &str,
    number: i64,
    attempt: u32,
) -> Result<Committed, IngestError> {
    let paths: Vec<_> = files.iter().map(|add| DataFile::from_add(add).path).collect();
    let prepared_on = table.version();
    let answer = table.append(files, application, number).await;
    if let Ok(Committed::Version(version)) = answer {
        return Ok(Committed::Version(version));
    }
    if table.has_landed(answer, &paths, prepared_on, attempt).await? {
        let landed = table.version_that_added(&paths, prepared_on).await?;
        return Ok(Committed::Version(landed.unwrap_or_else(|| table.version())));
    }
    Ok(Committed::Moved)
}

async fn written(table: &LakeTable, rows: &[FindingRow]) -> Result<Vec<Add>, IngestError> {
    let mut columns = Rows::new(&FINDINGS);
    for row in rows {
        add_row(&mut columns, row);
    }
    let mut writer = TableWriter::new(table, "recorded_at", Packing::FRESH);
    writer.write(&columns.finish()?, None).await?;
    Ok(writer.close().await?)
}

fn add_row(rows: &mut Rows, row: &FindingRow) {
    const fn at(name: &str) -> usize {
        position(&FINDINGS, name)
    }
    rows.text(const { at("month") }, Some(&date::month(row.recorded_at)));
    rows.time(const { at("recorded_at") }, Some(row.recorded_at));
    rows.text(const { at("run_id") }, Some(&row.run_id));
    rows.text(const { at("change") }, Some(row.change.as_str()));
    rows.text(const { at("fingerprint") }, row.fingerprint.as_deref());
    rows.text(const { at("detection") }, row.detection.as_deref());
    rows.text(const { at("severity") }, row.severity.as_deref());
    rows.time(const { at("event_time") }, row.event_time);
    rows.time(const { at("last_time") }, row.last_time);
    rows.integer(const { at("event_count") }, row.event_count);
    rows.text(const { at("account_id") }, row.account_id.as_deref());
    rows.text(const { at("region") }, row.region.as_deref());
    rows.text(const { at("actor") }, row.actor.as_deref());
    rows.text(const { at("key_arn") }, row.key_arn.as_deref());
    rows.text(const { at("summary") }, row.summary.as_deref());
    rows.text(const { at("finding") }, row.finding.as_deref());
    rows.text(const { at("reason") }, row.reason.as_deref());
    rows.text(const { at("alert_id") }, row.alert_id.as_deref());
    rows.text(const { at("sink") }, row.sink.as_deref());
    rows.integer(const { at("attempt") }, row.attempt);
    rows.time(const { at("until") }, row.until);
    if let Some(hours) = &row.hours {
        let hours: BTreeSet<String> = hours.iter().map(|&moment| hour_text(moment)).collect();
        rows.text_list(const { at("hours") }, hours.iter().map(String::as_str));
    }
    rows.end_row();
}

/// The UTC hour that a moment is in, as `2026-11-25T10`.
#[must_use]
pub fn hour_text(micros: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default();
    time.format("%Y-%m-%dT%H").to_string()
}

/// The start of an hour that [`hour_text`] made, or nothing for other text.
#[must_use]
pub fn hour_start(text: &str) -> Option<i64> {
    let whole = format!("{text}:00");
    let time = NaiveDateTime::parse_from_str(&whole, "%Y-%m-%dT%H:%M").ok()?;
    let micros = time.and_utc().timestamp_micros();
    (micros % MICROS_PER_HOUR == 0 && hour_text(micros) == text).then_some(micros)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _};

    use super::*;
    use crate::fixture::Fixture;
    use crate::scan::scan_all;

    fn found(fingerprint: &str, recorded_at: i64) -> FindingRow {
        FindingRow {
            fingerprint: Some(fingerprint.to_owned()),
            hours: Some(BTreeSet::from([0, 1, MICROS_PER_HOUR])),
            ..FindingRow::new(FindingChange::Found, "run", recorded_at)
        }
    }

    async fn fingerprints(table: &LakeTable) -> Vec<String> {
        let mut found = Vec::new();
        for file in table.files().unwrap() {
            for batch in scan_all(table, &file).await.unwrap() {
                let column = batch.column_by_name("fingerprint").unwrap().as_string::<i32>();
                found.extend(column.iter().flatten().map(str::to_owned));
            }
        }
        found.sort();
        found
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_who_decide_on_the_same_version_one_decides_again() {
        let fixture = Fixture::new().await;
        let mut first = fixture.lake.table(&FINDINGS).await.unwrap();
        let mut second = fixture.lake.table(&FINDINGS).await.unwrap();
        let landed = append_findings(&mut first, &[found("a", 1)], "detect", 7).await.unwrap();
        assert_eq!(landed, Committed::Version(1));
        let lost = append_findings(&mut second, &[found("b", 2)], "detect", 7).await.unwrap();
        assert_eq!(lost, Committed::Moved);
        assert_eq!(fingerprints(&second).await, ["a"]);
        let landed = append_findings(&mut second, &[found("c", 3)], "detect", 8).await.unwrap();
        assert_eq!(landed, Committed::Version(2));
        first.refresh().await.unwrap();
        assert_eq!(fingerprints(&first).await, ["a", "c"]);
        assert_eq!(first.consumed("detect").await.unwrap(), Some(8));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rows_that_are_true_anyway_land_behind_those_of_others() {
        let fixture = Fixture::new().await;
        let mut first = fixture.lake.table(&FINDINGS).await.unwrap();
        let mut second = fixture.lake.table(&FINDINGS).await.unwrap();
        append_findings(&mut first, &[found("a", 1)], "alerts", 1).await.unwrap();
        let rows = [found("b", 2), found("c", 3_000_000_000_000_000)];
        let version = append_findings_always(&mut second, &rows, "alerts", 1).await.unwrap();
        assert_eq!(version, 2);
        assert_eq!(fingerprints(&second).await, ["a", "b", "c"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_rows_are_no_commit() {
        let fixture = Fixture::new().await;
        let mut table = fixture.lake.table(&FINDINGS).await.unwrap();
        let landed = append_findings(&mut table, &[], "detect", 7).await.unwrap();
        assert_eq!(landed, Committed::Version(0));
        assert_eq!(table.consumed("detect").await.unwrap(), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hours_are_written_as_people_read_them_and_once() {
        let fixture = Fixture::new().await;
        let mut table = fixture.lake.table(&FINDINGS).await.unwrap();
        append_findings(&mut table, &[found("a", 1)], "detect", 7).await.unwrap();
        let file = table.files().unwrap().remove(0);
        let batch = scan_all(&table, &file).await.unwrap().remove(0);
        let hours = batch.column_by_name("hours").unwrap().as_list::<i32>().value(0);
        let hours: Vec<_> = hours.as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        assert_eq!(hours, ["1970-01-01T00", "1970-01-01T01"]);
        assert_eq!(batch.column_by_name("detection").unwrap().null_count(), 1);
    }

    #[test]
    fn an_hour_is_read_back_as_it_was_written() {
        for hour in [0, MICROS_PER_HOUR, -MICROS_PER_HOUR, 495_000 * MICROS_PER_HOUR] {
            assert_eq!(hour_start(&hour_text(hour + 59)), Some(hour));
        }
        for text in ["", "2026-11-25", "2026-11-25T10:00", "2026-11-25T24", "2026-11-25T1"] {
            assert_eq!(hour_start(text), None, "{text}");
        }
    }
}
