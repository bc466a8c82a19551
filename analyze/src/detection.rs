//! A **detection**: one SQL file whose rows are findings, with a header that
//! says what they mean.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod bind;
mod contract;
mod coverage;
mod header;
mod parameter;
mod run;
mod shared;

pub(crate) use bind::micros_of;
pub(crate) use coverage::{Coverage, CoverageSummary};
pub(crate) use header::toml_error;
pub use header::{Header, Kind};
pub use parameter::Parameter;
pub(crate) use run::detect_until;
pub use run::{DetectionRun, NotDeterminable, Outcome, detect};
pub(crate) use shared::context as shared_context;

use crate::error::AnalyzeError;
use crate::queries;

/// One detection, read and valid.
#[derive(Debug, Clone)]
pub struct Detection {
    /// What the rows mean.
    pub header: Header,
    /// The whole file.
    pub text: String,
    /// Whether it is judged; the configuration may say no.
    pub enabled: bool,
}

/// The judged time, half-open, microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First moment judged.
    pub start: i64,
    /// First moment not judged any more.
    pub end: i64,
}

impl Detection {
    /// Reads a detection from its file's text; `id` is the file stem.
    ///
    /// # Errors
    /// When the header is missing, incomplete or contradicts itself.
    pub fn parse(id: &str, text: &str) -> Result<Self, AnalyzeError> {
        let header = Header::parse(id, text)?;
        Ok(Self { header, text: text.to_owned(), enabled: true })
    }
}

/// The detections compiled in.
///
/// # Errors
/// When one of them is not valid: a defect of KeyTrail.
pub fn built_in() -> Result<Vec<Detection>, AnalyzeError> {
    queries::DETECTIONS.iter().map(|(id, text)| Detection::parse(id, text)).collect()
}

/// The detections of a folder: every `*.sql` in it.
///
/// # Errors
/// When the folder or a file cannot be read, or a header is not valid.
pub fn from_folder(folder: &Path) -> Result<Vec<Detection>, AnalyzeError> {
    let failed = |source| AnalyzeError::File { path: folder.to_path_buf(), source };
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)
            .map_err(|source| AnalyzeError::File { path: path.clone(), source })?;
        found.insert(id.clone(), Detection::parse(&id, &text)?);
    }
    Ok(found.into_values().collect())
}

/// One hash over the text of detections, for the record of a run.
pub(crate) fn hash(detections: &[Detection]) -> String {
    let mut hash = Sha256::new();
    for detection in detections {
        hash.update(&detection.header.id);
        hash.update([0]);
        hash.update(&detection.text);
        hash.update([0]);
    }
    format!("{:x}", hash.finalize())
}
