//! A **policy**: the JSON document that says who may do what with a key, and
//! under which conditions.
//!
//! The trail keeps a policy as the text that was sent, so this module reads
//! any text: what KMS accepts is understood in full, anything else is an error
//! that names the reason. Queries reach it as `parse_policy` (one element per
//! statement) and `policy_diff` (which statements came and went).
//!
//! It judges each statement alone. A `Deny` elsewhere in the policy does not
//! make an open `Allow` less open: denies are easily lost in the next edit.

mod actions;
#[cfg(test)]
mod arbitrary;
mod canonical;
mod columns;
mod difference;
mod document;
mod function;
mod principal;
mod restriction;
mod statement;

pub use difference::{Difference, difference};
pub use document::{Policy, read};
pub use function::functions;
pub use principal::{Principal, PrincipalKind};
pub use statement::{Condition, Effect, Statement};

/// Longest policy text that is read, in bytes. KMS accepts 32 KiB.
pub const TEXT_MAX: usize = 256 * 1024;

/// Most statements read of one policy.
pub const STATEMENTS_MAX: usize = 1_000;

/// Deepest nesting of lists and objects that is read.
pub const DEPTH_MAX: usize = 32;

/// Why a text could not be read as a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The text is longer than [`TEXT_MAX`].
    #[error("policy has {bytes} bytes, more than {TEXT_MAX}")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// The text is not JSON: cut off, redacted, or never a policy.
    #[error("policy is not json")]
    Json(#[source] serde_json::Error),
    /// Lists and objects are nested deeper than [`DEPTH_MAX`].
    #[error("policy is nested deeper than {DEPTH_MAX}")]
    TooDeep,
    /// JSON, but not an object.
    #[error("policy is not an object")]
    NotAnObject,
    /// No `Statement` in it.
    #[error("policy has no statement")]
    NoStatement,
    /// A statement that is not an object.
    #[error("statement {index} of the policy is not an object")]
    StatementNotAnObject {
        /// Position in the policy, from 0.
        index: usize,
    },
    /// More statements than [`STATEMENTS_MAX`].
    #[error("policy has {count} statements, more than {STATEMENTS_MAX}")]
    TooManyStatements {
        /// Number of statements.
        count: usize,
    },
}

impl PolicyError {
    /// The error and its cause in one line, as the `error` column shows it.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Json(source) => format!("{self}: {source}"),
            _ => self.to_string(),
        }
    }
}
