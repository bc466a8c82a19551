//! A **judgement**: what detections found, and whose silence means that a matter
//! is over.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Matter;
use crate::detection::{Coverage, Detection, DetectionRun, Kind};
use crate::finding::Finding;

/// What was judged, ready to be compared with what is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judgement {
    /// The moment as of which states were judged.
    pub(super) judged_at: i64,
    /// Findings, by fingerprint, so that their order means nothing.
    pub(super) findings: BTreeMap<String, Finding>,
    /// Detections of what happened; the others are of how things stand.
    pub(super) of_events: BTreeSet<String>,
    /// States and absences that were judged without an error.
    pub(super) of_states: BTreeSet<String>,
    /// Detection, account and Region that could not be judged.
    pub(super) not_determinable: BTreeSet<(String, String, String)>,
    /// Where logs arrived.
    pub(super) covered: Coverage,
}

impl Judgement {
    /// What a run over these detections says.
    pub(crate) fn of(run: &DetectionRun, detections: &[Detection]) -> Self {
        let kinds: BTreeMap<&str, Kind> = detections
            .iter()
            .map(|detection| (detection.header.id.as_str(), detection.header.kind))
            .collect();
        let of_events = kinds.iter().filter(|(_, kind)| **kind == Kind::Event);
        let judged = run.outcomes.iter().filter(|outcome| outcome.error.is_none());
        let of_states = judged.filter(|outcome| {
            kinds.get(outcome.detection.as_str()).is_some_and(|kind| *kind != Kind::Event)
        });
        let places = run
            .not_determinable
            .iter()
            .map(|place| (place.detection.clone(), place.account_id.clone(), place.region.clone()));
        let findings = run.findings.iter().map(|found| (found.fingerprint.clone(), found.clone()));
        Self {
            judged_at: run.window.end,
            findings: findings.collect(),
            of_events: of_events.map(|(id, _)| (*id).to_owned()).collect(),
            of_states: of_states.map(|outcome| outcome.detection.clone()).collect(),
            not_determinable: places.collect(),
            covered: run.covered.clone(),
        }
    }

    /// Whether the finding is of something that happened, not of how things are.
    pub(super) fn is_of_events(&self, finding: &Finding) -> bool {
        self.of_events.contains(&finding.detection)
    }

    /// Whether a matter that was not found is over. What happened stays so; and
    /// where no logs arrive, a condition is not gone but out of sight.
    pub(super) fn is_over(&self, matter: &Matter) -> bool {
        let place = (
            matter.detection.clone(),
            matter.account_id.clone().unwrap_or_default(),
            matter.region.clone().unwrap_or_default(),
        );
        self.of_states.contains(&matter.detection)
            && !self.findings.contains_key(&matter.fingerprint)
            // Whoever has seen it since knows better.
            && self.judged_at >= matter.last_seen_at
            && !self.not_determinable.contains(&place)
            && self.covered.knows(matter.account_id.as_deref(), matter.region.as_deref())
    }
}
