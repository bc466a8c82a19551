//! An **export**: findings in the forms that other tools read.

use analyze::alert::asff::{Asff, Importer, finding as asff_finding};
use analyze::alert::format::{Redaction, ocsf as ocsf_format, sarif as sarif_format};
use analyze::alert::{Alert, AlertReason};
use analyze::{Detection, DetectionRun, Finding, Header};
use anyhow::{Result, ensure};

use super::text::{data, time};

/// Environment variable with the key that sensitive values are hashed with.
const REDACT_KEY: &str = "KEYTRAIL_REDACT_KEY";
/// Fewer characters of a key can be guessed.
const REDACT_KEY_CHARACTERS_MIN: usize = 16;

/// Takes what is sensitive out of a run.
pub(crate) fn redact(run: &mut DetectionRun) -> Result<()> {
    let redaction = redaction()?;
    run.findings = run.findings.iter().map(|finding| redaction.finding(finding)).collect();
    Ok(())
}

/// Takes what is sensitive out of alerts.
pub(crate) fn redact_alerts(alerts: &mut [Alert]) -> Result<()> {
    let redaction = redaction()?;
    for alert in alerts {
        alert.finding = redaction.finding(&alert.finding);
    }
    Ok(())
}

fn redaction() -> Result<Redaction> {
    Ok(match std::env::var(REDACT_KEY) {
        Ok(key) => {
            ensure!(
                key.chars().count() >= REDACT_KEY_CHARACTERS_MIN,
                "the key in {REDACT_KEY} has fewer than {REDACT_KEY_CHARACTERS_MIN} characters"
            );
            Redaction::hashed(&key)
        }
        Err(_) => Redaction::withheld(),
    })
}

/// OCSF Detection Findings, one a line.
pub(crate) fn ocsf(run: &DetectionRun) -> Result<()> {
    ocsf_alerts(&alerts(run))
}

/// Alerts as OCSF Detection Findings, one a line.
pub(crate) fn ocsf_alerts(alerts: &[Alert]) -> Result<()> {
    for alert in alerts {
        data(&ocsf_format::event(alert).to_string())?;
    }
    Ok(())
}

/// Findings as Security Hub takes them, one list, each as if the account that it
/// is about imported it.
pub(crate) fn asff(run: &DetectionRun) -> Result<()> {
    asff_alerts(&alerts(run))
}

/// Alerts in that form.
pub(crate) fn asff_alerts(alerts: &[Alert]) -> Result<()> {
    let findings: Vec<Asff> =
        alerts.iter().map(|alert| asff_finding(alert, &Importer::of(&alert.finding))).collect();
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
fn alerts(run: &DetectionRun) -> Vec<Alert> {
    let end = time(run.window.end);
    let alert = |finding: &Finding| Alert {
        id: finding.fingerprint.clone(),
        reason: AlertReason::New,
        raised_at: end.clone(),
        first_found_at: end.clone(),
        finding: finding.clone(),
    };
    run.findings.iter().map(alert).collect()
}
