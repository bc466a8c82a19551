//! Sessions are temporary credentials with the `userIdentity` that records show for them.

use super::dice::Dice;
use super::estate::{Account, Estate};
use super::identities::{BROWSER, COMMAND_LINE};
use super::inhabitants::{Person, Runtime, SignIn, Workload};
use super::roster::{PIPELINE, QUARTER_SECONDS, Session, moment};

/// Makes the sessions of one account on one day.
pub(super) struct SessionWriter<'a> {
    pub(super) estate: &'a Estate,
    pub(super) account: &'a Account,
    pub(super) day: i64,
}

impl SessionWriter<'_> {
    pub(super) fn quarter(
        &self,
        workload: &Workload,
        quarter: u32,
        dice: &mut Dice,
    ) -> Vec<Session> {
        let from = quarter * QUARTER_SECONDS;
        workload
            .sessions
            .iter()
            .map(|name| {
                // The last credentials are issued before the quarter begins to use them.
                let issued = from + dice.below(200);
                let access_key = dice.unique_id("ASIA");
                Session {
                    identity: self.workload_identity(workload, name, &access_key, issued, dice),
                    name: name.clone(),
                    address: format!("192.0.2.{}", 1 + dice.below(250)),
                    agent: workload.agent,
                    access_key,
                    from: issued,
                    until: from + QUARTER_SECONDS,
                    console: false,
                }
            })
            .collect()
    }

    fn workload_identity(
        &self,
        workload: &Workload,
        session: &str,
        access_key: &str,
        issued: u32,
        dice: &mut Dice,
    ) -> String {
        let (partition, account) = (self.estate.partition, &self.account.id);
        let region = self.estate.regions[0].name;
        let domain = partition.domain();
        let (federation, delivery, scope) = match workload.runtime {
            Runtime::Instance => ("{}".to_owned(), r#","ec2RoleDelivery":"2.0""#, String::new()),
            Runtime::Function => (
                "{}".to_owned(),
                "",
                format!(
                    r#","inScopeOf":{{"issuerType":"AWS::Lambda::Function","credentialsIssuedTo":"arn:{partition}:lambda:{region}:{account}:function:{session}"}}"#
                ),
            ),
            Runtime::Pod => (
                format!(
                    r#"{{"federatedProvider":"arn:{partition}:iam::{account}:oidc-provider/oidc.eks.{region}.{domain}/id/{}","attributes":{{}}}}"#,
                    dice.hex(32).to_uppercase()
                ),
                "",
                String::new(),
            ),
        };
        let head = self.role_head(&workload.role_arn, &workload.role_id, session, access_key);
        let created = self.moment(issued);
        format!(
            r#"{head}"webIdFederationData":{federation},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}{delivery}}}{scope}"#
        )
    }

    /// An assumed role up to and including its `sessionIssuer`.
    fn role_head(&self, role_arn: &str, role_id: &str, session: &str, access_key: &str) -> String {
        let (partition, account) = (self.estate.partition, &self.account.id);
        let role = role_arn.rsplit('/').next().unwrap_or(role_arn);
        format!(
            r#"{{"type":"AssumedRole","principalId":"{role_id}:{session}","arn":"arn:{partition}:sts::{account}:assumed-role/{role}/{session}","accountId":"{account}","accessKeyId":"{access_key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{role_id}","arn":"{role_arn}","accountId":"{account}","userName":"{role}"}},"#
        )
    }

    pub(super) fn pipeline(&self, forwarded: bool, dice: &mut Dice) -> Session {
        let (partition, account) = (self.estate.partition, &self.account.id);
        let id = &self.account.pipeline_id;
        let issued = dice.unique_id("ASIA");
        let created = self.moment(0);
        let (access_key, context) = if forwarded {
            let context = format!(
                r#","sessionContext":{{"sessionIssuer":{{}},"webIdFederationData":{{}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}"#
            );
            (issued, context)
        } else {
            (self.account.pipeline_key.clone(), String::new())
        };
        Session {
            identity: format!(
                r#"{{"type":"IAMUser","principalId":"{id}","arn":"arn:{partition}:iam::{account}:user/{PIPELINE}","accountId":"{account}","accessKeyId":"{access_key}","userName":"{PIPELINE}"{context}"#
            ),
            name: PIPELINE.to_owned(),
            address: "198.51.100.7".to_owned(),
            agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.7 (+https://www.terraform.io) terraform-provider-aws/5.70.0",
            access_key,
            from: 0,
            until: 86_400,
            console: false,
        }
    }

    pub(super) fn person(&self, person: &Person, dice: &mut Dice) -> Option<Session> {
        let weekend = (self.day + 3).rem_euclid(7) >= 5;
        let present = dice.chance(if weekend { 0.05 } else { 0.85 });
        let start = 8 * 3600 + i64::from(dice.below(7200));
        let length = 7 * 3600 + i64::from(dice.below(5400));
        let access_key = dice.unique_id("ASIA");
        let console = dice.chance(0.6);
        let from = (start - self.estate.regions[0].hours_ahead * 3600).rem_euclid(86_400) as u32;
        present.then(|| Session {
            identity: self.person_identity(person, &access_key, from),
            name: person.name.to_owned(),
            address: person.address.clone(),
            agent: if console { BROWSER } else { COMMAND_LINE },
            access_key,
            from,
            until: (from + length as u32).min(86_400),
            console,
        })
    }

    fn person_identity(&self, person: &Person, access_key: &str, from: u32) -> String {
        let (partition, account) = (self.estate.partition, &self.account.id);
        let (id, name, created) = (&person.unique_id, person.name, self.moment(from));
        let attributes = |mfa: bool| {
            format!(r#""attributes":{{"creationDate":"{created}","mfaAuthenticated":"{mfa}"}}"#)
        };
        match person.sign_in {
            SignIn::UserWithMfa => format!(
                r#"{{"type":"IAMUser","principalId":"{id}","arn":"arn:{partition}:iam::{account}:user/{name}","accountId":"{account}","accessKeyId":"{access_key}","userName":"{name}","sessionContext":{{"sessionIssuer":{{}},"webIdFederationData":{{}},{}}}"#,
                attributes(true)
            ),
            SignIn::IdentityCenter => {
                let session = format!("{name}@example.com");
                let head = self.role_head(
                    &person.role_arn(self.estate, self.account),
                    id,
                    &session,
                    access_key,
                );
                format!(r#"{head}"webIdFederationData":{{}},{}}}"#, attributes(false))
            }
            SignIn::KeyAdministrator => {
                let head = self.role_head(
                    &person.role_arn(self.estate, self.account),
                    id,
                    name,
                    access_key,
                );
                format!(
                    r#"{head}"webIdFederationData":{{}},"sourceIdentity":"{name}",{}}}"#,
                    attributes(true)
                )
            }
        }
    }

    fn moment(&self, second: u32) -> String {
        moment(self.day * 86_400 + i64::from(second)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
