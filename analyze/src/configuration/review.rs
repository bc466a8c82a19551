//! A **review**: what is wrong or odd in a configuration, all at once.

use super::Trust;

/// What a look at a configuration found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// What cannot be meant: nothing runs with it.
    pub errors: Vec<String>,
    /// What can, but hardly is.
    pub warnings: Vec<String>,
}

/// Partitions of AWS.
pub(super) const PARTITIONS: &[&str] =
    &["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// What ARNs of actors begin with after the account.
const RESOURCES: &[&str] = &["role/", "user/", "root", "assumed-role/", "federated-user/"];

impl Trust {
    pub(super) fn review(&self) -> Review {
        let mut review = Review::default();
        for (field, accounts) in
            [("own_accounts", &self.own_accounts), ("trusted_accounts", &self.trusted_accounts)]
        {
            for account in accounts.iter().filter(|account| !is_account(account)) {
                review.errors.push(format!(
                    "[trust] {field}: {account:?} is no account id: give twelve digits, in quotes"
                ));
            }
        }
        for account in self.own_accounts.iter().filter(|own| self.trusted_accounts.contains(own)) {
            review.errors.push(format!(
                "[trust] {account:?} is in own_accounts and in trusted_accounts: take it out of one"
            ));
        }
        if let Some(id) = self.organization_id.as_ref().filter(|id| !is_organization(id)) {
            review.errors.push(format!(
                "[trust] organization_id: {id:?} is no id of an organization: give one such as \"o-a1b2c3d4e5\""
            ));
        }
        for (field, _, patterns) in self.principals() {
            for pattern in patterns {
                if let Some(problem) = oddity(pattern) {
                    review.warnings.push(format!("[trust] {field}: {pattern:?} {problem}"));
                }
            }
        }
        review
    }
}

/// Whether this is the id of an account: twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// What is odd about a pattern of principals.
fn oddity(pattern: &str) -> Option<String> {
    if pattern.trim().is_empty() {
        return Some("matches nobody: take it out".to_owned());
    }
    if pattern.chars().all(|character| character == '*') {
        return Some("matches everybody: name accounts or roles, or take the list out".to_owned());
    }
    let fields: Vec<&str> = pattern.splitn(6, ':').collect();
    if fields.first() != Some(&"arn") {
        return None;
    }
    for (index, field) in fields.iter().enumerate().skip(1) {
        // A star may stand for several fields: what follows cannot be counted.
        if field.contains('*') && index < 5 {
            return None;
        }
        let problem = match index {
            1 if !PARTITIONS.contains(field) => {
                format!("is of partition {field:?}: known are {}", PARTITIONS.join(", "))
            }
            2 if !["iam", "sts"].contains(field) => {
                format!("is of service {field:?}: ARNs of actors are of iam, or of sts")
            }
            3 if !field.is_empty() => "has a Region: ARNs of actors have none there".to_owned(),
            4 if !is_account(field) => format!("is of account {field:?}: give twelve digits or *"),
            5 if !RESOURCES.iter().any(|known| begins_alike(field, known)) => {
                format!("is of {field:?}: actors are role/NAME, user/NAME or root")
            }
            5 if is_session(field) => {
                "names a session: actors are roles, as in \"arn:aws:iam::111122223333:role/NAME\""
                    .to_owned()
            }
            _ => continue,
        };
        return Some(problem);
    }
    (fields.len() < 6).then(|| "is no whole ARN: arn:PARTITION:iam::ACCOUNT:role/NAME".to_owned())
}

/// Whether the text before the first star agrees with how a resource begins.
fn begins_alike(field: &str, known: &str) -> bool {
    match field.split_once('*') {
        Some((fixed, _)) => fixed.starts_with(known) || known.starts_with(fixed),
        None => field.starts_with(known),
    }
}

fn is_session(field: &str) -> bool {
    field
        .strip_prefix("assumed-role/")
        .is_some_and(|rest| rest.contains('/') && !rest.starts_with("aws:"))
}

/// Says that there is no such name, which one was probably meant, and which are
/// known when they are few.
pub(super) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> String {
    const LISTED_MAX: usize = 12;
    let known: Vec<&str> = known.map(String::as_str).collect();
    let mut text = format!("there is no {what} {name:?}");
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= (name.chars().count() / 3).max(2));
    if let Some((_, candidate)) = nearest {
        text += &format!("; did you mean {candidate:?}?");
    }
    if known.is_empty() {
        text += "; it has none";
    } else if known.len() <= LISTED_MAX {
        text += if nearest.is_some() { " Known: " } else { ". Known: " };
        text += &known.join(", ");
    } else if nearest.is_none() {
        text += "; see keytrail detections list, and name the folder of your own with --detections";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(text: &str) -> Review {
        toml::from_str::<Trust>(text).unwrap().review()
    }

    #[test]
    fn accounts_and_organizations_have_their_form() {
        let review = trust(
            "organization_id = 'a1b2'\nown_accounts = ['1111', '111122223333']\n\
             trusted_accounts = ['111122223333']",
        );
        assert_eq!(
            review.errors,
            [
                "[trust] own_accounts: \"1111\" is no account id: give twelve digits, in quotes",
                "[trust] \"111122223333\" is in own_accounts and in trusted_accounts: take it out of one",
                "[trust] organization_id: \"a1b2\" is no id of an organization: give one such as \"o-a1b2c3d4e5\"",
            ]
        );
        assert_eq!(trust("organization_id = 'o-a1b2c3d4e5'"), Review::default());
    }

    #[test]
    fn patterns_that_can_hardly_be_meant_are_warned_of() {
        for (pattern, words) in [
            ("", "matches nobody"),
            ("**", "matches everybody"),
            ("arn:asw:iam::111122223333:role/KeyAdmin", "partition \"asw\""),
            ("arn:aws:aim::111122223333:role/KeyAdmin", "service \"aim\""),
            ("arn:aws:iam:eu-west-1:111122223333:role/KeyAdmin", "Region"),
            ("arn:aws:iam::1111:role/KeyAdmin", "account \"1111\""),
            ("arn:aws:iam::111122223333:rol/KeyAdmin", "\"rol/KeyAdmin\""),
            ("arn:aws:sts::111122223333:assumed-role/KeyAdmin/robin", "session"),
            ("arn:aws:iam", "no whole ARN"),
        ] {
            let problem = oddity(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert!(problem.contains(words), "{pattern}: {problem}");
        }
        for good in [
            "arn:aws:iam::111122223333:role/KeyAdmin",
            "arn:aws:iam::*:role/KeyAdmin*",
            "arn:aws:iam::111122223333:*",
            "arn:*:role/KeyAdmin",
            "*:role/KeyAdmin",
            "arn:aws:iam::111122223333:root",
            "cloudformation.amazonaws.com",
        ] {
            assert_eq!(oddity(good), None, "{good}");
        }
    }
}
