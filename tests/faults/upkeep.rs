//! Compaction and vacuum of a lake on S3, with and without faults.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{BUCKET, Ground, keys_once};
use crate::harness::lake::vacuum_later;
use crate::harness::record::{decrypts, document};
use crate::harness::{Said, count};

/// A lake made by four runs of a hundred events each.
fn lake_of_four(name: &'static str) -> Ground {
    let ground = Ground::new(name);
    for number in 0..4 {
        let first = number * 100;
        ground.here.write(format!("logs/{number}.json"), document(&decrypts(first..first + 100)));
        ground.here.ingest(&["logs"]);
    }
    ground
}

/// Parquet files of `events`, of whatever version.
fn stored(ground: &Ground) -> usize {
    let prefix = format!("{}/lake/events/", ground.name);
    let answer = ground.server.ask(&json!({"bucket": BUCKET, "keys": prefix}));
    let keys = answer["keys"].as_array().unwrap();
    let is_data = |key: &&Value| {
        let key = key.as_str().unwrap();
        key.ends_with(".parquet") && !key.contains("_delta_log")
    };
    keys.iter().filter(is_data).count()
}

/// Vacuums as somebody will in the year 2100. Only a process of its own can have a bucket's
/// variables, so this runs [`the_other_process`].
fn vacuum_in_2100(ground: &Ground) -> Said {
    let variables: Vec<_> = ground
        .here
        .command([""; 0])
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "faults::upkeep::the_other_process", "--ignored"])
        .envs(variables)
        .env("KEYTRAIL_TEST_VACUUM", ground.here.lake())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let said = ground.here.finish(command.spawn().unwrap());
    assert_eq!(said.code, Some(0), "{said}");
    said
}

#[test]
#[ignore = "other tests run it, in a process of its own"]
fn the_other_process() {
    let Ok(lake) = std::env::var("KEYTRAIL_TEST_VACUUM") else { return };
    let report = vacuum_later(&lake);
    let report = serde_json::to_string(&report).unwrap();
    // Past the test runner, which keeps what is printed to itself.
    writeln!(std::io::stdout(), "\nreport: {report}").unwrap();
}

/// What a vacuum did to `events`.
fn events(said: &Said) -> Value {
    let line = said.stdout.lines().find_map(|line| line.strip_prefix("report: ")).unwrap();
    serde_json::from_str::<Value>(line).unwrap()["tables"]["events"].clone()
}

#[test]
fn a_lake_on_s3_is_compacted_and_vacuumed_and_keeps_every_event_once() {
    let ground = lake_of_four("upkeep");
    let before = keys_once(&ground.here);
    let summary = ground.here.compact();
    let table = &summary["tables"]["events"];
    assert_eq!((count(table, "files_before"), count(table, "files_after")), (4, 1));
    assert_eq!((stored(&ground), keys_once(&ground.here)), (5, before.clone()));

    // Replaced today: a query may still read them.
    let said = ground.here.run([
        "vacuum",
        "--retention",
        "1h",
        "--format",
        "json",
        "--lake",
        ground.here.lake(),
    ]);
    assert_eq!(count(&said.summary(0)["tables"]["events"], "files"), 0);
    let vacuumed = events(&vacuum_in_2100(&ground));
    assert_eq!((count(&vacuumed, "files"), count(&vacuumed, "files_replaced")), (4, 4));
    assert_eq!((stored(&ground), keys_once(&ground.here)), (1, before));
    let again = ground.here.ingest(&["logs", "--reread"]);
    assert_eq!((count(&again, "events"), count(&again, "duplicates")), (0, 400));
}

#[test]
fn a_compaction_whose_answers_are_lost_has_landed() {
    let ground = lake_of_four("compacted");
    let before = keys_once(&ground.here);
    let lose = |table: &str| json!({"fault": "lose", "method": "PUT", "path": format!("/lake/{table}/_delta_log/"), "times": 1});
    ground.plan(&["events", "objects", "runs"].map(lose));
    let summary = ground.here.compact();
    assert_eq!(ground.fired(), [1, 1, 1]);
    for (name, number) in [("groups", 1), ("given_up", 0), ("files_after", 1)] {
        assert_eq!(count(&summary["tables"]["events"], name), number, "{name}: {summary:#}");
    }
    assert_eq!((stored(&ground), keys_once(&ground.here)), (5, before));
    assert_eq!(ground.here.number("select count(*) from runs"), 5);
}

#[test]
fn a_vacuum_whose_answers_are_lost_asks_again() {
    let ground = lake_of_four("vacuumed");
    let before = keys_once(&ground.here);
    ground.here.compact();
    ground.plan(&[json!({"fault": "lose", "method": "POST", "path": "delete", "times": 1})]);
    let first = events(&vacuum_in_2100(&ground));
    assert_eq!(ground.fired(), [1]);
    assert_eq!((count(&first, "files"), count(&first, "files_failed")), (4, 0));
    ground.plan(&[]);
    let second = events(&vacuum_in_2100(&ground));
    assert_eq!((count(&second, "files"), count(&second, "files_failed")), (0, 0));
    assert_eq!((stored(&ground), keys_once(&ground.here)), (1, before));
}
