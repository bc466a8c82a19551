//! The **function** on Lambda: the real binary under a runtime API, a trail and a lake on an S3
//! server, and each kind of event that it is invoked with.

/// Alerts on their way out.
mod delivery;
/// What fails, and how that is said.
mod failures;
/// Messages of a queue, one by one.
mod queue;
/// One alert, however often and however many at once.
mod repeats;
/// Every kind of event.
mod triggers;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::harness::python::{Process, S3Server, script};
use crate::harness::record::{ACCOUNT, REGION, changed, decrypt, document, root};
use crate::harness::{Here, pack};

const BUCKET: &str = "function";

/// The only detection that is on in these tests: planning all takes a while in a build like this.
const DETECTION: &str = "key_deletion_scheduled";

/// A trail and a lake on an S3 server, and functions that work on them.
struct Ground {
    here: Here,
    server: Arc<S3Server>,
    name: &'static str,
    variables: Vec<(String, String)>,
}

/// A function that runs.
struct Function(Process);

/// What an invocation came to.
#[derive(Debug)]
struct Answer {
    failed: bool,
    body: Value,
}

impl Ground {
    fn new(name: &'static str) -> Self {
        let server = S3Server::shared();
        server.make_bucket(BUCKET);
        let endpoint = server.endpoint.clone();
        Self::at(server, &endpoint, name)
    }

    /// With another endpoint than the server's own, such as a proxy's.
    fn at(server: Arc<S3Server>, endpoint: &str, name: &'static str) -> Self {
        let lake = format!("s3://{BUCKET}/{name}/lake");
        let mut here = Here::new();
        let access = [
            ("AWS_ENDPOINT_URL_S3", endpoint),
            ("AWS_ACCESS_KEY_ID", &server.access_key),
            ("AWS_SECRET_ACCESS_KEY", &server.secret_key),
            ("AWS_REGION", "us-east-1"),
        ];
        for (variable, text) in access {
            here.set(variable, text);
        }
        here.set_lake(lake.as_str());
        let mut ground = Self { here, server, name, variables: Vec::new() };
        for (variable, text) in access_of(&ground, endpoint) {
            ground.set(variable, &text);
        }
        ground.set("KEYTRAIL_LAKE", &lake);
        ground.set("KEYTRAIL_SOURCE", &format!("s3://{BUCKET}/{name}/AWSLogs/"));
        ground.set("KEYTRAIL_ALERT_FROM", &written(ago(24 * 60)));
        ground.set("KEYTRAIL_ROLE_ARN", &format!("arn:aws:iam::{ACCOUNT}:role/keytrail"));
        ground.set("KEYTRAIL_CONFIG_TEXT", &configuration(""));
        ground
    }

    /// Sets a variable of the functions that are started from now on.
    fn set(&mut self, name: &str, text: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), text.to_owned()));
    }

    fn start(&self) -> Function {
        let binary = Path::new(env!("CARGO_BIN_EXE_keytrail")).with_file_name("bootstrap");
        assert!(binary.exists(), "tests/run builds {}", binary.display());
        let variables: serde_json::Map<String, Value> =
            self.variables.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
        let mut command = script("lambda_function.py");
        command.arg(binary).arg(Value::Object(variables).to_string());
        Function(Process::start(command))
    }

    /// Uploads a log file in which a key is scheduled for deletion; its key.
    fn deliver(&self, number: u32) -> String {
        self.deliver_bytes(number, &pack::gzip(document(&[deletion(number)])))
    }

    fn deliver_bytes(&self, number: u32, bytes: &[u8]) -> String {
        let now = ago(5);
        let name = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{}/{ACCOUNT}_CloudTrail_{REGION}_{}_{number}.json.gz",
            now.format("%Y/%m/%d"),
            now.format("%Y%m%dT%H%MZ"),
        );
        let folder = format!("delivery{number}");
        self.here.write(format!("{folder}/{name}"), bytes);
        self.server.put(&self.here.path(&folder), BUCKET, &format!("{}/", self.name));
        format!("{}/{name}", self.name)
    }

    /// The keys that alerts were raised about, sorted.
    #[track_caller]
    fn raised(&self) -> Vec<String> {
        let query = "select key_arn from findings where change = 'raised' order by key_arn";
        let rows = self.here.sql(query);
        rows.iter().map(|row| row["key_arn"].as_str().unwrap().to_owned()).collect()
    }
}

fn access_of(ground: &Ground, endpoint: &str) -> [(&'static str, String); 3] {
    [
        ("AWS_ENDPOINT_URL_S3", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", ground.server.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", ground.server.secret_key.clone()),
    ]
}

impl Function {
    fn invoke(&self, payload: &str) -> Answer {
        let said = self.0.ask(&json!({"invoke": payload}));
        let body: Value = serde_json::from_str(said["body"].as_str().unwrap()).unwrap();
        Answer { failed: body.get("errorMessage").is_some() || said["status"] != 200, body }
    }

    /// Invokes it, and all must go well.
    #[track_caller]
    fn succeed(&self, payload: &str) -> Value {
        let answer = self.invoke(payload);
        assert!(!answer.failed, "{answer:#?}\n{}", self.log().join("\n"));
        answer.body
    }

    /// All lines that it has written.
    fn log(&self) -> Vec<String> {
        let said = self.0.ask(&json!({"log": true}));
        let lines = said["lines"].as_array().unwrap();
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    /// The lines with metrics.
    fn metrics(&self) -> Vec<Value> {
        let lines = self.log();
        let metrics = lines.iter().filter(|line| line.contains("\"_aws\":"));
        metrics.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// An event of the documentation, about another object.
fn fixture(name: &str, key: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("lambda/fixtures/{name}.json"));
    let text = std::fs::read_to_string(path).unwrap();
    let example = format!(
        "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/05/{ACCOUNT}_CloudTrail_{REGION}_20261005T0010Z_example.json.gz"
    );
    text.replace(&example, key).replace("example-trail", BUCKET)
}

/// A key is scheduled for deletion, some minutes ago.
fn deletion(number: u32) -> Value {
    let key_arn = crate::harness::record::key_arn(number);
    let response = json!({
        "keyId": key_arn,
        "keyState": "PendingDeletion",
        "deletionDate": ago(-7 * 24 * 60).format("%b %-d, %Y, %-I:%M:%S %p").to_string(),
        "pendingWindowInDays": 7,
    });
    changed(
        decrypt(number),
        json!({
            "userIdentity": root(),
            "eventTime": written(ago(10)),
            "eventName": "ScheduleKeyDeletion",
            "requestParameters": {"keyId": key_arn, "pendingWindowInDays": 7},
            "responseElements": response,
            "readOnly": false,
            "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key_arn}],
        }),
    )
}

/// A configuration under which one detection judges, and more of it.
fn configuration(more: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries/detections");
    let mut text = more.to_owned();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|ending| ending == "sql") && id != DETECTION {
            text.push_str(&format!("\n[detections.{id}]\nenabled = false\n"));
        }
    }
    text
}

/// So many minutes ago.
fn ago(minutes: i64) -> DateTime<Utc> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    DateTime::from_timestamp(i64::try_from(now.as_secs()).unwrap() - minutes * 60, 0).unwrap()
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The number of an answer.
#[track_caller]
fn number(answer: &Value, name: &str) -> u64 {
    answer[name].as_u64().unwrap_or_else(|| panic!("no {name} in {answer:#}"))
}
