//! The **floor**: what nobody who reads the log files can do without, in one
//! thread. Listing, opening and reading, and inflating are charged apart.

use std::path::Path;

use libdeflater::Decompressor;
use serde_json::{Value, json};

use crate::cost::charge;
use crate::files;
use crate::inflate::inflated_bytes;

/// Files between two looks at the clock, so that looking costs nothing.
const BATCH: usize = 256;

pub fn measure(tree: &Path) -> anyhow::Result<Value> {
    let (mut list, mut read, mut inflate) = (0.0, 0.0, 0.0);
    let paths = charge(&mut list, || files::log_files(tree))?;
    let mut stored = vec![Vec::new(); BATCH];
    let (mut decompressor, mut document) = (Decompressor::new(), Vec::new());
    let (mut stored_bytes, mut document_bytes) = (0, 0);
    for batch in paths.chunks(BATCH) {
        charge(&mut read, || {
            batch.iter().zip(&mut stored).try_for_each(|(path, buffer)| files::read(path, buffer))
        })?;
        charge(&mut inflate, || {
            stored[..batch.len()].iter().try_for_each(|bytes| {
                let length = inflated_bytes(bytes);
                if document.len() < length {
                    document.resize(length, 0);
                }
                stored_bytes += bytes.len();
                document_bytes += decompressor.gzip_decompress(bytes, &mut document[..length])?;
                anyhow::Ok(())
            })
        })?;
    }
    Ok(json!({
        "files": paths.len(),
        "stored_bytes": stored_bytes,
        "inflated_bytes": document_bytes,
        "list_seconds": list,
        "read_seconds": read,
        "inflate_seconds": inflate,
    }))
}
