//! An **export**: findings in the forms that other tools read.

use analyze::alert::asff::{Asff, Importer, finding as asff_finding};
use analyze::alert::format::{Redaction, ocsf as ocsf_format, sarif as sarif_format};
use analyze::alert::{Alert, AlertReason};
use analyze::{Detection, DetectionRun, Header};
use anyhow::{Result, ensure};

use super::text::{data, time};

/// Environment variable with the key that sensitive values are hashed with.
const REDACT_KEY: &str = "KEYTRAIL_REDACT_KEY";
/// Fewer characters of a key can be guessed.
const REDACT_KEY_CHARACTERS_MIN: usize = 16;

/// Takes what is sensitive out of a run.
pub(crate) fn redact(run: &mut DetectionRun) -> Result<()> {
    let redaction = match std::env::var(REDACT_KEY) {
        Ok(key) => {
            ensure!(
                key.chars().count() >= REDACT_KEY_CHARACTERS_MIN,
                "the key in {REDACT_KEY} has fewer than {REDACT_KEY_CHARACTERS_MIN} characters"
            );
            Redaction::hashed(&key)
        }
        Err(_) => Redaction::withheld(),
    };
    run.findings = run.findings.iter().map(|finding| redaction.finding(finding)).collect();
    Ok(())
}

/// OCSF Detection Findings, one a line.
pub(crate) fn ocsf(run: &DetectionRun) -> Result<()> {
    for alert in alerts(run) {
        data(&ocsf_format::event(&alert).to_string())?;
    }
    Ok(())
}

/// Findings as Security Hub takes them, one list, each as if the account that it
/// is about imported it.
pub(crate) fn asff(run: &DetectionRun) -> Result<()> {
    let findings: Vec<Asff> =
        alerts(run).map(|alert| asff_finding(&alert, &Importer::of(&alert.finding))).collect();
    data(&serde_json::to_string_pretty(&findings)?)?;
    Ok(())
}

/// One SARIF log.
pub(crate) fn sarif(run: &DetectionRun, detections: &[Detection]) -> Result<()> {
    let headers: Vec<&Header> = detections.iter().map(|detection| &detection.header).collect();
    data(&serde_json::to_string_pretty(&sarif_format::log(run, &headers))?)?;
    Ok(())
}

/// Findings as if they were told of now, which for an export is the end of the
/// window: the same window gives the same export.
fn alerts(run: &DetectionRun) -> impl Iterator<Item = Alert> {
    let end = time(run.window.end);
    run.findings.iter().map(move |finding| Alert {
        id: finding.fingerprint.clone(),
        reason: AlertReason::New,
        raised_at: end.clone(),
        first_found_at: end.clone(),
        finding: finding.clone(),
    })
}
