//! The **life** of matters: `keytrail detect --new` and `keytrail findings`, run after run on one lake.

/// Runs at once, and runs that die half-way.
mod at_once;
/// Suppressions and what is from before alerting began.
mod rules;
/// One matter, run by run.
mod story;

use chrono::{DateTime, Timelike as _, Utc};
use serde_json::{Value, json};

use crate::harness::record::{ACCOUNT, call, changed, decrypt, document, key_arn, root, session};
use crate::harness::{Here, Said};

/// A lake that only these detections judge: all of them take long.
fn here(detections: &[&str]) -> Here {
    let here = Here::new();
    configure(&here, detections, "");
    here
}

/// Writes the configuration: these detections, and more.
fn configure(here: &Here, detections: &[&str], more: &str) {
    let listed = here.run(["detections", "list", "--format", "json"]).stdout;
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let mut text = String::new();
    for id in listed.iter().filter_map(|header| header["id"].as_str()) {
        if !detections.contains(&id) {
            text += &format!("[detections.{id}]\nenabled = false\n");
        }
    }
    here.write("keytrail.toml", format!("{text}\n{more}"));
}

/// The hour so many hours ago; the tests must not care when they run.
fn hour(ago: i64) -> DateTime<Utc> {
    let now = Utc::now() - chrono::Duration::hours(ago);
    now.with_minute(0).and_then(|time| time.with_second(0)).unwrap()
}

fn at(time: DateTime<Utc>, record: Value) -> Value {
    changed(record, json!({"eventTime": time.format("%Y-%m-%dT%H:%M:%SZ").to_string()}))
}

/// `DisableKey` or `EnableKey` by an administrator.
fn switched(number: u32, name: &str, key: u32, time: DateTime<Utc>) -> Value {
    let record = changed(
        call(number, "kms", name, json!({"keyId": key_arn(key)})),
        json!({
            "userIdentity": session("KeyAdmin", "robin", json!({})),
            "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key_arn(key)}],
        }),
    );
    at(time, record)
}

/// The root user decrypts.
fn by_root(number: u32, time: DateTime<Utc>) -> Value {
    at(time, changed(decrypt(number), json!({"userIdentity": root()})))
}

fn ingest(here: &Here, name: &str, records: &[Value]) {
    let name = format!("logs/{name}.json");
    here.write(&name, document(records));
    here.ingest(&[&name]);
}

fn judge(here: &Here) -> Said {
    here.run(["detect", "--new", "--lake", here.lake(), "--format", "json"])
}

/// Judges what is new; the alerts raised, as `detection reason`.
#[track_caller]
fn raised(here: &Here) -> Vec<String> {
    let said = judge(here);
    let document: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"));
    let alerts = document["raised"].as_array().unwrap_or_else(|| panic!("{said}"));
    assert_eq!(said.code, Some(i32::from(!alerts.is_empty())), "{said}");
    let text = |alert: &Value| {
        let detection = alert["finding"]["detection"].as_str().unwrap();
        format!("{detection} {}", alert["reason"].as_str().unwrap())
    };
    alerts.iter().map(text).collect()
}

/// The changes recorded, `judged` left out, as `change detection`.
fn changes(here: &Here) -> Vec<String> {
    let query = "select change, detection from findings where change <> 'judged' order by recorded_at, change";
    let text = |row: &Value| {
        format!("{} {}", row["change"].as_str().unwrap(), row["detection"].as_str().unwrap())
    };
    here.sql(query).iter().map(text).collect()
}
