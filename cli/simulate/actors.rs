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

impl Actor {
    /// What messages call the actor: the session, not its role.
    pub(super) fn session_arn(&self) -> &str {
        let arn = self.identity.split(r#""arn":""#).nth(1).and_then(|rest| rest.split('"').next());
        arn.unwrap_or(&self.arn)
    }

    /// The same actor calling from elsewhere.
    pub(super) fn at(self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self }
    }
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

    /// A program on an instance.
    pub(super) fn machine(&mut self, place: Place, name: &str, time: i64) -> Actor {
        let instance = format!("i-{}", self.dice.hex(17));
        let agent = "aws-sdk-java/2.28.16 ua/2.1 os/Linux#6.1 lang/java#21.0.4";
        let actor = self.role(place, &format!("service/{name}"), &instance, time, false);
        Actor { agent, ..actor.at("192.0.2.77") }
    }

    /// The pipeline that makes keys and puts their policies, as one has seen it do since the first day.
    pub(super) fn pipeline(&self, place: Place) -> Actor {
        let (partition, account) = (self.estate.partition, &self.account(place).id);
        let (id, name) = ("AROAKEYPIPELINE22222", "KeyPipeline");
        let created = moment(self.start).format("%Y-%m-%dT%H:%M:%SZ");
        let arn = format!("arn:{partition}:iam::{account}:role/{name}");
        Actor {
            identity: format!(
                r#"{{"type":"AssumedRole","principalId":"{id}:deploy","arn":"arn:{partition}:sts::{account}:assumed-role/{name}/deploy","accountId":"{account}","accessKeyId":"ASIAKEYPIPELINE22222","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"{arn}","accountId":"{account}","userName":"{name}"}},"webIdFederationData":{{"federatedProvider":"arn:{partition}:iam::{account}:oidc-provider/ci.example.com","attributes":{{}}}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}"#
            ),
            arn,
            address: "198.51.100.9".to_owned(),
            agent: "aws-sdk-go-v2/1.32.2 ua/2.1 os/linux lang/go#1.23.2 api/kms#1.37.2",
            console: false,
        }
    }

    /// EC2 itself, for one instance.
    pub(super) fn infrastructure(&self, place: Place, instance: &str) -> Actor {
        let (partition, account) = (self.estate.partition, &self.account(place).id);
        let created = moment(self.start).format("%Y-%m-%dT%H:%M:%SZ");
        Actor {
            identity: format!(
                r#"{{"type":"AssumedRole","principalId":"{account}:aws:ec2-infrastructure:{instance}","arn":"arn:{partition}:sts::{account}:assumed-role/aws:ec2-infrastructure/{instance}","accountId":"{account}","accessKeyId":"","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{account}:aws:ec2-infrastructure","arn":"arn:{partition}:iam::{account}:role/aws:ec2-infrastructure","accountId":"{account}","userName":"aws:ec2-infrastructure"}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}"#
            ),
            ..service("aws:ec2-infrastructure")
        }
    }

    /// KMS acting by itself: its identity has an account and no type.
    pub(super) fn kms_itself(&self, place: Place) -> Actor {
        let account = &self.account(place).id;
        Actor { identity: format!(r#"{{"accountId":"{account}""#), ..service("AWS Internal") }
    }

    /// Somebody of an account that nobody here knows, as the owner of a key sees them.
    pub(super) fn stranger(&mut self) -> Actor {
        let id = self.dice.unique_id("AROA");
        let account = super::estate::FOREIGN_ACCOUNT;
        Actor {
            identity: format!(
                r#"{{"type":"AWSAccount","principalId":"{id}:sync","accountId":"{account}""#
            ),
            arn: account.to_owned(),
            address: "203.0.113.99".to_owned(),
            agent: COMMAND_LINE,
            console: false,
        }
    }
}

/// A service that acts for itself; its deeds are made through it.
pub(super) fn service(name: &str) -> Actor {
    Actor {
        arn: name.to_owned(),
        identity: r#"{"type":"AWSService""#.to_owned(),
        address: name.to_owned(),
        agent: COMMAND_LINE,
        console: false,
    }
}
