//! The binary by itself. The function is tested end to end in `tests/lambda.rs`
//! of the workspace; this makes cargo build what is tested there.

use std::process::{Command, Stdio};

#[test]
fn a_function_without_settings_says_what_to_set_and_waits_for_events() {
    // Nothing listens on port 1: asking for the first event ends the process.
    let output = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        .env("AWS_LAMBDA_FUNCTION_NAME", "keytrail")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(log.contains("set KEYTRAIL_LAKE to where the lake is"), "{log}");
    assert!(log.contains("set KEYTRAIL_SOURCE to where"), "{log}");
}
