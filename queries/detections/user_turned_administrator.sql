-- id = "user_turned_administrator"
-- title = "Actor that only used KMS keys administers one"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1078.004", "T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:10.2.1.2", "ISO-27001-2022:A.8.2"]
-- lookback = "90d"
-- history = "14d"
-- entity = ["actor"]
-- why = "An application or a person that for weeks did nothing but encrypt and decrypt has changed a key. Stolen credentials of a workload look like this, and so does a role that was given too much."
-- benign = "A role whose task grew, or a person who was made an administrator and not yet named as one in trust.administrators."
-- respond = "Read the administrative calls in order and see what each changed. Compare the session behind them (address, program, session name) with the actor's usual ones, and ask the owner of the actor. If they know nothing of it, stop the credentials first and then undo the changes with the key's owner."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/rbac.html", "https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html"]
-- [parameters]
-- history_within = "90d" # not longer than lookback
-- use_days_min = 3 # days on which it used keys, so that it is known as a user
-- #
-- # Administration: direct and successful, of risk medium and above. Any creation,
-- # administration or grant before the window, small ones included, makes an
-- # actor one that is not only a user. Grants are grant_created_directly's matter.

with managed as (
    select
        actions.*,
        operations.risk,
        operations.role
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
    where actions.activity = 'manage'
        and actions.event_time >= $window_start - $history_within
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.direct_call
        and actions.actor_kind <> 'service'
        -- an account alone does not tell who it was
        and actions.actor <> actions.actor_account_id
        and operations.role in ('creator', 'administrator', 'grant_manager')
        -- users give back grants of their own
        and actions.event_name <> 'RetireGrant'
),

first_calls as (
    select managed.*
    from managed
    where managed.event_time >= $window_start
        and managed.role = 'administrator'
        and managed.risk in ('medium', 'high', 'critical')
        and not exists (
            select 1
            from managed as before
            where before.actor = managed.actor
                and before.event_time < $window_start
        )
        and not exists (
            select 1
            from trusted_principals as trusted
            where trusted.role in ('administrator', 'break_glass')
                and managed.actor like trusted.like_pattern
        )
),

users as (
    select
        usage.actor,
        count(distinct date_trunc('day', usage.hour)) as use_days,
        sum(usage.calls) as uses,
        count(distinct usage.key_arn) as keys_used
    from key_usage_parts as usage
    inner join kms_operations as operations
        on operations.event_name = usage.event_name
        and operations.class = 'cryptographic'
    where usage.hour
        >= date_trunc('hour', $window_start - $history_within)
        and usage.hour < date_trunc('hour', $window_start)
        and usage.activity = 'use'
        and usage.error_code is null
    group by usage.actor
)

select
    min(calls.event_time) as event_time,
    -- whose logs tell what the actor did before
    first_value(
        calls.recipient_account_id order by calls.event_time, calls.event_id
    ) as account_id,
    first_value(
        calls.aws_region order by calls.event_time, calls.event_id
    ) as region,
    calls.actor,
    case
        when count(distinct coalesce(calls.key_arn, calls.event_id)) = 1
            then min(calls.key_arn)
    end as key_arn,
    array_slice(
        array_agg(calls.event_id order by calls.event_time, calls.event_id),
        1, 20
    ) as event_ids,
    concat(
        calls.actor, ' used KMS keys on ', cast(min(users.use_days) as text),
        ' days, administered none, and now called ',
        array_to_string(
            array_agg(distinct calls.event_name order by calls.event_name),
            ', '
        )
    ) as summary,
    case
        when bool_or(calls.risk in ('high', 'critical')) then 'high'
        else 'medium'
    end as severity,
    count(*) as event_count,
    min(calls.event_time) as first_time,
    max(calls.event_time) as last_time,
    min(users.use_days) as use_days,
    min(users.uses) as uses,
    min(users.keys_used) as keys_used,
    first_value(
        calls.actor_kind order by calls.event_time, calls.event_id
    ) as actor_kind,
    array_slice(
        array_agg(distinct calls.key_arn order by calls.key_arn)
        filter (where calls.key_arn is not null),
        1, 20
    ) as key_arns,
    array_slice(
        array_agg(distinct calls.source_ip_address
            order by calls.source_ip_address),
        1, 20
    ) as source_ip_addresses
from first_calls as calls
inner join users on users.actor = calls.actor
where users.use_days >= $use_days_min
group by calls.actor
order by event_time, calls.actor
