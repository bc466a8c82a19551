//! **Hostile** input: each kind is named on standard error, counted in the summary, makes the exit
//! code 2, and is in nobody's way.

/// Damage to the bytes of an object.
mod damage;
/// Lakes that cannot be used.
mod lakes;
/// Places and names that a file system can have.
mod places;
/// Records that are none.
mod records;
/// Input that is too much.
mod size;

use serde_json::Value;

use crate::harness::record::{decrypts, document};
use crate::harness::{Here, Said, count};

/// Numbers of the records in the good file beside the bad one.
const GOOD: std::ops::Range<u32> = 9_000..9_010;

/// A trail with one bad file, read.
struct Trial {
    here: Here,
    said: Said,
    summary: Value,
}

impl Trial {
    /// Ingests `logs/bad.json.gz` beside a good file.
    #[track_caller]
    fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self::with(bytes, &[])
    }

    #[track_caller]
    fn with(bytes: impl AsRef<[u8]>, options: &[&str]) -> Self {
        let here = Here::new();
        here.write("logs/bad.json.gz", bytes);
        Self::read(here, &[&["logs"], options].concat())
    }

    /// Ingests a folder that holds something bad; the good file is put into it.
    #[track_caller]
    fn read(here: Here, arguments: &[&str]) -> Self {
        here.write("logs/good.json", document(&decrypts(GOOD)));
        let said = here.run(here.ingest_arguments(arguments));
        let summary = said.summary(2);
        let good = here.number("select count(*) from events where request_id like 'request-90__'");
        assert_eq!(good, i64::from(GOOD.end - GOOD.start), "the good file was not read\n{said}");
        Self { here, said, summary }
    }

    /// Events of the bad file.
    fn events(&self) -> u64 {
        count(&self.summary, "events") - u64::from(GOOD.end - GOOD.start)
    }

    /// Failed objects and skipped records.
    fn counts(&self) -> (u64, u64) {
        (count(&self.summary, "objects_failed"), count(&self.summary, "records_skipped"))
    }

    /// What standard error says of the bad file.
    fn complaint(&self) -> String {
        self.said.complaints_about("bad")
    }

    /// What the journal says of the bad file.
    fn outcome(&self) -> String {
        let rows = self.here.sql("select outcome from objects where object_uri like '%bad%'");
        rows[0]["outcome"].as_str().unwrap().to_owned()
    }
}
