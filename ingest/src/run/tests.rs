//! What a run takes in, and how it ends.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::*;
use crate::fixture::{Fixture, decrypt};

async fn run(fixture: &Fixture, options: IngestOptions) -> IngestReport {
    ingest(&fixture.lake, options, Arc::default()).await.unwrap()
}

fn options(sources: Vec<Source>) -> IngestOptions {
    IngestOptions::new(sources, "run".to_owned(), 0)
}

/// An event as EventBridge brings it.
fn event(number: u32, delivered_at: Option<i64>) -> Source {
    let event = json!({
        "version": "0",
        "id": format!("{number}"),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.kms",
        "account": "111122223333",
        "time": "2026-10-05T00:00:00Z",
        "region": "eu-west-1",
        "detail": decrypt(number),
    });
    let bytes = event.to_string().into_bytes().into();
    Source::Document { uri: format!("eventbridge:{number}"), delivered_at, bytes }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_in_memory_is_read_once() {
    let fixture = Fixture::new().await;
    for delivered_at in [None, Some(1_791_158_400_000_000)] {
        let number = u32::from(delivered_at.is_some());
        let sources = || vec![event(number, delivered_at)];
        let first = run(&fixture, options(sources())).await;
        assert_eq!((first.objects, first.events, first.is_incomplete()), (1, 1, false));
        let again = run(&fixture, options(sources())).await;
        assert_eq!((again.objects, again.objects_known, again.events), (0, 1, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_too_large_is_a_failure() {
    let fixture = Fixture::new().await;
    let mut options = options(vec![event(1, None), event(2, None)]);
    options.limits.object_bytes_max = 100;
    let report = run(&fixture, options).await;
    assert_eq!((report.events, report.objects_failed), (0, 2));
    assert!(report.failures.iter().all(|failure| !failure.may_pass));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_before_it_begins_reads_nothing_and_says_so() {
    let fixture = Fixture::new().await;
    let stopped = options(vec![event(1, None)]);
    stopped.stop.store(true, Ordering::Relaxed);
    let report = run(&fixture, stopped).await;
    assert_eq!((report.objects, report.stopped_early, report.is_incomplete()), (0, true, true));
    let next = run(&fixture, options(vec![event(1, None)])).await;
    assert_eq!((next.events, next.stopped_early), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_too_early_is_passed_over_and_counted() {
    let fixture = Fixture::new().await;
    let sources = vec![event(1, Some(1)), event(2, Some(2)), event(3, None)];
    let report = run(&fixture, IngestOptions { delivered_from: Some(2), ..options(sources) }).await;
    assert_eq!((report.objects, report.objects_early, report.events), (2, 1, 2));
}
