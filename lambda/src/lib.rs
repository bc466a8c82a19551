//! The AWS Lambda **function**: from a new log object to an alert.
//!
//! ```text
//! event -> trigger -> ingest -> follow usage -> detect -> deliver -> answer, metrics
//! ```
//!
//! [`Function`] is what stays between invocations, [`Trigger`] what one of them
//! asks for, [`Summary`] what it did. Everything that must last is in the lake:
//! an invocation that is killed, repeated or made twice at once changes nothing
//! about what is found and told.

mod deadline;
mod function;
mod invocation;
pub mod logging;
mod metrics;
mod settings;
mod summary;
mod trigger;

pub use function::Function;
pub use invocation::{InvocationError, Request};
pub use settings::{Settings, SettingsError};
pub use summary::Summary;
pub use trigger::{Item, NamedObject, Refusal, Trigger, Wanted};
