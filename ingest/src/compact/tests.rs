//! Compactions that are not alone.

use std::slice::from_ref;

use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMicrosecondType;

use super::*;
use crate::finding::{DETECT_APPLICATION, FindingChange, FindingRow, append_findings};
use crate::fixture::Fixture;
use crate::lake::Committed;
use crate::scan::scan_all;

const NOON: i64 = 1_791_201_600_000_000;

/// A compaction of `events` that has seen the table as it is now.
async fn compaction<'a>(
    fixture: &Fixture,
    options: &'a CompactOptions,
    progress: &'a UpkeepProgress,
) -> Compaction<'a> {
    Compaction { table: fixture.events().await, order: ORDERS[0], options, progress }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_all_files_are_in_one_file_sorted_by_time() {
    let fixture = Fixture::with_events(&[100..120, 0..20, 50..60]).await;
    let report = fixture.compact(NOON).await;
    let table = &report.tables["events"];
    assert_eq!((table.groups, table.rows, table.given_up), (1, 50, 0));
    assert_eq!((table.files_before, table.files_after), (3, 1));

    let events = fixture.events().await;
    let mut times = Vec::new();
    for file in events.files().unwrap() {
        for batch in scan_all(&events, &file).await.unwrap() {
            let column = batch.column_by_name("event_time").unwrap();
            times.extend_from_slice(column.as_primitive::<TimestampMicrosecondType>().values());
        }
    }
    assert_eq!(times.len(), 50);
    assert!(times.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounded_group_leaves_the_other_files_to_other_groups() {
    let fixture = Fixture::with_events(&[0..10, 10..20, 20..30, 30..40]).await;
    let options = CompactOptions { group_rows_max: 20, ..CompactOptions::new(NOON) };
    let progress = UpkeepProgress::default();
    let report = compact(&fixture.lake, &options, &progress).await.unwrap();
    assert_eq!((report.tables["events"].groups, report.tables["events"].files_after), (2, 2));
    let again = compact(&fixture.lake, &options, &progress).await.unwrap();
    assert_eq!(again.tables["events"].groups, 0);
    assert_eq!(fixture.rows().await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_into_memory_are_left_alone() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    let options = CompactOptions { group_memory_bytes_max: 1, ..CompactOptions::new(NOON) };
    let report = compact(&fixture.lake, &options, &UpkeepProgress::default()).await.unwrap();
    assert_eq!((report.tables["events"].groups, report.tables["events"].files_after), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_somebody_else_has_merged_are_given_up() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    let (options, progress) = (CompactOptions::new(NOON), UpkeepProgress::default());
    let mut slow = compaction(&fixture, &options, &progress).await;
    let plan = slow.plan(slow.table.files().unwrap()).await.unwrap();
    fixture.compact(NOON).await;
    let outcome = slow.compact_group(&plan[0]).await.unwrap();
    assert!(matches!(outcome, Outcome::GivenUp));
    assert_eq!(fixture.rows().await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loser_of_a_race_deletes_what_it_wrote() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    let (options, progress) = (CompactOptions::new(NOON), UpkeepProgress::default());
    let mut slow = compaction(&fixture, &options, &progress).await;
    let group = slow.table.files().unwrap();
    let merged = merged(&slow.table, &group, slow.order.sorted_by, u64::MAX).await.unwrap();
    let files = written(&slow.table, &merged, "event_time").await.unwrap();
    fixture.compact(NOON).await;
    assert_eq!(fixture.stored().len(), 4);
    assert!(!slow.commit(&group, files).await.unwrap());
    assert_eq!(fixture.stored().len(), 3);
    assert_eq!(fixture.rows().await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_that_commits_first_delays_a_compaction_and_no_more() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    let (options, progress) = (CompactOptions::new(NOON), UpkeepProgress::default());
    let mut slow = compaction(&fixture, &options, &progress).await;
    let group = slow.table.files().unwrap();
    let merged = merged(&slow.table, &group, slow.order.sorted_by, u64::MAX).await.unwrap();
    let files = written(&slow.table, &merged, "event_time").await.unwrap();
    fixture.ingest(20..30).await;
    assert!(slow.commit(&group, files).await.unwrap());
    assert_eq!(fixture.events().await.files().unwrap().len(), 2);
    assert_eq!(fixture.rows().await, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_counts_even_when_its_files_were_merged_since() {
    let fixture = Fixture::with_events(&[0..10, 10..20]).await;
    let (options, progress) = (CompactOptions::new(NOON), UpkeepProgress::default());
    let mut deaf = compaction(&fixture, &options, &progress).await;
    let group = deaf.table.files().unwrap();
    let merged = merged(&deaf.table, &group, deaf.order.sorted_by, u64::MAX).await.unwrap();
    let files = written(&deaf.table, &merged, "event_time").await.unwrap();
    // The commit lands, and the one who made it never hears of it.
    let mut table = fixture.events().await;
    let landed = table.rewrite(&group, files.clone(), APPLICATION, NOON).await.unwrap();
    assert!(matches!(landed, Committed::Version(_)));
    fixture.ingest(20..30).await;
    fixture.compact(NOON).await;
    assert!(deaf.commit(&group, files).await.unwrap());
    assert_eq!(fixture.events().await.files().unwrap().len(), 1);
    assert_eq!(fixture.rows().await, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_without_a_lake_is_refused() {
    let fixture = Fixture::new().await;
    let options = CompactOptions::new(NOON);
    let result = compact(&fixture.lake, &options, &UpkeepProgress::default()).await;
    assert!(matches!(result, Err(UpkeepError::NoLake { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_merged_and_their_writers_decide_again() {
    let fixture = Fixture::with_events(from_ref(&(0..10))).await;
    let mut findings = fixture.lake.table(&FINDINGS).await.unwrap();
    let row = |at| [FindingRow::new(FindingChange::Judged, "run", at)];
    for at in [3, 1, 2, 4] {
        append_findings(&mut findings, &row(at), DETECT_APPLICATION, at).await.unwrap();
    }
    let report = fixture.compact(NOON).await;
    let table = &report.tables["findings"];
    assert_eq!((table.rows, table.files_before, table.files_after), (4, 4, 1));
    // Who has not seen the compaction loses to it once, and is at its version then.
    let lost = append_findings(&mut findings, &row(5), DETECT_APPLICATION, 5).await.unwrap();
    assert_eq!(lost, Committed::Moved);
    let landed = append_findings(&mut findings, &row(5), DETECT_APPLICATION, 5).await.unwrap();
    assert_eq!(landed, Committed::Version(6));
    assert_eq!(findings.consumed(DETECT_APPLICATION).await.unwrap(), Some(5));
}
