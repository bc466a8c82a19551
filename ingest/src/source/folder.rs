//! A **folder** (or file) as a source.

use std::path::Path;
use std::time::UNIX_EPOCH;

use walkdir::WalkDir;

use super::name::{NameKind, kind};
use super::{Listing, Object, ObjectName, Place};
use crate::error::SourceError;
use crate::journal::Journal;

/// Lists a file, or everything below a folder. What cannot be looked into is
/// counted and the rest goes on.
pub(super) fn list(
    path: &Path,
    journal: &Journal,
    listing: &mut Listing,
) -> Result<(), SourceError> {
    let metadata = std::fs::metadata(path)
        .map_err(|source| SourceError::NotThere { path: path.to_path_buf(), source })?;
    if !metadata.is_dir() {
        listing.consider(object(path, &metadata), journal);
        return Ok(());
    }
    for entry in WalkDir::new(path).follow_links(true) {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_file() => entry,
            Ok(_) => continue,
            Err(error) => {
                let place = error.path().unwrap_or(path).display().to_string();
                listing.failures.push((place, error.to_string()));
                continue;
            }
        };
        match kind(&entry.path().to_string_lossy().replace('\\', "/")) {
            NameKind::Other => listing.passed_over += 1,
            NameKind::LeftAlone => listing.left_alone += 1,
            NameKind::Log => match entry.metadata() {
                Ok(metadata) => listing.consider(object(entry.path(), &metadata), journal),
                Err(error) => {
                    listing.failures.push((entry.path().display().to_string(), error.to_string()));
                }
            },
        }
    }
    Ok(())
}

/// A path as text. Bytes that are no text are written as `%FE`, so that two
/// files never share a URI.
fn uri(path: &Path) -> String {
    let mut uri = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        uri.push_str(chunk.valid());
        for byte in chunk.invalid() {
            uri += &format!("%{byte:02X}");
        }
    }
    uri
}

fn object(path: &Path, metadata: &std::fs::Metadata) -> Object {
    // Absolute, so that a journal made in one folder holds in another.
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let uri = uri(&absolute);
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Object {
        name: ObjectName::read(&uri),
        bytes: metadata.len(),
        etag: modified.map_or_else(String::new, |time| time.as_nanos().to_string()),
        place: Place::File(absolute),
        uri,
    }
}
