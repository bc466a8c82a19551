//! **Upkeep**: the lake stays small, and no event notices.

/// Ingests, compactions, vacuums and queries, all at once.
mod at_once;
/// Small files become few large ones.
mod compact;
/// Compactions and vacuums that die half-way.
mod killed;
/// Calls are added up by hour.
mod usage;
/// Files that nobody needs any more are deleted.
mod vacuum;

use crate::harness::Here;
use crate::harness::lake::stored;
use crate::harness::record::{decrypts, document};

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
