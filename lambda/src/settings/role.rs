//! The function's own **role**: it decrypts log objects whenever it reads some,
//! which is nothing to tell of.

use aws_config::SdkConfig;

/// A role by its account and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    partition: String,
    account: String,
    /// With its path, where that is known.
    name: String,
    has_path: bool,
}

impl Role {
    /// Reads the ARN of a role or of a session of one.
    #[must_use]
    pub(crate) fn of_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, service, _, account, resource] = parts[..] else { return None };
        let (name, has_path) = match (service, resource.split_once('/')?) {
            ("iam", ("role", name)) => (name, true),
            ("sts", ("assumed-role", session)) => (session.split_once('/')?.0, false),
            _ => return None,
        };
        // A star would be a pattern of its own.
        let is_plain = !name.is_empty() && !arn.contains('*');
        is_plain.then(|| Self {
            partition: partition.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
            has_path,
        })
    }

    /// Patterns of the actor that the role is in events. A session does not tell
    /// the role's path.
    #[must_use]
    pub(crate) fn patterns(&self) -> Vec<String> {
        let Self { partition, account, name, has_path } = self;
        let mut patterns = vec![format!("arn:{partition}:iam::{account}:role/{name}")];
        if !has_path {
            patterns.push(format!("arn:{partition}:iam::{account}:role/*/{name}"));
        }
        patterns
    }
}

/// Asks STS who we are. None when it does not say: then nothing is quiet.
pub(crate) async fn own_role(aws: &SdkConfig) -> Option<Role> {
    let answer = aws_sdk_sts::Client::new(aws).get_caller_identity().send().await;
    match answer {
        Ok(identity) => identity.arn().and_then(Role::of_arn),
        Err(error) => {
            let reason = error.to_string();
            tracing::warn!(reason, "STS does not say which role this is; set KEYTRAIL_ROLE_ARN");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_known_from_its_arn_and_from_a_session() {
        let patterns = |arn: &str| Role::of_arn(arn).map(|role| role.patterns());
        assert_eq!(
            patterns("arn:aws:iam::111122223333:role/service-role/keytrail"),
            Some(vec!["arn:aws:iam::111122223333:role/service-role/keytrail".to_owned()])
        );
        assert_eq!(
            patterns("arn:aws-cn:sts::111122223333:assumed-role/keytrail/function"),
            Some(vec![
                "arn:aws-cn:iam::111122223333:role/keytrail".to_owned(),
                "arn:aws-cn:iam::111122223333:role/*/keytrail".to_owned(),
            ])
        );
        for other in [
            "",
            "keytrail",
            "arn:aws:iam::111122223333:user/ana",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:sts::111122223333:assumed-role/keytrail",
        ] {
            assert_eq!(patterns(other), None, "{other}");
        }
    }
}
