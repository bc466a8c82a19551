//! An **ARN**: an AWS resource name, split by field and never matched against
//! one partition.

/// The fields of `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account_id: &'a str,
    /// Everything after the account, colons included.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN; anything else is `None`.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        // Fields are too short for a search that prepares itself.
        let cut =
            |text: &'a str| text.split_at_checked(text.bytes().position(|byte| byte == b':')?);
        let (partition, rest) = cut(text.strip_prefix("arn:")?)?;
        let (service, rest) = cut(&rest[1..])?;
        let (region, rest) = cut(&rest[1..])?;
        let (account_id, rest) = cut(&rest[1..])?;
        Some(Self { partition, service, region, account_id, resource: &rest[1..] })
    }

    /// Whether this names a KMS key (and not an alias).
    pub(crate) fn is_key(&self) -> bool {
        self.service == "kms" && self.resource.starts_with("key/")
    }

    /// Whether this names a KMS alias.
    pub(crate) fn is_alias(&self) -> bool {
        self.service == "kms" && self.resource.starts_with("alias/")
    }
}

/// Whether text is an account id: twelve digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The partition a Region lies in, for records without any ARN.
pub(crate) fn partition_of_region(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("eu-isoe-") => "aws-iso-e",
        _ if region.starts_with("us-isof-") => "aws-iso-f",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_aliases_are_told_apart_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let key = format!("arn:{partition}:kms:cn-north-1:111122223333:key/mrk-1");
            let alias = format!("arn:{partition}:kms:cn-north-1:111122223333:alias/a:b");
            let (key, alias) = (Arn::split(&key).unwrap(), Arn::split(&alias).unwrap());
            assert!(key.is_key() && !key.is_alias());
            assert!(alias.is_alias() && !alias.is_key());
            assert_eq!(alias.resource, "alias/a:b");
            assert_eq!(key.partition, partition);
        }
    }

    #[test]
    fn other_text_is_no_arn() {
        for text in ["", "alias/x", "[AWS_ARN_REDACTED]", "arn:aws:kms", "111122223333"] {
            assert_eq!(Arn::split(text), None, "{text}");
        }
    }
}
