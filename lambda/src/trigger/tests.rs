use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const KEY: &str = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/05/111122223333_CloudTrail_eu-west-1_20261005T0010Z_example.json.gz";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/", $name, ".json"))
    };
}

fn object() -> Wanted {
    Wanted::Object(NamedObject { bucket: "example-trail".to_owned(), key: KEY.to_owned() })
}

#[track_caller]
fn only(payload: &str) -> Wanted {
    let trigger = Trigger::read(payload);
    assert_eq!(trigger.items.len(), 1, "{payload}");
    let mut wanted = trigger.items[0].wanted.clone().unwrap();
    assert_eq!(wanted.len(), 1, "{payload}");
    wanted.remove(0)
}

#[track_caller]
fn refused(payload: &Value) -> String {
    let trigger = Trigger::read(&payload.to_string());
    trigger.items[0].wanted.clone().unwrap_err().to_string()
}

#[test]
fn a_new_object_is_the_same_however_it_is_told_of() {
    for payload in [
        fixture!("s3"),
        fixture!("s3_through_sns"),
        fixture!("s3_through_sqs"),
        fixture!("s3_through_sns_and_sqs"),
        fixture!("object_created"),
        fixture!("object_created_through_sqs"),
        fixture!("cloudtrail_through_sns"),
        fixture!("cloudtrail_through_sns_and_sqs"),
        fixture!("cloudtrail_through_sns_raw_and_sqs"),
    ] {
        assert_eq!(only(payload), object(), "{payload}");
        let trigger = Trigger::read(payload);
        assert_eq!(trigger.is_queue, payload.contains("aws:sqs"), "{payload}");
        assert_eq!(trigger.items[0].message_id.is_some(), trigger.is_queue, "{payload}");
    }
}

#[test]
fn both_kinds_of_schedule_ask_for_a_listing() {
    for payload in [fixture!("schedule"), fixture!("scheduler")] {
        assert_eq!(only(payload), Wanted::Listing);
    }
}

#[test]
fn test_messages_ask_for_nothing() {
    for payload in [
        fixture!("s3_test"),
        fixture!("s3_test_through_sqs"),
        fixture!("cloudtrail_validation"),
        fixture!("topic_confirmation_through_sqs"),
        fixture!("cloudwatch_logs_control"),
    ] {
        assert!(matches!(only(payload), Wanted::Nothing(_)), "{payload}");
    }
}

#[test]
fn records_that_come_with_the_event_are_known_when_they_come_again() {
    let Wanted::Document(call) = only(fixture!("call")) else { panic!("no document") };
    assert_eq!(
        call.uri,
        "event-bridge://111122223333/eu-west-1/17793124-05d4-b198-2fde-7ededc63b103"
    );
    assert_eq!(call.bytes, fixture!("call").as_bytes());
    let time = DateTime::parse_from_rfc3339("2026-10-05T00:12:32Z").unwrap();
    assert_eq!(call.made_at, Some(time.timestamp_micros()));
    let Wanted::Document(entries) = only(fixture!("cloudwatch_logs")) else { panic!("none") };
    assert!(entries.uri.starts_with("cloudwatch-logs://"));
    assert_eq!(entries.made_at, Some(1_791_159_000_000_000));
    assert!(entries.bytes.starts_with(b"{\"messageType\""));
    assert_eq!(only(fixture!("cloudwatch_logs")), Wanted::Document(entries));
}

#[test]
fn only_s3_encodes_its_keys() {
    let s3 = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": {"key": "a+b%3D.json"}}}]});
    let created = json!({"detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b%3D.json"}}});
    let cloudtrail = json!({"s3Bucket": "b", "s3ObjectKey": ["a+b%3D.json"]});
    let named = |key: &str| Wanted::Object(NamedObject { bucket: "b".into(), key: key.into() });
    assert_eq!(only(&s3.to_string()), named("a b=.json"));
    assert_eq!(only(&created.to_string()), named("a+b%3D.json"));
    assert_eq!(only(&cloudtrail.to_string()), named("a+b%3D.json"));
}

#[test]
fn a_deleted_object_asks_for_nothing() {
    let record = json!({"eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete"});
    assert!(matches!(only(&json!({"Records": [record]}).to_string()), Wanted::Nothing(_)));
}

