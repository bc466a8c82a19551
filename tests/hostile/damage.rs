//! Damage to the bytes of an object. What can still be read is read.

use insta::assert_snapshot;

use super::Trial;
use crate::harness::record::{decrypts, document};
use crate::harness::{Here, count, pack};

/// Enough records that half the stream holds many of them.
fn many() -> String {
    document(&decrypts(0..2_000))
}

#[test]
fn a_truncated_gzip_is_reported_and_the_records_before_the_cut_are_kept() {
    let packed = pack::gzip(many());
    let trial = Trial::of(&packed[..packed.len() / 2]);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: compressed stream ends early: the object is truncated");
    assert!((100..1_999).contains(&trial.events()), "{} events", trial.events());
    assert_eq!(trial.counts(), (1, 1));
    assert_eq!(trial.outcome(), "partly_read");
}

#[test]
fn a_gzip_cut_inside_its_header_is_reported() {
    let packed = pack::gzip(many());
    let trial = Trial::of(&packed[..7]);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: compressed stream ends early: the object is truncated");
    assert_eq!((trial.events(), trial.counts()), (0, (1, 0)));
    assert_eq!(trial.outcome(), "failed");
}

#[test]
fn a_truncated_zstd_is_reported() {
    let packed = pack::zstd(many());
    let trial = Trial::of(&packed[..packed.len() / 2]);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: compressed stream ends early: the object is truncated");
    assert!(trial.events() > 100);
    assert_eq!(trial.outcome(), "partly_read");
}

#[test]
fn a_flipped_bit_is_reported_by_the_checksum() {
    let mut packed = pack::gzip(document(&decrypts(0..20)));
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    let trial = Trial::of(packed);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: damaged compression: corrupt gzip stream does not have a matching checksum");
    assert_eq!(trial.counts(), (1, 0));
}

#[test]
fn bytes_after_the_gzip_end_are_reported_and_what_came_before_is_kept() {
    let mut packed = pack::gzip(document(&decrypts(0..20)));
    packed.extend(pack::gzip(document(&decrypts(20..40))));
    let trial = Trial::of(packed);
    assert_snapshot!(without_digits(&trial.complaint()), @"skipped: [HERE]/logs/bad.json.gz:  bytes after the end of the compressed stream");
    assert_eq!((trial.events(), trial.counts()), (20, (1, 0)));
    assert_eq!(trial.outcome(), "partly_read");
}

#[test]
fn a_gzip_bomb_is_stopped_at_the_cap() {
    // 16 MiB of spaces that would inflate to an empty list of records.
    let bomb = format!("{{\"Records\":[{}]}}", " ".repeat(16 << 20));
    let trial = Trial::with(pack::gzip(bomb), &["--max-document-bytes", "1000000"]);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: inflates to more than 1000000 bytes; raise --max-document-bytes to read it");
    assert_eq!((trial.events(), trial.counts()), (0, (1, 0)));
    assert!(count(&trial.summary, "document_bytes") < 1_000_000);
    assert_eq!(trial.outcome(), "failed");
}

#[test]
fn a_bomb_inside_a_bomb_is_stopped_at_the_cap() {
    let inner = pack::base64(&pack::gzip(" ".repeat(16 << 20)));
    let document = format!(r#"{{"awslogs":{{"data":"{inner}"}}}}"#);
    let trial = Trial::with(pack::gzip(document), &["--max-document-bytes", "1000000"]);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: records skipped: 1 x CloudWatch Logs data that does not inflate");
    assert_eq!(trial.counts(), (1, 1));
}

#[test]
fn an_object_over_the_size_limit_is_not_read() {
    let here = Here::new();
    here.write("logs/bad.json.gz", vec![b' '; 20_000]);
    let trial = Trial::read(here, &["logs", "--max-object-bytes", "15000"]);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: object has 20000 bytes; the limit is 15000");
    assert_eq!(trial.counts(), (1, 0));
}

#[test]
fn an_empty_file_is_reported() {
    let trial = Trial::of("");
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: empty");
    assert_eq!((trial.events(), trial.counts()), (0, (1, 0)));
    assert_eq!(trial.outcome(), "failed");
}

#[test]
fn a_file_that_was_mended_is_read_by_the_next_run() {
    let packed = pack::gzip(many());
    let trial = Trial::of(&packed[..packed.len() / 2]);
    let unchanged = trial.here.run(trial.here.ingest_arguments(&["logs"])).summary(2);
    assert_eq!((count(&unchanged, "objects"), count(&unchanged, "events")), (1, 0));
    trial.here.write("logs/bad.json.gz", packed);
    let mended = trial.here.ingest(&["logs"]);
    assert_eq!(count(&mended, "events"), 2_000 - trial.events());
    assert_eq!(count(&trial.here.ingest(&["logs"]), "objects_known"), 2);
}

/// How long a stream is depends on the compressor.
fn without_digits(text: &str) -> String {
    text.replace(|letter: char| letter.is_ascii_digit(), "")
}
