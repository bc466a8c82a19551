//! **Parsing** the same documents with different crates, every record of them.
//!
//! Some crates write into the bytes they parse, so each gets a copy; making it
//! is not charged.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use simd_json::prelude::{ValueAsArray as _, ValueObjectAccess as _};
use sonic_rs::{JsonContainerTrait as _, JsonValueTrait as _};

use crate::cost::{Costs, charge};
use crate::fields::Document;

/// Documents copied at once.
const BATCH: usize = 256;

type Candidate = (&'static str, fn(&mut [u8]) -> anyhow::Result<usize>);

/// Name, and how many records it finds. Those with "fields" read the same ones.
const CANDIDATES: [Candidate; 9] = [
    ("serde_json, Value", |bytes| {
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        Ok(value["Records"].as_array().context("no records")?.len())
    }),
    ("serde_json, fields, rest skipped", |bytes| {
        Ok(count(&serde_json::from_slice::<Document<IgnoredAny>>(bytes)?))
    }),
    ("serde_json, fields, rest as text", |bytes| {
        Ok(count(&serde_json::from_slice::<Document<&RawValue>>(bytes)?))
    }),
    ("simd-json, Value", |bytes| {
        let value = simd_json::to_borrowed_value(bytes)?;
        Ok(value.get("Records").and_then(|records| records.as_array()).context("no records")?.len())
    }),
    ("simd-json, fields, rest skipped", |bytes| {
        Ok(count(&simd_json::from_slice::<Document<IgnoredAny>>(bytes)?))
    }),
    ("simd-json, fields, rest as values", |bytes| {
        Ok(count(&simd_json::from_slice::<Document<simd_json::BorrowedValue>>(bytes)?))
    }),
    ("sonic-rs, Value", |bytes| {
        let value: sonic_rs::Value = sonic_rs::from_slice(bytes)?;
        Ok(value.get("Records").and_then(|records| records.as_array()).context("no records")?.len())
    }),
    ("sonic-rs, fields, rest skipped", |bytes| {
        Ok(count(&sonic_rs::from_slice::<Document<IgnoredAny>>(bytes)?))
    }),
    ("sonic-rs, fields, rest as text", |bytes| {
        Ok(count(&sonic_rs::from_slice::<Document<sonic_rs::LazyValue>>(bytes)?))
    }),
];

/// Nothing reads the fields, so the compiler must be told that they are wanted.
fn count<N>(document: &Document<N>) -> usize {
    std::hint::black_box(document).records.len()
}

/// Processor seconds of each candidate; all in turn, run after run.
pub fn compare(documents: &[Vec<u8>], runs: usize) -> anyhow::Result<BTreeMap<&'static str, f64>> {
    let mut costs = Costs::default();
    let mut wanted = None;
    for _ in 0..runs {
        for (name, parse) in CANDIDATES {
            let (mut seconds, mut records) = (0.0, 0);
            for batch in documents.chunks(BATCH) {
                let mut copies = batch.to_vec();
                charge(&mut seconds, || {
                    copies.iter_mut().try_for_each(|document| {
                        records += parse(document)?;
                        anyhow::Ok(())
                    })
                })
                .context(name)?;
            }
            let wanted = *wanted.get_or_insert(records);
            ensure!(records == wanted, "{name} found {records} records, not {wanted}");
            costs.add(name, seconds);
        }
    }
    Ok(costs.medians())
}
