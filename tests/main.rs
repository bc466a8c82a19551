//! The end-to-end tests: the real binary, in a folder of its own, with a clean environment.
//!
//! `tests/run` runs them, and installs what some of them need beside cargo.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test that follows the clock says how far it went")]
#![expect(clippy::disallowed_methods, reason = "a run that hangs is killed after some time")]

mod harness;

// Alerts on their way to sinks.
mod alerts;
// What users type and what they are shown.
mod cli;
// S3 fails in every way it can.
mod faults;
// Bad input: reported, counted, and never in the way of good input.
mod hostile;
// Every event once, whatever is delivered and whenever the process dies.
mod ingest;
// The function on AWS Lambda.
mod lambda;
// Matters: found, seen, over, told of once.
mod life;
// Other people's software reads the lake.
mod readers;
// Log files as AWS wrote them, when there are some at hand.
mod real;
// A trail and a lake on an S3 server.
mod s3;
// Every planted incident found, and little else.
mod simulated;
// Alerts arrive at AWS services, each once, and errors say what to mend.
mod sinks_aws;
// Small files merged, files that nobody needs deleted, and no event lost by it.
mod upkeep;
