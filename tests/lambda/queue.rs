//! Messages of a queue succeed and fail one by one.

use serde_json::{Value, json};

use super::{Ground, fixture};
use crate::harness::pack;
use crate::harness::record::{document, key_arn};

/// An event with several messages, by their ids.
fn batch(messages: &[(&str, String)]) -> String {
    let records: Vec<Value> = messages
        .iter()
        .map(|(id, body)| {
            let mut event: Value = serde_json::from_str(&fixture("s3_through_sqs", "")).unwrap();
            event["Records"][0]["messageId"] = json!(id);
            event["Records"][0]["body"] = json!(body);
            event["Records"][0].take()
        })
        .collect();
    json!({"Records": records}).to_string()
}

/// The ids that an answer names.
fn failed(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}

#[test]
fn a_poisoned_message_fails_alone() {
    let ground = Ground::new("poisoned");
    let function = ground.start();
    let good = |number| fixture("s3", &ground.deliver(number));
    let event = batch(&[
        ("first", good(1)),
        ("poison", "{\"Records\": [".to_owned()),
        ("stranger", "{\"hello\": 1}".to_owned()),
        ("test", fixture("s3_test", "")),
        ("last", good(2)),
    ]);
    let answer = function.succeed(&event);
    assert_eq!(failed(&answer), ["poison", "stranger"]);
    assert_eq!(ground.raised(), [key_arn(1), key_arn(2)]);
    let metrics = function.metrics();
    assert_eq!((&metrics[0]["Refused"], &metrics[0]["Objects"]), (&json!(2), &json!(2)));
}

#[test]
fn a_damaged_object_is_counted_and_does_not_come_again() {
    let ground = Ground::new("damaged");
    let function = ground.start();
    let packed = pack::gzip(document(&crate::harness::record::decrypts(0..500)));
    let damaged = ground.deliver_bytes(1, &packed[..packed.len() / 2]);
    let event =
        batch(&[("damaged", fixture("s3", &damaged)), ("good", fixture("s3", &ground.deliver(2)))]);
    let answer = function.succeed(&event);
    assert_eq!(failed(&answer), Vec::<&str>::new());
    assert_eq!(ground.raised(), [key_arn(2)]);
    // The object, and the record in which it breaks off.
    assert_eq!(function.metrics()[0]["Skipped"], json!(2));
}

#[test]
fn an_object_outside_of_the_sources_is_left_alone() {
    let ground = Ground::new("outside");
    let function = ground.start();
    let event = batch(&[("elsewhere", fixture("s3", "elsewhere/AWSLogs/log.json.gz"))]);
    assert_eq!(failed(&function.succeed(&event)), Vec::<&str>::new());
    assert!(function.log().iter().any(|line| line.contains("outside of KEYTRAIL_SOURCE")));
}
