//! A server that dies half-way and comes back with what it had.

use std::sync::Arc;

use serde_json::json;

use super::{Ground, ended_well};
use crate::harness::python::S3Server;
use crate::harness::tree::{log_files, simulate, truth};

/// What a run is held at when the server dies: reading, writing a file, committing.
const INSTANTS: [(&str, &str, &str); 3] = [
    ("fetch", "GET", "/trail/.*json.gz"),
    ("upload", "PUT", "events/.*parquet"),
    ("commit", "PUT", "events/_delta_log/0+1.json"),
];

#[test]
fn a_server_that_dies_and_comes_back_loses_and_doubles_no_event() {
    let server = Arc::new(S3Server::start());
    let runs = INSTANTS.map(|(name, method, path)| {
        let ground = Ground::on(server.clone(), name);
        simulate(&ground.here, 600);
        let truth = truth(&log_files(&ground.here.path("trail")));
        ground.put("trail");
        ground.plan(&[json!({"fault": "hold", "method": method, "path": path, "times": 1})]);
        let trail = ground.trail();
        let run = ground.here.start_ingest(&[&trail]);
        (ground, truth, run)
    });
    for (ground, ..) in &runs {
        ground.wait_for(0, 1);
    }
    server.ask(&json!({"server": "kill"}));
    for (ground, ..) in &runs {
        ground.plan(&[]);
    }
    assert_eq!(server.ask(&json!({"server": "start"}))["answers"], true);
    for (ground, truth, run) in runs {
        ended_well(&ground.here.finish(run));
        ground.check(&truth);
    }
}
