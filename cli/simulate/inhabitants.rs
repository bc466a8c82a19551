//! Inhabitants of an account are its workloads and its people.

use super::dice::Dice;
use super::partition::Partition;

/// How a workload gets its credentials, which is how one knows that it is no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runtime {
    Instance,
    Function,
    Pod,
}

#[derive(Debug)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    pub(super) runtime: Runtime,
    pub(super) role_arn: String,
    pub(super) role_id: String,
    /// Instance ids, function environments or pods.
    pub(super) sessions: Vec<String>,
    pub(super) agent: &'static str,
}

/// How a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignIn {
    /// IAM Identity Center: MFA is the identity provider's business.
    IdentityCenter,
    /// IAM user with an MFA session.
    UserWithMfa,
    /// IAM user who assumes the key administration role, showing MFA.
    KeyAdministrator,
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) sign_in: SignIn,
    pub(super) role: String,
    pub(super) unique_id: String,
    pub(super) long_term_key: String,
    pub(super) address: String,
}

pub(super) fn workloads(partition: Partition, account: &str, dice: &mut Dice) -> Vec<Workload> {
    const LIST: [(&str, Runtime, &str); 10] = [
        (
            "orders-service",
            Runtime::Instance,
            "aws-sdk-java/2.28.16 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1 lang/java#21.0.4",
        ),
        (
            "payments-service",
            Runtime::Instance,
            "aws-sdk-go-v2/1.32.2 ua/2.1 os/linux lang/go#1.23.2 md/GOOS#linux api/kms#1.37.2",
        ),
        (
            "search-indexer",
            Runtime::Instance,
            "Boto3/1.35.36 md/Botocore#1.35.36 ua/2.0 os/linux#6.1 lang/python#3.12.6",
        ),
        (
            "nightly-settlement",
            Runtime::Instance,
            "Boto3/1.34.162 md/Botocore#1.34.162 ua/2.0 os/linux#6.1 lang/python#3.11.9",
        ),
        (
            "webhook-receiver",
            Runtime::Function,
            "aws-sdk-js/3.667.0 ua/2.1 os/linux#5.10 lang/js md/nodejs#20.17.0 exec-env/AWS_Lambda_nodejs20.x",
        ),
        (
            "invoice-renderer",
            Runtime::Function,
            "Boto3/1.35.36 md/Botocore#1.35.36 ua/2.0 os/linux#5.10 lang/python#3.12.6 exec-env/AWS_Lambda_python3.12",
        ),
        (
            "document-scanner",
            Runtime::Function,
            "aws-sdk-java/2.28.16 ua/2.1 os/Linux#5.10 lang/java#21.0.4 exec-env/AWS_Lambda_java21",
        ),
        (
            "ledger-api",
            Runtime::Pod,
            "aws-sdk-go-v2/1.32.2 ua/2.1 os/linux lang/go#1.23.2 md/GOARCH#arm64 api/kms#1.37.2",
        ),
        ("analytics-reader", Runtime::Pod, "aws-sdk-rust/1.3.3 os/linux lang/rust/1.81.0"),
        (
            "reporting-service",
            Runtime::Instance,
            "aws-sdk-dotnet-coreclr/3.7.400 os/linux#6.1 lang/.NET_Core#8.0.8",
        ),
    ];
    LIST.iter()
        .map(|&(name, runtime, agent)| {
            let sessions =
                (0..3 + dice.below(4)).map(|_| session_name(name, runtime, dice)).collect();
            Workload {
                name,
                runtime,
                role_arn: format!("arn:{partition}:iam::{account}:role/service/{name}"),
                role_id: dice.unique_id("AROA"),
                sessions,
                agent,
            }
        })
        .collect()
}

fn session_name(name: &str, runtime: Runtime, dice: &mut Dice) -> String {
    match runtime {
        Runtime::Instance => format!("i-{}", dice.hex(17)),
        Runtime::Function => name.to_owned(),
        Runtime::Pod => format!("{name}-{}", dice.hex(10)),
    }
}

pub(super) fn people(dice: &mut Dice) -> Vec<Person> {
    const NAMES: [&str; 12] = [
        "amara.okafor",
        "jonas.lind",
        "mei.tanaka",
        "lucia.moreno",
        "noah.becker",
        "priya.nair",
        "elif.demir",
        "oscar.dahl",
        "chiara.rossi",
        "tomas.novak",
        "hana.kim",
        "victor.lopes",
    ];
    let mut names = NAMES;
    dice.shuffle(&mut names);
    let count = 7 + dice.index(4);
    let suffixes = [dice.hex(16), dice.hex(16)];
    names[..count]
        .iter()
        .enumerate()
        .map(|(index, &name)| {
            let (sign_in, role) = match index {
                0 => (SignIn::KeyAdministrator, "PlatformKeyAdministration".to_owned()),
                1 | 2 => (SignIn::UserWithMfa, String::new()),
                odd if odd % 2 == 1 => {
                    (SignIn::IdentityCenter, format!("AWSReservedSSO_Developer_{}", suffixes[0]))
                }
                _ => (SignIn::IdentityCenter, format!("AWSReservedSSO_ReadOnly_{}", suffixes[1])),
            };
            Person {
                name,
                sign_in,
                role,
                unique_id: String::new(),
                long_term_key: dice.unique_id("AKIA"),
                address: format!("198.51.100.{}", 10 + dice.below(200)),
            }
        })
        .map(|person| Person { unique_id: dice_id(&person, &suffixes), ..person })
        .collect()
}

/// Everyone with one permission set shares that role's unique id; an IAM user has an own one.
fn dice_id(person: &Person, suffixes: &[String; 2]) -> String {
    let letters = |text: &str| -> String {
        text.bytes().map(|byte| char::from(b'A' + byte % 26)).take(16).collect()
    };
    match person.sign_in {
        SignIn::UserWithMfa => format!("AIDA{}", letters(&person.long_term_key[4..])),
        SignIn::KeyAdministrator => {
            format!("AROA{}", letters(&suffixes[0].chars().rev().collect::<String>()))
        }
        SignIn::IdentityCenter if person.role.ends_with(&suffixes[0]) => {
            format!("AROA{}", letters(&suffixes[0]))
        }
        SignIn::IdentityCenter => format!("AROA{}", letters(&suffixes[1])),
    }
}
