//! Guardrail stories are incidents about what limits keys from outside: IAM, control policies, Regions.

use super::estate::FOREIGN_ACCOUNT;
use super::incidents::{Deed, Place, Stage};
use super::policy::{allow, default_policy, escaped, policy_with};
use super::telling::{Birth, clock};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, away: Place) {
    broad_iam_policy(stage, home);
    replicated(stage, home, away);
    primary_moved(stage, home, away);
    if stage.days() >= 5 {
        control_policy_detached(stage, home);
    }
}

/// A developer lets the application decrypt with every key.
fn broad_iam_policy(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.14);
    let actor = stage.role(place, "ApplicationDeveloper", "lin.berger", time, true);
    let policy = escaped(
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}"#,
    );
    let deed = Deed {
        name: "PutRolePolicy",
        source: "iam.amazonaws.com",
        request: format!(
            r#"{{"roleName":"App","policyName":"decrypt","policyDocument":"{policy}"}}"#
        ),
        ..Deed::default()
    };
    let seen = [stage.act(place, time, &actor, &deed)];
    stage.label(
        "iam_policy_grants_kms_broadly",
        "a role may decrypt with every key",
        place,
        &actor,
        None,
        &seen,
    );
}

/// The policy that forbids to delete keys is taken off a part of the organization.
fn control_policy_detached(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.61);
    let account = &stage.account(place).id;
    let partition = stage.estate.partition;
    let actor = stage.role(place, "OrganizationOperator", "pat.osei", time - 3 * DAY, true);
    let content = escaped(
        r#"{"Version": "2012-10-17", "Statement": [{"Sid": "KeepKeys", "Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}]}"#,
    );
    let id = format!("p-{}", stage.dice.hex(8));
    let kind = "SERVICE_CONTROL_POLICY";
    let create = Deed {
        name: "CreatePolicy",
        source: "organizations.amazonaws.com",
        request: format!(
            r#"{{"content":"{content}","description":"","name":"keep-keys","type":"{kind}"}}"#
        ),
        response: format!(
            r#"{{"policy":{{"policySummary":{{"id":"{id}","arn":"arn:{partition}:organizations::{account}:policy/o-exampleorg/service_control_policy/{id}","name":"keep-keys","type":"{kind}","awsManaged":false}},"content":"{content}"}}}}"#
        ),
        ..Deed::default()
    };
    stage.act(place, time - 3 * DAY, &actor, &create);
    let detach = Deed {
        name: "DetachPolicy",
        source: "organizations.amazonaws.com",
        request: format!(r#"{{"policyId":"{id}","targetId":"ou-ab12-example1"}}"#),
        ..Deed::default()
    };
    let seen = [stage.act(place, time, &actor, &detach)];
    stage.label(
        "guardrail_removed",
        "a control policy that keeps keys was detached",
        place,
        &actor,
        None,
        &seen,
    );
}

/// A key gets a replica whose policy lets a foreign account in.
fn replicated(stage: &mut Stage<'_>, home: Place, away: Place) {
    let actor = stage.pipeline(home);
    let key = stage.multi_region_key(home, "global-orders");
    let (partition, account) = (stage.estate.partition, &stage.account(home).id);
    let policy = default_policy(partition, account);
    let time = stage.recent(0.66);
    let birth = Birth { policy: &policy, multi_region: true, ..Birth::default() };
    stage.create_key(home, time - HOUR, &actor, &key, birth);
    let partner = format!(r#"{{"AWS": "arn:{partition}:iam::{FOREIGN_ACCOUNT}:root"}}"#);
    let looser = policy_with(partition, account, &allow("Partner", &partner, r#""kms:Decrypt""#));
    let (from, to) =
        (stage.estate.regions[home.region].name, stage.estate.regions[away.region].name);
    let (looser, created) = (escaped(&looser), clock(time));
    let replica = format!("arn:{partition}:kms:{to}:{account}:key/{}", key.id);
    let deed = Deed {
        name: "ReplicateKey",
        request: format!(
            r#"{{"keyId":"{}","replicaRegion":"{to}","bypassPolicyLockoutSafetyCheck":false,"description":""}}"#,
            key.id
        ),
        response: format!(
            r#"{{"replicaKeyMetadata":{{"aWSAccountId":"{account}","keyId":"{}","arn":"{replica}","creationDate":"{created}","enabled":false,"description":"","keyUsage":"ENCRYPT_DECRYPT","keyState":"Creating","origin":"AWS_KMS","keyManager":"CUSTOMER","keySpec":"SYMMETRIC_DEFAULT","customerMasterKeySpec":"SYMMETRIC_DEFAULT","multiRegion":true,"multiRegionConfiguration":{{"multiRegionKeyType":"REPLICA","primaryKey":{{"arn":"{}","region":"{from}"}},"replicaKeys":[{{"arn":"{replica}","region":"{to}"}}]}}}},"replicaPolicy":"{looser}"}}"#,
            key.id, key.arn
        ),
        key: Some(&key),
        ..Deed::default()
    };
    let seen = [stage.act(home, time, &actor, &deed)];
    stage.label_all(
        &["key_replicated", "key_policy_trusts_external_account"],
        "a key was replicated with a looser policy",
        home,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A key's primary moves to another Region; KMS logs the call there, too.
fn primary_moved(stage: &mut Stage<'_>, home: Place, away: Place) {
    let time = stage.recent(0.72);
    let actor = stage.pipeline(home);
    let key = stage.multi_region_key(home, "global-sessions");
    let request_id = Some(stage.dice.uuid());
    let to = stage.estate.regions[away.region].name;
    let request = |id: &str| format!(r#"{{"keyId":"{id}","primaryRegion":"{to}"}}"#);
    let deed = Deed {
        name: "UpdatePrimaryRegion",
        request: request(&key.id),
        response: format!(r#"{{"keyId":"{}"}}"#, key.arn),
        key: Some(&key),
        request_id,
        ..Deed::default()
    };
    let there = Deed {
        name: "UpdatePrimaryRegion",
        via: "kms.amazonaws.com",
        request: request(&key.arn),
        request_id,
        ..Deed::default()
    };
    let seen = [stage.act(home, time, &actor, &deed), stage.act(away, time + 1, &actor, &there)];
    stage.label(
        "primary_region_moved",
        "a key's primary moved to another Region",
        home,
        &actor,
        Some(&key),
        &seen,
    );
}
