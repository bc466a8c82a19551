//! **Ingest**: what is delivered becomes events, every one of them once.

/// Two runs at once.
mod at_once;
/// Every form that records are delivered in.
mod formats;
/// The table `objects` lost, old or damaged.
mod journal;
/// What is kept, and as what.
mod kept;
/// Runs that die half-way.
mod killed;
/// Runs that die half-way, one after the other.
mod killed_often;
/// Disks that are full.
mod no_room;
/// The same records again, in other files, orders and runs.
mod once;
/// What a run says and writes down about itself.
mod summary;
