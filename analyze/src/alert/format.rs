//! A **format**: how an alert is written for those who receive it.

#[cfg(test)]
pub(crate) mod example;
pub(crate) mod hostile;
pub mod ocsf;
pub mod sarif;
mod sensitive;
pub mod slack;
pub mod text;

pub use sensitive::Redaction;
pub(crate) use sensitive::hex;
