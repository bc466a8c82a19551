//! Service grants are made when a service attaches a resource to a key, and retired when the resource goes.
//!
//! No state is kept: the grants born in a slot are rolled again when their life is over.

use super::dice::{Dice, Purpose};
use super::identities::{infrastructure, service_role};
use super::record::Call;
use super::scene::{Caller, Scene};
use super::schedule::{Rhythm, SLOTS_PER_DAY};
use super::text::put_format;

/// Grants created per KMS call; each adds a use and a retirement.
const SHARE: f64 = 0.006;
/// Lives in slots; every service has its own.
const LIVES: [(Service, i64); 3] =
    [(Service::Volume, 12), (Service::Backup, 3), (Service::Database, 6 * SLOTS_PER_DAY)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Volume,
    Backup,
    Database,
}

/// One grant between a service and a key.
#[derive(Debug)]
struct Grant {
    service: Service,
    id: String,
    resource: String,
    instance: String,
    offset: u32,
}

/// Creates this slot's grants and retires those whose life ends in it.
pub(super) fn act(scene: &mut Scene<'_>, slot: i64, start: u32) -> anyhow::Result<()> {
    for grant in born(scene, slot) {
        create(scene, &grant, start + grant.offset)?;
    }
    for (service, life) in LIVES {
        for grant in born(scene, slot - life) {
            if grant.service == service {
                retire(scene, &grant, start + grant.offset)?;
            }
        }
    }
    Ok(())
}

fn born(scene: &Scene<'_>, slot: i64) -> Vec<Grant> {
    let weight = scene.cell_weight();
    let part = scene.schedule.part(Rhythm::Day, scene.region_index, slot);
    if part == 0.0 {
        return Vec::new();
    }
    let [account, region] = scene.cell();
    let mean = scene.schedule.cell_events(weight)
        * scene.kms_share
        * SHARE
        * part
        * scene.schedule.activity([account, region], weight, slot);
    let mut dice = Dice::new(scene.seed, Purpose::Grants, &[account, region, slot as u64]);
    (0..dice.poisson(mean))
        .map(|_| Grant {
            service: dice.pick(&LIVES).0,
            id: dice.hex(64),
            resource: dice.hex(17),
            instance: format!("i-{}", dice.hex(17)),
            offset: dice.below(290),
        })
        .collect()
}

/// Who makes, uses and retires a grant of a service, and how it is constrained.
struct Parties {
    key_alias: &'static str,
    creator: String,
    via: String,
    grantee: String,
    retiring: String,
    context: String,
    operations: &'static str,
}

fn parties(scene: &Scene<'_>, grant: &Grant) -> Parties {
    let (partition, account) = (scene.estate.partition, &scene.account.id);
    let region = scene.region.name;
    let (resource, instance) = (&grant.resource, &grant.instance);
    match grant.service {
        Service::Volume => {
            let infrastructure = format!("{account}:aws:ec2-infrastructure:{instance}");
            Parties {
                key_alias: "aws/ebs",
                creator: service_role(
                    scene,
                    "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
                    "AutoScaling",
                ),
                via: "autoscaling.amazonaws.com".to_owned(),
                grantee: infrastructure.clone(),
                retiring: infrastructure,
                context: format!(r#""aws:ebs:id":"vol-{resource}""#),
                operations: r#""Decrypt""#,
            }
        }
        Service::Backup => {
            let name = format!(
                "arn:{partition}:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"
            );
            Parties {
                key_alias: "backup-vault",
                creator: service_role(
                    scene,
                    "service-role/AWSBackupDefaultServiceRole",
                    "AWSBackup-AWSBackupDefaultServiceRole",
                ),
                via: "backup.amazonaws.com".to_owned(),
                grantee: name,
                retiring: format!("backup.{region}.amazonaws.com"),
                context: format!(r#""aws:backup:backup-vault":"vault-{}""#, &resource[..4]),
                operations: r#""GenerateDataKeyWithoutPlaintext","Decrypt","DescribeKey""#,
            }
        }
        Service::Database => {
            let service = format!("rds.{region}.{}", scene.estate.partition.domain());
            Parties {
                key_alias: "aws/rds",
                creator: service_role(
                    scene,
                    "aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
                    "SLRManagement",
                ),
                via: "rds.amazonaws.com".to_owned(),
                grantee: service.clone(),
                retiring: service,
                context: format!(r#""aws:rds:db-id":"db-{}""#, resource.to_uppercase()),
                operations: r#""Decrypt","GenerateDataKeyWithoutPlaintext","CreateGrant","RetireGrant","DescribeKey""#,
            }
        }
    }
}

fn send(
    scene: &mut Scene<'_>,
    second: u32,
    identity: &str,
    via: &str,
    name: &str,
    call: &Call<'_>,
) -> anyhow::Result<()> {
    let call = Call { identity, ..*call };
    scene.kms(second, Caller::Given { via }, name, &call)
}

fn create(scene: &mut Scene<'_>, grant: &Grant, second: u32) -> anyhow::Result<()> {
    let parties = parties(scene, grant);
    let key = scene.account.key(scene.region_index, parties.key_alias);
    let version = scene.version();
    scene.request.clear();
    put_format(
        &mut scene.request,
        format_args!(
            r#"{{"keyId":"{}","granteePrincipal":"{}","retiringPrincipal":"{}","operations":[{}],"constraints":{{"encryptionContextSubset":{{{}}}}}}}"#,
            key.arn, parties.grantee, parties.retiring, parties.operations, parties.context
        ),
    );
    let response = if version == 8 {
        format!(r#"{{"grantId":"{}"}}"#, grant.id)
    } else {
        format!(r#"{{"grantId":"{}","keyId":"{}"}}"#, grant.id, key.arn)
    };
    let call = Call {
        version,
        response: &response,
        read_only: false,
        resources: &key.resources,
        ..Call::default()
    };
    send(scene, second, &parties.creator, &parties.via, "CreateGrant", &call)?;
    let version = scene.version();
    let (name, user) = match grant.service {
        Service::Volume => ("Decrypt", infrastructure(scene, &grant.instance)),
        Service::Backup | Service::Database => ("GenerateDataKeyWithoutPlaintext", parties.creator),
    };
    scene.request.clear();
    if name == "Decrypt" {
        put_format(
            &mut scene.request,
            format_args!(
                r#"{{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{{{}}}}}"#,
                parties.context
            ),
        );
    } else {
        put_format(
            &mut scene.request,
            format_args!(
                r#"{{"keyId":"{}","keySpec":"AES_256","encryptionContext":{{{}}}}}"#,
                key.arn, parties.context
            ),
        );
    }
    let via = if grant.service == Service::Volume { "AWS Internal" } else { &parties.via };
    let call = Call { version, resources: &key.resources, ..Call::default() };
    send(scene, second + 4, &user, via, name, &call)
}

fn retire(scene: &mut Scene<'_>, grant: &Grant, second: u32) -> anyhow::Result<()> {
    let parties = parties(scene, grant);
    let key = scene.account.key(scene.region_index, parties.key_alias);
    let (identity, via) = match grant.service {
        Service::Volume => (infrastructure(scene, &grant.instance), "AWS Internal"),
        Service::Backup | Service::Database => (parties.creator, parties.via.as_str()),
    };
    let version = scene.version();
    let additional = format!(r#"{{"grantId":"{}"}}"#, grant.id);
    scene.request.clear();
    scene.request_text("null");
    let call = Call {
        version,
        additional: &additional,
        read_only: false,
        resources: &key.resources,
        ..Call::default()
    };
    send(scene, second, &identity, via, "RetireGrant", &call)
}
