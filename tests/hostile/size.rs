//! Input that is too much: lines of 100 MB, records of 100 MB, and very many tiny files.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use serde_json::json;

use super::Trial;
use crate::harness::record::{decrypt, event_id, event_time, text};
use crate::harness::{Here, count};

const HUGE_BYTES: usize = 100_000_000;

#[test]
fn one_record_of_100_mb_costs_only_itself() {
    let here = Here::new();
    let path = here.write("logs/bad.json", "");
    let mut file = BufWriter::new(File::create(path).unwrap());
    write!(file, r#"{{"Records":[{},"#, text(&decrypt(1))).unwrap();
    let (head, tail) = split_at_user_agent(&text(&decrypt(2)));
    write!(file, "{head}").unwrap();
    let block = "a".repeat(1 << 20);
    for _ in 0..HUGE_BYTES >> 20 {
        file.write_all(block.as_bytes()).unwrap();
    }
    write!(file, "{tail},{}]}}", text(&decrypt(3))).unwrap();
    file.flush().unwrap();
    let trial = Trial::read(here, &["logs"]);
    insta::assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json: records skipped: 1 x larger than --max-record-bytes");
    assert_eq!((trial.events(), trial.counts()), (2, (1, 1)));
}

#[test]
fn a_line_of_100_mb_of_records_is_read_whole() {
    let here = Here::new();
    let path = here.write("logs/long.json", "");
    let mut file = BufWriter::new(File::create(path).unwrap());
    let template = text(&decrypt(0));
    let (id, time) = (event_id(0), event_time(0));
    let (mut bytes, mut records) = (0, 0);
    file.write_all(br#"{"Records":["#).unwrap();
    while bytes < HUGE_BYTES {
        // Every tenth is kept: the rest only has to be passed over.
        let service = if records % 10 == 0 { "kms" } else { "ec2" };
        let record = template
            .replacen(&id, &event_id(records), 1)
            .replacen(&time, &event_time(records), 1)
            .replacen("kms.amazonaws.com", &format!("{service}.amazonaws.com"), 1);
        let comma = if records == 0 { "" } else { "," };
        write!(file, "{comma}{record}").unwrap();
        bytes += record.len() + 1;
        records += 1;
    }
    file.write_all(b"]}").unwrap();
    file.flush().unwrap();
    let summary = here.ingest(&["logs"]);
    assert!(count(&summary, "document_bytes") > HUGE_BYTES as u64);
    assert_eq!(count(&summary, "records"), u64::from(records));
    assert_eq!(count(&summary, "events"), u64::from(records.div_ceil(10)));
}

#[test]
fn thousands_of_tiny_files_are_read_in_one_run() {
    let here = Here::new();
    for number in 0..3_000 {
        here.write(format!("logs/{}/{number}.json", number % 50), text(&decrypt(number)));
    }
    let summary = here.ingest(&["logs"]);
    assert_eq!(
        (count(&summary, "objects"), count(&summary, "events"), count(&summary, "commits")),
        (3_000, 3_000, 1)
    );
    assert_eq!(count(&here.ingest(&["logs"]), "objects_known"), 3_000);
}

#[test]
fn a_context_with_thousands_of_entries_is_an_event() {
    let here = Here::new();
    let context: serde_json::Map<_, _> =
        (0..5_000).map(|number| (format!("name-{number}"), json!("value"))).collect();
    let record = crate::harness::record::changed(
        decrypt(1),
        json!({"requestParameters": {"encryptionContext": context}}),
    );
    here.write("logs/a.json", text(&record));
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 1);
    let kept = here.number("select length(request_parameters) from events");
    assert!(kept > 90_000, "the text of the request is cut to {kept}");
}

fn split_at_user_agent(record: &str) -> (String, String) {
    let at = record.find("orders-service/2.4").unwrap();
    (record[..at].to_owned(), record[at..].to_owned())
}
