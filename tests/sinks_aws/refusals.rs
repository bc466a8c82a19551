//! What does not arrive, and what is said about it.

use analyze::alert::DeliveryError;
use analyze::alert::sinks::{EventBridge, S3, SecurityHub, Sns, Sqs};
use aws_config::SdkConfig;
use serde_json::json;

use super::{ACCOUNT, CALLER, REGION, alert, alerts, aws, settings};
use crate::harness::answering::serve;
use crate::harness::python::AwsServer;

/// The one reason for which nothing arrived, and that it will be tried again.
#[track_caller]
fn reason(deliveries: Vec<Result<(), DeliveryError>>) -> String {
    let errors: Vec<DeliveryError> = deliveries.into_iter().map(Result::unwrap_err).collect();
    assert!(errors.iter().all(|error| error.retry && *error == errors[0]), "{errors:#?}");
    errors[0].reason.clone()
}

/// A server on which a user may do nothing, and that user's configuration.
async fn locked() -> (AwsServer, SdkConfig) {
    let server = AwsServer::start();
    server.call("iam", "create_user", &json!({"UserName": "nobody"}));
    let identity = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}],
    });
    let policy = json!({
        "UserName": "nobody", "PolicyName": "identity", "PolicyDocument": identity.to_string(),
    });
    server.call("iam", "put_user_policy", &policy);
    let key = server.call("iam", "create_access_key", &json!({"UserName": "nobody"}));
    let text = |name: &str| key["AccessKey"][name].as_str().unwrap().to_owned();
    server.ask(&json!({"locked": true}));
    let aws = aws(&server.endpoint, &text("AccessKeyId"), &text("SecretAccessKey")).await;
    (server, aws)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_named() {
    let (server, aws) = locked().await;
    let alerts = alerts(12);
    let topic = format!("arn:aws:sns:{REGION}:{CALLER}:people");
    let queue = format!("{}/{CALLER}/machines", server.endpoint);
    let people = Sns::open(&settings("sns", &topic), &aws).unwrap();
    let machines = Sqs::open(&settings("sqs", &queue), &aws).unwrap();
    let bus = EventBridge::open(&settings("event_bridge", ""), &aws).unwrap();
    let hub = SecurityHub::open(&settings("security_hub", ""), &aws).unwrap();
    let bucket = S3::open(&settings("s3", "s3://alerts"), &aws).unwrap();
    assert_eq!(
        reason(people.deliver(&alerts).await),
        format!("topic {topic}: access denied: allow sns:Publish")
    );
    assert_eq!(
        reason(machines.deliver(&alerts).await),
        "queue machines: access denied: allow sqs:SendMessage"
    );
    assert_eq!(
        reason(bus.deliver(&alerts).await),
        "bus default: access denied: allow events:PutEvents"
    );
    assert_eq!(
        reason(hub.deliver(&alerts).await),
        format!(
            "Security Hub of {CALLER} in {REGION}: access denied: allow securityhub:BatchImportFindings"
        )
    );
    assert_eq!(
        reason(bucket.deliver(&alerts).await),
        "bucket alerts: access denied: allow s3:PutObject"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_be_assumed_is_said() {
    let (_server, aws) = locked().await;
    let mut settings = settings("event_bridge", "");
    settings.role_arn = Some(format!("arn:aws:iam::{ACCOUNT}:role/alerts"));
    let bus = EventBridge::open(&settings, &aws).unwrap();
    assert_eq!(
        reason(bus.deliver(&alerts(2)).await),
        "bus default: the role cannot be assumed: allow sts:AssumeRole on it, and name the caller in \
         its trust policy"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_not_there_is_said() {
    let server = AwsServer::shared();
    let aws = aws(&server.endpoint, "a", "b").await;
    let topic = format!("arn:aws:sns:{REGION}:{CALLER}:absent");
    let queue = format!("{}/{CALLER}/absent", server.endpoint);
    let people = Sns::open(&settings("sns", &topic), &aws).unwrap();
    let machines = Sqs::open(&settings("sqs", &queue), &aws).unwrap();
    let bucket = S3::open(&settings("s3", "s3://absent"), &aws).unwrap();
    for reason in [
        reason(people.deliver(&alerts(1)).await),
        reason(machines.deliver(&alerts(1)).await),
        reason(bucket.deliver(&alerts(1)).await),
    ] {
        assert!(reason.contains(" does not exist ("), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_is_said() {
    // Nothing listens on port 1.
    let aws = aws("http://127.0.0.1:1", "a", "b").await;
    let bus = EventBridge::open(&settings("event_bridge", ""), &aws).unwrap();
    assert_eq!(
        reason(bus.deliver(&alerts(30)).await),
        "bus default: cannot connect, or the connection broke off"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_queues_request_only_what_was_refused_has_not_arrived() {
    let endpoint = serve(|_| {
        let failed = json!([
            {"Id": "1", "Code": "InvalidMessageContents", "Message": "bad", "SenderFault": true},
            {"Id": "2", "Code": "InternalError", "Message": "sorry", "SenderFault": false},
        ]);
        (200, json!({"Successful": [], "Failed": failed}).to_string())
    });
    let aws = aws(&endpoint, "a", "b").await;
    let machines = Sqs::open(&settings("sqs", &format!("{endpoint}/1/machines")), &aws).unwrap();
    let deliveries = machines.deliver(&alerts(4)).await;
    assert_eq!((&deliveries[0], &deliveries[3]), (&Ok(()), &Ok(())));
    let error = deliveries[1].clone().unwrap_err();
    assert_eq!(
        (error.reason.as_str(), error.retry),
        ("queue machines: does not take the alert (InvalidMessageContents: bad)", false)
    );
    assert!(deliveries[2].clone().unwrap_err().retry);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_buses_request_only_what_was_refused_has_not_arrived() {
    let endpoint = serve(|_| {
        let entries = json!([
            {"EventId": "1"},
            {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow"},
        ]);
        (200, json!({"FailedEntryCount": 1, "Entries": entries}).to_string())
    });
    let aws = aws(&endpoint, "a", "b").await;
    let bus = EventBridge::open(&settings("event_bridge", ""), &aws).unwrap();
    let deliveries = bus.deliver(&alerts(2)).await;
    assert_eq!(deliveries[0], Ok(()));
    let error = deliveries[1].clone().unwrap_err();
    assert_eq!(error.reason, "bus default: cannot take more now (ThrottlingException)");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_security_hubs_findings_only_what_was_refused_has_not_arrived() {
    let refused = alert(1).finding.fingerprint;
    let endpoint = serve(move |request| {
        if request.contains("GetCallerIdentity") {
            let caller = format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult>\
                 <Arn>arn:aws-cn:sts::{CALLER}:assumed-role/a/b</Arn><UserId>a</UserId>\
                 <Account>{CALLER}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            return (200, caller);
        }
        assert!(request.contains(&format!("arn:aws-cn:securityhub:{REGION}:{CALLER}:product/")));
        let failed = json!([{
            "Id": format!("keytrail/{refused}"), "ErrorCode": "InvalidInput", "ErrorMessage": "bad",
        }]);
        (200, json!({"FailedCount": 1, "SuccessCount": 2, "FailedFindings": failed}).to_string())
    });
    let aws = aws(&endpoint, "a", "b").await;
    let hub = SecurityHub::open(&settings("security_hub", ""), &aws).unwrap();
    let deliveries = hub.deliver(&alerts(3)).await;
    assert_eq!((&deliveries[0], &deliveries[2]), (&Ok(()), &Ok(())));
    assert!(!deliveries[1].clone().unwrap_err().retry);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_spoils_a_whole_request_holds_up_no_other() {
    let spoiling = alert(2).id;
    let endpoint = serve(move |request| {
        if request.contains(&spoiling) {
            let error =
                json!({"__type": "com.amazonaws.sqs#InvalidMessageContents", "message": "bad"});
            return (400, error.to_string());
        }
        (200, json!({"Successful": [], "Failed": []}).to_string())
    });
    let aws = aws(&endpoint, "a", "b").await;
    let machines = Sqs::open(&settings("sqs", &format!("{endpoint}/1/machines")), &aws).unwrap();
    let deliveries = machines.deliver(&alerts(4)).await;
    let arrived: Vec<bool> = deliveries.iter().map(Result::is_ok).collect();
    assert_eq!(arrived, [true, true, false, true]);
    assert!(!deliveries[2].clone().unwrap_err().retry);
}
