//! Random and hostile input for KeyTrail, and a plain reader to compare it with.
//!
//! A **target** takes any bytes and panics when a promise is broken. `fuzz/run`
//! feeds it input that coverage guides; the tests feed it the seeds in
//! `fuzz/corpus/`, generated documents and, if there are some at hand, real ones.

mod compare;
#[cfg(test)]
mod generate;
mod inflate;
mod json;
mod plain;
mod policy;
mod reading;
mod scan;
#[cfg(test)]
mod tests;

/// Takes any bytes and panics when a promise is broken.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Names its seeds, too.
    pub name: &'static str,
    /// Takes one input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 5] = [
    Target { name: "inflate", run: inflate::run },
    Target { name: "scan", run: scan::run },
    Target { name: "document", run: reading::run_document },
    Target { name: "event", run: reading::run_event },
    Target { name: "policy", run: policy::run },
];

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
