//! Identities are the `userIdentity` objects of services' roles, without their closing brace, and what all
//! callers share.

use super::dice::{Dice, Purpose};
use super::estate::{Account, Estate};
use super::inhabitants::{Person, SignIn};
use super::roster::moment;
use super::scene::Scene;

pub(super) const BROWSER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36";

pub(super) const COMMAND_LINE: &str = "aws-cli/2.18.5 md/awscrt#0.22.0 ua/2.0 os/macos#23.6.0 lang/python#3.12.6 cfg/retry-mode#standard";

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

/// The identity of a service's role, whose MFA flag says nothing.
pub(super) fn service_role(scene: &Scene<'_>, path: &str, session: &str) -> String {
    let (partition, account) = (scene.estate.partition, &scene.account.id);
    let name = path.rsplit('/').next().unwrap_or(path);
    // A role's unique id must not change from call to call.
    let mut dice =
        Dice::new(scene.seed, Purpose::Estate, &[scene.account_index as u64, path.len() as u64, 1]);
    let id = dice.unique_id("AROA");
    let created = moment(scene.day * 86_400).format("%Y-%m-%dT%H:%M:%SZ");
    format!(
        r#"{{"type":"AssumedRole","principalId":"{id}:{session}","arn":"arn:{partition}:sts::{account}:assumed-role/{name}/{session}","accountId":"{account}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"arn:{partition}:iam::{account}:role/{path}","accountId":"{account}","userName":"{name}"}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}"#
    )
}

/// EC2's own identity of an instance: a role without a key.
pub(super) fn infrastructure(scene: &Scene<'_>, instance: &str) -> String {
    let (partition, account) = (scene.estate.partition, &scene.account.id);
    let created = moment(scene.day * 86_400).format("%Y-%m-%dT%H:%M:%SZ");
    format!(
        r#"{{"type":"AssumedRole","principalId":"{account}:aws:ec2-infrastructure:{instance}","arn":"arn:{partition}:sts::{account}:assumed-role/aws:ec2-infrastructure/{instance}","accountId":"{account}","accessKeyId":"","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{account}:aws:ec2-infrastructure","arn":"arn:{partition}:iam::{account}:role/aws:ec2-infrastructure","accountId":"{account}","userName":"aws:ec2-infrastructure"}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}"#
    )
}

/// The pipeline that deploys templates.
pub(super) fn deployment_role(scene: &Scene<'_>) -> String {
    let (partition, account) = (scene.estate.partition, &scene.account.id);
    let (id, name) = ("AROADEPLOYMENTROLE22", "infrastructure-deployment");
    let created = moment(scene.day * 86_400).format("%Y-%m-%dT%H:%M:%SZ");
    format!(
        r#"{{"type":"AssumedRole","principalId":"{id}:deploy","arn":"arn:{partition}:sts::{account}:assumed-role/{name}/deploy","accountId":"{account}","accessKeyId":"ASIADEPLOYMENTROLE22","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"arn:{partition}:iam::{account}:role/{name}","accountId":"{account}","userName":"{name}"}},"webIdFederationData":{{"federatedProvider":"arn:{partition}:iam::{account}:oidc-provider/ci.example.com","attributes":{{}}}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}"#
    )
}
