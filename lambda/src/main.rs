//! The AWS Lambda entry point: on every invocation, read what is new in the
//! trail's bucket into the lake, judge the last day, and log each finding.
//!
//! Settings come from the environment: `KEYTRAIL_SOURCE` (such as
//! `s3://trail-bucket/AWSLogs`), `KEYTRAIL_LAKE`, and `KEYTRAIL_WINDOW_HOURS`
//! (24 by default).

use std::sync::Arc;

use analyze::{Configuration, Session, Window, built_in, detect};
use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use ingest::{IngestOptions, Lake, MemoryBudget, Progress, Source, follow_usage, ingest};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_env_filter("info").with_ansi(false).init();
    lambda_runtime::run(service_fn(handle)).await
}

#[expect(clippy::disallowed_methods, reason = "a shell may look at the clock and hands it on")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let request_id = event.context.request_id;
    run(&request_id, now()).await.map_err(|error| {
        tracing::error!(request_id, error = format!("{error:#}"), "run failed");
        Error::from(format!("{error:#}"))
    })
}

/// Three quarters of the function's memory: the rest is for judging.
fn memory() -> MemoryBudget {
    std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        .ok()
        .and_then(|mebibytes| mebibytes.parse::<u64>().ok())
        .and_then(|mebibytes| MemoryBudget::within((mebibytes << 20) / 4 * 3))
        .unwrap_or_default()
}

/// One run. A retry of the same request adds no event twice: ingest sees to
/// that, not this function.
async fn run(request_id: &str, started: DateTime<Utc>) -> Result<Value> {
    let setting = |name: &str| std::env::var(name).with_context(|| format!("set {name}"));
    let hours: i64 = std::env::var("KEYTRAIL_WINDOW_HOURS")
        .ok()
        .and_then(|hours| hours.parse().ok())
        .unwrap_or(24);
    let lake = Lake::at(&setting("KEYTRAIL_LAKE")?).await?;
    let sources = vec![Source::parse(&setting("KEYTRAIL_SOURCE")?)?];
    let options = IngestOptions {
        memory: memory(),
        ..IngestOptions::new(sources, request_id.to_owned(), started.timestamp_micros())
    };
    let report = Box::pin(ingest(&lake, options, Arc::new(Progress::default()))).await?;
    for failure in &report.failures {
        tracing::warn!(object_uri = failure.object_uri, reason = failure.reason, "skipped");
    }
    if let Err(error) = follow_usage(&lake, false, started.timestamp_micros()).await {
        // Answers stay right: what is not counted is counted for this run alone.
        tracing::warn!(error = format!("{error:#}"), "usage could not be brought up to date");
    }
    let session = Session::open(&lake, &Configuration::default()).await?;
    let end = started.timestamp_micros();
    let window = Window { start: end - hours * 3_600_000_000, end };
    let found = detect(&session, &built_in()?, window).await?;
    for finding in &found.findings {
        tracing::warn!(finding = serde_json::to_string(finding)?, "finding");
    }
    Ok(json!({
        "objects": report.objects,
        "events": report.events,
        "skipped": report.objects_failed + report.records_skipped,
        "findings": found.findings.len(),
        "not_judged": found.outcomes.iter().filter(|outcome| outcome.error.is_some()).count(),
    }))
}
