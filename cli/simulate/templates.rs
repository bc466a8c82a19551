//! Templates make keys: CloudFormation calls KMS with the deployment role.

use super::dice::Dice;
use super::estate::Key;
use super::identities::deployment_role;
use super::policy::{default_policy, escaped};
use super::record::Call;
use super::roster::moment;
use super::scene::{Caller, Scene};
use super::text::uuid_text;

/// A template makes a key; CloudFormation calls with the deployment role and puts the same policy again.
pub(super) fn from_template(
    scene: &mut Scene<'_>,
    second: u32,
    dice: &mut Dice,
) -> anyhow::Result<()> {
    let (partition, account) = (scene.estate.partition, scene.account);
    let mut name = format!("feature-{}", dice.hex(6));
    let id = uuid_text(dice.uuid());
    let key = Key::new(partition, scene.region.name, &account.id, id, &name, dice);
    name.insert_str(0, "alias/");
    let policy = escaped(&default_policy(partition, &account.id));
    let metadata = metadata(scene, second, &key, &name, dice);
    let answer = format!(r#"{{"keyId":"{}"}}"#, key.arn);
    let alias_resources = alias_resources(scene, &key, &name);
    let by_id = format!(r#"{{"keyId":"{}""#, key.id);
    let steps = [
        (
            "CreateKey",
            format!(
                r#"{{"description":"{name}","origin":"AWS_KMS","keySpec":"SYMMETRIC_DEFAULT","customerMasterKeySpec":"SYMMETRIC_DEFAULT","keyUsage":"ENCRYPT_DECRYPT","bypassPolicyLockoutSafetyCheck":false,"multiRegion":false,"policy":"{policy}"}}"#
            ),
            metadata.as_str(),
            key.resources.as_str(),
        ),
        (
            "CreateAlias",
            format!(r#"{{"aliasName":"{name}","targetKeyId":"{}"}}"#, key.id),
            &answer,
            &alias_resources,
        ),
        ("EnableKeyRotation", format!("{by_id}}}"), &answer, &key.resources),
        (
            "TagResource",
            format!(r#"{by_id},"tags":[{{"tagKey":"team","tagValue":"platform"}}]}}"#),
            &answer,
            &key.resources,
        ),
        (
            "PutKeyPolicy",
            format!(
                r#"{by_id},"policyName":"default","policy":"{policy}","bypassPolicyLockoutSafetyCheck":false}}"#
            ),
            "null",
            &key.resources,
        ),
    ];
    let identity = deployment_role(scene);
    for (step, (call_name, request, response, resources)) in (0..).zip(steps) {
        scene.request.clear();
        scene.request_text(&request);
        let call = Call {
            version: 10,
            identity: &identity,
            response,
            read_only: false,
            resources,
            ..Call::default()
        };
        scene.kms(
            second + step * 15,
            Caller::Given { via: "cloudformation.amazonaws.com" },
            call_name,
            &call,
        )?;
    }
    Ok(())
}

/// The answer of `CreateKey`, in one of the two spellings of its account.
fn metadata(scene: &Scene<'_>, second: u32, key: &Key, name: &str, dice: &mut Dice) -> String {
    let account = scene.account;
    let created = moment(scene.day * 86_400 + i64::from(second)).format("%b %-d, %Y, %-I:%M:%S %p");
    let spelling = if dice.chance(0.5) { "aWSAccountId" } else { "AWSAccountId" };
    format!(
        r#"{{"keyMetadata":{{"{spelling}":"{}","keyId":"{}","arn":"{}","creationDate":"{created}","enabled":true,"description":"{name}","keyUsage":"ENCRYPT_DECRYPT","keyState":"Enabled","origin":"AWS_KMS","keyManager":"CUSTOMER","customerMasterKeySpec":"SYMMETRIC_DEFAULT","keySpec":"SYMMETRIC_DEFAULT","encryptionAlgorithms":["SYMMETRIC_DEFAULT"],"multiRegion":false}}}}"#,
        account.id, key.id, key.arn
    )
}

/// Alias operations list the alias beside the key, both as keys.
fn alias_resources(scene: &Scene<'_>, key: &Key, name: &str) -> String {
    let (partition, account) = (scene.estate.partition, scene.account);
    format!(
        r#"[{{"accountId":"{0}","type":"AWS::KMS::Key","ARN":"arn:{partition}:kms:{1}:{0}:{name}"}},{2}"#,
        account.id,
        scene.region.name,
        key.resources.trim_start_matches('[')
    )
}
