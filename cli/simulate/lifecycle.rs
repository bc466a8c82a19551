//! Lifecycle is what happens to keys themselves in quiet times: rotation, new keys from templates, tags
//! and aliases by key administrators, and the odd call that fails.
//!
//! All of it is rare whatever the volume, and none of it is of high risk when made directly: a deletion
//! is no quiet matter, so only incidents have one.

use super::dice::{Dice, Purpose};
use super::estate::Key;
use super::inhabitants::SignIn;
use super::record::Call;
use super::roster::Roster;
use super::scene::{Caller, Scene};
use super::text::{put_format, uuid_text};

/// How often something happens per account, Region and day.
const ROTATIONS: f64 = 0.15;
const SYNCHRONISATIONS: f64 = 0.05;
const ADMINISTRATION: f64 = 1.5;
const NEW_KEYS: f64 = 0.12;
const DENIALS: f64 = 5.0;
const SLOTS: f64 = 288.0;

/// Decides what happens to keys in this slot.
pub(super) fn act(scene: &mut Scene<'_>, slot: i64, start: u32) -> anyhow::Result<()> {
    let [account, region] = scene.cell();
    let mut dice = Dice::new(scene.seed, Purpose::Lifecycle, &[account, region, slot as u64]);
    let per_day = scene.schedule.cell_events(scene.cell_weight()) / scene.schedule.slots() * SLOTS;
    let plenty = (per_day / 500.0).min(1.0) / SLOTS;
    let second = start + dice.below(200);
    if dice.chance(ROTATIONS * plenty) {
        rotated(scene, second, &mut dice)?;
    }
    if dice.chance(SYNCHRONISATIONS * plenty) {
        by_kms(scene, second, "SynchronizeMultiRegionKey", "platform-config")?;
    }
    if dice.chance(NEW_KEYS * plenty) {
        super::templates::from_template(scene, second, &mut dice)?;
    }
    if dice.chance(ADMINISTRATION * plenty) {
        administered(scene, second, &mut dice)?;
    }
    // Few, and on one key only: ordinary mistakes are no burst.
    if scene.region_index == 0 && dice.chance(DENIALS * plenty) {
        failed(scene, second, &mut dice)?;
    }
    Ok(())
}

