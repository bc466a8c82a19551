//! The **life** of a matter: found, seen again, escalated, over, found again;
//! and when people are told of it.
//!
//! A run judges, compares what it found with what the table `findings` says, and
//! adds the differences in one commit. Whoever loses the race for that commit
//! compares again, so that two runs at once find a matter once.

mod changes;
mod hours;
mod judgement;
mod known;
mod new;
mod opening;
mod record;
mod summary;
#[cfg(test)]
mod tests;

pub use known::{Matter, MatterState};
pub use new::{NewRun, detect_new};
pub use opening::{RunMark, UpToDate, run_record, up_to_date};
pub use record::{RecordedLife, record_life};
