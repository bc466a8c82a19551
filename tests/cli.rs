//! The **command line**: what users type and what they are shown, word for word.

/// Findings.
mod detect;
/// Detections as such.
mod detections;
/// Questions and answers.
mod sql;

use insta::assert_snapshot;

use crate::harness::Here;
use crate::harness::record::{decrypts, document};

/// A lake with a few uses of a key that nothing is wrong with.
fn quiet_lake() -> Here {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..5)));
    here.ingest(&["logs"]);
    here
}

#[test]
fn help_names_every_command() {
    assert_snapshot!(Here::new().run(["--help"]), @"");
}

#[test]
fn help_of_ingest_names_every_option() {
    assert_snapshot!(Here::new().run(["ingest", "--help"]), @"");
}

#[test]
fn a_word_that_is_no_command_is_named() {
    assert_snapshot!(Here::new().run(["ingset"]), @"");
}

#[test]
fn a_command_without_a_lake_says_how_to_name_one() {
    assert_snapshot!(Here::new().run(["sql", "select 1"]), @"");
}

#[test]
fn the_lake_can_be_named_by_the_environment() {
    let mut here = quiet_lake();
    let lake = here.lake().to_owned();
    here.set("KEYTRAIL_LAKE", &lake);
    let said = here.run(["sql", "select count(*) as events from events", "--format", "csv"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "events\n5\n"));
}

#[test]
fn data_goes_to_standard_output_and_talk_to_standard_error() {
    let here = quiet_lake();
    here.write("logs/bad.json", "no json");
    let said = here.run(here.ingest_arguments(&["logs"]));
    said.summary(2);
    assert!(said.stderr.contains("bad.json: not JSON"), "{said}");
    assert!(!said.stderr.contains('{'), "{said}");
}

#[test]
fn no_color_means_no_color() {
    let mut here = quiet_lake();
    here.set("CLICOLOR_FORCE", "1");
    let plain = here.run(["sql", "select nonsense", "--lake", "lake"]);
    assert_eq!(plain.code, Some(2));
    assert!(!plain.to_string().contains('\u{1b}'), "{plain:?}");
    here.set("NO_COLOR", "");
    let colored = here.run(["sql", "select nonsense", "--lake", "lake"]);
    assert!(colored.stderr.contains('\u{1b}'), "{colored:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let here = quiet_lake();
    let query = "select a.event_id, b.event_id, c.event_id, d.event_id, e.event_id, f.event_id \
                 from events a, events b, events c, events d, events e, events f";
    let script = format!("set -o pipefail; '{}' sql --format csv --lake lake '{query}' | head -n 1", env!("CARGO_BIN_EXE_keytrail"));
    let output = std::process::Command::new("bash").args(["-c", &script]).current_dir(here.path("")).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn a_folder_that_is_not_empty_is_not_simulated_into() {
    let here = Here::new();
    here.write("full/notes.txt", "mine");
    assert_snapshot!(here.run(["simulate", "full", "--events", "100"]), @"");
    assert_eq!(std::fs::read_dir(here.path("full")).unwrap().count(), 1);
}

#[test]
fn a_demo_shows_findings_without_an_account() {
    let here = Here::new();
    let said = here.run(["demo", "demo", "--events", "4000"]);
    assert_eq!(said.code, Some(0), "{said}");
    for detection in ["root_used_kms", "key_deletion_scheduled", "decrypt_without_mfa"] {
        assert!(said.stdout.contains(detection), "{detection}\n{said}");
    }
    assert!(here.path("demo").exists());
}
