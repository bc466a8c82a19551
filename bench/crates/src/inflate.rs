//! **Inflating** the same bytes with different libraries.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::{Context as _, ensure};
use flate2::bufread::GzDecoder;
use libdeflater::Decompressor;

use crate::cost::{Costs, charge};

/// How long the document is, by the last four bytes of the file.
pub fn inflated_bytes(stored: &[u8]) -> usize {
    stored.last_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize)
}

pub fn documents(stored: &[Vec<u8>]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut decompressor = Decompressor::new();
    let inflate = |bytes: &Vec<u8>| {
        let mut document = vec![0; inflated_bytes(bytes)];
        decompressor.gzip_decompress(bytes, &mut document)?;
        Ok(document)
    };
    stored.iter().map(inflate).collect()
}

/// Inflates a file into a buffer of the right size; how many bytes it filled.
type Inflate<'a> = dyn FnMut(&[u8], &mut [u8]) -> anyhow::Result<usize> + 'a;

/// Processor seconds of each library; all in turn, run after run.
pub fn compare(stored: &[Vec<u8>], runs: usize) -> anyhow::Result<BTreeMap<&'static str, f64>> {
    let wanted: usize = stored.iter().map(|bytes| inflated_bytes(bytes)).sum();
    let largest = stored.iter().map(|bytes| inflated_bytes(bytes)).max().context("no files")?;
    let mut buffer = vec![0; largest];
    let mut costs = Costs::default();
    let mut candidate = |name, inflate: &mut Inflate| {
        let (mut seconds, mut total) = (0.0, 0);
        charge(&mut seconds, || {
            stored.iter().try_for_each(|bytes| {
                let length = inflated_bytes(bytes);
                total += inflate(bytes, &mut buffer[..length])?;
                anyhow::Ok(())
            })
        })?;
        ensure!(total == wanted, "{name} inflated {total} bytes, not {wanted}");
        costs.add(name, seconds);
        Ok(())
    };
    for _ in 0..runs {
        let mut whole = Decompressor::new();
        candidate("libdeflater", &mut |bytes, document| {
            Ok(whole.gzip_decompress(bytes, document)?)
        })?;
        candidate("flate2, zlib-rs", &mut |bytes, document| {
            GzDecoder::new(bytes).read_exact(document)?;
            Ok(document.len())
        })?;
        #[cfg(feature = "zlib-ng")]
        {
            let mut stream = crate::zlib_ng::Stream::new()?;
            candidate("zlib-ng", &mut |bytes, document| stream.inflate(bytes, document))?;
        }
    }
    Ok(costs.medians())
}
