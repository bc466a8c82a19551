//! What a vacuum deletes, and what it leaves.

use std::fs;
use std::time::SystemTime;

use super::*;
use crate::finding::{DETECT_APPLICATION, FindingChange, FindingRow, append_findings};
use crate::fixture::Fixture;
use crate::hours::new_hours;
use crate::run::{RunRecord, record_run};
use crate::schema::{FINDINGS, RUNS};

const HOUR_SECONDS: i64 = 3_600;
const HOUR: i64 = HOUR_SECONDS * 1_000_000;

/// The year 2100: whatever these tests write is older than any retention.
const NOW: i64 = 4_102_444_800_000_000;

/// Two files merged by a compaction two hours ago, and the merged one.
async fn compacted() -> Fixture {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    fixture.compact(NOW - 2 * HOUR).await;
    assert_eq!(fixture.stored().len(), 3);
    fixture
}

async fn vacuum_events(fixture: &Fixture, options: &VacuumOptions) -> VacuumedTable {
    let report = vacuum(&fixture.lake, options, &UpkeepProgress::default()).await.unwrap();
    assert!(!report.is_incomplete(), "{report:?}");
    report.tables["events"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_files_go_when_the_retention_is_over() {
    let fixture = compacted().await;
    let early = vacuum_events(&fixture, &VacuumOptions::new(3 * HOUR_SECONDS, NOW)).await;
    assert_eq!((early.files, fixture.stored().len()), (0, 3));
    let late = vacuum_events(&fixture, &VacuumOptions::new(HOUR_SECONDS, NOW)).await;
    assert_eq!((late.files, late.files_replaced), (2, 2));
    assert!(late.bytes > 0);
    assert_eq!((fixture.stored().len(), fixture.rows().await), (1, 20));
    let again = vacuum_events(&fixture, &VacuumOptions::new(HOUR_SECONDS, NOW)).await;
    assert_eq!(again.files, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_killed_runs_left_behind_goes_and_everything_else_stays() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    let gone =
        ["activity=use/event_month=2026-10/part-00000-x.parquet", "activity=use/x.parquet#1"];
    let kept = ["_delta_log/x.parquet", "_delta_log/x.parquet#1", "_other/x.parquet", "notes.txt"];
    fs::create_dir_all(fixture.path("_other")).unwrap();
    for name in gone.iter().chain(&kept) {
        fs::write(fixture.path(name), "x").unwrap();
    }
    let done = vacuum_events(&fixture, &VacuumOptions::new(HOUR_SECONDS, NOW)).await;
    assert_eq!((done.files, done.bytes, done.files_replaced), (2, 2, 0));
    assert!(gone.iter().all(|name| !fixture.path(name).exists()));
    assert!(kept.iter().all(|name| fixture.path(name).exists()));
    assert_eq!((fixture.stored().len(), fixture.rows().await), (2, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_younger_than_the_retention_stay() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    let orphan = fixture.path("activity=use/x.parquet");
    fs::write(&orphan, "x").unwrap();
    let written = fs::metadata(&orphan).unwrap().modified().unwrap();
    let micros = written.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let written = i64::try_from(micros).unwrap();
    vacuum_events(&fixture, &VacuumOptions::new(HOUR_SECONDS, written + HOUR - 1)).await;
    assert!(orphan.exists());
    vacuum_events(&fixture, &VacuumOptions::new(HOUR_SECONDS, written + 2 * HOUR)).await;
    assert!(!orphan.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_version_of_late_removed_stays_whatever_time_it_says() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    // Merged just now, by a machine that thinks it is 1970.
    fixture.compact(0).await;
    let newest = fixture.path("_delta_log/00000000000000000003.json");
    let written = fs::metadata(&newest).unwrap().modified().unwrap();
    let micros = written.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let now = i64::try_from(micros).unwrap() + HOUR / 2;
    let long_ago = written - std::time::Duration::from_hours(48);
    for path in fixture.stored() {
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    let done = vacuum_events(&fixture, &VacuumOptions::new(HOUR_SECONDS, now)).await;
    assert_eq!((done.files, fixture.stored().len()), (0, 3));
    let done = vacuum_events(&fixture, &VacuumOptions::new(HOUR_SECONDS, now + HOUR)).await;
    assert_eq!((done.files, done.files_replaced), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_lists_and_deletes_nothing() {
    let fixture = compacted().await;
    let options = VacuumOptions { dry_run: true, ..VacuumOptions::new(HOUR_SECONDS, NOW) };
    let listed = vacuum_events(&fixture, &options).await;
    assert_eq!((listed.files, listed.paths.len()), (2, 2));
    assert!(listed.paths.iter().all(|path| path.starts_with("events/activity=use/")));
    assert_eq!(fixture.stored().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_a_follower_has_not_read_stay() {
    let fixture = compacted().await;
    let follower = Follower { application: "usage", follows: "events", writes: &RUNS };
    let options =
        VacuumOptions { followers: vec![follower], ..VacuumOptions::new(HOUR_SECONDS, NOW) };
    // It has read version 1, the first ingest, and not version 2, the second.
    let noted = RunRecord { command: "usage", started_at: 1, ..RunRecord::default() };
    record_run(&fixture.lake, &noted).await.unwrap();
    let unread = vacuum_events(&fixture, &options).await;
    assert_eq!((unread.files, unread.files_kept_for_followers), (1, 1));

    let noted = RunRecord { command: "usage", started_at: 3, ..RunRecord::default() };
    record_run(&fixture.lake, &noted).await.unwrap();
    assert_eq!(vacuum_events(&fixture, &options).await.files, 1);
    assert_eq!((fixture.stored().len(), fixture.rows().await), (1, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_hours_that_no_detection_run_has_judged_stay() {
    let fixture = compacted().await;
    let options = VacuumOptions::new(HOUR_SECONDS, NOW);
    let mut findings = fixture.lake.table(&FINDINGS).await.unwrap();
    for (judged, kept) in [(1, 1), (3, 0)] {
        let row = FindingRow::new(FindingChange::Judged, "run", 0);
        append_findings(&mut findings, &[row], DETECT_APPLICATION, judged).await.unwrap();
        let done = vacuum_events(&fixture, &options).await;
        assert_eq!(done.files_kept_for_followers, kept);
        let new = new_hours(&fixture.events().await, u64::try_from(judged).ok()).await.unwrap();
        assert!(new.complete);
    }
    assert_eq!(fixture.stored().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_never_began_keeps_nothing() {
    let fixture = compacted().await;
    let follower = Follower { application: "usage", follows: "events", writes: &RUNS };
    let options =
        VacuumOptions { followers: vec![follower], ..VacuumOptions::new(HOUR_SECONDS, NOW) };
    assert_eq!(vacuum_events(&fixture, &options).await.files, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retention_below_the_minimum_is_refused() {
    let fixture = compacted().await;
    let short = VacuumOptions::new(HOUR_SECONDS - 1, NOW);
    let result = vacuum(&fixture.lake, &short, &UpkeepProgress::default()).await;
    assert!(matches!(result, Err(UpkeepError::Retention { .. })));
    assert_eq!(fixture.stored().len(), 3);
    let lower = VacuumOptions { retention_seconds_min: 0, ..short };
    assert_eq!(vacuum_events(&fixture, &lower).await.files, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_without_a_lake_is_refused() {
    let fixture = Fixture::new().await;
    let options = VacuumOptions::new(HOUR_SECONDS, NOW);
    let result = vacuum(&fixture.lake, &options, &UpkeepProgress::default()).await;
    assert!(matches!(result, Err(UpkeepError::NoLake { .. })));
}
