//! A **folder** (or file) as a source.
//!
//! Folders that CloudTrail made, one for each day, are listed day by day, so
//! that a tree of years takes the memory of a day.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::{DirEntry, WalkDir};

use super::listing::{Aside, Portions};
use super::name::{NameKind, kind};
use super::{Object, ObjectName, Place};
use crate::error::SourceError;

/// Objects outside the folders of days that are handed on at once.
const PORTION_OBJECTS: usize = 10_000;

/// Year, month and day, as the folders are named.
type Day = [String; 3];

/// Lists a file, or everything below a folder. What cannot be looked into is
/// counted and the rest goes on.
pub(super) fn list(path: &Path, portions: &mut Portions) -> Result<(), SourceError> {
    let metadata = std::fs::metadata(path)
        .map_err(|source| SourceError::NotThere { path: path.to_path_buf(), source })?;
    if !metadata.is_dir() {
        portions.expect(1);
        portions.hand_on(vec![object(path, &metadata)]);
        return Ok(());
    }
    let days = day_folders(path);
    portions.expect(days.len() as u64 + 1);
    loose(path, portions);
    for folders in days.into_values() {
        let mut found = Vec::new();
        for folder in folders {
            for entry in WalkDir::new(folder).follow_links(true) {
                found.extend(look(entry, path, &mut portions.aside));
            }
        }
        if portions.is_stopped() || !portions.hand_on(found) {
            break;
        }
    }
    Ok(())
}

/// The folders of days below a folder, by day. Only folders are looked at; what
/// is wrong with one is said when its files are.
fn day_folders(path: &Path) -> BTreeMap<Day, Vec<PathBuf>> {
    let mut days: BTreeMap<Day, Vec<PathBuf>> = BTreeMap::new();
    let mut walk = WalkDir::new(path).follow_links(true).into_iter();
    while let Some(entry) = walk.next() {
        let Ok(entry) = entry else { continue };
        if let Some(day) = day_of(&entry) {
            walk.skip_current_dir();
            days.entry(day).or_default().push(entry.into_path());
        }
    }
    days
}

/// Everything that lies outside the folders of days.
fn loose(path: &Path, portions: &mut Portions) {
    let mut found = Vec::new();
    let outside = |entry: &DirEntry| day_of(entry).is_none();
    let walk = WalkDir::new(path).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(outside) {
        found.extend(look(entry, path, &mut portions.aside));
        if found.len() >= PORTION_OBJECTS && !portions.hand_on_part(std::mem::take(&mut found)) {
            return;
        }
    }
    portions.hand_on(found);
}

/// The day of a folder `CloudTrail/<region>/<year>/<month>/<day>`.
fn day_of(entry: &DirEntry) -> Option<Day> {
    if !entry.file_type().is_dir() {
        return None;
    }
    let path = std::path::absolute(entry.path()).ok()?;
    let mut names = path.iter().rev().map(|name| name.to_str());
    let mut number = |digits: usize| {
        let name = names.next()??;
        let fits = name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| name.to_owned())
    };
    let (day, month, year) = (number(2)?, number(2)?, number(4)?);
    (names.nth(1)?? == "CloudTrail").then_some([year, month, day])
}

/// The object of an entry, if it is one; anything else is counted.
fn look(entry: walkdir::Result<DirEntry>, path: &Path, aside: &mut Aside) -> Option<Object> {
    let entry = match entry {
        Ok(entry) if entry.file_type().is_file() => entry,
        Ok(_) => return None,
        Err(error) => {
            let place = error.path().unwrap_or(path).display().to_string();
            aside.failures.push((place, error.to_string()));
            return None;
        }
    };
    match kind(&entry.path().to_string_lossy().replace('\\', "/")) {
        NameKind::Other => aside.passed_over += 1,
        NameKind::LeftAlone => aside.left_alone += 1,
        NameKind::Log => match entry.metadata() {
            Ok(metadata) => return Some(object(entry.path(), &metadata)),
            Err(error) => {
                aside.failures.push((entry.path().display().to_string(), error.to_string()));
            }
        },
    }
    None
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
        named: false,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// File names of each portion of a folder, and what lay beside them.
    fn portions_of(path: &Path) -> (Vec<Vec<String>>, Aside) {
        let (sender, mut receiver) = mpsc::channel(100);
        let mut portions = Portions::to(sender, None, std::sync::Arc::default());
        list(path, &mut portions).unwrap();
        let aside = portions.into_aside();
        let mut found = Vec::new();
        while let Some(portion) = receiver.blocking_recv() {
            let name = |object: &Object| object.uri.rsplit('/').next().unwrap().to_owned();
            let mut names: Vec<String> = portion.objects().iter().map(name).collect();
            names.sort();
            found.push(names);
        }
        (found, aside)
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "{}").unwrap();
        }
        root
    }

    #[test]
    fn days_come_in_order_whatever_region_they_are_of() {
        let root = tree(&[
            "AWSLogs/1/CloudTrail/eu-west-1/2026/02/01/c.json",
            "AWSLogs/1/CloudTrail/eu-west-1/2025/12/31/a.json",
            "AWSLogs/2/CloudTrail/us-east-1/2026/01/15/b.json",
            "AWSLogs/2/CloudTrail/us-east-1/2026/02/01/d.json",
            "AWSLogs/2/CloudTrail/us-east-1/2026/02/01/more/e.json",
        ]);
        let (found, aside) = portions_of(root.path());
        let expected: [&[&str]; 4] =
            [&[], &["a.json"], &["b.json"], &["c.json", "d.json", "e.json"]];
        assert_eq!(found, expected);
        assert!(aside.failures.is_empty());
    }

    #[test]
    fn what_lies_outside_of_days_is_found_once_and_counted_by_kind() {
        let root = tree(&[
            "loose.json",
            "AWSLogs/1/CloudTrail/eu-west-1/beside.json",
            "AWSLogs/1/CloudTrail/eu-west-1/2026/02/01/day.json",
            "AWSLogs/1/CloudTrail-Digest/eu-west-1/2026/02/01/digest.json.gz",
            "other/2026/02/01/no-trail.json",
            "README",
        ]);
        let (found, aside) = portions_of(root.path());
        let loose: &[&str] = &["beside.json", "loose.json", "no-trail.json"];
        assert_eq!(found, [loose, &["day.json"]]);
        assert_eq!((aside.left_alone, aside.passed_over), (1, 1));
    }

    #[test]
    fn the_folder_of_one_day_is_a_source_too() {
        let root = tree(&["CloudTrail/eu-west-1/2026/02/01/day.json"]);
        let (found, _) = portions_of(&root.path().join("CloudTrail/eu-west-1/2026/02/01"));
        assert_eq!(found.concat(), ["day.json"]);
    }
}
