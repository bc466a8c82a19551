use std::io::Write;

use proptest::prelude::*;

use super::*;

fn read(document: &[u8]) -> (DocumentFormat, Vec<String>, Vec<Reason>) {
    let (mut records, mut skipped) = (Vec::new(), Vec::new());
    let format = walk(document, &Limits::default(), &mut |found| match found {
        Found::Record(record) => match serde_json::from_slice::<serde_json::Value>(record) {
            Ok(value) => {
                records.push(value["eventID"].as_str().unwrap_or("?").to_owned());
                Ok(())
            }
            Err(_) => Err(NOT_JSON),
        },
        Found::Skipped(reason) => {
            skipped.push(reason);
            Ok(())
        }
    });
    (format, records, skipped)
}

/// The ids of the records that can be used, and how many cannot: those without
/// an id.
fn usable(document: &str) -> (Vec<String>, usize) {
    let (mut ids, mut skipped) = (Vec::new(), 0);
    walk(document.as_bytes(), &Limits::default(), &mut |found| {
        if let Found::Record(bytes) = found {
            let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| NOT_JSON)?;
            ids.push(value["eventID"].as_str().ok_or("unusable")?.to_owned());
        } else {
            skipped += 1;
        }
        Ok(())
    });
    (ids, skipped)
}

