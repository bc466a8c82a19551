//! The **fuzzer**: libFuzzer round the target that `KEYTRAIL_FUZZ_TARGET` names.
#![no_main]
#![expect(clippy::panic, reason = "whoever names no target is told so")]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fuzz::Target> = LazyLock::new(|| {
    let name = std::env::var("KEYTRAIL_FUZZ_TARGET").unwrap_or_default();
    fuzz::target(&name).unwrap_or_else(|| panic!("no such target: {name:?}"))
});

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
