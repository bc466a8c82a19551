//! Every kind of event leads to the same alert.

use serde_json::{Value, json};

use super::{Ground, deletion, fixture, number, written};
use crate::harness::pack;
use crate::harness::record::{document, key_arn};

/// Those that name an object.
const NOTIFICATIONS: [&str; 9] = [
    "s3",
    "s3_through_sns",
    "s3_through_sqs",
    "s3_through_sns_and_sqs",
    "object_created",
    "object_created_through_sqs",
    "cloudtrail_through_sns",
    "cloudtrail_through_sns_and_sqs",
    "cloudtrail_through_sns_raw_and_sqs",
];

#[test]
fn every_notification_of_a_new_object_raises_an_alert() {
    let ground = Ground::new("notified");
    let function = ground.start();
    let mut expected = Vec::new();
    for (number, name) in (1..).zip(NOTIFICATIONS) {
        let key = ground.deliver(number);
        let answer = function.succeed(&fixture(name, &key));
        if name.ends_with("sqs") {
            assert_eq!(answer, json!({"batchItemFailures": []}), "{name}");
        } else {
            assert_eq!(super::number(&answer, "alerts_raised"), 1, "{name}: {answer:#}");
        }
        expected.push(key_arn(number));
    }
    assert_eq!(ground.raised(), expected);
}

#[test]
fn a_schedule_lists_what_is_new_and_costs_little_when_nothing_is() {
    let ground = Ground::new("scheduled");
    let function = ground.start();
    ground.deliver(1);
    ground.deliver(2);
    let schedule = fixture("schedule", "");
    let first = function.succeed(&schedule);
    assert_eq!((number(&first, "objects"), number(&first, "alerts_raised")), (2, 2));
    assert!((5 * 60..60 * 60).contains(&number(&first, "lag_seconds")), "{first:#}");
    let second = function.succeed(&fixture("scheduler", ""));
    assert_eq!((number(&second, "objects"), number(&second, "objects_known")), (0, 2));
    assert_eq!(number(&second, "alerts_raised"), 0);
    assert!(second.get("lag_seconds").is_none());
    assert_eq!(ground.raised(), [key_arn(1), key_arn(2)]);
    let metrics = function.metrics();
    assert_eq!(metrics.len(), 2);
    assert_eq!((&metrics[0]["Events"], &metrics[0]["RunsSucceeded"]), (&json!(2), &json!(1)));
    assert_eq!(ground.here.number("select count(*) from runs"), 4);
}

#[test]
fn a_call_raises_an_alert_before_its_log_file_is_there() {
    let ground = Ground::new("called");
    let function = ground.start();
    let mut event: Value = serde_json::from_str(&fixture("call", "")).unwrap();
    event["detail"] = deletion(1);
    let answer = function.succeed(&event.to_string());
    assert_eq!((number(&answer, "events"), number(&answer, "alerts_raised")), (1, 1));
    let again = function.succeed(&event.to_string());
    assert_eq!((number(&again, "objects_known"), number(&again, "events")), (1, 0));
    // The same record again, in the log file.
    ground.deliver(1);
    let answer = function.succeed(&fixture("schedule", ""));
    assert_eq!((number(&answer, "objects"), number(&answer, "events")), (1, 0));
    assert_eq!(ground.raised(), [key_arn(1)]);
}

#[test]
fn a_subscription_of_cloudwatch_logs_raises_an_alert() {
    let ground = Ground::new("subscribed");
    let function = ground.start();
    let payload = json!({
        "messageType": "DATA_MESSAGE",
        "logEvents": [{"id": "1", "timestamp": super::ago(9).timestamp_millis(), "message": deletion(1).to_string()}],
    });
    let data = pack::base64(&pack::gzip(payload.to_string()));
    let event = json!({"awslogs": {"data": data}}).to_string();
    assert_eq!(number(&function.succeed(&event), "alerts_raised"), 1);
    let again = function.succeed(&event);
    assert_eq!((number(&again, "objects_known"), number(&again, "alerts_raised")), (1, 0));
}

#[test]
fn an_object_key_with_signs_that_s3_encodes_is_read() {
    let ground = Ground::new("encoded");
    let name = "AWSLogs/a b+c=1/log.json.gz";
    ground.here.write(format!("odd/{name}"), pack::gzip(document(&[deletion(1)])));
    ground.server.put(&ground.here.path("odd"), super::BUCKET, "encoded/");
    let encoded = fixture("s3", "encoded/AWSLogs/a+b%2Bc%3D1/log.json.gz");
    assert_eq!(number(&ground.start().succeed(&encoded), "alerts_raised"), 1);
}

#[test]
fn what_happened_before_alerting_began_is_told_once() {
    let mut ground = Ground::new("historical");
    ground.set("KEYTRAIL_ALERT_FROM", &written(super::ago(5)));
    let function = ground.start();
    for number in [1, 2] {
        ground.deliver(number);
        function.succeed(&fixture("schedule", ""));
    }
    let changes = "select count(*) from findings where change = 'historical'";
    assert_eq!(ground.here.number(changes), 2);
    let told = "select distinct detection from findings where change = 'raised'";
    let told = ground.here.sql(told);
    assert_eq!(told, [json!({"detection": "historical_findings"})]);
}

#[test]
fn test_messages_are_acknowledged_and_nothing_is_done() {
    let ground = Ground::new("acknowledged");
    let function = ground.start();
    for name in ["s3_test", "cloudtrail_validation", "cloudwatch_logs_control"] {
        let answer = function.succeed(&fixture(name, ""));
        assert_eq!((&answer["objects"], &answer["succeeded"]), (&json!(0), &json!(true)));
    }
    for name in ["s3_test_through_sqs", "topic_confirmation_through_sqs"] {
        assert_eq!(function.succeed(&fixture(name, "")), json!({"batchItemFailures": []}));
    }
}
