//! Places and names that a file system can have.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use insta::assert_snapshot;

use super::{GOOD, Trial};
use crate::harness::record::{decrypts, document};
use crate::harness::{Here, count};

#[test]
fn a_source_that_is_not_there_ends_the_run() {
    let here = Here::new();
    here.write("logs/good.json", document(&decrypts(GOOD)));
    assert_snapshot!(here.run(["ingest", "logs", "missing", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: missing: cannot be read: No such file or directory (os error 2)
    ");
}

#[test]
fn a_source_of_another_kind_ends_the_run() {
    let here = Here::new();
    let said = ["https://example.com/logs", "s3://", "gs://bucket/logs"]
        .map(|source| here.run(["ingest", source, "--lake", "lake"]));
    assert!(said.iter().all(|said| said.code == Some(2) && said.stdout.is_empty()), "{said:#?}");
    assert_snapshot!(said.map(|said| said.stderr).concat(), @r"
    error: https://example.com/logs: not a source: give a path, - or s3://bucket/prefix
    error: s3://: not a source: no bucket named
    error: gs://bucket/logs: not a source: give a path, - or s3://bucket/prefix
    ");
}

#[test]
fn a_link_to_nothing_is_reported() {
    let here = Here::new();
    fs::create_dir(here.path("logs")).unwrap();
    symlink("/nowhere/at/all.json", here.path("logs/bad.json")).unwrap();
    let trial = Trial::read(here, &["logs"]);
    assert_snapshot!(trial.complaint(), @"skipped: logs/bad.json: IO error for operation on logs/bad.json: No such file or directory (os error 2)");
    assert_eq!(trial.counts(), (1, 0));
}

#[test]
fn links_that_go_round_in_circles_are_reported() {
    let here = Here::new();
    fs::create_dir_all(here.path("logs/bad")).unwrap();
    symlink(here.path("logs"), here.path("logs/bad/round")).unwrap();
    let trial = Trial::read(here, &["logs"]);
    assert_snapshot!(trial.complaint(), @"skipped: logs/bad/round: File system loop found: logs/bad/round points to an ancestor logs");
    assert_eq!(trial.counts(), (1, 0));
}

/// Memory of a process at address 0: it can be opened and never be read, not even by root.
#[test]
fn a_file_that_opens_but_cannot_be_read_is_reported() {
    let here = Here::new();
    fs::create_dir(here.path("logs")).unwrap();
    symlink("/proc/self/mem", here.path("logs/bad.json")).unwrap();
    let trial = Trial::read(here, &["logs"]);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json: Input/output error (os error 5)");
    assert_eq!((trial.counts(), trial.outcome().as_str()), ((1, 0), "failed"));
}

/// A folder without permission stops everybody but root, who then must find what is in it.
#[test]
fn a_folder_without_permission_is_reported_or_read() {
    let here = Here::new();
    here.write("logs/bad/locked.json", document(&decrypts(0..5)));
    here.write("logs/good.json", document(&decrypts(GOOD)));
    let locked = here.path("logs/bad");
    fs::set_permissions(&locked, Permissions::from_mode(0o000)).unwrap();
    let may_read = fs::read_dir(&locked).is_ok();
    let said = here.run(here.ingest_arguments(&["logs"]));
    fs::set_permissions(&locked, Permissions::from_mode(0o755)).unwrap();
    if may_read {
        assert_eq!(count(&said.summary(0), "events"), 15);
    } else {
        let summary = said.summary(2);
        assert_eq!((count(&summary, "events"), count(&summary, "objects_failed")), (10, 1));
        assert!(said.complaints_about("bad").contains("ermission denied"), "{said}");
    }
}

#[test]
fn a_pipe_in_a_folder_does_not_hang_the_run() {
    let here = Here::new();
    here.write("logs/good.json", document(&decrypts(GOOD)));
    let made = Command::new("mkfifo").arg(here.path("logs/pipe.json")).status().unwrap();
    assert!(made.success());
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 10);
}

#[test]
fn a_name_with_control_characters_does_not_reach_the_terminal() {
    let here = Here::new();
    here.write("logs/bad\u{1b}[31m\u{7}\r\n2026 all is well.json", "no json");
    let trial = Trial::read(here, &["logs"]);
    let hostile = |letter: char| letter.is_control() && letter != '\n';
    assert!(!trial.said.stderr.contains(hostile), "{:?}", trial.said.stderr);
    assert_eq!(trial.complaint().lines().count(), 1, "{:?}", trial.said.stderr);
    assert_snapshot!(trial.complaint(), @r"skipped: [HERE]/logs/bad\u{1b}[31m\u{7}\r\n2026 all is well.json: not JSON");
}

#[test]
fn files_whose_names_differ_only_in_bytes_that_are_no_text_are_all_read() {
    let here = Here::new();
    fs::create_dir(here.path("logs")).unwrap();
    for (number, name) in [b"\xfe.json", b"\xff.json"].into_iter().enumerate() {
        let number = u32::try_from(number).unwrap() * 10;
        here.write(
            std::path::Path::new("logs").join(OsStr::from_bytes(name)),
            document(&decrypts(number..number + 10)),
        );
    }
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 20);
}

#[test]
fn a_folder_that_is_named_like_a_file_is_a_folder() {
    let here = Here::new();
    here.write("logs/2026.json/10.gz/good.json", document(&decrypts(GOOD)));
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 10);
}
