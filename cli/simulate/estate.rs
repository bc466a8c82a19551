//! An estate is what a simulated organization owns: accounts, Regions, keys, workloads and people.
//!
//! It is small, made once, and the same for every job, so that names and keys agree across files.

use super::Plan;
use super::dice::{Dice, Purpose};
use super::inhabitants::{Person, Workload, people, workloads};
use super::partition::{Partition, Region};
use super::text::uuid_text;

/// An account that is not part of the estate; only incidents mention it.
pub(super) const FOREIGN_ACCOUNT: &str = "999988887777";

/// Aliases of the customer managed keys of every account and Region.
pub(super) const CUSTOMER_ALIASES: [&str; 14] = [
    "orders-data",
    "payments-data",
    "customer-documents",
    "analytics-lake",
    "logs-archive",
    "backup-vault",
    "trail-logs",
    "token-signing",
    "api-mac",
    "shared-exchange",
    "legacy-archive",
    "legacy-reports",
    "partner-exports",
    "platform-config",
];

const MANAGED_ALIASES: [&str; 7] =
    ["aws/secretsmanager", "aws/ssm", "aws/lambda", "aws/dynamodb", "aws/ebs", "aws/rds", "aws/s3"];

/// One KMS key and the texts that its records repeat.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) alias: String,
    /// The `resources` array of a record about this key.
    pub(super) resources: String,
    /// The `additionalEventData` of a cryptographic call since version 1.11.
    pub(super) material: String,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: String,
    /// Share of all events.
    pub(super) weight: f64,
    /// Keys by Region, customer managed before AWS managed ones.
    pub(super) keys: Vec<Vec<Key>>,
    pub(super) workloads: Vec<Workload>,
    pub(super) people: Vec<Person>,
    /// Interface endpoint for KMS, by Region.
    pub(super) vpc_endpoints: Vec<String>,
    pub(super) pipeline_id: String,
    pub(super) pipeline_key: String,
}

/// Everything that the plan's organization owns.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) partition: Partition,
    pub(super) regions: &'static [Region],
    pub(super) accounts: Vec<Account>,
    /// Organization id, when the trail is an organization trail.
    pub(super) organization: Option<String>,
}

impl Estate {
    pub(super) fn new(plan: &Plan) -> Self {
        let regions = plan.partition.regions();
        let count = plan.accounts.max(1);
        let total: f64 = (0..count).map(account_size).sum();
        let accounts = (0..count)
            .map(|index| Account::new(plan, regions, index, account_size(index) / total))
            .collect();
        let mut dice = Dice::new(plan.seed, Purpose::Estate, &[u64::MAX]);
        let organization = format!("o-{}", dice.text(b"abcdefghijklmnopqrstuvwxyz0123456789", 10));
        Self {
            partition: plan.partition,
            regions,
            accounts,
            organization: plan.organization.then_some(organization),
        }
    }
}

impl Account {
    fn new(plan: &Plan, regions: &[Region], index: u32, weight: f64) -> Self {
        let mut dice = Dice::new(plan.seed, Purpose::Estate, &[u64::from(index)]);
        let id = account_id(index, &mut dice);
        let keys = regions
            .iter()
            .map(|region| region_keys(plan.partition, region, &id, &mut dice))
            .collect();
        Self {
            weight,
            keys,
            workloads: workloads(plan.partition, &id, &mut dice),
            people: people(&mut dice),
            vpc_endpoints: regions.iter().map(|_| format!("vpce-{}", dice.hex(17))).collect(),
            pipeline_id: dice.unique_id("AIDA"),
            pipeline_key: dice.unique_id("AKIA"),
            id,
        }
    }

    /// The key with this alias in one of the account's Regions.
    pub(super) fn key(&self, region: usize, alias: &str) -> &Key {
        let keys = &self.keys[region];
        keys.iter().find(|key| key.alias.strip_prefix("alias/") == Some(alias)).unwrap_or(&keys[0])
    }

    pub(super) fn workload(&self, name: &str) -> usize {
        self.workloads.iter().position(|workload| workload.name == name).unwrap_or(0)
    }
}

/// Accounts differ in size as they do in real organizations: the first is the busiest.
fn account_size(index: u32) -> f64 {
    f64::from(index + 1).powf(-0.7)
}

/// Ids that nobody can take for real ones.
fn account_id(index: u32, dice: &mut Dice) -> String {
    const KNOWN: [&str; 3] = ["111122223333", "444455556666", "777788889999"];
    match KNOWN.get(index as usize) {
        Some(id) => (*id).to_owned(),
        None => format!("{:04}00{:04}00", 1000 + index % 9000, dice.below(10_000)),
    }
}

fn region_keys(partition: Partition, region: &Region, account: &str, dice: &mut Dice) -> Vec<Key> {
    CUSTOMER_ALIASES
        .iter()
        .chain(&MANAGED_ALIASES)
        .map(|alias| {
            let id = uuid_text(dice.uuid());
            Key::new(partition, region.name, account, id, alias, dice)
        })
        .collect()
}

impl Key {
    pub(super) fn new(
        partition: Partition,
        region: &str,
        account: &str,
        id: String,
        alias: &str,
        dice: &mut Dice,
    ) -> Self {
        let arn = format!("arn:{partition}:kms:{region}:{account}:key/{id}");
        Self {
            resources: format!(
                r#"[{{"accountId":"{account}","type":"AWS::KMS::Key","ARN":"{arn}"}}]"#
            ),
            material: format!(r#"{{"keyMaterialId":"{}"}}"#, dice.hex(64)),
            id,
            arn,
            alias: format!("alias/{alias}"),
        }
    }
}
