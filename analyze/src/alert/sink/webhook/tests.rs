use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::server::{Received, Reply, Server, settings};
use super::*;
use crate::alert::format::example;
use crate::configuration::SinkKind;

const SECRET: &str = "a secret of the tests";
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sinks-web.md");

fn webhook(server: &Server, include_sensitive: bool) -> Webhook {
    let mut settings = server.sink(SinkKind::Webhook, "/alerts");
    settings.secret_variable = Some("SECRET".to_owned());
    settings.include_sensitive = include_sensitive;
    Webhook::open_with(&settings, |_| Some(SECRET.to_owned())).unwrap()
}

async fn delivered(include_sensitive: bool) -> Received {
    let server = Server::start(vec![Reply::Answer("202 Accepted\r\n", String::new())]);
    let results = webhook(&server, include_sensitive).deliver(&[example::alert()]).await;
    assert_eq!(results, [Ok(())]);
    server.received().remove(0)
}

/// HMAC-SHA256 as RFC 2104 defines it, for keys of at most a block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|index| key.get(index).copied().unwrap_or(0) ^ with).collect()
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test]
async fn an_alert_arrives_as_a_signed_detection_finding() {
    let received = delivered(false).await;
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("x-keytrail-alert-id"), Some(example::alert().id.as_str()));
    let time = received.header("x-keytrail-timestamp").unwrap();
    let message = [time.as_bytes(), b".", received.body.as_slice()].concat();
    let expected = format!("v1={}", hex(&hmac_sha256(SECRET.as_bytes(), &message)));
    assert_eq!(received.header("x-keytrail-signature"), Some(expected.as_str()));
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["class_uid"], 2004);
}

#[tokio::test]
async fn what_is_sensitive_is_sent_only_if_somebody_said_so() {
    let held_back = String::from_utf8(delivered(false).await.body).unwrap();
    assert!(!held_back.contains("192.0.2.10"));
    let sent = String::from_utf8(delivered(true).await.body).unwrap();
    assert!(sent.contains("192.0.2.10"));
}

#[tokio::test]
async fn without_a_secret_there_is_no_signature() {
    let server = Server::start(vec![Reply::Answer("200 OK\r\n", String::new())]);
    let webhook = Webhook::open(&server.sink(SinkKind::Webhook, "/")).unwrap();
    assert_eq!(webhook.deliver(&[example::alert()]).await, [Ok(())]);
    assert_eq!(server.received()[0].header("x-keytrail-signature"), None);
}

#[test]
fn a_secret_that_is_missing_or_short_is_refused() {
    let mut settings = settings(SinkKind::Webhook, Some("https://example.com"));
    settings.secret_variable = Some("SECRET".to_owned());
    let open = |secret: Option<&str>| {
        Webhook::open_with(&settings, |_| secret.map(str::to_owned)).unwrap_err().to_string()
    };
    assert_eq!(open(None), "sink team: the environment variable SECRET with its secret is not set");
    assert_eq!(open(Some("short")), "sink team: its secret has fewer than 16 characters");
}

#[test]
fn a_secret_is_never_printed() {
    let mut settings = settings(SinkKind::Webhook, Some("https://example.com/PATH"));
    settings.secret_variable = Some("SECRET".to_owned());
    let webhook = Webhook::open_with(&settings, |_| Some(SECRET.to_owned())).unwrap();
    let printed = format!("{webhook:?}");
    assert!(!printed.contains(SECRET) && !printed.contains("PATH"), "{printed}");
}

/// The first block of code in a language in the document about these sinks.
fn documented(language: &str) -> String {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (_, after) = document.split_once(&format!("```{language}\n")).unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_documented_payload_is_what_is_sent() {
    let mut documented: Value = serde_json::from_str(&documented("json")).unwrap();
    let sent = ocsf::event(&Redaction::withheld().alert(&example::alert()));
    documented["metadata"]["product"]["version"] = sent["metadata"]["product"]["version"].clone();
    assert_eq!(documented, sent, "{sent:#}");
}

#[tokio::test]
async fn the_documented_check_of_a_signature_works() {
    let received = delivered(false).await;
    let [time, signature] =
        ["x-keytrail-timestamp", "x-keytrail-signature"].map(|it| received.header(it).unwrap());
    let code = documented("python");
    let checked = |body: &[u8], now: &str| {
        let call = format!(
            "\nimport sys\nprint(is_from_keytrail({SECRET:?}.encode(), {time:?}, {signature:?}, sys.stdin.buffer.read(), {now}))\n"
        );
        let mut python = Command::new("python3")
            .args(["-c", &format!("{code}{call}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(body).unwrap();
        let output = python.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(checked(&received.body, time), "True");
    let mut forged = received.body.clone();
    forged.push(b' ');
    assert_eq!(checked(&forged, time), "False");
    assert_eq!(checked(&received.body, &format!("{time} + 301")), "False");
}
