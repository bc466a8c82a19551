//! Telling is what stories are told with: keys of their own, and the calls that come up again and again.

use super::actors::Actor;
use super::estate::{FOREIGN_ACCOUNT, Key};
use super::incidents::{Deed, Place, Stage};
use super::labels::Seen;
use super::policy::escaped;
use super::roster::moment;
use super::text::uuid_text;

/// How a key is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Birth<'a> {
    pub(super) spec: &'a str,
    pub(super) usage: &'a str,
    pub(super) origin: &'a str,
    /// As JSON; KMS's own when empty.
    pub(super) policy: &'a str,
    pub(super) multi_region: bool,
}

impl Default for Birth<'_> {
    fn default() -> Self {
        Self {
            spec: "SYMMETRIC_DEFAULT",
            usage: "ENCRYPT_DECRYPT",
            origin: "AWS_KMS",
            policy: "",
            multi_region: false,
        }
    }
}

impl Stage<'_> {
    /// A key that only one story is about.
    pub(super) fn new_key(&mut self, place: Place, name: &str) -> Key {
        let id = uuid_text(self.dice.uuid());
        self.key_with_id(place, id, name)
    }

    pub(super) fn multi_region_key(&mut self, place: Place, name: &str) -> Key {
        let id = format!("mrk-{}", self.dice.hex(32));
        self.key_with_id(place, id, name)
    }

    fn key_with_id(&mut self, place: Place, id: String, name: &str) -> Key {
        let (region, account) = (self.estate.regions[place.region].name, &self.account(place).id);
        Key::new(self.estate.partition, region, account, id, name, &mut self.dice)
    }

    /// A key of an account that nobody here knows.
    pub(super) fn foreign_key(&mut self, place: Place) -> Key {
        let id = uuid_text(self.dice.uuid());
        let region = self.estate.regions[place.region].name;
        Key::new(self.estate.partition, region, FOREIGN_ACCOUNT, id, "theirs", &mut self.dice)
    }

    /// ARN of something in the account's IAM: `role/App`, `user/bob` or `root`.
    pub(super) fn iam(&self, place: Place, name: &str) -> String {
        format!("arn:{}:iam::{}:{name}", self.estate.partition, self.account(place).id)
    }

    /// A change of a key; `rest` continues its request after the key's id.
    pub(super) fn change(
        &mut self,
        place: Place,
        time: i64,
        actor: &Actor,
        key: &Key,
        name: &str,
        rest: &str,
    ) -> Seen {
        let deed = Deed {
            name,
            request: format!(r#"{{"keyId":"{}"{rest}}}"#, key.id),
            response: format!(r#"{{"keyId":"{}"}}"#, key.arn),
            key: Some(key),
            ..Deed::default()
        };
        self.act(place, time, actor, &deed)
    }

    /// The policy is JSON.
    pub(super) fn put_policy(
        &mut self,
        place: Place,
        time: i64,
        actor: &Actor,
        key: &Key,
        policy: &str,
    ) -> Seen {
        let rest = format!(
            r#","policyName":"default","policy":"{}","bypassPolicyLockoutSafetyCheck":false"#,
            escaped(policy)
        );
        self.change(place, time, actor, key, "PutKeyPolicy", &rest)
    }

    pub(super) fn schedule_deletion(
        &mut self,
        place: Place,
        time: i64,
        actor: &Actor,
        key: &Key,
    ) -> Seen {
        let until = clock(time + 7 * 86_400);
        let deed = Deed {
            name: "ScheduleKeyDeletion",
            request: format!(r#"{{"keyId":"{}","pendingWindowInDays":7}}"#, key.id),
            response: format!(
                r#"{{"keyId":"{}","keyState":"PendingDeletion","deletionDate":"{until}","pendingWindowInDays":7}}"#,
                key.arn
            ),
            key: Some(key),
            ..Deed::default()
        };
        self.act(place, time, actor, &deed)
    }

    pub(super) fn create_key(
        &mut self,
        place: Place,
        time: i64,
        actor: &Actor,
        key: &Key,
        birth: Birth<'_>,
    ) -> Seen {
        let Birth { spec, usage, origin, policy, multi_region } = birth;
        let (created, account) = (clock(time), &self.account(place).id);
        let state = if origin == "EXTERNAL" { "PendingImport" } else { "Enabled" };
        let enabled = state == "Enabled";
        let policy = if policy.is_empty() {
            String::new()
        } else {
            format!(r#","policy":"{}""#, escaped(policy))
        };
        let shape = format!(
            r#""description":"","keySpec":"{spec}","customerMasterKeySpec":"{spec}","keyUsage":"{usage}","origin":"{origin}","multiRegion":{multi_region}"#
        );
        let deed = Deed {
            name: "CreateKey",
            request: format!(r#"{{{shape},"bypassPolicyLockoutSafetyCheck":false{policy}}}"#),
            response: format!(
                r#"{{"keyMetadata":{{"aWSAccountId":"{account}","keyId":"{}","arn":"{}","creationDate":"{created}","enabled":{enabled},"keyState":"{state}","keyManager":"CUSTOMER",{shape}}}}}"#,
                key.id, key.arn
            ),
            key: Some(key),
            ..Deed::default()
        };
        self.act(place, time, actor, &deed)
    }

    /// A direct `Decrypt`; an empty context is none.
    pub(super) fn decrypt(
        &mut self,
        place: Place,
        time: i64,
        actor: &Actor,
        key: &Key,
        context: &str,
    ) -> Seen {
        self.act(place, time, actor, &decrypt(key, context))
    }

    /// A call that KMS refuses for lack of permission.
    pub(super) fn refused(
        &mut self,
        place: Place,
        time: i64,
        actor: &Actor,
        key: &Key,
        name: &str,
    ) -> Seen {
        let message = format!(
            "User: {} is not authorized to perform: kms:{name} on resource: {} because no identity-based policy allows the kms:{name} action",
            actor.session_arn(),
            key.arn
        );
        let deed = Deed {
            name,
            error: Some(("AccessDenied", message)),
            read_only: name == "Decrypt",
            ..Deed::default()
        };
        self.act(place, time, actor, &deed)
    }
}

/// A `Decrypt` with these names and values, as JSON, as its context.
pub(super) fn decrypt<'a>(key: &'a Key, context: &str) -> Deed<'a> {
    let context = if context.is_empty() {
        String::new()
    } else {
        format!(r#","encryptionContext":{{{context}}}"#)
    };
    Deed {
        name: "Decrypt",
        request: format!(r#"{{"encryptionAlgorithm":"SYMMETRIC_DEFAULT"{context}}}"#),
        additional: key.material.clone(),
        key: Some(key),
        read_only: true,
        ..Deed::default()
    }
}

/// A moment in the spelling of requests and answers.
pub(super) fn clock(time: i64) -> String {
    moment(time).format("%b %-d, %Y, %-I:%M:%S %p").to_string()
}
