//! What Security Hub would refuse is never written.

use proptest::prelude::*;

use super::super::{example, sample};
use super::*;

fn importer() -> Importer {
    Importer {
        partition: "aws".to_owned(),
        region: "eu-central-1".to_owned(),
        account_id: "444455556666".to_owned(),
    }
}

#[test]
fn a_finding_is_imported_under_the_importer_and_names_the_true_account() {
    let written = serde_json::to_value(finding(&example::alert(), &importer())).unwrap();
    assert_eq!(written["AwsAccountId"], "444455556666");
    assert_eq!(
        written["ProductArn"],
        "arn:aws:securityhub:eu-central-1:444455556666:product/444455556666/default"
    );
    assert_eq!(written["ProductFields"]["keytrail/account_id"], "111122223333");
    assert_eq!(written["ProductFields"]["keytrail/region"], "eu-west-1");
    assert_eq!(written["Resources"][0]["Type"], "AwsKmsKey");
    assert_eq!(written["Resources"][0]["Region"], "eu-west-1");
    assert_eq!(written["Resources"][1]["Type"], "AwsIamRole");
    let types = ["TTPs/Initial Access/T1078.004", "Effects/Data Destruction/T1486"];
    assert_eq!(written["FindingProviderFields"]["Types"], serde_json::json!(types));
}

#[test]
fn alerts_about_one_matter_are_one_finding_updated_later() {
    let first = example::alert();
    let mut second = first.clone();
    second.id = first.id.replace("-1", "-2");
    second.raised_at = "2026-12-02T10:07:30+00:00".to_owned();
    let (first, second) = (finding(&first, &importer()), finding(&second, &importer()));
    assert_eq!((&first.id, &first.created_at), (&second.id, &second.created_at));
    assert!(first.updated_at < second.updated_at);
    assert_eq!(second.updated_at, "2026-12-02T10:07:30.000Z");
}

#[test]
fn the_example_in_the_documentation_is_what_is_written() {
    let written = serde_json::to_string_pretty(&finding(&example::alert(), &importer())).unwrap();
    let page = include_str!("../../../../../docs/sinks-aws.md");
    assert!(page.contains(&written), "docs/sinks-aws.md needs this example:\n{written}");
}

#[test]
fn resources_are_typed_by_their_arn() {
    let types = |key: &str, actor: &str| {
        let mut alert = example::alert();
        alert.finding.key_arn = Some(key.to_owned());
        alert.finding.actor = Some(actor.to_owned());
        let kinds = finding(&alert, &importer()).resources.into_iter();
        kinds.map(|resource| (resource.r#type, resource.id)).collect::<Vec<_>>()
    };
    let found =
        types("arn:aws:kms:eu-west-1:111122223333:alias/a", "arn:aws:iam::111122223333:root");
    assert_eq!(found[0].0, "Other");
    assert_eq!(found[1], ("AwsAccount", "AWS::::Account:111122223333".to_owned()));
    let found = types("arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/a", "ec2.amazonaws.com");
    assert_eq!((found[0].0, found[1].0), ("AwsKmsKey", "Other"));
    assert_eq!(types("", "")[0].1, "AWS::::Account:111122223333");
}

#[test]
fn an_importer_of_a_finding_without_an_account_is_well_formed() {
    let mut alert = example::alert();
    assert_eq!(Importer::of(&alert.finding).account_id, "111122223333");
    alert.finding.account_id = Some("evil/../1".to_owned());
    alert.finding.region = Some("{region}".to_owned());
    let importer = Importer::of(&alert.finding);
    assert_eq!(
        (importer.account_id.as_str(), importer.region.as_str()),
        ("000000000000", "us-east-1")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn no_text_breaks_a_limit(alert in sample::hostile()) {
        let found = finding(&alert, &importer());
        let within = |text: &str, limit: usize| (1..=limit).contains(&text.len());
        prop_assert!(within(&found.id, 512));
        prop_assert!(within(&found.generator_id, 512));
        prop_assert!(within(&found.title, 256));
        prop_assert!(within(&found.description, 1_024));
        if let Some(remediation) = &found.remediation {
            prop_assert!(within(&remediation.recommendation.text, 512));
        }
        prop_assert!(found.product_fields.len() <= 50);
        for (name, value) in &found.product_fields {
            prop_assert!(within(name, 128) && within(value, 2_048));
        }
        prop_assert!((1..=32).contains(&found.resources.len()));
        for resource in &found.resources {
            prop_assert!(within(&resource.id, 512));
        }
        prop_assert!((1..=50).contains(&found.finding_provider_fields.types.len()));
        prop_assert!(found.created_at <= found.updated_at);
        let text = serde_json::to_string(&found).unwrap();
        prop_assert!(text.len() < 240_000);
        prop_assert!(!text.chars().any(char::is_control));
    }
}