fn record(id: &str) -> String {
    format!(r#"{{"eventVersion":"1.11","eventName":"Decrypt","eventID":"{id}"}}"#)
}

fn text(inner: &str) -> String {
    serde_json::to_string(inner).unwrap()
}

#[test]
fn every_format_is_recognised_by_content() {
    use DocumentFormat as F;
    let (a, b) = (record("a"), record("b"));
    let inner = format!(
        r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"id":"1","message":{}}},{{"id":"2","message":{}}}]}}"#,
        text(&a),
        text(&b)
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(inner.as_bytes()).unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(gzip.finish().unwrap());
    let cases = [
        (F::Records, format!(r#"{{"Records":[{a},{b}]}}"#)),
        (F::Records, format!("\u{feff} {{ \"Records\" : [\r\n{a} ,\n {b} ] }}\n")),
        (F::Records, format!(r#"{{"x":[1,{{}}],"Records":[{a},{b}],"y":null}}"#)),
        (F::Array, format!("[{a},{b}]")),
        (F::Array, format!(r#"[{{"version":"0","detail-type":"x","detail":{a}}},{b}]"#)),
        (F::JsonLines, format!("{a}\n{b}\n")),
        (F::JsonLines, format!(r#"{{"detail":{a}}} {{"Records":[{b}]}}"#)),
        (
            F::LookupEvents,
            format!(
                r#"{{"Events":[{{"EventId":"1","CloudTrailEvent":{}}},{{"CloudTrailEvent":{}}}],"NextToken":"x"}}"#,
                text(&a),
                text(&b)
            ),
        ),
        (F::CloudWatchLogs, inner),
        (F::CloudWatchLogs, format!(r#"{{"awslogs":{{"data":"{data}"}}}}"#)),
    ];
    for (format, document) in cases {
        let found = read(document.as_bytes());
        assert_eq!(found, (format, vec!["a".into(), "b".into()], vec![]), "{document}");
    }
    assert_eq!(read(a.as_bytes()), (F::Record, vec!["a".into()], vec![]));
    let envelope =
        format!(r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{a}}}"#);
    assert_eq!(read(envelope.as_bytes()), (F::EventBridge, vec!["a".into()], vec![]));
}

#[test]
fn documents_without_records_are_told_apart() {
    use DocumentFormat as F;
    for (format, document) in [
        (F::Empty, " \n"),
        (F::Records, r#"{"Records":[]}"#),
        (F::Array, "[]"),
        (F::Digest, r#"{"awsAccountId":"111122223333","digestStartTime":"x","logFiles":[]}"#),
        (F::Unknown, r#"{"hello":"world"}"#),
        (F::Unknown, "hello"),
        (F::Unknown, "\u{1}\u{2}"),
    ] {
        assert_eq!(read(document.as_bytes()), (format, vec![], vec![]), "{document}");
    }
}

#[test]
fn a_broken_record_costs_only_itself() {
    let (a, b, c) = (record("a"), record("b"), record("c"));
    let kinds = [
        r#"{"eventVersion":"1.11","eventID":"x",}"#,
        r#"{"eventVersion":"1.11" "eventID":"x"}"#,
        r#"{"eventVersion":"1.11","eventID":"x}"#,
        r#"{"eventVersion":"1.11","eventID":{"x"}"#,
        r#"{"eventVersion":"1.11","eventID":[}]}"#,
    ];
    for broken in kinds {
        let document = format!(r#"{{"Records":[{a},{broken},{b},{c}]}}"#);
        let (_, records, skipped) = read(document.as_bytes());
        assert_eq!(records, ["a", "b", "c"], "{document}");
        assert_eq!(skipped.len(), 1, "{document}");
    }
    let lines = format!("{a}\n{{\"eventVersion\":\n{b}\n");
    let (_, records, skipped) = read(lines.as_bytes());
    assert_eq!((records.len(), skipped.len()), (2, 1));
}

#[test]
fn a_truncated_document_yields_the_records_before_the_cut() {
    let document =
        format!(r#"{{"Records":[{},{},{}"#, record("a"), record("b"), &record("c")[..30]);
    let (format, records, skipped) = read(document.as_bytes());
    assert_eq!(format, DocumentFormat::Records);
    assert_eq!(records, ["a", "b"]);
    assert!(!skipped.is_empty());
}

#[test]
fn line_breaks_inside_the_text_of_a_lookup_event_are_taken_as_spaces() {
    let document = "{\"Events\":[{\"CloudTrailEvent\":\"{\\\"eventVersion\\\":\\\"1.0\\\",\n\\\"eventID\\\":\\\"a\\\"}\"}]}";
    assert_eq!(read(document.as_bytes()).1, ["a"]);
}

#[test]
fn what_stands_inside_an_unusable_record_is_no_record() {
    let inner = r#""more":[1,{"userAgent":"x","eventName":"y","eventID":"no"}]"#;
    let unusable = format!(r#"{{"userAgent":"x","eventName":"y",{inner}}}"#);
    let pretty = unusable.replace(',', ",\n").replace('[', "[\n");
    let a = record("a");
    for document in [
        format!("[{unusable},{a}]"),
        format!("[{a},{unusable}]"),
        format!(r#"{{"Records":[{unusable},{a}]}}"#),
        format!("{unusable}\n{a}\n"),
        format!("{pretty}\n{a}\n"),
    ] {
        assert_eq!(usable(&document), (vec!["a".into()], 1), "{document}");
    }
}

#[test]
fn an_element_that_is_no_object_costs_only_itself() {
    let b = r#"{"awsRegion":"x","eventName":"y","eventID":"b"}"#;
    for other in ["null", "7", "\"text\"", "[1,{}]", "true "] {
        for list in [format!("[{other},{b},{other}]"), format!("[{},{other} ,{b}]", record("a"))] {
            let found = usable(&format!(r#"{{"Records":{list}}}"#));
            assert_eq!(found.0.last().map(String::as_str), Some("b"), "{list}");
            assert_eq!(found.1, list.matches(other).count(), "{list}");
            assert_eq!(usable(&list), found, "{list}");
        }
    }
}

#[test]
fn a_record_that_is_nested_too_deeply_costs_only_itself() {
    let deep = format!(r#"{{"eventName":"x","a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let (a, b) = (record("a"), record("b"));
    for document in [
        format!(r#"{{"detail":{deep}}} {{"detail":{a}}} {{"detail":{b}}}"#),
        format!(r#"{{"x":{deep},"Records":[{a},{deep},{b}]}}"#),
        format!("[{a},{deep},{b}]"),
        format!("{a}\n{deep}\n{b}"),
        format!("{a} {deep} {b}"),
    ] {
        assert_eq!(usable(&document), (vec!["a".into(), "b".into()], 1), "{document}");
    }
}

#[test]
fn a_stray_bracket_in_a_list_ends_the_walk() {
    for document in ["[}", "[1}]", "[:}", r#"{"Records":[}]}"#] {
        assert!(read(document.as_bytes()).1.is_empty(), "{document}");
    }
}

#[test]
fn a_document_of_nothing_but_damage_is_not_searched_for_ever() {
    for damage in ["}", "{\n", r#",{"eventVersion":""#, r#"{"a":1,"#, "[1}"] {
        for start in ["[", "", r#"{"Records":["#] {
            let document = format!("{start}{}", damage.repeat(2_000));
            let mut found = 0;
            let mut sink = |_: Found<'_>| {
                found += 1;
                Ok(())
            };
            let limits = Limits::default();
            let mut walker = Walker { limits: &limits, sink: &mut sink, search_bytes: 50_000 };
            walker.values(document.as_bytes(), 0);
            assert!(found < 100, "{found} searches: {start}{damage}");
        }
    }
}

#[test]
fn nesting_without_end_is_refused() {
    for document in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"Records\":[{}", "[".repeat(100_000)),
    ] {
        let (_, records, _) = read(document.as_bytes());
        assert!(records.is_empty());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_walked_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes);
    }

    #[test]
    fn a_document_cut_or_changed_anywhere_is_walked_without_a_panic(cut in 0_usize..400, byte in any::<u8>()) {
        let mut document = format!(r#"{{"Records":[{},{{"Events":[{{"CloudTrailEvent":{}}}]}},{}]}}"#, record("a"), text(&record("b")), record("c")).into_bytes();
        let at = cut % document.len();
        document[at] = byte;
        read(&document);
        read(&document[..at]);
    }
}
