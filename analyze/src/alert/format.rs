//! A **format**: how an alert is written for those who receive it.

pub mod asff;
pub(crate) mod bounded;
#[cfg(test)]
pub(crate) mod example;
pub(crate) mod hostile;
pub(crate) mod json;
pub mod ocsf;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
mod sensitive;
pub mod slack;
pub mod text;

pub use sensitive::Redaction;
pub(crate) use sensitive::hex;
