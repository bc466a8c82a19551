//! A finding's **types**: `namespace/category/classifier`, from its techniques of
//! ATT&CK.
//!
//! The categories are those of the [taxonomy], which has tactics under `TTPs` and
//! what comes of an attack under `Effects`. The classifier is the technique.
//!
//! [taxonomy]: https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html

/// Techniques to namespace and category. A technique with several tactics has the
/// one that it stands for among the detections.
const TECHNIQUES: [(&str, &str); 9] = [
    ("T1078.004", "TTPs/Initial Access"),
    ("T1098", "TTPs/Persistence"),
    ("T1485", "Effects/Data Destruction"),
    ("T1486", "Effects/Data Destruction"),
    ("T1530", "TTPs/Collection"),
    ("T1537", "Effects/Data Exfiltration"),
    ("T1555.006", "TTPs/Credential Access"),
    ("T1562.008", "TTPs/Defense Evasion"),
    ("T1580", "TTPs/Discovery"),
];
/// Of findings without a technique: hygiene.
const NONE: &str = "Software and Configuration Checks/AWS Security Best Practices";
/// Of findings with a technique that is not in the table.
const OTHER: &str = "TTPs";

/// The types, each once.
pub(super) fn of(attack: &[String]) -> Vec<String> {
    let mut types: Vec<String> = TECHNIQUES
        .iter()
        .filter(|(technique, _)| attack.iter().any(|id| id == technique))
        .map(|(technique, category)| format!("{category}/{technique}"))
        .collect();
    if types.is_empty() {
        types.push(if attack.is_empty() { NONE } else { OTHER }.to_owned());
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_technique_of_the_catalogue_has_a_type() {
        let catalogue = include_str!("../../../../../queries/attack.csv");
        for technique in catalogue.lines().skip(1).filter_map(|line| line.split(',').next()) {
            let types = of(&[technique.to_owned()]);
            assert!(types[0].ends_with(technique), "{technique} has the types {types:?}");
        }
    }

    #[test]
    fn a_finding_without_a_known_technique_still_has_a_type() {
        assert_eq!(of(&[]), [NONE]);
        assert_eq!(of(&["T9999".to_owned()]), [OTHER]);
    }
}
