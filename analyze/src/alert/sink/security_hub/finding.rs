//! A **finding** as the SDK sends it.

use std::collections::HashMap;

use aws_sdk_securityhub::types::{
    AwsSecurityFinding, FindingProviderFields, FindingProviderSeverity, Partition, Recommendation,
    RecordState, Remediation, Resource, SeverityLabel,
};

use crate::alert::format::asff::{self, Asff};

/// Field by field the same.
pub(super) fn request(finding: &Asff) -> AwsSecurityFinding {
    let remediation = finding.remediation.as_ref().map(|remediation| {
        let text = &remediation.recommendation.text;
        Remediation::builder().recommendation(Recommendation::builder().text(text).build()).build()
    });
    let fields: HashMap<String, String> = finding.product_fields.clone().into_iter().collect();
    AwsSecurityFinding::builder()
        .schema_version(finding.schema_version)
        .id(&finding.id)
        .product_arn(&finding.product_arn)
        .product_name(finding.product_name)
        .company_name(finding.company_name)
        .generator_id(&finding.generator_id)
        .aws_account_id(&finding.aws_account_id)
        .set_first_observed_at(finding.first_observed_at.clone())
        .set_last_observed_at(finding.last_observed_at.clone())
        .created_at(&finding.created_at)
        .updated_at(&finding.updated_at)
        .title(&finding.title)
        .description(&finding.description)
        .finding_provider_fields(provider_fields(&finding.finding_provider_fields))
        .set_remediation(remediation)
        .set_product_fields(Some(fields))
        .set_resources(Some(finding.resources.iter().map(resource).collect()))
        .record_state(RecordState::from(finding.record_state))
        .build()
}

fn provider_fields(fields: &asff::FindingProviderFields) -> FindingProviderFields {
    let severity = FindingProviderSeverity::builder()
        .label(SeverityLabel::from(fields.severity.label))
        .original(fields.severity.original)
        .build();
    FindingProviderFields::builder()
        .confidence(fields.confidence)
        .severity(severity)
        .set_types(Some(fields.types.clone()))
        .build()
}

fn resource(resource: &asff::Resource) -> Resource {
    Resource::builder()
        .r#type(resource.r#type)
        .id(&resource.id)
        .set_partition(resource.partition.as_deref().map(Partition::from))
        .set_region(resource.region.clone())
        .resource_role(resource.resource_role)
        .build()
}
