//! Objects that are gone before they are read, as when a lifecycle rule deletes them.

use serde_json::json;

use super::{BUCKET, Ground};
use crate::harness::record::{decrypts, document, log_name};
use crate::harness::{count, pack};

#[test]
fn an_object_that_vanishes_after_it_was_listed_is_reported_and_the_rest_is_read() {
    let ground = Ground::new("vanished");
    for slot in 0..5 {
        let records = decrypts(slot * 10..slot * 10 + 10);
        ground
            .here
            .write(format!("logs/{}", log_name(slot, "log")), pack::gzip(document(&records)));
    }
    ground.put("logs");
    let key = format!("vanished/trail/{}", log_name(2, "log"));
    ground.plan(&[json!({"fault": "hold", "method": "GET", "path": key})]);
    let trail = ground.trail();
    let run = ground.here.start_ingest(&[&trail]);
    ground.wait_for(0, 1);
    ground.server.ask(&json!({"bucket": BUCKET, "delete": key}));
    ground.plan(&[]);
    let said = ground.here.finish(run);
    let summary = said.summary(2);
    assert_eq!((count(&summary, "objects"), count(&summary, "objects_failed")), (5, 1));
    assert_eq!(count(&summary, "events"), 40);
    let complaint = format!("skipped: s3://{BUCKET}/{key}: the object is gone");
    assert!(said.stderr.contains(&complaint), "{said}");
    let failed = ground.here.sql("select object_uri, outcome from objects where outcome <> 'read'");
    assert_eq!(
        failed,
        [json!({"object_uri": format!("s3://{BUCKET}/{key}"), "outcome": "failed"})]
    );

    let next = ground.ingest().summary(0);
    assert_eq!((count(&next, "objects"), count(&next, "objects_known")), (0, 4));
    assert_eq!(super::keys_once(&ground.here).0.len(), 40);
}
