//! Cross-account use is one call that two accounts log: the caller's copy and the key owner's copy.
//!
//! Both jobs roll the same dice and each writes its copy, so that neither waits for the other.

use super::dice::{Dice, Purpose};
use super::record::Call;
use super::scene::{Caller, Scene};
use super::schedule::Rhythm;
use super::text::put_format;

const SHARE: f64 = 0.015;
const WORKLOAD: &str = "analytics-reader";

/// One call that crosses accounts.
struct Crossing {
    offset: u32,
    session: usize,
    decrypt: bool,
    part: u32,
    request_id: u128,
    shared_id: u128,
    copies: [u128; 2],
    version: u8,
}

/// Writes this account's copies: those of its own calls, and as key owner (the first account) of all others.
pub(super) fn act(scene: &mut Scene<'_>, slot: i64, start: u32) -> anyhow::Result<()> {
    let callers = if scene.account_index == 0 {
        1..scene.estate.accounts.len()
    } else {
        scene.account_index..scene.account_index + 1
    };
    for caller in callers {
        for crossing in crossings(scene, caller, slot) {
            write_copy(scene, caller, &crossing, start)?;
        }
    }
    Ok(())
}

fn crossings(scene: &Scene<'_>, caller: usize, slot: i64) -> Vec<Crossing> {
    let account = &scene.estate.accounts[caller];
    let weight = account.weight * scene.region.weight;
    let cell = [caller as u64, scene.region_index as u64];
    let mean = scene.schedule.cell_events(weight)
        * scene.kms_share
        * SHARE
        * scene.schedule.part(Rhythm::Day, scene.region_index, slot)
        * scene.schedule.activity(cell, weight, slot);
    let sessions = account.workloads[account.workload(WORKLOAD)].sessions.len();
    let mut dice = Dice::new(scene.seed, Purpose::CrossAccount, &[cell[0], cell[1], slot as u64]);
    (0..dice.poisson(mean))
        .map(|_| Crossing {
            offset: dice.below(300),
            session: dice.index(sessions),
            decrypt: dice.chance(0.8),
            part: dice.below(100_000),
            request_id: dice.uuid(),
            shared_id: dice.uuid(),
            copies: [dice.uuid(), dice.uuid()],
            version: 9 + dice.below(3) as u8,
        })
        .collect()
}

fn write_copy(
    scene: &mut Scene<'_>,
    caller: usize,
    crossing: &Crossing,
    start: u32,
) -> anyhow::Result<()> {
    let key = scene.estate.accounts[0].key(scene.region_index, "shared-exchange");
    let second = start + crossing.offset;
    let account = &scene.estate.accounts[caller];
    let index = account.workload(WORKLOAD);
    let workload = &account.workloads[index];
    scene.request.clear();
    let (name, head) = if crossing.decrypt {
        ("Decrypt", r#""encryptionAlgorithm":"SYMMETRIC_DEFAULT""#.to_owned())
    } else {
        ("GenerateDataKey", format!(r#""keyId":"{}","keySpec":"AES_256""#, key.arn))
    };
    put_format(
        &mut scene.request,
        format_args!(
            r#"{{{head},"encryptionContext":{{"dataset":"exchange","part":"{}"}}}}"#,
            crossing.part
        ),
    );
    let additional = if crossing.version == 11 { key.material.as_str() } else { "" };
    let owner_side = scene.account_index == 0;
    let call = Call {
        version: crossing.version,
        additional,
        resources: &key.resources,
        request_id: Some(crossing.request_id),
        event_id: crossing.copies[usize::from(owner_side)],
        shared_event_id: Some(crossing.shared_id),
        ..Call::default()
    };
    if owner_side {
        // The owner learns who called only as a principal id and an account.
        let identity = format!(
            r#"{{"type":"AWSAccount","principalId":"{}:{}","accountId":"{}""#,
            workload.role_id, workload.sessions[crossing.session], account.id
        );
        let call =
            Call { identity: &identity, address: "192.0.2.200", agent: workload.agent, ..call };
        return scene.kms(second, Caller::Foreign, name, &call);
    }
    let quarter = ((second / super::roster::QUARTER_SECONDS) as usize).min(3);
    let session = &scene.roster.workloads[index][quarter][crossing.session];
    let call =
        Call { identity: &session.identity, address: "192.0.2.200", agent: session.agent, ..call };
    scene.kms(second, Caller::Foreign, name, &call)
}
