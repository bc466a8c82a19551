use super::super::server::{Reply, Server, settings};
use super::*;
use crate::configuration::SinkKind;

const SECRET_PATH: &str = "/services/T0000/SECRETSECRET?token=HIDDENHIDDEN";

fn opened(settings: &SinkSettings) -> Address {
    Address::patient(settings, |_| None, Duration::from_millis(300)).unwrap()
}

fn answer(head: &'static str, body: &str) -> Reply {
    Reply::Answer(head, body.to_owned())
}

/// Sends so many requests and judges as a webhook does.
async fn sent(server: &Server, requests: usize) -> Vec<Result<(), DeliveryError>> {
    let address = opened(&server.sink(SinkKind::Webhook, SECRET_PATH));
    let requests = (0..requests).map(|number| Request {
        headers: HeaderMap::new(),
        body: format!("request {number}").into_bytes(),
    });
    address
        .post_each(requests, |it| if it.is_success() { Ok(()) } else { Err(it.error(None)) })
        .await
}

async fn error_of(reply: Reply) -> DeliveryError {
    sent(&Server::start(vec![reply]), 1).await.remove(0).unwrap_err()
}

#[tokio::test]
async fn each_request_is_sent_once_and_in_order() {
    let server = Server::start(vec![
        answer("200 OK\r\n", "ok"),
        answer("500 Internal Server Error\r\n", ""),
        answer("204 No Content\r\n", ""),
    ]);
    let results = sent(&server, 3).await;
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let received = server.received();
    let bodies: Vec<_> = received.iter().map(|it| String::from_utf8_lossy(&it.body)).collect();
    assert_eq!(bodies, ["request 0", "request 1", "request 2"]);
    assert!(received[0].line.starts_with("POST /services/T0000/SECRETSECRET?token="));
}

#[tokio::test]
async fn only_what_may_pass_is_tried_again() {
    let cases = [
        ("400 Bad Request\r\n", false),
        ("401 Unauthorized\r\n", false),
        ("404 Not Found\r\n", false),
        ("408 Request Timeout\r\n", true),
        ("410 Gone\r\n", false),
        ("425 Too Early\r\n", true),
        ("429 Too Many Requests\r\n", true),
        ("500 Internal Server Error\r\n", true),
        ("503 Service Unavailable\r\n", true),
    ];
    for (head, retry) in cases {
        let error = error_of(answer(head, "")).await;
        assert_eq!(error.retry, retry, "{head}");
        assert_eq!(error.reason, format!("127.0.0.1 answered {}", &head[..3]));
    }
}

#[tokio::test]
async fn a_server_that_has_had_enough_is_left_alone() {
    let server = Server::start(vec![
        answer("200 OK\r\n", ""),
        answer("429 Too Many Requests\r\nRetry-After: 30\r\n", ""),
    ]);
    let results = sent(&server, 4).await;
    assert_eq!(server.received().len(), 2);
    let reason = "127.0.0.1 answered 429 (again after 30 seconds)";
    assert_eq!(results[1].as_ref().unwrap_err().reason, reason);
    for result in &results[2..] {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.reason, format!("not tried, since before {reason}"));
        assert!(error.retry);
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_tried_three_times() {
    let server = Server::start(vec![Reply::Hang]);
    let results = sent(&server, 5).await;
    assert_eq!(server.received().len(), 3);
    assert_eq!(results.len(), 5);
    for result in &results {
        assert!(result.as_ref().unwrap_err().retry);
    }
    assert_eq!(results[0].as_ref().unwrap_err().reason, "127.0.0.1 did not answer in time");
}

#[tokio::test]
async fn a_connection_that_is_closed_early_is_tried_again_later() {
    let error = error_of(Reply::CloseEarly).await;
    assert!(error.retry);
    assert!(error.reason.starts_with("127.0.0.1 gave no answer: "), "{}", error.reason);
}

#[tokio::test]
async fn nobody_listening_is_tried_again_later() {
    // Port 1 is nobody's.
    let address = opened(&settings(SinkKind::Webhook, Some("http://127.0.0.1:1/x")));
    let request = Request { headers: HeaderMap::new(), body: Vec::new() };
    let error = address.post(request).await.unwrap_err();
    assert!(error.retry);
    assert!(error.reason.starts_with("no connection to 127.0.0.1: "), "{}", error.reason);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start(vec![answer("200 OK\r\n", "")]);
    let head = format!("307 Temporary Redirect\r\nLocation: http://127.0.0.1:{}/\r\n", other.port);
    let error = error_of(Reply::Answer(head.leak(), String::new())).await;
    assert!(!error.retry);
    assert!(error.reason.contains("a redirect"), "{}", error.reason);
    assert!(other.received().is_empty());
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    const BYTES: usize = 256 << 20;
    let server = Server::start(vec![Reply::Huge(BYTES)]);
    assert_eq!(sent(&server, 1).await, [Ok(())]);
    assert!(*server.written.lock().unwrap() < BYTES);
}

#[tokio::test]
async fn an_answer_is_cut_and_made_harmless() {
    let error = error_of(answer("400 Bad Request\r\n", &"no\u{1b}[2J ".repeat(100))).await;
    assert!(error.reason.starts_with("127.0.0.1 answered 400: no\\u{1b}[2J "), "{}", error.reason);
    assert!(error.reason.chars().count() < 240);
}

#[tokio::test]
async fn an_answer_that_names_the_address_is_not_repeated() {
    for body in ["Cannot POST /services/T0000/SECRETSECRET", "bad token HIDDENHIDDEN"] {
        let error = error_of(answer("404 Not Found\r\n", body)).await;
        assert_eq!(error.reason, "127.0.0.1 answered 404");
    }
}

#[test]
fn an_address_is_never_printed() {
    let address =
        opened(&settings(SinkKind::Slack, Some("https://hooks.example.com/services/T0/SECRET")));
    assert_eq!(format!("{address:?}"), r#"Address { host: "hooks.example.com", .. }"#);
}

#[test]
fn what_is_wrong_with_settings_is_said_without_the_address() {
    let open = |target: Option<&str>, variable: Option<&str>| {
        let mut settings = settings(SinkKind::Webhook, target);
        settings.target_variable = variable.map(str::to_owned);
        let result = Address::open(&settings, |name| {
            (name == "PLAIN").then(|| "http://example.com/SECRET".to_owned())
        });
        result.map_err(|error| error.to_string())
    };
    let cases = [
        (None, None, "give its address: target or target_variable"),
        (Some("https://example.com"), Some("PLAIN"), "give target or target_variable, not both"),
        (None, Some("UNSET"), "the environment variable UNSET with its address is not set"),
        (None, Some("PLAIN"), "its address must begin with https://"),
        (Some("http://192.0.2.1/SECRET"), None, "its address must begin with https://"),
        (Some("http://localhost.example.com/SECRET"), None, "its address must begin with https://"),
        (Some("file:///SECRET"), None, "its address must begin with https://"),
        (Some("SECRET"), None, "its address is no URL"),
    ];
    for (target, variable, reason) in cases {
        assert_eq!(open(target, variable).unwrap_err(), format!("sink team: {reason}"));
    }
    for target in
        ["https://example.com/x", "http://127.0.0.1:9/x", "http://[::1]/x", "http://localhost/x"]
    {
        open(Some(target), None).unwrap();
    }
}
