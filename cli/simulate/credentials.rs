//! Credentials are issued by STS and the sign-in service; their access keys are those that KMS sees later.

use super::identities::BROWSER;
use super::inhabitants::{Runtime, SignIn};
use super::record::Call;
use super::roster::{Holder, Session, moment};
use super::scene::{Caller, Scene};
use super::text::{put, put_format, put_hex};

/// Writes how one holder of the roster came by a session.
pub(super) fn issue(scene: &mut Scene<'_>, second: u32, holder: Holder) -> anyhow::Result<()> {
    let roster = scene.roster;
    match holder {
        Holder::Workload { workload, quarter, session } => {
            let held = &roster.workloads[workload][quarter][session];
            by_service(scene, second, workload, held)
        }
        Holder::Person(person) => match roster.people[person].as_ref() {
            Some(held) => by_person(scene, second, person, held),
            None => Ok(()),
        },
    }
}

/// A call to STS or sign-in: everything but the KMS defaults.
fn sts(
    scene: &mut Scene<'_>,
    second: u32,
    caller: Caller<'_>,
    name: &str,
    call: &Call<'_>,
) -> anyhow::Result<()> {
    let call = Call { source: "sts.amazonaws.com", version: 8 + second as u8 % 4, ..*call };
    scene.kms(second, caller, name, &call)
}

/// The response of a call that issues credentials.
fn issued(scene: &mut Scene<'_>, second: u32, access_key: &str, user: &str) -> String {
    let expiration =
        moment(scene.day * 86_400 + i64::from(second) + 21_600).format("%b %-d, %Y, %-I:%M:%S %p");
    let mut token = Vec::new();
    for _ in 0..6 {
        let word = scene.dice.word();
        put_hex(&mut token, word, 16);
    }
    let token = String::from_utf8_lossy(&token).into_owned();
    format!(
        r#"{{"credentials":{{"accessKeyId":"{access_key}","sessionToken":"IQoJb3JpZ2luX2Vj{token}","expiration":"{expiration}"}}{user}}}"#
    )
}

fn by_service(
    scene: &mut Scene<'_>,
    second: u32,
    workload: usize,
    held: &Session,
) -> anyhow::Result<()> {
    let account = scene.account;
    let workload = &account.workloads[workload];
    let service = match workload.runtime {
        Runtime::Instance => scene.estate.partition.ec2_principal(),
        Runtime::Function => "lambda.amazonaws.com",
        Runtime::Pod => "pods.eks.amazonaws.com",
    };
    role_issue(
        scene,
        second,
        service,
        (&workload.role_arn, &workload.role_id),
        (&held.name, &held.access_key),
    )
}

