//! A **deletion** of many files at once; what fails is named, and the rest goes
//! on.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStore as _};

use super::{VacuumFailure, VacuumedTable, Waste};
use crate::lake::LakeTable;
use crate::report::UpkeepProgress;

/// Failures that are named; all are counted.
const FAILURES_NAMED_MAX: usize = 100;

/// Deletes files, as many at once as the store does by itself.
pub(super) async fn delete(
    waste: Waste,
    table: &LakeTable,
    done: &mut VacuumedTable,
    failures: &mut Vec<VacuumFailure>,
    progress: &UpkeepProgress,
) {
    let mut fail = |reason: String| {
        if failures.len() < FAILURES_NAMED_MAX {
            failures.push(VacuumFailure { table: table.schema().name, reason });
        }
    };
    let mut left: HashMap<Path, u64> =
        waste.files.into_iter().map(|file| (file.location, file.size)).collect();
    let paths: Vec<Path> = left.keys().cloned().collect();
    let mut gone = 0;
    let mut results = table.store().delete_stream(stream::iter(paths).map(Ok).boxed());
    while let Some(result) = results.next().await {
        match result {
            Ok(path) => {
                done.files += 1;
                done.bytes += left.remove(&path).unwrap_or_default();
            }
            // Another vacuum was faster.
            Err(Error::NotFound { .. }) => gone += 1,
            Err(error) => fail(explained(&error)),
        }
        progress.take(1);
    }
    // An error may stand for many files.
    done.files_failed += (left.len() as u64).saturating_sub(gone);
    for (path, bytes) in waste.parts {
        match tokio::fs::remove_file(&path).await {
            Ok(()) => {
                done.files += 1;
                done.bytes += bytes;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                done.files_failed += 1;
                fail(format!("{}: {error}", path.display()));
            }
        }
        progress.take(1);
    }
}

/// The error and its causes, each said once.
fn explained(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let reason = next.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = next.source();
    }
    text
}
