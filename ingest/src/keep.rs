//! The **keep list**: which records become events.
//!
//! All of KMS, and the calls without which KMS history lies: who was given
//! credentials, who may reach KMS through IAM, and who touched the trail.

use std::collections::HashSet;

/// Services whose records are kept in part, with the operations kept. An entry
/// that ends in `*` is a prefix.
const KEPT: &[(&str, &[&str])] = &[
    (
        "cloudtrail",
        &[
            "CreateTrail",
            "DeleteTrail",
            "PutEventSelectors",
            "PutInsightSelectors",
            "StartLogging",
            "StopLogging",
            "UpdateTrail",
            "DeleteEventDataStore",
            "UpdateEventDataStore",
            "StopEventDataStoreIngestion",
        ],
    ),
    (
        "sts",
        &[
            "AssumeRole",
            "AssumeRoleWithSAML",
            "AssumeRoleWithWebIdentity",
            "AssumeRoot",
            "GetFederationToken",
            "GetSessionToken",
        ],
    ),
    ("signin", &["ConsoleLogin", "SwitchRole"]),
    (
        "iam",
        &[
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeleteGroupPolicy",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DeleteUserPermissionsBoundary",
            "DeleteUserPolicy",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "PutGroupPolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "PutUserPermissionsBoundary",
            "PutUserPolicy",
            "SetDefaultPolicyVersion",
            "UpdateAssumeRolePolicy",
        ],
    ),
    (
        "organizations",
        &[
            "AttachPolicy",
            "CreatePolicy",
            "DeletePolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "UpdatePolicy",
        ],
    ),
    (
        "ec2",
        &[
            "CreateVpcEndpoint",
            "DeleteVpcEndpoints",
            "DisableEbsEncryptionByDefault",
            "EnableEbsEncryptionByDefault",
            "ModifyEbsDefaultKmsKeyId",
            "ModifyVpcEndpoint",
            "ResetEbsDefaultKmsKeyId",
        ],
    ),
    (
        "s3",
        &[
            "CopyObject",
            "CreateMultipartUpload",
            "DeleteBucket",
            "DeleteBucketEncryption",
            "DeleteBucketLifecycle",
            "DeleteBucketPolicy",
            "DeleteBucketPublicAccessBlock",
            "PutBucketAcl",
            "PutBucketEncryption",
            "PutBucketLifecycle",
            "PutBucketLifecycleConfiguration",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketReplication",
            "PutBucketVersioning",
            "PutObject",
            "PutObjectLockConfiguration",
        ],
    ),
];

/// An object under a KMS key, or under one that only the caller has.
const ENCRYPTED_ANEW: &[&str] = &["aws:kms", "server-side-encryption-customer-algorithm"];

/// Words one of which an EC2 or S3 record must contain to be kept: these
/// operations are frequent, and few of them concern KMS.
const ONLY_WITH: &[(&str, &str, &[&str])] = &[
    // The request of a change names the endpoint, not its service.
    ("ec2", "CreateVpcEndpoint", &["kms"]),
    ("s3", "CopyObject", ENCRYPTED_ANEW),
    ("s3", "CreateMultipartUpload", ENCRYPTED_ANEW),
    ("s3", "PutObject", ENCRYPTED_ANEW),
];

/// Decides which records are kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeepList {
    /// Services kept whole beside KMS, as the first label of their name.
    widened: HashSet<String>,
}

/// What is kept of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// No record.
    Nothing,
    /// Records of these operations, perhaps.
    Operations(&'static [&'static str]),
    /// Every record.
    All,
}

impl KeepList {
    /// The built-in list, widened by services kept whole (`s3` or
    /// `s3.amazonaws.com`); `*` keeps everything.
    #[must_use]
    pub(crate) fn widened_by(services: &[String]) -> Self {
        let widened = services.iter().map(|service| label(service).to_owned()).collect();
        Self { widened }
    }

    /// Which records of this service may be kept. Asked before a record is
    /// parsed, so it must never say no too early.
    pub(crate) fn of_source(&self, event_source: &str) -> Kept {
        let service = label(event_source);
        if service == "kms" || self.widened.contains(service) || self.widened.contains("*") {
            return Kept::All;
        }
        KEPT.iter()
            .find(|(kept, _)| *kept == service)
            .map_or(Kept::Nothing, |(_, names)| Kept::Operations(names))
    }

    /// Whether a record is kept.
    pub(crate) fn keeps(
        &self,
        event_source: &str,
        event_name: &str,
        invoked_by: Option<&str>,
        text: &str,
    ) -> bool {
        let service = label(event_source);
        let listed = match self.of_source(event_source) {
            Kept::All => return true,
            Kept::Nothing => return false,
            Kept::Operations(names) => names.contains(&event_name),
        };
        // Credentials that services fetch for their own roles are the bulk of
        // STS and answer no question about people.
        let for_service = service == "sts" && invoked_by.is_some();
        let concerns_kms = ONLY_WITH
            .iter()
            .filter(|(kept, name, _)| *kept == service && event_name == *name)
            .all(|(_, _, words)| words.iter().any(|word| text.contains(word)));
        listed && !for_service && concerns_kms
    }
}

/// `kms` of `kms.amazonaws.com` and of `kms.amazonaws.com.cn`.
pub(crate) fn label(event_source: &str) -> &str {
    event_source.split('.').next().unwrap_or(event_source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_kms_is_kept_in_every_partition() {
        let keep = KeepList::default();
        for source in ["kms.amazonaws.com", "kms.amazonaws.com.cn"] {
            assert_eq!(keep.of_source(source), Kept::All);
            assert!(keep.keeps(source, "AnythingNew", None, "{}"));
        }
    }

    #[test]
    fn beside_kms_only_what_its_history_needs_is_kept() {
        let keep = KeepList::default();
        assert!(keep.keeps("cloudtrail.amazonaws.com", "StopLogging", None, "{}"));
        assert!(!keep.keeps("cloudtrail.amazonaws.com", "LookupEvents", None, "{}"));
        assert!(keep.keeps("sts.amazonaws.com", "AssumeRole", None, "{}"));
        assert!(!keep.keeps("sts.amazonaws.com", "AssumeRole", Some("lambda.amazonaws.com"), "{}"));
        assert!(!keep.keeps("s3.amazonaws.com", "PutObject", None, "{}"));
        assert!(keep.keeps("s3.amazonaws.com", "PutObject", None, r#"{"x":"aws:kms"}"#));
        assert_eq!(keep.of_source("dynamodb.amazonaws.com"), Kept::Nothing);
    }

    #[test]
    fn an_endpoint_that_is_opened_is_kept_though_the_record_does_not_say_whose_it_is() {
        let keep = KeepList::default();
        let opened = r#"{"vpcEndpointId":"vpce-1","resetPolicy":true}"#;
        assert!(keep.keeps("ec2.amazonaws.com", "ModifyVpcEndpoint", None, opened));
        assert!(!keep.keeps("ec2.amazonaws.com", "CreateVpcEndpoint", None, "{}"));
        assert!(keep.keeps("s3.amazonaws.com", "PutObjectLockConfiguration", None, "{}"));
    }

    #[test]
    fn a_widened_list_keeps_whole_services() {
        let keep = KeepList::widened_by(&["dynamodb.amazonaws.com".to_owned()]);
        assert_eq!(keep.of_source("dynamodb.amazonaws.com"), Kept::All);
        assert!(keep.keeps("dynamodb.amazonaws.com", "GetItem", None, "{}"));
        assert!(KeepList::widened_by(&["*".to_owned()]).keeps("x", "Y", None, "{}"));
    }
}
