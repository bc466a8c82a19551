//! An **identity**: who is behind a call, what kind of actor that is, and
//! whether MFA was shown.
//!
//! The rules are the decision tables of the `CloudTrail` user guide for
//! `userIdentity`, as far as a single record can tell. Facts that only another
//! record can tell (who assumed the role) are left to the `sessions` view.

use std::borrow::Cow;

use crate::arn::Arn;
use crate::record::{Record, Text, UserIdentity};

/// What a record says about the actor behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(crate) actor: Cow<'a, str>,
    pub(crate) actor_account_id: Option<Cow<'a, str>>,
    pub(crate) actor_kind: &'static str,
    pub(crate) actor_kind_reason: &'static str,
    pub(crate) mfa: &'static str,
    pub(crate) mfa_reason: &'static str,
    pub(crate) session_name: Option<&'a str>,
    pub(crate) direct_call: bool,
}

/// Who a record says is behind the call.
pub(crate) fn identify<'a>(record: &'a Record<'_>) -> Identity<'a> {
    let user = &record.user_identity;
    let arn = user.arn.get().and_then(Arn::split);
    let session_name = arn.and_then(session_name);
    let (actor_kind, actor_kind_reason) = actor_kind(record, user, arn, session_name);
    let actor = actor(user, arn);
    let actor_account_id = Arn::split(&actor)
        .map(|arn| arn.account_id)
        .filter(|account| !account.is_empty())
        .or(user.account_id.get())
        .map(|account| Cow::Owned(account.to_owned()));
    let (mfa, mfa_reason) = mfa(user, arn, actor_kind, actor_kind_reason);
    Identity {
        actor,
        actor_account_id,
        actor_kind,
        actor_kind_reason,
        mfa,
        mfa_reason,
        session_name,
        direct_call: user.invoked_by.get().is_none() && !is_service(user, arn),
    }
}

/// The role session name: the last part of `assumed-role/Role/Session`.
fn session_name(arn: Arn<'_>) -> Option<&str> {
    let (role, session) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    (!role.is_empty() && !session.is_empty()).then_some(session)
}

/// The identity that stays the same from session to session.
fn actor<'a>(user: &'a UserIdentity<'_>, arn: Option<Arn<'a>>) -> Cow<'a, str> {
    let issuer = user.session_context.session_issuer.arn.get();
    let by_kind = match user.kind.get() {
        Some("AssumedRole") => issuer.map(Cow::Borrowed).or_else(|| arn.and_then(role_arn)),
        Some("FederatedUser") => issuer.or(user.arn.get()).map(Cow::Borrowed),
        Some("AWSService") | None => user.invoked_by.get().or(user.arn.get()).map(Cow::Borrowed),
        Some("IdentityCenterUser") => user.on_behalf_of.user_id.get().map(Cow::Borrowed),
        Some(_) => user.arn.get().map(Cow::Borrowed),
    };
    by_kind
        .or_else(|| user.arn.get().map(Cow::Borrowed))
        .or_else(|| user.account_id.get().map(Cow::Borrowed))
        .or_else(|| user.principal_id.get().map(Cow::Borrowed))
        .unwrap_or(Cow::Borrowed("unknown"))
}

/// The role behind an assumed-role ARN. Its path is not in there; the session
/// issuer has it and comes first.
fn role_arn(arn: Arn<'_>) -> Option<Cow<'_, str>> {
    let (role, _) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(Cow::Owned(if role.starts_with("aws:") {
        // No role of the account: EC2's own, such as aws:ec2-infrastructure.
        format!("arn:{}:sts::{}:assumed-role/{role}", arn.partition, arn.account_id)
    } else {
        format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account_id)
    }))
}

/// Whether the caller is a service itself, not someone a service acts for.
fn is_service(user: &UserIdentity<'_>, arn: Option<Arn<'_>>) -> bool {
    match user.kind.get() {
        Some("AWSService") | None => true,
        _ => arn.is_some_and(|arn| arn.resource.starts_with("assumed-role/aws:")),
    }
}

fn actor_kind(
    record: &Record<'_>,
    user: &UserIdentity<'_>,
    arn: Option<Arn<'_>>,
    session_name: Option<&str>,
) -> (&'static str, &'static str) {
    let session = &user.session_context;
    let issuer = session.session_issuer.arn.get().unwrap_or_default();
    let role = arn.map_or("", |arn| arn.resource);
    if is_service(user, arn) {
        ("service", "service_principal")
    } else if user.kind.get() == Some("AWSAccount") {
        ("unknown", "other_account")
    } else if user.kind.get() == Some("Root") {
        ("person", "root")
    } else if session.ec2_role_delivery.get().is_some() {
        ("workload", "ec2_role_delivery")
    } else if user.in_scope_of.is_some_and(|scope| !is_empty_object(scope.get())) {
        ("workload", "in_scope_of")
    } else if session.web_id_federation_data.is_some_and(|data| !is_empty_object(data.get())) {
        ("workload", "web_identity")
    } else if session_name.is_some_and(|name| name.starts_with("i-")) {
        ("workload", "instance_session")
    } else if issuer.contains(":role/aws-service-role/") || role.contains("/AWSServiceRoleFor") {
        ("workload", "service_linked_role")
    } else if role.starts_with("assumed-role/AWSReservedSSO_")
        || user.kind.get() == Some("IdentityCenterUser")
    {
        ("person", "identity_center")
    } else if record.session_credential_from_console.flag() == Some(true) {
        ("person", "console_session")
    } else if session.source_identity.get().is_some() {
        ("person", "source_identity")
    } else if user.kind.get() == Some("IAMUser") && flag(user) == Some(true) {
        ("person", "mfa_session")
    } else {
        ("unknown", "no_evidence")
    }
}

fn flag(user: &UserIdentity<'_>) -> Option<bool> {
    let value: &Text<'_> = &user.session_context.attributes.mfa_authenticated;
    value.flag()
}

/// Whether MFA was shown, and what that was judged by. Missing is not "false":
/// a long-term key has no session and so no flag.
fn mfa(
    user: &UserIdentity<'_>,
    arn: Option<Arn<'_>>,
    actor_kind: &str,
    actor_kind_reason: &str,
) -> (&'static str, &'static str) {
    let kind = user.kind.get();
    let forwarded = user.invoked_by.get().is_some();
    match flag(user) {
        _ if is_service(user, arn) || actor_kind_reason == "service_linked_role" => {
            ("not_applicable", "service")
        }
        Some(true) => ("yes", "session_flag"),
        _ if kind == Some("AWSAccount") => ("unknown", "cross_account"),
        _ if forwarded => ("unknown", "forwarded"),
        // Credentials that a service handed to a machine: nobody was asked.
        _ if actor_kind == "workload" && actor_kind_reason != "web_identity" => {
            ("unknown", "service")
        }
        // An identity provider asks for MFA itself; the flag says nothing
        // about it. A console session of a role may stem from one as well.
        _ if matches!(actor_kind_reason, "identity_center" | "web_identity") => {
            ("unknown", "identity_provider")
        }
        Some(false) if kind == Some("AssumedRole") && actor_kind_reason == "console_session" => {
            ("unknown", "identity_provider")
        }
        Some(false) => ("no", "session_flag"),
        None if matches!(kind, Some("IAMUser" | "Root")) => ("no", "long_term_key"),
        None => ("unknown", "session_flag"),
    }
}

fn is_empty_object(json: &str) -> bool {
    json.bytes().all(|byte| matches!(byte, b'{' | b'}') || byte.is_ascii_whitespace())
        || json == "null"
}

#[cfg(test)]
mod tests;
