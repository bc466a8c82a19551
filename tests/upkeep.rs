//! **Upkeep**: the lake stays small, and no event notices.

/// Small files become few large ones.
mod compact;
/// Calls are added up by hour.
mod usage;
/// Files that nobody needs any more are deleted.
mod vacuum;

use std::path::{Path, PathBuf};

use crate::harness::Here;
use crate::harness::record::{decrypts, document};
use crate::harness::tree::files;

/// A lake made by so many ingests of a hundred events each, the later ones about
/// earlier times.
fn lake_of(ingests: u32) -> Here {
    let here = Here::new();
    for number in 0..ingests {
        let first = (ingests - number) * 100;
        here.write(format!("logs/{number}.json"), document(&decrypts(first..first + 100)));
        here.ingest(&["logs"]);
    }
    here
}

/// The Parquet files below a table, of whatever version.
fn stored(table: &Path) -> Vec<PathBuf> {
    let mut found = files(table);
    found.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    found.retain(|path| !path.display().to_string().contains("_delta_log"));
    found
}
