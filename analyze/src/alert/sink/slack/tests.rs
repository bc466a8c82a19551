use serde_json::Value;

use super::super::server::{Reply, Server};
use super::*;
use crate::alert::format::example;
use crate::configuration::SinkKind;

const PATH: &str = "/services/T0000/B0000/SECRETSECRET";

async fn delivered(server: &Server) -> Vec<Result<(), DeliveryError>> {
    let slack = Slack::open(&server.sink(SinkKind::Slack, PATH)).unwrap();
    slack.deliver(&[example::alert(), example::alert()]).await
}

fn answer(head: &'static str, body: &str) -> Reply {
    Reply::Answer(head, body.to_owned())
}

#[tokio::test]
async fn each_alert_is_a_message_in_blocks_without_what_is_sensitive() {
    let server = Server::start(vec![answer("200 OK\r\n", "ok")]);
    assert_eq!(delivered(&server).await, [Ok(()), Ok(())]);
    let received = server.received();
    assert_eq!(received.len(), 2);
    let message: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(message["blocks"][0]["type"], "header");
    assert!(!message.to_string().contains("192.0.2.10"));
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_not_the_address() {
    let server = Server::start(vec![answer("403 Forbidden\r\n", "invalid_token")]);
    let results = delivered(&server).await;
    assert_eq!(
        results[0].as_ref().unwrap_err(),
        &DeliveryError {
            reason: "127.0.0.1 answered 403 invalid_token: the webhook was revoked or its address is incomplete; make a new one".to_owned(),
            retry: false,
            retry_after_seconds: None,
        }
    );
}

#[tokio::test]
async fn a_limit_of_messages_is_respected() {
    let server = Server::start(vec![answer("429 Too Many Requests\r\nRetry-After: 1\r\n", "")]);
    let results = delivered(&server).await;
    assert_eq!(server.received().len(), 1);
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().retry));
}
