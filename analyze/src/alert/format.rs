//! A **format**: how an alert is written for those who receive it.

#[cfg(test)]
pub(crate) mod example;
pub(crate) mod hostile;
pub mod text;
