//! Background is everything in a trail that is not about keys: most of it reads, made by machines.

use super::credentials::service_role;
use super::management_calls::{READS, SOURCES, Template, WRITES};
use super::record::Call;
use super::scene::{Caller, Scene};
use super::schedule::Rhythm;
use super::text::put;
use super::usage::Habit;

/// The habits of all other services.
pub(super) static HABITS: [Habit; 5] = [
    Habit { share: 0.52, rhythm: Rhythm::Day, act: by_workload },
    Habit { share: 0.30, rhythm: Rhythm::Flat, act: by_service },
    Habit { share: 0.06, rhythm: Rhythm::Flat, act: service_role },
    Habit { share: 0.06, rhythm: Rhythm::Office, act: by_person },
    Habit { share: 0.06, rhythm: Rhythm::Office, act: by_pipeline },
];

fn template(scene: &mut Scene<'_>, writes: f64) -> &'static Template {
    if scene.dice.chance(writes) { scene.dice.pick(&WRITES) } else { scene.dice.pick(&READS) }
}

fn send(
    scene: &mut Scene<'_>,
    second: u32,
    caller: Caller<'_>,
    template: &Template,
) -> anyhow::Result<()> {
    let &Template(service, name, read_only, request) = template;
    let version = scene.version();
    scene.request.clear();
    let mut parts = request.split('%');
    if let Some(first) = parts.next() {
        put(&mut scene.request, first);
    }
    for part in parts {
        scene.request_hex(16);
        put(&mut scene.request, part);
    }
    let source =
        SOURCES.iter().find(|source| source.strip_suffix(".amazonaws.com") == Some(service));
    let call = Call {
        version,
        source: source.unwrap_or(&"ec2.amazonaws.com"),
        read_only,
        ..Call::default()
    };
    scene.kms(second, caller, name, &call)
}

fn by_workload(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let roster = scene.roster;
    let workload = scene.dice.index(scene.account.workloads.len());
    let session = roster.workload(workload, second, &mut scene.dice);
    let template = template(scene, 0.04);
    send(scene, second, Caller::Direct(session), template)
}

fn by_service(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let service = *scene.dice.pick(&[
        "config.amazonaws.com",
        "autoscaling.amazonaws.com",
        "rds.amazonaws.com",
    ]);
    let template = template(scene, 0.02);
    send(scene, second, Caller::Service(service), template)
}

fn by_person(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let roster = scene.roster;
    let index = scene.dice.index(roster.people.len());
    let Some(session) = roster.people[index].as_ref() else {
        return Ok(());
    };
    if !(session.from..session.until).contains(&second) {
        return Ok(());
    }
    let template = template(scene, 0.08);
    send(scene, second, Caller::Direct(session), template)
}

fn by_pipeline(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let [direct, _] = &scene.roster.pipeline;
    let template = template(scene, 0.15);
    send(scene, second, Caller::Direct(direct), template)
}
