//! Every form that records are delivered in is recognised by content.

use serde_json::{Value, json};

use crate::harness::record::{decrypt, decrypts, document, text};
use crate::harness::{Here, count, pack};

/// Ingests one file and returns how many events came of it and what it was taken for.
#[track_caller]
fn recognised(name: &str, bytes: impl AsRef<[u8]>) -> (u64, String) {
    let here = Here::new();
    here.write(format!("logs/{name}"), bytes);
    let events = count(&here.ingest(&["logs"]), "events");
    let rows = here.sql("select document_format, outcome from objects");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["outcome"], "read");
    (events, rows[0]["document_format"].as_str().unwrap().to_owned())
}

/// The output of `aws cloudtrail lookup-events`.
fn looked_up(records: &[Value]) -> Value {
    let events: Vec<Value> = records
        .iter()
        .map(|record| json!({"EventId": record["eventID"], "EventTime": 1_791_190_800.0, "ReadOnly": "true", "CloudTrailEvent": text(record)}))
        .collect();
    json!({"Events": events, "NextToken": "more"})
}

/// What CloudWatch Logs sends to its subscribers.
fn subscribed(records: &[Value]) -> Value {
    let events: Vec<Value> =
        records.iter().map(|record| json!({"id": record["eventID"], "timestamp": 1_791_190_800_000_u64, "message": text(record)})).collect();
    json!({"messageType": "DATA_MESSAGE", "logGroup": "trail", "logEvents": events})
}

#[test]
fn json_is_recognised_in_every_envelope() {
    let records = decrypts(0..3);
    let texts: Vec<String> = records.iter().map(text).collect();
    let subscription = subscribed(&records).to_string();
    let envelope = |record: &Value| json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": record});
    let cases = [
        ("records", document(&records), 3),
        ("records", serde_json::to_string_pretty(&json!({"Records": records})).unwrap(), 3),
        ("records", format!("\u{feff}{}\r\n", document(&records)), 3),
        ("array", format!("[{}]", texts.join(",\r\n")), 3),
        ("record", texts[0].clone(), 1),
        ("json_lines", texts.join("\n"), 3),
        ("event_bridge", envelope(&records[0]).to_string(), 1),
        (
            "json_lines",
            records.iter().map(|record| envelope(record).to_string() + "\n").collect(),
            3,
        ),
        ("lookup_events", looked_up(&records).to_string(), 3),
        (
            "cloudwatch_logs",
            json!({"awslogs": {"data": pack::base64(&pack::gzip(&subscription))}}).to_string(),
            3,
        ),
        ("cloudwatch_logs", subscription, 3),
    ];
    for (format, document, events) in cases {
        assert_eq!(recognised("log.json", &document), (events, format.to_owned()), "{document}");
    }
}

#[test]
fn compression_is_recognised_by_content_not_by_name() {
    let document = document(&decrypts(0..300));
    for name in ["log.json", "cloudtrail.log.gz", "log.zst"] {
        for packed in [document.clone().into_bytes(), pack::gzip(&document), pack::zstd(&document)]
        {
            assert_eq!(recognised(name, packed), (300, "records".to_owned()), "{name}");
        }
    }
}

#[test]
fn a_file_that_is_named_is_read_whatever_its_ending() {
    let here = Here::new();
    here.write("export.txt", document(&decrypts(0..3)));
    here.write("logs/README.md", "nothing for us");
    assert_eq!(count(&here.ingest(&["export.txt"]), "events"), 3);
    let summary = here.ingest(&["logs"]);
    assert_eq!((count(&summary, "objects"), count(&summary, "objects_passed_over")), (0, 1));
}

#[test]
fn standard_input_is_one_document() {
    let here = Here::new();
    let arguments = here.ingest_arguments(&["-"]);
    let packed = pack::gzip(document(&decrypts(0..5)));
    let first = here.run_with_input(&arguments, &packed).summary(0);
    assert_eq!((count(&first, "objects"), count(&first, "events")), (1, 5));
    // Nobody can know that it is the same: it is read, and its events are known.
    let second = here.run_with_input(&arguments, document(&decrypts(3..8)).as_bytes()).summary(0);
    assert_eq!((count(&second, "events"), count(&second, "duplicates")), (3, 2));
    assert_eq!(here.number("select count(distinct object_uri) from events"), 1);
}

#[test]
fn standard_input_and_folders_can_be_read_together() {
    let here = Here::new();
    here.write("logs/a.json", document(&[decrypt(1)]));
    let arguments = here.ingest_arguments(&["logs", "-"]);
    let summary = here.run_with_input(&arguments, text(&decrypt(2)).as_bytes()).summary(0);
    assert_eq!((count(&summary, "objects"), count(&summary, "events")), (2, 2));
}
