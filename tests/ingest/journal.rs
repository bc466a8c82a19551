//! The table `objects` is lost, old or damaged: files are read again, and no event is added.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;

use crate::harness::lake::{active_files, event_keys, forget_newest_version};
use crate::harness::record::{decrypts, document};
use crate::harness::{Here, count};

/// A lake made by three ingests of a file each.
fn lake_of_three() -> Here {
    let here = Here::new();
    for file in 0..3 {
        here.write(format!("logs/{file}.json"), document(&decrypts(file * 100..(file + 1) * 100)));
        here.ingest(&["logs"]);
    }
    here
}

/// Ingests again: so many files are read, no event is added, and the journal is
/// whole afterwards.
#[track_caller]
fn reads_again(here: &Here, files: u64) {
    let summary = here.ingest(&["logs"]);
    assert_eq!((count(&summary, "objects"), count(&summary, "objects_known")), (files, 3 - files));
    assert_eq!((count(&summary, "events"), count(&summary, "duplicates")), (0, files * 100));
    let next = here.ingest(&["logs"]);
    assert_eq!((count(&next, "objects"), count(&next, "objects_known")), (0, 3));
    assert!(next.get("journal_files_lost").is_none(), "{next:#}");
    assert_eq!(here.number("select count(*) from objects"), 3);
    assert_eq!(here.number("select count(distinct object_uri) from objects"), 3);
    here.compact();
    assert_eq!(event_keys(here.lake()).len(), 300);
    assert_eq!(count(&here.ingest(&["logs"]), "objects_known"), 3);
}

/// What an ingest says that cannot begin.
#[track_caller]
fn refusal(here: &Here) -> String {
    let said = here.run(["ingest", "logs", "--lake", "lake"]);
    assert_eq!((said.code, said.stderr.lines().count()), (Some(2), 1), "{said}");
    said.stderr
}

fn newest_log_entry(here: &Here, table: &str) -> PathBuf {
    here.path(format!("lake/{table}/_delta_log/00000000000000000003.json"))
}

#[test]
fn a_journal_that_is_lost_is_made_anew() {
    let here = lake_of_three();
    fs::remove_dir_all(here.path("lake/objects")).unwrap();
    reads_again(&here, 3);
}

#[test]
fn a_journal_from_an_old_copy_is_as_good_as_its_rows() {
    let here = lake_of_three();
    let objects = here.path("lake/objects");
    forget_newest_version(&objects);
    forget_newest_version(&objects);
    reads_again(&here, 2);
}

#[test]
fn a_file_of_the_journal_that_is_gone_is_said_and_given_up() {
    let here = lake_of_three();
    let file = active_files(&here.path("lake/objects")).remove(0);
    fs::remove_file(&file).unwrap();
    let said = here.run(["ingest", "logs", "--lake", "lake"]);
    let name = file.file_name().unwrap().to_str().unwrap();
    let month = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let mut told = said.without_speed().replace(name, "[FILE]").replace(month, "[MONTH]");
    // Which of the three it was is chance, and they differ a little in size.
    let (from, to) = (told.find(" (").unwrap(), told.find(" inflated)").unwrap());
    told.replace_range(from + 2..to, "[SIZE]");
    assert_snapshot!(told, @r"
    exit code: 0
    ----- stdout -----

    ----- stderr -----
    read 100 records in 1 object ([SIZE] inflated), 2 known from earlier runs
    kept 100 events: 0 added to [HERE]/lake, 100 there already
    of these 100 kms.amazonaws.com
    damaged: objects/[MONTH]/[FILE] in the lake is missing or unreadable: the objects it listed were read again
    ");
    reads_again(&here, 0);
}

#[test]
fn a_file_of_the_journal_that_makes_no_sense_is_given_up() {
    for length in [100, usize::MAX] {
        let here = lake_of_three();
        let file = active_files(&here.path("lake/objects")).remove(0);
        let length = length.min(fs::read(&file).unwrap().len());
        fs::write(&file, vec![0; length]).unwrap();
        reads_again(&here, 1);
    }
}

#[test]
fn a_log_of_the_journal_that_makes_no_sense_is_said_with_what_to_do() {
    let here = lake_of_three();
    let entry = newest_log_entry(&here, "objects");
    let text = fs::read_to_string(&entry).unwrap();
    fs::write(&entry, &text[..300]).unwrap();
    assert_snapshot!(refusal(&here), @"error: lake [HERE]/lake: the log of table objects is damaged (Json error: Truncated record whilst reading string); it only saves reading: move [HERE]/lake/objects away and run ingest again, which adds nothing twice");
    fs::rename(here.path("lake/objects"), here.path("away")).unwrap();
    reads_again(&here, 3);
}

#[test]
fn a_log_with_a_gap_is_said_with_what_to_do() {
    let here = lake_of_three();
    fs::remove_file(here.path("lake/events/_delta_log/00000000000000000002.json")).unwrap();
    assert_snapshot!(refusal(&here), @"error: lake [HERE]/lake: the log of table events is damaged (Generic delta kernel error: Expected contiguous commit files, but found gap); restore it from a copy, or ingest the logs into another --lake");
    let here = lake_of_three();
    fs::remove_file(here.path("lake/runs/_delta_log/00000000000000000002.json")).unwrap();
    assert_snapshot!(refusal(&here), @"error: lake [HERE]/lake: the log of table runs is damaged (Generic delta kernel error: Expected contiguous commit files, but found gap); it only tells of past runs: move [HERE]/lake/runs away");
}

#[test]
fn a_file_of_events_that_is_gone_is_said_and_never_passed_over() {
    let here = lake_of_three();
    let file = active_files(&here.path("lake/events")).remove(0);
    fs::remove_file(&file).unwrap();
    here.write("logs/late.json", document(&decrypts(50..350)));
    let said = here.run(["ingest", "logs", "--lake", "lake"]);
    assert_eq!((said.code, said.stderr.lines().count()), (Some(2), 1), "{said}");
    let name = file.strip_prefix(here.path("lake/events")).unwrap().display().to_string();
    let start = format!("error: lake [HERE]/lake: table events: cannot read file {name}: ");
    assert!(said.stderr.starts_with(&start), "{said}");
    assert!(said.stderr.contains("No such file or directory"), "{said}");
}
