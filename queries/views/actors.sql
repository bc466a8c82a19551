-- One actor on one KMS key: what it did there, and how it signs in. Calls that name no key have a null key_arn.
-- actor: stable identity behind the calls
-- actor_account_id: account of the actor
-- actor_kind: person, workload, service or unknown
-- key_arn: key that was called
-- key_account_id: account that owns the key
-- creator: created or replicated the key
-- administrator: changed its state, policy, rotation, material, tags or aliases
-- user: made cryptographic calls
-- grant_manager: made, revoked or retired grants
-- calls: successful calls
-- direct_calls: those of them that the actor made itself, not a service for it
-- denied_calls: calls that were refused for lack of permission
-- mfa_calls: direct calls with MFA shown
-- no_mfa_calls: direct calls with no MFA
-- unknown_mfa_calls: direct calls of which the record does not tell
-- first_time: first call
-- last_time: last call
-- last_used_time: last successful cryptographic call
-- last_administered_time: last successful call as creator, administrator or grant manager
with used as (
    select
        key_usage.*,
        operations.role,
        operations.class
    from key_usage
    left join kms_operations as operations
        on operations.event_name = key_usage.event_name
)

select
    actor,
    max(actor_account_id) as actor_account_id,
    max(actor_kind) as actor_kind,
    key_arn,
    max(key_account_id) as key_account_id,
    bool_or(error_code is null and role = 'creator') as creator,
    bool_or(error_code is null and role = 'administrator') as administrator,
    bool_or(error_code is null and class = 'cryptographic') as user,
    bool_or(error_code is null and role = 'grant_manager') as grant_manager,
    coalesce(sum(calls) filter (where error_code is null), 0) as calls,
    coalesce(
        sum(calls) filter (where error_code is null and direct_call), 0
    ) as direct_calls,
    coalesce(
        sum(calls) filter (where error_code in ('AccessDenied', 'AccessDeniedException')), 0
    ) as denied_calls,
    coalesce(
        sum(calls) filter (where direct_call and mfa = 'yes'), 0
    ) as mfa_calls,
    coalesce(
        sum(calls) filter (where direct_call and mfa = 'no'), 0
    ) as no_mfa_calls,
    coalesce(
        sum(calls) filter (where direct_call and mfa = 'unknown'), 0
    ) as unknown_mfa_calls,
    min(first_time) as first_time,
    max(last_time) as last_time,
    max(last_time) filter (
        where error_code is null and class = 'cryptographic'
    ) as last_used_time,
    max(last_time) filter (
        where error_code is null
            and role in ('creator', 'administrator', 'grant_manager')
    ) as last_administered_time
from used
group by actor, key_arn
