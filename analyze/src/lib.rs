//! The lake as SQL: session, views, detections, findings.
//!
//! [`Session`] opens a lake with its tables, views and functions. Everything
//! that asks the lake something uses it: the command line, the Lambda, the
//! detections and the reports.

pub mod alert;
pub mod catalogue;
mod check;
mod configuration;
mod detection;
mod error;
mod finding;
pub mod life;
pub mod outbox;
pub mod policy;
mod queries;
mod session;
mod trail;

pub use check::{Checked, check, read_expected, write_expected};
pub use configuration::{
    AlertSettings, Configuration, Override, Review, Setting, SinkKind, SinkSettings, Suppression,
    Trust, propose,
};
pub use detection::{
    Detection, DetectionRun, Header, Kind, NotDeterminable, Outcome, Parameter, Window, built_in,
    detect, from_folder,
};
pub use error::AnalyzeError;
pub use finding::{Finding, Severity};
pub use session::{Condition, Described, Session, column_meanings};
