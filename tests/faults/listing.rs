//! Listings of many pages: S3 lists a thousand keys at a time.

use serde_json::json;

use super::Ground;
use crate::harness::record::{ACCOUNT, REGION, decrypts, document};
use crate::harness::{count, pack};

const FILES: u32 = 1_100;

#[test]
fn a_folder_that_is_listed_in_pages_is_read_once() {
    let ground = Ground::new("pages");
    for file in 0..FILES {
        let (hour, minute) = (file / 60, file % 60);
        let name = format!(
            "logs/AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/05/{ACCOUNT}_CloudTrail_{REGION}_20261005T{hour:02}{minute:02}Z_x.json.gz"
        );
        ground.here.write(name, pack::gzip(document(&decrypts([file]))));
    }
    ground.put("logs");
    ground.plan(&[json!({"fault": "delay", "path": "list-type=2.*continuation-token.*trail|list-type=2.*trail.*continuation-token"})]);
    let first = ground.ingest().summary(0);
    assert_eq!(ground.fired(), [1], "one page after the first");
    assert_eq!((count(&first, "objects"), count(&first, "events")), (1_100, 1_100));
    let second = ground.ingest().summary(0);
    assert_eq!((count(&second, "objects"), count(&second, "objects_known")), (0, 1_100));
    assert_eq!(super::keys_once(&ground.here).0.len(), 1_100);
}
