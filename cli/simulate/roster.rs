//! A roster is who holds which credentials in one account on one day.
//!
//! All Regions of an account share it, so that an access key that STS issued is the one that KMS sees.

use chrono::{DateTime, Utc};

use super::dice::{Dice, Purpose};
use super::estate::{Account, Estate, Person, Runtime, SignIn, Workload};

pub(super) const PIPELINE: &str = "build-pipeline";
/// Workload credentials are renewed every six hours.
pub(super) const QUARTER_SECONDS: u32 = 21_600;

/// One set of temporary credentials.
#[derive(Debug)]
pub(super) struct Session {
    /// The `userIdentity` object without its closing brace.
    pub(super) identity: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) agent: &'static str,
    pub(super) access_key: String,
    pub(super) from: u32,
    pub(super) until: u32,
    pub(super) console: bool,
}

/// Whose credentials are issued.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder {
    Person(usize),
    Workload { workload: usize, quarter: usize, session: usize },
}

#[derive(Debug)]
pub(super) struct Roster {
    /// By workload, quarter of the day, and session.
    pub(super) workloads: Vec<[Vec<Session>; 4]>,
    /// Absent people have no session.
    pub(super) people: Vec<Option<Session>>,
    /// The build pipeline's IAM user with its long-term key, and as services forward it.
    pub(super) pipeline: [Session; 2],
    /// Credentials issued during the day, by second.
    pub(super) issued: Vec<(u32, Holder)>,
}

impl Roster {
    pub(super) fn new(estate: &Estate, seed: u64, account: usize, day: i64) -> Self {
        let mut dice = Dice::new(seed, Purpose::Roster, &[account as u64, day as u64]);
        let writer = SessionWriter { estate, account: &estate.accounts[account], day };
        let workloads: Vec<[Vec<Session>; 4]> = writer
            .account
            .workloads
            .iter()
            .map(|workload| {
                std::array::from_fn(|quarter| writer.quarter(workload, quarter as u32, &mut dice))
            })
            .collect();
        let people: Vec<Option<Session>> =
            writer.account.people.iter().map(|person| writer.person(person, &mut dice)).collect();
        let issued = issued(&workloads, &people);
        let pipeline = [writer.pipeline(false, &mut dice), writer.pipeline(true, &mut dice)];
        Self { workloads, people, pipeline, issued }
    }

    /// A session of the workload that is valid at `second` of the day.
    pub(super) fn workload(&self, workload: usize, second: u32, dice: &mut Dice) -> &Session {
        let quarter = ((second / QUARTER_SECONDS) as usize).min(3);
        dice.pick(&self.workloads[workload][quarter])
    }
}

fn issued(workloads: &[[Vec<Session>; 4]], people: &[Option<Session>]) -> Vec<(u32, Holder)> {
    let mut issued = Vec::new();
    for (workload, quarters) in workloads.iter().enumerate() {
        for (quarter, sessions) in quarters.iter().enumerate() {
            for (session, held) in sessions.iter().enumerate() {
                issued.push((held.from, Holder::Workload { workload, quarter, session }));
            }
        }
    }
    for (person, session) in people.iter().enumerate() {
        if let Some(session) = session {
            issued.push((session.from, Holder::Person(person)));
        }
    }
    issued.sort_by_key(|&(second, _)| second);
    issued
}

struct SessionWriter<'a> {
    estate: &'a Estate,
    account: &'a Account,
    day: i64,
}

impl SessionWriter<'_> {
    fn quarter(&self, workload: &Workload, quarter: u32, dice: &mut Dice) -> Vec<Session> {
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

    fn pipeline(&self, forwarded: bool, dice: &mut Dice) -> Session {
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

    fn person(&self, person: &Person, dice: &mut Dice) -> Option<Session> {
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
                let head = self.role_head(&person.role_arn(self.estate, self.account), id, &session, access_key);
                format!(r#"{head}"webIdFederationData":{{}},{}}}"#, attributes(false))
            }
            SignIn::KeyAdministrator => {
                let head = self.role_head(&person.role_arn(self.estate, self.account), id, name, access_key);
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

pub(super) const BROWSER: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36";
pub(super) const COMMAND_LINE: &str =
    "aws-cli/2.18.5 md/awscrt#0.22.0 ua/2.0 os/macos#23.6.0 lang/python#3.12.6 cfg/retry-mode#standard";

impl Person {
    /// The role that the person's session belongs to.
    pub(super) fn role_arn(&self, estate: &Estate, account: &Account) -> String {
        let (partition, id) = (estate.partition, &account.id);
        let path = match self.sign_in {
            SignIn::IdentityCenter => "aws-reserved/sso.amazonaws.com/",
            SignIn::UserWithMfa | SignIn::KeyAdministrator => "",
        };
        format!("arn:{partition}:iam::{id}:role/{path}{}", self.role)
    }
}

/// A moment as a date, the epoch when it is out of range.
pub(super) fn moment(epoch_second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(epoch_second, 0).unwrap_or_default()
}
