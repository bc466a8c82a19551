//! A **follower** reads every version of a table once, in order, and notes in
//! its own table how far it is.
//!
//! It finds the rows that a version added in the files that the version added,
//! also when a compaction has put others in their place since. So these files
//! stay until the slowest follower has read them.

use crate::finding::DETECT_APPLICATION;
use crate::lake::{Lake, LakeError};
use crate::schema::{EVENTS, FINDINGS, TableSchema, USAGE};
use crate::usage;

/// One follower.
#[derive(Debug, Clone, Copy)]
pub struct Follower {
    /// Application id of its commits; each carries the version that was read.
    pub application: &'static str,
    /// Name of the table that it reads.
    pub follows: &'static str,
    /// The table that it commits to.
    pub writes: &'static TableSchema,
}

/// All followers there are.
pub const FOLLOWERS: &[Follower] = &[
    Follower { application: usage::APPLICATION, follows: EVENTS.name, writes: &USAGE },
    Follower { application: DETECT_APPLICATION, follows: EVENTS.name, writes: &FINDINGS },
];

/// The first version of a table that some follower has still to read, or none
/// when nobody follows the table.
///
/// # Errors
/// When the table of a follower cannot be read.
pub(super) async fn first_unread(
    lake: &Lake,
    followed: &str,
    followers: &[Follower],
) -> Result<Option<u64>, LakeError> {
    let mut first: Option<u64> = None;
    for follower in followers.iter().filter(|follower| follower.follows == followed) {
        let consumed = match lake.existing_table(follower.writes).await? {
            Some(table) => table.consumed(follower.application).await?,
            None => None,
        };
        // One that never began will begin with the files of that day.
        let Some(consumed) = consumed else { continue };
        let next = u64::try_from(consumed + 1).unwrap_or_default();
        first = Some(first.map_or(next, |first| first.min(next)));
    }
    Ok(first)
}
