//! Runs that die at whatever instant, on S3: each is made good by the next, and no reader ever
//! sees a part of a commit.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{BUCKET, Ground};
use crate::harness::tree::{log_files, simulate, truth};
use crate::harness::{Said, count};

/// Runs that are killed; the environment variable `KEYTRAIL_TEST_KILLS` says another number.
const KILLS: u32 = 25;

/// A reader looks beside every so many runs.
const READ_EVERY: u32 = 5;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1.
    fn part(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// Makes the log files of the test's trail, without the simulation's labels, into so many
/// folders `part-N`.
fn split(ground: &Ground, parts: u32) {
    let trail = ground.here.path("trail");
    for (number, file) in log_files(&trail).into_iter().enumerate() {
        let part = number % usize::try_from(parts).unwrap();
        let name = file.strip_prefix(&trail).unwrap();
        ground.here.write(format!("part-{part}/{}", name.display()), std::fs::read(&file).unwrap());
    }
}

fn start_reader(ground: &Ground) -> std::process::Child {
    let query = "select count(*) as seen, count(distinct event_id || recipient_account_id) as events from events";
    let arguments = ["sql", "--lake", ground.here.lake(), "--format", "ndjson", query];
    ground.here.command(arguments).spawn().unwrap()
}

/// What a reader counted, if there was a lake already.
fn seen(said: &Said) -> Option<u64> {
    if said.stderr.contains("there is no lake") {
        return None;
    }
    assert_eq!(said.code, Some(0), "{said}");
    let row: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(row["seen"], row["events"], "a reader saw an event twice");
    row["seen"].as_u64()
}

#[test]
fn runs_killed_again_and_again_are_made_good_and_readers_see_whole_commits() {
    let kills = std::env::var("KEYTRAIL_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let ground = Ground::new("killed");
    simulate(&ground.here, 40 * kills);
    let truth = truth(&log_files(&ground.here.path("trail")));
    split(&ground, kills);

    // How long a run takes, from one into a lake of its own.
    let began = Instant::now();
    assert_eq!(
        ground
            .here
            .run(["ingest", "part-0", "--lake", &format!("s3://{BUCKET}/killed/aside")])
            .code,
        Some(0)
    );
    let whole_run = began.elapsed();

    let mut dice = Dice(7);
    let mut counts = vec![];
    let mut finished = 0;
    for round in 0..kills {
        ground.put(&format!("part-{round}"));
        let trail = ground.trail();
        let mut run = ground.here.start_ingest(&[&trail]);
        let wait = whole_run.mul_f64(dice.part() * 1.1) + Duration::from_millis(1);
        if round % READ_EVERY == READ_EVERY - 1 {
            thread::sleep(wait / 2);
            let reader = start_reader(&ground);
            thread::sleep(wait / 2);
            run.kill().unwrap();
            counts.extend(seen(&ground.here.finish(reader)));
        } else {
            thread::sleep(wait);
            run.kill().unwrap();
        }
        finished += u32::from(run.wait().unwrap().success());
    }
    assert!(finished < kills / 2, "{finished} of {kills} runs were over before they were killed");

    ground.check(&truth);
    let answer = ground.server.ask(&json!({"bucket": BUCKET, "rows": "killed/lake/events"}));
    let commits: Vec<u64> =
        answer["rows"].as_array().unwrap().iter().map(|rows| rows.as_u64().unwrap()).collect();
    for seen in counts {
        assert!(commits.contains(&seen), "{seen} events are no sum of whole commits {commits:?}");
    }
}

#[test]
fn a_commit_that_lands_after_its_run_was_killed_adds_nothing_twice() {
    let (ground, truth) = Ground::with_trail("late", 600);
    let hold = json!({"fault": "hold", "method": "PUT", "path": "/events/_delta_log/0+1.json", "times": 1});
    ground.plan(&[hold]);
    let trail = ground.trail();
    let mut run = ground.here.start_ingest(&[&trail]);
    ground.wait_for(0, 1);
    run.kill().unwrap();
    run.wait().unwrap();
    let next = ground.ingest().summary(0);
    assert_eq!((count(&next, "objects"), count(&next, "objects_known")), (truth.files, 0));
    // The first run's commit goes on its way only now.
    ground.plan(&[]);
    assert_eq!(count(&ground.check(&truth), "events"), 0);
}
