//! What arrives.

use analyze::alert::Alert;
use analyze::alert::sinks::{EventBridge, S3, SecurityHub, Sns, Sqs};
use serde_json::{Value, json};

use super::{ACCOUNT, CALLER, REGION, alert, alerts, all_arrived, aws, settings};
use crate::harness::python::AwsServer;

fn queue(server: &AwsServer, name: &str, attributes: &Value) -> (String, String) {
    let made = json!({"QueueName": name, "Attributes": attributes});
    let url = server.call("sqs", "create_queue", &made)["QueueUrl"].as_str().unwrap().to_owned();
    (url, format!("arn:aws:sqs:{REGION}:{CALLER}:{name}"))
}

/// Every message of a queue, in the order in which they are handed out.
fn messages(server: &AwsServer, queue: &str) -> Vec<Value> {
    let ask = json!({
        "QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"],
        "VisibilityTimeout": 600,
    });
    let mut all = Vec::new();
    loop {
        let answer = server.call("sqs", "receive_message", &ask);
        let Some(some) = answer["Messages"].as_array().filter(|some| !some.is_empty()) else {
            return all;
        };
        all.extend(some.clone());
    }
}

fn body(message: &Value) -> Value {
    serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()
}

/// Ids of alerts, sorted.
fn ids(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

fn expected(alerts: &[Alert]) -> Vec<String> {
    ids(alerts.iter().map(|alert| alert.id.clone()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_subscribe_to_a_topic_read_what_passes_their_filter() {
    let server = AwsServer::shared();
    let made = server.call("sns", "create_topic", &json!({"Name": "people"}));
    let topic = made["TopicArn"].as_str().unwrap();
    let (inbox, arn) = queue(&server, "people", &json!({}));
    let filter = json!({"severity": ["high"]}).to_string();
    server.call(
        "sns",
        "subscribe",
        &json!({
            "TopicArn": topic, "Protocol": "sqs", "Endpoint": arn,
            "Attributes": {"FilterPolicy": filter},
        }),
    );
    let sink = Sns::open(&settings("sns", topic), &aws(&server.endpoint, "a", "b").await).unwrap();
    let alerts = alerts(23);
    all_arrived(&sink.deliver(&alerts).await, 23);

    let notices: Vec<Value> = messages(&server, &inbox).iter().map(body).collect();
    let wanted: Vec<Alert> = alerts.into_iter().step_by(2).collect();
    let id = |notice: &Value| {
        notice["MessageAttributes"]["alert_id"]["Value"].as_str().unwrap().to_owned()
    };
    assert_eq!(ids(notices.iter().map(id).collect()), expected(&wanted));
    let subject = notices[0]["Subject"].as_str().unwrap();
    assert!(subject.contains("KMS key disabled"), "{subject}");
    let text = notices[0]["Message"].as_str().unwrap();
    for part in ["KeyOperator disabled", "can be read", "Ask the caller"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_gets_each_alert_as_json() {
    let server = AwsServer::shared();
    let (url, _) = queue(&server, "machines", &json!({}));
    let sink = Sqs::open(&settings("sqs", &url), &aws(&server.endpoint, "a", "b").await).unwrap();
    let mut alerts = alerts(23);
    alerts[3].finding.details.insert("user_agent".to_owned(), "\u{ffff}x".repeat(200_000).into());
    all_arrived(&sink.deliver(&alerts).await, 23);

    let found: Vec<Value> = messages(&server, &url).iter().map(body).collect();
    let id = |alert: &Value| alert["id"].as_str().unwrap().to_owned();
    assert_eq!(ids(found.iter().map(id).collect()), expected(&alerts));
    let read: Alert = serde_json::from_value(
        found.iter().find(|found| id(found) == alerts[0].id).unwrap().clone(),
    )
    .unwrap();
    assert_eq!(read, alerts[0]);
    let cut = found.iter().find(|found| found["truncated"] == true).unwrap();
    assert_eq!(id(cut), alerts[3].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_queue_gets_an_alert_once_however_often_it_is_sent() {
    let server = AwsServer::shared();
    let (url, _) = queue(&server, "once.fifo", &json!({"FifoQueue": "true"}));
    let sink = Sqs::open(&settings("sqs", &url), &aws(&server.endpoint, "a", "b").await).unwrap();
    for _ in 0..2 {
        all_arrived(&sink.deliver(&alerts(3)).await, 3);
    }
    assert_eq!(messages(&server, &url).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_a_bus_passes_on_what_it_matches() {
    let server = AwsServer::shared();
    server.call("events", "create_event_bus", &json!({"Name": "security"}));
    let (url, arn) = queue(&server, "matched", &json!({}));
    let pattern = json!({
        "source": ["keytrail"], "detail-type": ["KeyTrail Finding"],
        "detail": {"finding": {"severity": ["high"]}},
    });
    let rule = json!({
        "Name": "severe", "EventBusName": "security", "EventPattern": pattern.to_string(),
    });
    server.call("events", "put_rule", &rule);
    let target = json!({
        "Rule": "severe", "EventBusName": "security", "Targets": [{"Id": "1", "Arn": arn}],
    });
    server.call("events", "put_targets", &target);
    let settings = settings("event_bridge", "security");
    let sink = EventBridge::open(&settings, &aws(&server.endpoint, "a", "b").await).unwrap();
    let alerts = alerts(12);
    all_arrived(&sink.deliver(&alerts).await, 12);

    let events: Vec<Value> = messages(&server, &url).iter().map(body).collect();
    let wanted: Vec<Alert> = alerts.into_iter().step_by(2).collect();
    let id = |event: &Value| event["detail"]["id"].as_str().unwrap().to_owned();
    assert_eq!(ids(events.iter().map(id).collect()), expected(&wanted));
    assert_eq!(events[0]["resources"][0], events[0]["detail"]["finding"]["key_arn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matter_is_one_finding_of_security_hub_that_is_updated() {
    let server = AwsServer::start();
    let sink =
        SecurityHub::open(&settings("security_hub", ""), &aws(&server.endpoint, "a", "b").await)
            .unwrap();
    let first = alert(0);
    let mut second = first.clone();
    second.id = second.id.replace("-1", "-2");
    second.raised_at = "2026-10-18T09:06:30Z".to_owned();
    all_arrived(&sink.deliver(&[second.clone(), first.clone()]).await, 2);
    all_arrived(&sink.deliver(&[second, alert(1)]).await, 2);

    let found = server.call("securityhub", "get_findings", &json!({}));
    let findings = found["Findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{found:#}");
    let finding = &findings[0];
    assert_eq!(finding["Id"], format!("keytrail/{}", first.finding.fingerprint));
    assert_eq!(finding["UpdatedAt"], "2026-10-18T09:06:30.000Z");
    assert_eq!(finding["AwsAccountId"], CALLER);
    assert_eq!(finding["ProductFields"]["keytrail/account_id"], ACCOUNT);
    assert_eq!(finding["FindingProviderFields"]["Severity"]["Label"], "HIGH");
    assert_eq!(finding["Resources"][0]["Type"], "AwsKmsKey");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_role_per_account_each_finding_is_in_the_account_it_is_about() {
    let server = AwsServer::start();
    let mut settings = settings("security_hub", "");
    settings.role_arn = Some("arn:aws:iam::{account_id}:role/import".to_owned());
    let sink = SecurityHub::open(&settings, &aws(&server.endpoint, "a", "b").await).unwrap();
    let mut alerts = alerts(3);
    alerts[1].finding.account_id = Some("444455556666".to_owned());
    alerts[2].finding.account_id = None;
    all_arrived(&sink.deliver(&alerts).await, 3);

    for (account, place) in [(ACCOUNT, 0), ("444455556666", 1), (CALLER, 2)] {
        let found = server.ask(&json!({
            "service": "securityhub", "call": "get_findings",
            "role": format!("arn:aws:iam::{account}:role/reader"),
        }));
        assert_eq!(found["Findings"].as_array().unwrap().len(), 1, "{account}");
        let finding = &found["Findings"][0];
        assert_eq!(finding["AwsAccountId"], account);
        assert_eq!(finding["Id"], format!("keytrail/{}", alerts[place].finding.fingerprint));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_to_a_bucket_that_is_repeated_overwrites_itself() {
    let server = AwsServer::shared();
    let place = json!({"LocationConstraint": REGION});
    let made = json!({"Bucket": "alerts", "CreateBucketConfiguration": place});
    server.call("s3", "create_bucket", &made);
    let settings = settings("s3", "s3://alerts/kms/");
    let sink = S3::open(&settings, &aws(&server.endpoint, "a", "b").await).unwrap();
    let mut alerts = alerts(5);
    alerts[4].raised_at = "2026-10-12T00:00:00Z".to_owned();
    for _ in 0..2 {
        all_arrived(&sink.deliver(&alerts).await, 5);
    }
    let listed = server.call("s3", "list_objects_v2", &json!({"Bucket": "alerts"}));
    let keys: Vec<&str> = listed["Contents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["Key"].as_str().unwrap())
        .collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys[0].starts_with("kms/year=2026/month=10/day=11/"), "{keys:?}");
    assert!(keys[1].starts_with("kms/year=2026/month=10/day=12/"), "{keys:?}");
    let object = server.call("s3", "get_object", &json!({"Bucket": "alerts", "Key": keys[0]}));
    let lines: Vec<Alert> = object["Body"]
        .as_str()
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, alerts[..4]);
}
