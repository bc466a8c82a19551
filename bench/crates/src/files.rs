//! **Log files** of a simulated trail: found and read with nothing around it.

use std::fs::{File, read_dir};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Every log file below a folder, in the order the system lists them. Digest
/// files hold no records and are left out, as ingest does.
pub fn log_files(tree: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                if entry.file_name() != "CloudTrail-Digest" {
                    folders.push(entry.path());
                }
            } else if entry.file_name().as_encoded_bytes().ends_with(b".json.gz") {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// Reads a file into a buffer that is kept.
pub fn read(path: &Path, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    buffer.clear();
    File::open(path)?.read_to_end(buffer)?;
    Ok(())
}

pub fn bytes(all: &[Vec<u8>]) -> usize {
    all.iter().map(Vec::len).sum()
}