/// What KMS does by itself has no `type` in its identity.
fn service_identity(scene: &Scene<'_>) -> String {
    format!(r#"{{"accountId":"{}""#, scene.account.id)
}

fn rotated(scene: &mut Scene<'_>, second: u32, dice: &mut Dice) -> anyhow::Result<()> {
    let aliases = ["orders-data", "payments-data", "analytics-lake", "logs-archive"];
    let alias = dice.pick(&aliases);
    let key = scene.account.key(scene.region_index, alias);
    let version = scene.version();
    let details = if version >= 11 {
        format!(
            r#"{{"rotationType":"AUTOMATIC","keyOrigin":"AWS_KMS","previousKeyMaterialId":"{}","currentKeyMaterialId":"{}","keyId":"{}"}}"#,
            dice.hex(64),
            dice.hex(64),
            key.id
        )
    } else {
        format!(r#"{{"keyId":"{}"}}"#, key.id)
    };
    service_event(scene, second, "RotateKey", key, version, &details)
}

fn service_event(
    scene: &mut Scene<'_>,
    second: u32,
    name: &str,
    key: &Key,
    version: u8,
    details: &str,
) -> anyhow::Result<()> {
    let identity = service_identity(scene);
    let response =
        if version >= 10 { format!(r#"{{"keyId":"{}"}}"#, key.arn) } else { "null".to_owned() };
    let mut call = Call {
        version,
        identity: &identity,
        invoked_by: "AWS Internal",
        date: scene.date,
        second,
        name,
        region: scene.region.name,
        address: "AWS Internal",
        agent: "AWS Internal",
        response: &response,
        event_id: scene.dice.uuid(),
        read_only: false,
        resources: &key.resources,
        event_type: "AwsServiceEvent",
        recipient: &scene.account.id,
        service_event: details,
        ..Call::default()
    };
    scene.delivery.send(&mut call)
}

/// An API call that KMS makes itself.
fn by_kms(scene: &mut Scene<'_>, second: u32, name: &str, alias: &str) -> anyhow::Result<()> {
    let identity = service_identity(scene);
    let key = scene.account.key(scene.region_index, alias);
    let call = Call {
        identity: &identity,
        version: 10,
        read_only: false,
        resources: &key.resources,
        ..Call::default()
    };
    scene.request.clear();
    scene.request_text("null");
    scene.kms(second, Caller::Given { via: "AWS Internal" }, name, &call)
}

/// A key administrator at work, with MFA, does something harmless and never uses a key.
fn administered(scene: &mut Scene<'_>, second: u32, dice: &mut Dice) -> anyhow::Result<()> {
    const ALIASES: [&str; 5] =
        ["orders-data", "payments-data", "customer-documents", "analytics-lake", "platform-config"];
    const CALLS: [(&str, &str); 5] = [
        ("TagResource", r#","tags":[{"tagKey":"data-class","tagValue":"confidential"}]}"#),
        ("UpdateKeyDescription", r#","description":"owned by platform"}"#),
        ("EnableKeyRotation", r#","rotationPeriodInDays":365}"#),
        ("UntagResource", r#","tagKeys":["temporary"]}"#),
        ("GetKeyPolicy", r#","policyName":"default"}"#),
    ];
    let roster: &Roster = scene.roster;
    let people = &scene.account.people;
    let found = people.iter().position(|person| person.sign_in == SignIn::KeyAdministrator);
    let Some(session) = found.and_then(|index| roster.people[index].as_ref()) else {
        return Ok(());
    };
    if !(session.from..session.until).contains(&second) {
        return Ok(());
    }
    let alias = dice.pick(&ALIASES);
    let key = scene.account.key(scene.region_index, alias);
    for step in 0..=dice.below(3) {
        let (name, rest) = *dice.pick(&CALLS);
        let version = scene.version();
        let read_only = name == "GetKeyPolicy";
        let answers = !read_only && name != "UpdateKeyDescription" && version > 8;
        let response =
            if answers { format!(r#"{{"keyId":"{}"}}"#, key.arn) } else { "null".to_owned() };
        scene.request.clear();
        put_format(&mut scene.request, format_args!(r#"{{"keyId":"{}"{rest}"#, key.id));
        let call = Call {
            version,
            response: &response,
            read_only,
            resources: &key.resources,
            ..Call::default()
        };
        scene.kms(second + step * 20, Caller::Direct(session), name, &call)?;
    }
    Ok(())
}

/// Calls that fail in everyday life: a missing permission, or a key that is not there.
fn failed(scene: &mut Scene<'_>, second: u32, dice: &mut Dice) -> anyhow::Result<()> {
    let (partition, account) = (scene.estate.partition, scene.account);
    let region = scene.region.name;
    let version = scene.version();
    if dice.chance(0.6) {
        let index = account.workload("reporting-service");
        let roster: &Roster = scene.roster;
        let session = roster.workload(index, second, dice);
        let key = scene.key("analytics-lake");
        let message = format!(
            "User: arn:{partition}:sts::{}:assumed-role/reporting-service/{} is not authorized to perform: kms:Decrypt on resource: {} because no identity-based policy allows the kms:Decrypt action",
            account.id, session.name, key.arn
        );
        scene.request.clear();
        scene.request_text("null");
        let call = Call { version, error: Some(("AccessDenied", &message)), ..Call::default() };
        return scene.kms(second, Caller::Direct(session), "Decrypt", &call);
    }
    let [direct, _] = &scene.roster.pipeline;
    let missing =
        format!("arn:{partition}:kms:{region}:{}:key/{}", account.id, uuid_text(dice.uuid()));
    let message = format!("Key '{missing}' does not exist");
    scene.request.clear();
    scene.request_text("null");
    let call = Call { version, error: Some(("NotFoundException", &message)), ..Call::default() };
    scene.kms(second, Caller::Direct(direct), "DescribeKey", &call)
}
