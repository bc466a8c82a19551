//! **Faults**: S3 refuses, stalls, forgets to answer and dies, and every event is in the lake
//! once all the same.

/// Many runs at once into a lake that is not there yet.
mod crowd;
/// Runs that die at whatever instant.
mod killed;
/// Listings of many pages.
mod listing;
/// Requests that are carried out and whose answers are lost.
mod lost;
/// Requests that are refused, answered late, or answered in part.
mod patience;
/// A server that dies and comes back.
mod restarted;
/// Runs that are asked to end early, and objects refused for a while.
mod stopped;
/// Compaction and vacuum of a lake on S3.
mod upkeep;
/// Objects that are gone before they are read.
mod vanished;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::lake::Key;
use crate::harness::python::{Process, S3Server, script};
use crate::harness::tree::{Truth, log_files, simulate, truth};
use crate::harness::{Here, Said, count};

const BUCKET: &str = "faults";

/// A trail and a lake on an S3 server, behind a proxy that fails as it is told.
struct Ground {
    here: Here,
    server: Arc<S3Server>,
    proxy: Process,
    name: &'static str,
}

impl Ground {
    fn new(name: &'static str) -> Self {
        Self::on(S3Server::shared(), name)
    }

    fn on(server: Arc<S3Server>, name: &'static str) -> Self {
        server.make_bucket(BUCKET);
        let mut proxy = script("s3_proxy.py");
        proxy.arg(server.endpoint.strip_prefix("http://").unwrap());
        let proxy = Process::start(proxy);
        let mut here = Here::new();
        here.set("AWS_ENDPOINT_URL_S3", proxy.greeting["endpoint"].as_str().unwrap());
        here.set("AWS_ACCESS_KEY_ID", &server.access_key);
        here.set("AWS_SECRET_ACCESS_KEY", &server.secret_key);
        here.set("AWS_REGION", "us-east-1");
        here.set_lake(format!("s3://{BUCKET}/{name}/lake"));
        Self { here, server, proxy, name }
    }

    /// With a simulated trail on the server.
    fn with_trail(name: &'static str, events: u32) -> (Self, Truth) {
        let ground = Self::new(name);
        simulate(&ground.here, events);
        let truth = truth(&log_files(&ground.here.path("trail")));
        ground.put("trail");
        (ground, truth)
    }

    /// Uploads a folder of the test below `trail/`.
    fn put(&self, folder: &str) {
        self.server.put(&self.here.path(folder), BUCKET, &format!("{}/trail/", self.name));
    }

    fn trail(&self) -> String {
        format!("s3://{BUCKET}/{}/trail/", self.name)
    }

    /// What fails from now on: see `s3_proxy.py`.
    fn plan(&self, rules: &[Value]) {
        self.proxy.ask(&json!({"plan": rules}));
    }

    /// Waits until a rule has met so many requests.
    fn wait_for(&self, rule: usize, fired: u64) {
        self.proxy.ask(&json!({"await": rule, "fired": fired}));
    }

    /// How many requests each rule of the plan has met.
    fn fired(&self) -> Vec<u64> {
        let said = self.proxy.ask(&json!({"count": true}));
        said["fired"].as_array().unwrap().iter().map(|fired| fired.as_u64().unwrap()).collect()
    }

    /// Ingests the trail.
    fn ingest(&self) -> Said {
        self.here.run(self.here.ingest_arguments(&[&self.trail()]))
    }

    /// One more run without faults; then everything of the trail must be in the lake once.
    #[track_caller]
    fn check(&self, truth: &Truth) -> Value {
        self.plan(&[]);
        let last = self.ingest().summary(0);
        let known = count(&last, "objects") + count(&last, "objects_known");
        assert_eq!(known, truth.files, "{last:#}");
        let (_, kms) = keys_once(&self.here);
        assert_eq!(kms, truth.kms);
        let read = "select count(distinct object_uri) from objects where outcome = 'read'";
        assert_eq!(self.here.number(read), i64::try_from(truth.files).unwrap());
        last
    }
}

/// All events of the lake, each of which may be there once, and those of KMS.
#[track_caller]
fn keys_once(here: &Here) -> (BTreeSet<Key>, BTreeSet<Key>) {
    let rows = here.sql("select event_id, recipient_account_id, event_source from events");
    let text = |row: &Value, column: &str| row[column].as_str().unwrap().to_owned();
    let key = |row: &Value| (text(row, "event_id"), text(row, "recipient_account_id"));
    let keys: BTreeSet<Key> = rows.iter().map(key).collect();
    assert_eq!(keys.len(), rows.len(), "an event is in the lake twice");
    let kms = rows.iter().filter(|row| row["event_source"] == "kms.amazonaws.com");
    (keys, kms.map(key).collect())
}

/// A run that got through, or one that says what it could not do.
#[track_caller]
fn ended_well(said: &Said) {
    match said.code {
        Some(0) => {}
        Some(2) => assert!(
            said.stderr
                .lines()
                .any(|line| line.starts_with("error: ") || line.starts_with("skipped: ")),
            "{said}"
        ),
        _ => panic!("{said}"),
    }
    // When an upload fails for good, deltalake-core aborts what has ended, and catches the
    // panic, but not before it was printed.
    let panics = |sign: &str| said.stderr.matches(sign).count();
    assert_eq!(panics("panicked at"), panics("Already shut down"), "{said}");
}