fn role_issue(
    scene: &mut Scene<'_>,
    second: u32,
    service: &str,
    (role_arn, role_id): (&str, &str),
    (session, access_key): (&str, &str),
) -> anyhow::Result<()> {
    let (partition, account) = (scene.estate.partition, &scene.account.id);
    let role = role_arn.rsplit('/').next().unwrap_or(role_arn);
    let user = format!(
        r#","assumedRoleUser":{{"assumedRoleId":"{role_id}:{session}","arn":"arn:{partition}:sts::{account}:assumed-role/{role}/{session}"}}"#
    );
    let response = issued(scene, second, access_key, &user);
    let resources =
        format!(r#"[{{"accountId":"{account}","type":"AWS::IAM::Role","ARN":"{role_arn}"}}]"#);
    scene.request.clear();
    put_format(
        &mut scene.request,
        format_args!(r#"{{"roleArn":"{role_arn}","roleSessionName":"{session}"}}"#),
    );
    let call = Call { response: &response, resources: &resources, ..Call::default() };
    sts(scene, second, Caller::Service(service), "AssumeRole", &call)
}

/// Other services take up their roles all day.
pub(super) fn service_role(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    const SERVICES: [(&str, &str); 4] = [
        ("config.amazonaws.com", "AWSServiceRoleForConfig"),
        ("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
        ("inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2"),
        ("rds.amazonaws.com", "AWSServiceRoleForRDS"),
    ];
    let (service, role) = *scene.dice.pick(&SERVICES);
    let arn = format!(
        "arn:{}:iam::{}:role/aws-service-role/{service}/{role}",
        scene.estate.partition, scene.account.id
    );
    let access_key = scene.dice.unique_id("ASIA");
    role_issue(
        scene,
        second,
        service,
        (&arn, "AROASERVICELINKED222"),
        ("SLRManagement", &access_key),
    )
}

fn by_person(
    scene: &mut Scene<'_>,
    second: u32,
    index: usize,
    held: &Session,
) -> anyhow::Result<()> {
    let (partition, account) = (scene.estate.partition, scene.account);
    let person = &account.people[index];
    let (name, id) = (person.name, &account.id);
    let user_arn = format!("arn:{partition}:iam::{id}:user/{name}");
    let user = format!(
        r#"{{"type":"IAMUser","principalId":"AIDA{}","arn":"{user_arn}","accountId":"{id}","accessKeyId":"{}","userName":"{name}""#,
        &person.unique_id[4..],
        person.long_term_key
    );
    let response = issued(scene, second, &held.access_key, "");
    let serial = format!("arn:{partition}:iam::{id}:mfa/{name}");
    let role_arn = person.role_arn(scene.estate, account);
    let call =
        Call { address: &held.address, agent: held.agent, response: &response, ..Call::default() };
    scene.request.clear();
    match person.sign_in {
        SignIn::UserWithMfa => {
            console_login(scene, second, (&person.unique_id, &user_arn), held, &serial)?;
            put_format(
                &mut scene.request,
                format_args!(r#"{{"durationSeconds":28800,"serialNumber":"{serial}"}}"#),
            );
            let call = Call { identity: &user, ..call };
            sts(scene, second + 1, Caller::Foreign, "GetSessionToken", &call)
        }
        SignIn::KeyAdministrator => {
            put_format(
                &mut scene.request,
                format_args!(
                    r#"{{"roleArn":"{role_arn}","roleSessionName":"{name}","sourceIdentity":"{name}","serialNumber":"{serial}","durationSeconds":28800}}"#
                ),
            );
            let call = Call { identity: &user, ..call };
            sts(scene, second, Caller::Foreign, "AssumeRole", &call)
        }
        SignIn::IdentityCenter => {
            put_format(
                &mut scene.request,
                format_args!(
                    r#"{{"roleArn":"{role_arn}","principalArn":"arn:{partition}:iam::{id}:saml-provider/AWSSSO_a1b2c3d4e5f60718_DO_NOT_DELETE","sAMLAssertionID":"_{name}"}}"#
                ),
            );
            let identity = format!(
                r#"{{"type":"SAMLUser","principalId":"sso:{name}@example.com","userName":"{name}@example.com","identityProvider":"sso""#
            );
            let call = Call { identity: &identity, ..call };
            sts(scene, second, Caller::Foreign, "AssumeRoleWithSAML", &call)
        }
    }
}

fn console_login(
    scene: &mut Scene<'_>,
    second: u32,
    (user_id, user_arn): (&str, &str),
    held: &Session,
    serial: &str,
) -> anyhow::Result<()> {
    let account = &scene.account.id;
    let identity = format!(
        r#"{{"type":"IAMUser","principalId":"{user_id}","arn":"{user_arn}","accountId":"{account}","userName":"{}""#,
        held.name
    );
    let additional = format!(
        r#"{{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAIdentifier":"{serial}","MFAUsed":"Yes"}}"#
    );
    scene.request.clear();
    put(&mut scene.request, "null");
    let call = Call {
        source: "signin.amazonaws.com",
        identity: &identity,
        address: &held.address,
        agent: BROWSER,
        response: r#"{"ConsoleLogin":"Success"}"#,
        additional: &additional,
        read_only: false,
        event_type: "AwsConsoleSignIn",
        ..Call::default()
    };
    let sent = scene.kms(second, Caller::Foreign, "ConsoleLogin", &call);
    scene.request.clear();
    sent
}
