//! Policy stories are incidents about what a key policy says.

use super::estate::FOREIGN_ACCOUNT;
use super::incidents::{Place, Stage};
use super::policy::{allow, default_policy, escaped, policy_of, policy_with};
use super::telling::Birth;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Plants every policy story that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    statements(stage, home);
    born_open(stage, last);
    lockout_check_bypassed(stage, last);
    if stage.days() >= 5 {
        condition_gone(stage, home);
        root_statement_gone(stage, home);
        tag_changed(stage, home);
    }
}

/// The pipeline adds one statement each to the policies of four keys.
fn statements(stage: &mut Stage<'_>, place: Place) {
    let app = format!(r#"{{"AWS": "{}"}}"#, stage.iam(place, "role/App"));
    let partner =
        format!(r#"{{"AWS": "arn:{}:iam::{FOREIGN_ACCOUNT}:root"}}"#, stage.estate.partition);
    let all_but = format!(
        r#"{{"Sid": "AllButOne", "Effect": "Allow", "NotPrincipal": {{"AWS": "{}"}}, "Action": "kms:Decrypt", "Resource": "*"}}"#,
        stage.iam(place, "user/mallory")
    );
    let topic = r#"{"Service": "sns.amazonaws.com"}"#;
    let stories: [(f64, &'static [&'static str], &str, String); 4] = [
        (
            0.03,
            &["key_policy_trusts_external_account", "key_policy_changed"],
            "a key policy lets a foreign account decrypt",
            allow("Partner", &partner, r#""kms:Decrypt""#),
        ),
        (
            0.10,
            &["key_policy_inverted_principal", "key_policy_changed"],
            "a key policy lets everyone but one user decrypt",
            all_but,
        ),
        (
            0.17,
            &["key_policy_allows_granting", "key_policy_changed"],
            "a key policy lets a role give the key on",
            allow("Granting", &app, r#""kms:CreateGrant""#),
        ),
        (
            0.24,
            &["key_policy_service_without_source", "key_policy_changed"],
            "a key policy lets a service use the key for anybody",
            allow("Topics", topic, r#"["kms:Decrypt", "kms:GenerateDataKey*"]"#),
        ),
    ];
    let actor = stage.pipeline(place);
    for (fraction, detections, title, statement) in stories {
        let key = stage.new_key(place, "application");
        let policy = policy_with(stage.estate.partition, &stage.account(place).id, &statement);
        let time = stage.recent(fraction);
        let seen = [stage.put_policy(place, time, &actor, &key, &policy)];
        stage.label_all(detections, title, place, &actor, Some(&key), &seen);
    }
}

/// Two keys are made with policies that allow too much from the start.
fn born_open(stage: &mut Stage<'_>, place: Place) {
    let (partition, account) = (stage.estate.partition, &stage.account(place).id);
    let principal =
        |name: &str| format!(r#"{{"AWS": "arn:{partition}:iam::{account}:role/{name}"}}"#);
    let everything = allow("App", &principal("App"), r#""kms:*""#);
    let console = [
        allow(
            "Allow access for Key Administrators",
            &principal("Team"),
            r#"["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*", "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:RotateKeyOnDemand"]"#,
        ),
        allow(
            "Allow use of the key",
            &principal("Team"),
            r#"["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]"#,
        ),
    ]
    .join(", ");
    let stories: [(f64, &'static [&'static str], &str, String); 2] = [
        (
            0.4,
            &[
                "key_policy_allows_everything",
                "key_policy_allows_granting",
                "key_policy_mixes_administration_and_use",
            ],
            "a key was made that a role may do everything with",
            everything,
        ),
        (
            0.47,
            &["key_policy_mixes_administration_and_use", "key_policy_allows_granting"],
            "a key was made whose administrators are its users",
            console,
        ),
    ];
    let actor = stage.pipeline(place);
    for (fraction, detections, title, statement) in stories {
        let key = stage.new_key(place, "team");
        let policy = policy_with(partition, account, &statement);
        let birth = Birth { policy: &policy, ..Birth::default() };
        let time = stage.recent(fraction);
        let seen = [stage.create_key(place, time, &actor, &key, birth)];
        stage.label_all(detections, title, place, &actor, Some(&key), &seen);
    }
}

/// An engineer makes a key their own, with the lockout check off.
fn lockout_check_bypassed(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.52);
    let actor = stage.role(place, "VaultEngineer", "ira.quist", time, true);
    let key = stage.new_key(place, "vault");
    let own = format!(r#"{{"AWS": "{}"}}"#, actor.arn);
    let actions = r#"["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DescribeKey"]"#;
    let rest = format!(
        r#","policyName":"default","policy":"{}","bypassPolicyLockoutSafetyCheck":true"#,
        escaped(&policy_of(&allow("OnlyMe", &own, actions)))
    );
    let seen = [stage.change(place, time, &actor, &key, "PutKeyPolicy", &rest)];
    stage.label_all(
        &[
            "key_policy_lockout_check_bypassed",
            "key_policy_without_root_delegation",
            "key_policy_changed",
            "risky_permission_used",
        ],
        "an engineer shut everyone else out of a key",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A key is made whose administrators must show MFA; days later they need not.
fn condition_gone(stage: &mut Stage<'_>, place: Place) {
    let actor = stage.pipeline(place);
    let key = stage.new_key(place, "ledger");
    let (partition, account) = (stage.estate.partition, &stage.account(place).id);
    let administrator = format!(r#"{{"AWS": "{}"}}"#, stage.iam(place, "role/KeyAdmin"));
    let bare = allow("Admin", &administrator, r#"["kms:Put*", "kms:Disable*"]"#);
    let guarded = bare.replace(
        r#""Resource": "*""#,
        r#""Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#,
    );
    let policy = policy_with(partition, account, &guarded);
    let time = stage.recent(0.31);
    let birth = Birth { policy: &policy, ..Birth::default() };
    stage.create_key(place, time - 3 * DAY, &actor, &key, birth);
    let policy = policy_with(partition, account, &bare);
    let seen = [stage.put_policy(place, time, &actor, &key, &policy)];
    stage.label_all(
        &["key_policy_weakened", "key_policy_changed"],
        "administrators of a key need no MFA any more",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A key loses the statement that lets IAM policies decide.
fn root_statement_gone(stage: &mut Stage<'_>, place: Place) {
    let actor = stage.pipeline(place);
    let key = stage.new_key(place, "payroll");
    let time = stage.recent(0.38);
    let policy = default_policy(stage.estate.partition, &stage.account(place).id);
    let birth = Birth { policy: &policy, ..Birth::default() };
    stage.create_key(place, time - 3 * DAY, &actor, &key, birth);
    let administrator = format!(r#"{{"AWS": "{}"}}"#, stage.iam(place, "role/KeyAdmin"));
    let only = allow("Admin", &administrator, r#"["kms:Put*", "kms:Get*", "kms:Describe*"]"#);
    let seen = [stage.put_policy(place, time, &actor, &key, &policy_of(&only))];
    stage.label_all(
        &["key_policy_without_root_delegation", "key_policy_weakened", "key_policy_changed"],
        "the account's root was left out of a key policy",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}

/// A tag decides who may decrypt, and somebody changes it.
fn tag_changed(stage: &mut Stage<'_>, place: Place) {
    let pipeline = stage.pipeline(place);
    let key = stage.new_key(place, "shared-files");
    let app = format!(r#"{{"AWS": "{}"}}"#, stage.iam(place, "role/App"));
    let statement = allow("ByTeam", &app, r#""kms:Decrypt""#).replace(
        r#""Resource": "*""#,
        r#""Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/Team": "blue"}}"#,
    );
    let policy = policy_with(stage.estate.partition, &stage.account(place).id, &statement);
    let time = stage.recent(0.58);
    let seen = [stage.put_policy(place, time - 2 * DAY - HOUR, &pipeline, &key, &policy)];
    let title = "a key policy lets a tag decide";
    stage.label("key_policy_changed", title, place, &pipeline, Some(&key), &seen);
    let actor = stage.role(place, "TeamLead", "noor.haddad", time, true);
    let tags = r#","tags":[{"tagKey":"Team","tagValue":"red"}]"#;
    let seen = [stage.change(place, time, &actor, &key, "TagResource", tags)];
    stage.label(
        "tags_or_aliases_govern_access",
        "somebody changed the tag that decides who may decrypt",
        place,
        &actor,
        Some(&key),
        &seen,
    );
}
