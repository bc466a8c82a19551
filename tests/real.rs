//! **Real** log files as AWS wrote them, if there are some at hand: they may not be committed, so
//! their records are counted here a second time, by a plain JSON reader.
//!
//! `KEYTRAIL_REAL_DATA=<folder of log files> tests/run -- --ignored real::`

use std::path::PathBuf;

use crate::harness::tree::{Truth, files, truth};
use crate::harness::{Here, count};

/// The log files below the folder that the environment names.
fn real_files() -> (PathBuf, Truth) {
    let Some(folder) = std::env::var_os("KEYTRAIL_REAL_DATA") else {
        panic!("KEYTRAIL_REAL_DATA must name a folder with real log files");
    };
    let folder = PathBuf::from(folder);
    let mut logs = files(&folder);
    logs.retain(|path| path.extension().is_some_and(|ending| ending == "json" || ending == "gz"));
    let truth = truth(&logs);
    assert!(!truth.kms_forwarded.is_empty(), "nothing to judge in {}", folder.display());
    (folder, truth)
}

#[test]
#[ignore = "needs real log files: set KEYTRAIL_REAL_DATA"]
fn every_record_is_read_and_every_kms_event_is_kept_once() {
    let (folder, truth) = real_files();
    let here = Here::new();
    let folder = folder.display().to_string();
    let summary = here.ingest(&[&folder, "--keep", "*"]);
    assert_eq!(
        (count(&summary, "objects"), count(&summary, "records")),
        (truth.files, truth.records)
    );
    let number = |query: &str| usize::try_from(here.number(query)).unwrap();
    assert_eq!(
        number("select count(*) from events where event_source = 'kms.amazonaws.com'"),
        truth.kms.len()
    );
    let forwarded = "select count(*) from events where event_source = 'kms.amazonaws.com' and invoked_by is not null";
    assert_eq!(number(forwarded), truth.kms_forwarded.len());
    let unresolved = "select count(*) from events where event_source = 'kms.amazonaws.com' and event_name = 'Decrypt' \
                      and error_code is null and key_arn is null";
    assert_eq!(number(unresolved), 0);
    assert_eq!(count(&here.ingest(&[&folder]), "events"), 0);
}

/// The flag on a call that a service forwards says nothing about the person behind it.
#[test]
#[ignore = "needs real log files: set KEYTRAIL_REAL_DATA"]
fn no_forwarded_call_is_called_a_decryption_without_mfa() {
    let (folder, truth) = real_files();
    let here = Here::new();
    here.ingest(&[&folder.display().to_string()]);
    let bounds = &here.sql("select min(event_time) as first, max(event_time) + interval '1 second' as last from events")[0];
    let (first, last) = (bounds["first"].as_str().unwrap(), bounds["last"].as_str().unwrap());
    let arguments = [
        "detect",
        "--lake",
        "lake",
        "--detection",
        "decrypt_without_mfa",
        "--from",
        first,
        "--to",
        last,
        "--format",
        "ndjson",
    ];
    let said = here.run(arguments);
    assert!(matches!(said.code, Some(0 | 1)), "{said}");
    for (event_id, _) in &truth.kms_forwarded {
        assert!(!said.stdout.contains(event_id), "{event_id} was forwarded by a service\n{said}");
    }
}
