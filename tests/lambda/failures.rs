//! What fails is said in words that help, and comes again.

use serde_json::{Value, json};

use super::{BUCKET, Ground, fixture, number};
use crate::harness::python::{Process, S3Server, script};
use crate::harness::record::key_arn;

/// A ground whose requests go through a proxy that fails as it is told.
fn behind_proxy(name: &'static str) -> (Ground, Process) {
    let server = S3Server::shared();
    server.make_bucket(BUCKET);
    let mut proxy = script("s3_proxy.py");
    proxy.arg(server.endpoint.strip_prefix("http://").unwrap());
    let proxy = Process::start(proxy);
    let endpoint = proxy.greeting["endpoint"].as_str().unwrap().to_owned();
    (Ground::at(server, &endpoint, name), proxy)
}

#[test]
fn a_missing_permission_is_named_and_the_message_comes_again() {
    let (ground, proxy) = behind_proxy("denied");
    let key = ground.deliver(1);
    let function = ground.start();
    let denied = json!({"fault": "refuse", "status": 403, "code": "AccessDenied",
        "method": "GET", "path": "AWSLogs/.*json.gz"});
    proxy.ask(&json!({"plan": [denied]}));
    let answer = function.invoke(&fixture("s3", &key));
    assert!(answer.failed, "{answer:#?}");
    let message = answer.body["errorMessage"].as_str().unwrap();
    assert!(message.contains("access denied: s3:GetObject (and kms:Decrypt"), "{message}");
    let queued = function.succeed(&fixture("s3_through_sqs", &key));
    assert_eq!(queued["batchItemFailures"].as_array().unwrap().len(), 1);
    assert_eq!(function.metrics()[0]["RunsSucceeded"], json!(0));
    proxy.ask(&json!({"plan": []}));
    let answer = function.succeed(&fixture("s3", &key));
    assert_eq!(number(&answer, "alerts_raised"), 1);
    assert_eq!(ground.raised(), [key_arn(1)]);
}

#[test]
fn a_throttled_server_is_waited_for() {
    let (ground, proxy) = behind_proxy("throttled");
    let key = ground.deliver(1);
    proxy.ask(&json!({"plan": [{"fault": "refuse", "share": 0.2, "seed": 3}]}));
    let answer = ground.start().succeed(&fixture("s3", &key));
    assert_eq!(number(&answer, "alerts_raised"), 1);
}

#[test]
fn a_lake_that_refuses_fails_the_invocation() {
    let (ground, proxy) = behind_proxy("locked");
    let key = ground.deliver(1);
    let denied = json!({"fault": "refuse", "status": 403, "code": "AccessDenied", "path": "/lake"});
    proxy.ask(&json!({"plan": [denied]}));
    let function = ground.start();
    let answer = function.invoke(&fixture("s3", &key));
    assert!(answer.failed, "{answer:#?}");
    let message = answer.body["errorMessage"].as_str().unwrap();
    assert!(message.contains("access denied: s3:"), "{message}");
    assert!(!message.contains("<?xml"), "{message}");
}

#[test]
fn settings_that_cannot_be_meant_are_said_by_every_invocation() {
    let mut ground = Ground::new("unset");
    ground.set("KEYTRAIL_SOURCE", "");
    ground.set("KEYTRAIL_INGEST_FROM", "soon");
    let function = ground.start();
    for _ in 0..2 {
        let answer = function.invoke(&fixture("schedule", ""));
        let message = answer.body["errorMessage"].as_str().unwrap();
        assert!(message.contains("set KEYTRAIL_SOURCE to where"), "{message}");
        assert!(message.contains("KEYTRAIL_INGEST_FROM: give a day"), "{message}");
    }
}

#[test]
fn an_event_of_another_kind_is_refused_by_name() {
    let ground = Ground::new("strange");
    let function = ground.start();
    let answer = function.invoke(r#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{}}]}"#);
    assert!(answer.failed);
    let message = answer.body["errorMessage"].as_str().unwrap();
    assert_eq!(message, "not understood: a record of \"aws:kinesis\"");
}

#[test]
fn the_log_is_json_with_the_id_of_the_request_and_no_secrets() {
    let ground = Ground::new("logged");
    let function = ground.start();
    function.succeed(&fixture("s3", &ground.deliver(1)));
    let log = function.log();
    let raised = log.iter().find(|line| line.contains("alert raised")).unwrap();
    let raised: Value = serde_json::from_str(raised).unwrap();
    assert!(raised["span"]["request_id"].is_string(), "{raised:#}");
    for line in &log {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
        assert!(!line.contains(&ground.server.secret_key), "{line}");
        assert!(!line.contains("pendingWindowInDays"), "{line}");
    }
}