#[test]
fn what_is_no_trigger_is_refused_by_name_and_without_its_text() {
    for (payload, reason) in [
        (json!({}), "not understood: an event with no fields"),
        (json!([1]), "not understood: an event with a list in place of fields"),
        (json!(null), "not understood: an event with a plain value in place of fields"),
        (json!({"Records": []}), "not understood: an event without records"),
        (json!({"a\u{1b}[2J": 1}), "not understood: an event with the fields \"a\\u{1b}[2J\""),
        (
            json!({"Records": [{"eventSource": "aws:kinesis"}]}),
            "not understood: a record of \"aws:kinesis\"",
        ),
        (
            json!({"Records": [{"eventSource": "aws:sqs", "body": "secret"}]}),
            "not understood: no JSON, from line 1 column 1",
        ),
        (
            json!({"detail-type": "AWS API Call via CloudTrail", "source": "mine", "detail": {}}),
            "not understood: an event \"AWS API Call via CloudTrail\" of \"mine\"",
        ),
        (
            json!({"s3Bucket": "b/../c", "s3ObjectKey": ["k"]}),
            "not understood: \"b/../c\" is no name of a bucket",
        ),
        (
            json!({"awslogs": {"data": "AAAA"}}),
            "not understood: a payload of CloudWatch Logs that is not gzip",
        ),
    ] {
        assert_eq!(refused(&payload), reason, "{payload}");
    }
}

#[test]
fn a_bad_message_of_a_queue_leaves_the_others_as_they_are() {
    let mut payload: Value = serde_json::from_str(fixture!("s3_through_sqs")).unwrap();
    let mut bad = payload["Records"][0].clone();
    bad["messageId"] = json!("bad");
    bad["body"] = json!("{");
    payload["Records"].as_array_mut().unwrap().insert(0, bad);
    let trigger = Trigger::read(&payload.to_string());
    assert_eq!(trigger.items[0].message_id.as_deref(), Some("bad"));
    assert!(trigger.items[0].wanted.is_err());
    assert_eq!(trigger.items[1].wanted, Ok(vec![object()]));
}

#[test]
fn envelopes_are_opened_to_a_bound() {
    let mut message = r#"{"s3Bucket":"b","s3ObjectKey":["k"]}"#.to_owned();
    let wrap = |inner: &str| json!({"Type": "Notification", "Message": inner}).to_string();
    for _ in 0..3 {
        message = wrap(&message);
    }
    assert!(matches!(only(&message), Wanted::Object(_)));
    let trigger = Trigger::read(&wrap(&message));
    assert!(trigger.items[0].wanted.is_err());
}

#[test]
fn a_payload_that_inflates_without_end_is_refused() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let megabyte = vec![b' '; 1 << 20];
    for _ in 0..129 {
        encoder.write_all(&megabyte).unwrap();
    }
    let data = BASE64_STANDARD.encode(encoder.finish().unwrap());
    let reason = refused(&json!({"awslogs": {"data": data}}));
    assert_eq!(reason, "not understood: a payload of CloudWatch Logs that is too large");
}

/// Any JSON, with the names that mean something here more often than by chance.
fn anything() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "Records",
        "eventSource",
        "EventSource",
        "eventName",
        "body",
        "messageId",
        "Sns",
        "Message",
        "Type",
        "s3",
        "bucket",
        "object",
        "name",
        "key",
        "s3Bucket",
        "s3ObjectKey",
        "detail-type",
        "detail",
        "source",
        "id",
        "account",
        "region",
        "awslogs",
        "data",
        "Event",
    ]);
    let texts = prop::sample::select(vec![
        "aws:s3",
        "aws:sns",
        "aws:sqs",
        "aws.s3",
        "ObjectCreated:Put",
        "Object Created",
        "Scheduled Event",
        "AWS API Call via CloudTrail",
        "Notification",
        "s3:TestEvent",
        "{\"Records\":[]}",
        "%",
        "b",
        "",
        "H4sIAAAAAAAA",
        "{\"s3Bucket\":\"b\",\"s3ObjectKey\":\"k\"}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        texts.prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..5).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_trigger_or_a_refusal(payload in anything()) {
        let trigger = Trigger::read(&payload.to_string());
        prop_assert!(!trigger.items.is_empty());
        for item in trigger.items {
            if let Err(refusal) = item.wanted {
                let text = refusal.to_string();
                prop_assert!(text.len() < 4_000 && !text.contains(char::is_control), "{text}");
            }
        }
    }

    #[test]
    fn any_text_is_a_trigger_or_a_refusal(payload in "\\PC{0,60}") {
        prop_assert_eq!(Trigger::read(&payload).items.len(), 1);
    }
}
