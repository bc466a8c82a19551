//! The **catalogue**: what detections are filed under. Their groups, ATT&CK
//! techniques and controls, from the lists in `queries/`.

use crate::queries;

/// A technique of ATT&CK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technique {
    /// Such as `T1485`.
    pub id: &'static str,
    /// What ATT&CK calls it.
    pub name: &'static str,
    /// Version of ATT&CK.
    pub version: &'static str,
}

/// A control of a framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Framework and number, such as `SOC-2:CC6.1`.
    pub id: &'static str,
    /// What it is about.
    pub subject: String,
    /// Whether somebody compared number and subject with the framework's text.
    pub verified: bool,
}

impl Control {
    /// The framework, such as `SOC-2`.
    #[must_use]
    pub fn framework(&self) -> &'static str {
        self.id.split(':').next().unwrap_or_default()
    }
}

/// The techniques that detections may name.
#[must_use]
pub fn techniques() -> Vec<Technique> {
    rows(queries::ATTACK)
        .map(|(id, name, version)| Technique { id, name: name.trim_matches('"'), version })
        .collect()
}

/// The controls that findings of our own detections are evidence for.
#[must_use]
pub fn controls() -> Vec<Control> {
    rows(queries::CONTROLS)
        .map(|(id, subject, verified)| Control {
            id,
            subject: unquoted(subject),
            verified: verified == "yes",
        })
        .collect()
}

/// Group of a detection; none for one that is not ours.
#[must_use]
pub fn group(detection: &str) -> Option<&'static str> {
    filed().find(|(id, _)| *id == detection).map(|(_, group)| group)
}

/// Names of the groups, in the catalogue's order.
#[must_use]
pub fn groups() -> Vec<&'static str> {
    let mut groups = Vec::new();
    for (_, group) in filed() {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// Detections with their groups.
fn filed() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = queries::GROUPS.lines().skip(1).filter_map(|line| line.split_once(','));
    rows.map(|(id, group)| (id, group.trim_matches('"')))
}

/// Rows of a list of three columns, of which only the middle one may hold commas.
fn rows(csv: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    csv.lines().skip(1).filter_map(|line| {
        let (first, rest) = line.split_once(',')?;
        let (middle, last) = rest.rsplit_once(',')?;
        Some((first, middle, last))
    })
}

/// A CSV cell without its quotes.
fn unquoted(cell: &str) -> String {
    match cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_whole() {
        assert_eq!(techniques().len(), queries::ATTACK.lines().count() - 1);
        assert_eq!(controls().len(), queries::CONTROLS.lines().count() - 1);
        let substitution = controls().into_iter().find(|c| c.id == "PCI-DSS-4.0.1:3.7.5").unwrap();
        assert_eq!(substitution.subject, "Retirement, replacement or destruction of keys");
        assert_eq!(substitution.framework(), "PCI-DSS-4.0.1");
    }

    #[test]
    fn every_detection_of_ours_has_a_group() {
        for detection in crate::built_in().unwrap() {
            let id = &detection.header.id;
            assert!(group(id).is_some(), "{id} is not in queries/groups.csv");
        }
        assert_eq!(group("stale_grant"), Some("Grants"));
        assert_eq!(group("root_used_kms"), Some("Identity, MFA, network"));
    }
}
