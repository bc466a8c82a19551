//! `keytrail detections`: what is detected, and whether that still works.

mod new;
mod show;

use std::num::NonZeroUsize;
use std::path::Path;

use analyze::{Detection, check, from_folder, write_expected};
use anyhow::{Context as _, Result, ensure};
use futures::stream::{self, StreamExt as _};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::detect::all;
use crate::ExitStatus;
use crate::arguments::{DetectionsArguments, DetectionsCommand, ListFormat};
use crate::output::answer::plain_table;
use crate::output::text::{BAD, count, data, say, terminal};

pub(crate) async fn run(arguments: DetectionsArguments) -> Result<ExitStatus> {
    match arguments.command {
        DetectionsCommand::List { detections, format } => list(detections.as_deref(), format),
        DetectionsCommand::Show(arguments) => show::run(arguments),
        DetectionsCommand::New { id, kind, folder } => new::run(&id, kind, &folder),
        DetectionsCommand::Test { folder, detection, bless } => {
            test(&folder, &detection, bless).await
        }
    }
}

fn list(folder: Option<&Path>, format: ListFormat) -> Result<ExitStatus> {
    let detections = all(folder)?;
    if format == ListFormat::Json {
        let headers: Vec<_> = detections.iter().map(|detection| &detection.header).collect();
        data(&serde_json::to_string_pretty(&headers)?)?;
        return Ok(ExitStatus::Nothing);
    }
    let mut table = plain_table();
    table.set_header(["id", "severity", "kind", "attack", "title"]);
    for Detection { header, .. } in &detections {
        table.add_row([
            terminal(&header.id),
            header.severity.to_string(),
            header.kind.name().to_owned(),
            header.attack.join(" "),
            terminal(&header.title),
        ]);
    }
    say!("{table}");
    Ok(ExitStatus::Nothing)
}

async fn test(folder: &Path, ids: &[String], bless: bool) -> Result<ExitStatus> {
    let mut detections = from_folder(folder)?;
    if !ids.is_empty() {
        detections.retain(|detection| ids.contains(&detection.header.id));
    }
    ensure!(!detections.is_empty(), "no detections to test in {}", folder.display());
    let mut failed: u64 = 0;
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut checks = stream::iter(&detections)
        .map(|detection| {
            let (detection, folder) = (detection.clone(), folder.to_path_buf());
            // What ingests is not made to move from thread to thread.
            let here = Handle::current();
            spawn_blocking(move || {
                let scratch = tempfile::tempdir()?;
                here.block_on(check(&detection, &folder, scratch.path()))
                    .with_context(|| detection.header.id.clone())
            })
        })
        .buffered(threads);
    while let Some(checked) = checks.next().await {
        let mut checked = checked??;
        if bless {
            write_expected(folder, &checked)?;
            checked.failures.retain(|failure| !is_about_expectations(failure));
        }
        let verdict = if checked.failures.is_empty() { "ok" } else { "FAILED" };
        say!(
            "{:<32} {verdict} ({})",
            terminal(&checked.id),
            count(checked.rows.len() as u64, "row")
        );
        for failure in &checked.failures {
            say!("    {BAD}-{BAD:#} {}", terminal(failure));
        }
        failed += u64::from(!checked.failures.is_empty());
    }
    say!("{} passed, {failed} failed", detections.len() as u64 - failed);
    Ok(if failed > 0 { ExitStatus::Incomplete } else { ExitStatus::Nothing })
}

/// Blessing settles what is expected, not whether a detection behaves.
fn is_about_expectations(failure: &str) -> bool {
    failure.contains("expected and not found")
        || failure.contains("not expected")
        || failure.contains("expected.jsonl is missing")
}
