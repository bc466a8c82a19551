//! People read about keys and reach data through services; the build pipeline looks and never decrypts.
//!
//! Nobody here uses a key directly without MFA: whoever does so is an incident.

use super::inhabitants::SignIn;
use super::record::Call;
use super::roster::Session;
use super::scene::{Caller, Scene};
use super::text::put_format;

/// Someone at work at `second` who passes `allowed`, if the one picked is.
fn someone<'a>(
    scene: &mut Scene<'a>,
    second: u32,
    allowed: fn(SignIn) -> bool,
) -> Option<&'a Session> {
    let people = &scene.roster.people;
    let index = scene.dice.index(people.len());
    let session = people[index].as_ref()?;
    let at_work = (session.from..session.until).contains(&second);
    (at_work && allowed(scene.account.people[index].sign_in)).then_some(session)
}

/// Opening the KMS console makes many small reads.
pub(super) fn console_reading(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let Some(session) = someone(scene, second, |_| true) else {
        return Ok(());
    };
    read(scene, second, session)
}

/// One read of a key's metadata, or of a list that names no key.
fn read(scene: &mut Scene<'_>, second: u32, session: &Session) -> anyhow::Result<()> {
    const READS: [(&str, &str); 9] = [
        ("DescribeKey", "}"),
        ("DescribeKey", "}"),
        ("GetKeyPolicy", r#","policyName":"default"}"#),
        ("GetKeyRotationStatus", "}"),
        ("ListResourceTags", "}"),
        ("ListGrants", r#","limit":50}"#),
        ("ListKeyRotations", r#","includeKeyMaterial":"ALL_KEY_MATERIAL"}"#),
        ("ListAliases", r#"{"limit":100}"#),
        ("ListKeys", r#"{"limit":1000}"#),
    ];
    let (name, rest) = *scene.dice.pick(&READS);
    let key = scene.dice.pick(&scene.account.keys[scene.region_index]);
    let version = scene.version();
    scene.request.clear();
    let of_key = !rest.starts_with('{');
    if of_key {
        put_format(&mut scene.request, format_args!(r#"{{"keyId":"{}"{rest}"#, key.id));
    } else if version == 8 {
        scene.request_text("null");
    } else {
        scene.request_text(rest);
    }
    let resources = if of_key { key.resources.as_str() } else { "" };
    scene.kms(
        second,
        Caller::Direct(session),
        name,
        &Call { version, resources, ..Call::default() },
    )
}

/// People read objects, secrets and parameters; the service decrypts for them.
pub(super) fn reading_data(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let reader = someone(scene, second, |sign_in| sign_in != SignIn::KeyAdministrator);
    let Some(session) = reader else { return Ok(()) };
    if scene.dice.chance(0.3) {
        return super::usage::secret_call(scene, second, session, "shared");
    }
    let key = scene.account.key(scene.region_index, "customer-documents");
    let (partition, account, date) = (scene.estate.partition, &scene.account.id, scene.date);
    scene.request_decrypt();
    scene.context(
        "aws:s3:arn",
        format_args!("arn:{partition}:s3:::customer-documents-{account}/{date}/"),
    );
    scene.request_hex(12);
    scene.request_text(r#".pdf"}}"#);
    scene.crypto(second, Caller::Forwarded(session, "AWS Internal"), "Decrypt", key)
}

/// The pipeline plans changes with a long-term key, and reads parameters through Systems Manager.
pub(super) fn pipeline(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let [direct, forwarded] = &scene.roster.pipeline;
    if scene.dice.chance(0.5) {
        return read(scene, second, direct);
    }
    let key = scene.account.key(scene.region_index, "aws/ssm");
    let (partition, account, region) =
        (scene.estate.partition, &scene.account.id, scene.region.name);
    let number = scene.dice.below(9);
    scene.request_decrypt();
    scene.context(
        "PARAMETER_ARN",
        format_args!(
            "arn:{partition}:ssm:{region}:{account}:parameter/pipeline/setting-{number}\"}}}}"
        ),
    );
    scene.crypto(second, Caller::Forwarded(forwarded, "AWS Internal"), "Decrypt", key)
}
