//! Actors are those who act in incidents; they appear in no roster.

use super::identities::{BROWSER, COMMAND_LINE};
use super::incidents::{Place, Stage};
use super::roster::moment;

/// Who acts in an incident.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    /// The stable identity that findings name.
    pub(super) arn: String,
    pub(super) identity: String,
    pub(super) address: String,
    pub(super) agent: &'static str,
    pub(super) console: bool,
}

impl Stage<'_> {
    /// A role session, of a person who showed MFA or not.
    pub(super) fn role(
        &mut self,
        place: Place,
        path: &str,
        session: &str,
        time: i64,
        mfa: bool,
    ) -> Actor {
        let (partition, account) = (self.estate.partition, &self.account(place).id);
        let name = path.rsplit('/').next().unwrap_or(path);
        let (id, access_key) = (self.dice.unique_id("AROA"), self.dice.unique_id("ASIA"));
        let created = moment(time - 900).format("%Y-%m-%dT%H:%M:%SZ");
        let arn = format!("arn:{partition}:iam::{account}:role/{path}");
        Actor {
            identity: format!(
                r#"{{"type":"AssumedRole","principalId":"{id}:{session}","arn":"arn:{partition}:sts::{account}:assumed-role/{name}/{session}","accountId":"{account}","accessKeyId":"{access_key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"{arn}","accountId":"{account}","userName":"{name}"}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"{mfa}"}}}}"#
            ),
            arn,
            address: "198.51.100.23".to_owned(),
            agent: COMMAND_LINE,
            console: false,
        }
    }

    /// An IAM user: with a console session without MFA, or with nothing but a long-term key.
    pub(super) fn user(&mut self, place: Place, name: &str, console_since: Option<i64>) -> Actor {
        let (partition, account) = (self.estate.partition, &self.account(place).id);
        let prefix = if console_since.is_some() { "ASIA" } else { "AKIA" };
        let (id, access_key) = (self.dice.unique_id("AIDA"), self.dice.unique_id(prefix));
        let context = console_since.map_or(String::new(), |time| {
            let created = moment(time).format("%Y-%m-%dT%H:%M:%SZ");
            format!(r#","sessionContext":{{"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}"#)
        });
        let arn = format!("arn:{partition}:iam::{account}:user/{name}");
        Actor {
            identity: format!(
                r#"{{"type":"IAMUser","principalId":"{id}","arn":"{arn}","accountId":"{account}","accessKeyId":"{access_key}","userName":"{name}"{context}"#
            ),
            arn,
            address: "203.0.113.40".to_owned(),
            agent: if console_since.is_some() { BROWSER } else { COMMAND_LINE },
            console: console_since.is_some(),
        }
    }

    /// The account's root, signed in to the console with MFA.
    pub(super) fn root(&mut self, place: Place, time: i64) -> Actor {
        let (partition, account) = (self.estate.partition, &self.account(place).id);
        let access_key = self.dice.unique_id("ASIA");
        let created = moment(time - 300).format("%Y-%m-%dT%H:%M:%SZ");
        let arn = format!("arn:{partition}:iam::{account}:root");
        Actor {
            identity: format!(
                r#"{{"type":"Root","principalId":"{account}","arn":"{arn}","accountId":"{account}","accessKeyId":"{access_key}","sessionContext":{{"attributes":{{"creationDate":"{created}","mfaAuthenticated":"true"}}}}"#
            ),
            arn,
            address: "198.51.100.77".to_owned(),
            agent: BROWSER,
            console: true,
        }
    }
}
