//! A scene is one account and Region during one day: who is there, and what they can be seen doing.

use super::delivery::Delivery;
use super::dice::Dice;
use super::estate::{Account, Estate, Key};
use super::partition::Region;
use super::record::Call;
use super::roster::{Roster, Session};
use super::schedule::{SLOT_SECONDS, Schedule};
use super::text::{Text, put, put_format, put_hex, put_uuid};

/// Everything that a habit needs to write its records.
pub(super) struct Scene<'a> {
    pub(super) seed: u64,
    pub(super) kms_share: f64,
    pub(super) estate: &'a Estate,
    pub(super) schedule: &'a Schedule,
    pub(super) account: &'a Account,
    pub(super) account_index: usize,
    pub(super) region: &'static Region,
    pub(super) region_index: usize,
    pub(super) roster: &'a Roster,
    pub(super) day: i64,
    pub(super) date: &'a str,
    pub(super) delivery: Delivery<'a>,
    /// Rolled anew for every slot.
    pub(super) dice: Dice,
    /// The request parameters of the next call.
    pub(super) request: Text,
}

/// Who makes a call, and through which service.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caller<'a> {
    Direct(&'a Session),
    /// A service forwards the caller's session.
    Forwarded(&'a Session, &'a str),
    /// A service calls for itself.
    Service(&'a str),
    /// A service acts with the identity that the call brings.
    Given {
        via: &'a str,
    },
    /// The call brings identity, address, agent and ids.
    Foreign,
}

impl Scene<'_> {
    /// The account's and Region's share of the estate.
    pub(super) fn cell_weight(&self) -> f64 {
        self.account.weight * self.region.weight
    }

    pub(super) fn cell(&self) -> [u64; 2] {
        [self.account_index as u64, self.region_index as u64]
    }

    /// First second of a slot of the day.
    pub(super) fn slot_start(slot_of_day: i64) -> u32 {
        slot_of_day as u32 * SLOT_SECONDS
    }

    pub(super) fn key(&self, alias: &str) -> &Key {
        self.account.key(self.region_index, alias)
    }

    /// Begins the request of a `Decrypt`: the ciphertext names the key, so the request does not.
    pub(super) fn request_decrypt(&mut self) {
        self.request.clear();
        put(&mut self.request, r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT""#);
    }

    /// Begins the request of an `Encrypt`.
    pub(super) fn request_encrypt(&mut self, key_id: &str) {
        self.request.clear();
        put(&mut self.request, r#"{"keyId":""#);
        put(&mut self.request, key_id);
        put(&mut self.request, r#"","encryptionAlgorithm":"SYMMETRIC_DEFAULT""#);
    }

    /// Begins the request of a `GenerateDataKey`.
    pub(super) fn request_data_key(&mut self, key_id: &str) {
        let by_bytes = self.dice.chance(0.15);
        self.request.clear();
        put(&mut self.request, r#"{"keyId":""#);
        put(&mut self.request, key_id);
        put(
            &mut self.request,
            if by_bytes { r#"","numberOfBytes":32"# } else { r#"","keySpec":"AES_256""# },
        );
    }

    /// Opens the encryption context of the request, up to its first value's closing quote.
    pub(super) fn context(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        put(&mut self.request, r#","encryptionContext":{""#);
        put(&mut self.request, name);
        put(&mut self.request, "\":\"");
        put_format(&mut self.request, value);
    }

    /// Appends random hexadecimal digits to the request.
    pub(super) fn request_hex(&mut self, digits: u32) {
        let word = self.dice.word();
        put_hex(&mut self.request, word, digits);
    }

    pub(super) fn request_uuid(&mut self) {
        let id = self.dice.uuid();
        put_uuid(&mut self.request, id);
    }

    pub(super) fn request_text(&mut self, text: &str) {
        put(&mut self.request, text);
    }

    /// A version of the record format, as mixed as the fleets that write them.
    pub(super) fn version(&mut self) -> u8 {
        match self.dice.below(100) {
            0..30 => 8,
            30..42 => 9,
            42..55 => 10,
            _ => 11,
        }
    }

    /// Sends a cryptographic call on `key` with the request that was built before.
    pub(super) fn crypto(
        &mut self,
        second: u32,
        caller: Caller<'_>,
        name: &str,
        key: &Key,
    ) -> anyhow::Result<()> {
        let version = self.version();
        let material = if version == 11 { key.material.as_str() } else { "" };
        self.kms(
            second,
            caller,
            name,
            &Call { version, additional: material, resources: &key.resources, ..Call::default() },
        )
    }

    /// Sends a KMS call; `call` brings what is special about it.
    pub(super) fn kms(
        &mut self,
        second: u32,
        caller: Caller<'_>,
        name: &str,
        call: &Call<'_>,
    ) -> anyhow::Result<()> {
        let (identity, invoked_by, address, agent, direct) = match caller {
            Caller::Direct(session) => {
                (session.identity.as_str(), "", session.address.as_str(), session.agent, true)
            }
            Caller::Forwarded(session, via) => (session.identity.as_str(), via, via, via, false),
            Caller::Service(service) => {
                (r#"{"type":"AWSService""#, service, service, service, false)
            }
            Caller::Given { via } => (call.identity, via, via, via, false),
            Caller::Foreign => (call.identity, "", call.address, call.agent, true),
        };
        let console = matches!(caller, Caller::Direct(session) if session.console);
        // Old records leave out what later versions always say.
        let tls = direct && !console && (call.version > 8 || self.dice.chance(0.5));
        let service = matches!(caller, Caller::Service(_));
        let request = std::mem::take(&mut self.request);
        let mut call = Call {
            identity,
            invoked_by,
            date: self.date,
            second,
            name,
            region: self.region.name,
            address,
            agent,
            request: &request,
            request_id: call.request_id.or_else(|| Some(self.dice.uuid())),
            event_id: if call.event_id == 0 { self.dice.uuid() } else { call.event_id },
            recipient: &self.account.id,
            shared_event_id: service.then(|| self.dice.uuid()).or(call.shared_event_id),
            tls_domain: if tls { self.estate.partition.domain() } else { "" },
            from_console: console,
            ..*call
        };
        let sent = self.delivery.send(&mut call);
        self.request = request;
        sent
    }
}
