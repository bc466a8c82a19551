//! Many runs at once into a lake that is not there yet.

use serde_json::json;

use super::{BUCKET, Ground};
use crate::harness::count;
use crate::harness::tree::{log_files, simulate, truth};

/// Everything else here rests on it. The server makes puts of one key wait for each other, and
/// is slow when there are many: hence few rounds.
#[test]
fn of_many_puts_at_once_that_make_an_object_one_wins() {
    let ground = Ground::new("contended");
    let answer = ground.server.ask(&json!({"bucket": BUCKET, "contend": 16, "rounds": 6}));
    assert_eq!(answer["winners"], json!([1, 1, 1, 1, 1, 1]));
}

#[test]
fn eight_ingests_of_overlapping_sources_into_a_new_lake_add_each_event_once() {
    let ground = Ground::new("crowd");
    simulate(&ground.here, 1_600);
    let files = log_files(&ground.here.path("trail"));
    let truth = truth(&files);
    ground.put("trail");
    let names: Vec<String> = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(ground.here.path("trail")).unwrap();
            format!("{}{}", ground.trail(), name.display())
        })
        .collect();
    // Each file is read by two runs, and two runs read all.
    let part = names.len().div_ceil(6);
    let trail = ground.trail();
    let runs: Vec<_> = (0..8)
        .map(|number| {
            let some: Vec<&str> = if number < 6 {
                names
                    .iter()
                    .cycle()
                    .skip(number * part)
                    .take(2 * part)
                    .map(String::as_str)
                    .collect()
            } else {
                vec![&trail]
            };
            ground.here.start_ingest(&some)
        })
        .collect();
    let added: u64 =
        runs.into_iter().map(|run| count(&ground.here.finish(run).summary(0), "events")).sum();
    assert_eq!(count(&ground.check(&truth), "events"), 0);
    assert_eq!(ground.here.number("select count(*) from events"), i64::try_from(added).unwrap());
    assert_eq!(ground.here.number("select count(*) from runs"), 9);
}
