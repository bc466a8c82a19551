use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::reading::{check, compare, decode};

/// The files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_seed_keeps_the_promises_of_its_target() {
    for target in TARGETS {
        let seeds = files(&root().join("corpus").join(target.name));
        assert!(!seeds.is_empty(), "no seeds for {}", target.name);
        for seed in seeds {
            let input = fs::read(&seed).unwrap();
            let kept = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(kept.is_ok(), "{}", seed.display());
        }
    }
}

#[test]
fn the_fixtures_of_detections_are_read_as_a_plain_reader_reads_them() {
    let mut fixtures = files(&root().join("../queries/detections"));
    fixtures.retain(|path| path.to_string_lossy().ends_with(".events.jsonl"));
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        check(&fs::read(&fixture).unwrap()).unwrap();
    }
}

#[test]
fn half_a_character_costs_neither_the_record_nor_its_columns() {
    let record = r#"{"eventVersion":"1.11","eventTime":"2026-10-05T08:00:00Z","eventSource":"kms.amazonaws.com","eventName":"Encrypt","userAgent":"\ud83d","requestParameters":{"keyId":"alias/app","encryptionContext":{"a":"\ude00"}}}"#;
    let in_text = serde_json::json!({ "CloudTrailEvent": record }).to_string();
    for document in [record, &in_text, &in_text.replace(r"\\u", r"\u")] {
        let decoded = decode(document.as_bytes());
        assert_eq!(decoded.skipped, std::collections::BTreeMap::new(), "{document}");
        let key = decoded.events.column_by_name("requested_key_id").unwrap();
        assert_eq!(arrow::util::display::array_value_to_string(key, 0).unwrap(), "alias/app");
    }
}

/// `KEYTRAIL_REAL_DATA=<folder of log files> tests/run -- --ignored real_log_files`
#[test]
#[ignore = "needs real log files: set KEYTRAIL_REAL_DATA"]
#[expect(clippy::print_stdout, reason = "how much was compared is worth knowing")]
fn real_log_files_are_read_as_a_plain_reader_reads_them() {
    let folder = std::env::var_os("KEYTRAIL_REAL_DATA").expect("KEYTRAIL_REAL_DATA names a folder");
    let mut logs = files(Path::new(&folder));
    logs.retain(|path| path.extension().is_some_and(|ending| ending == "json" || ending == "gz"));
    assert!(!logs.is_empty());
    let (mut records, mut events) = (0, 0);
    for log in &logs {
        let stored = fs::read(log).unwrap();
        let mut document = Vec::new();
        let inflated = std::io::Read::read_to_end(
            &mut flate2::read::GzDecoder::new(&stored[..]),
            &mut document,
        );
        let document = if inflated.is_ok() { document } else { stored };
        check(&document).unwrap();
        let decoded = decode(&document);
        records += decoded.records;
        events += decoded.events.num_rows();
    }
    println!("{} files, {records} records, {events} events compared", logs.len());
}

fn list_of(elements: &[String]) -> String {
    format!(r#"{{"Records":[{}]}}"#, elements.join(","))
}

/// The events, and how many records were skipped.
fn rows(document: &str) -> (Vec<RecordBatch>, u64) {
    let decoded = decode(document.as_bytes());
    let events = &decoded.events;
    let rows = (0..events.num_rows()).map(|row| events.slice(row, 1)).collect();
    (rows, decoded.skipped.values().sum())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_document_is_read_as_a_plain_reader_reads_it(document in generate::document()) {
        let found = compare(document.as_bytes())
            .map_err(|_| TestCaseError::reject("not judged"))?;
        prop_assert!(found.is_empty(), "{}\n{}", found.join("\n"), document);
    }

    #[test]
    fn damaged_records_cost_only_themselves(elements in generate::damaged_document()) {
        let all: Vec<String> = elements.iter().map(|(text, _)| text.clone()).collect();
        let whole = elements.iter().filter(|(_, damaged)| !damaged);
        let whole: Vec<String> = whole.map(|(text, _)| text.clone()).collect();
        let damaged = (all.len() - whole.len()) as u64;
        let (found, skipped) = rows(&list_of(&all));
        let (expected, skipped_of_whole) = rows(&list_of(&whole));
        prop_assert_eq!(found, expected);
        prop_assert_eq!(skipped, skipped_of_whole + damaged);
    }

    #[test]
    fn a_document_cut_off_anywhere_gives_the_events_before_the_cut(
        records in prop::collection::vec(generate::record(), 0..5),
        at in any::<prop::sample::Index>(),
    ) {
        let document = list_of(&records);
        let cut = at.index(document.len());
        let cut = (cut..document.len()).find(|&at| document.is_char_boundary(at)).unwrap_or(0);
        let (found, _) = rows(&document[..cut]);
        let (expected, _) = rows(&document);
        prop_assert!(expected.starts_with(&found), "{:?}\n{:?}", found, expected);
    }
}
