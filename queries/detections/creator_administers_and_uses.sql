-- id = "creator_administers_and_uses"
-- title = "One actor created, administers and uses a KMS key"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.7.6", "ISO-27001-2022:A.5.3"]
-- lookback = "90d"
-- entity = ["actor", "key_arn"]
-- why = "All three roles of a key's life in one hand: the actor chose who may use the key, can change it at will, and reads what it protects. Nobody else has to take part, and nobody notices."
-- benign = "A small team, or a deployment role that tests what it has made. An application that makes its own keys needs to create and use them, but not to change them later."
-- respond = "See in the details what was administered and what was decrypted, and from where. Ask the key's owner which of the three the actor needs; move creation and administration to the pipeline or to an administrators' role, and keep the use."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/rbac.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"]
-- [parameters]
-- within = "90d" # not longer than lookback
-- #
-- # Creation counts whenever it was, replicas included. Administration is what
-- # administrator_uses_key takes for it; use is direct and cryptographic. Both
-- # must lie in `within` before the window's end, and one of them in the window.

with created as (
    select
        actor,
        case event_name
            when 'ReplicateKey' then destination_key_arn
            else key_arn
        end as key_arn,
        event_time,
        event_id,
        event_name
    from kms_actions
    where activity = 'manage'
        and event_name in ('CreateKey', 'ReplicateKey')
        and event_time < $window_end
        and error_code is null
        and direct_call
        and actor_kind <> 'service'
),

pairs as (
    select distinct actor, key_arn
    from created
),

administration as (
    select
        actions.actor,
        actions.key_arn,
        actions.event_time,
        actions.event_id,
        actions.event_name
    from kms_actions as actions
    inner join pairs
        on pairs.actor = actions.actor
        and pairs.key_arn = actions.key_arn
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
    where actions.activity = 'manage'
        and actions.event_time >= $window_end - $within
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.direct_call
        and (
            actions.event_name in ('CreateGrant', 'RevokeGrant')
            or (
                operations.role = 'administrator'
                and operations.class not in ('tag', 'alias', 'metadata')
            )
        )
),

-- one row for each hour before the window, and for each call in it
used as (
    select
        actor,
        key_arn,
        first_time as event_time,
        first_event_id as event_id,
        event_name,
        calls
    from key_usage
    where hour >= date_trunc('hour', $window_end - $within)
        and hour < date_trunc('hour', $window_start)
        and activity = 'use'
        and error_code is null
        and direct_call
    union all
    select
        actor,
        key_arn,
        event_time,
        event_id,
        event_name,
        1 as calls
    from kms_actions
    where event_time >= date_trunc('hour', $window_start)
        and event_time < $window_end
        and activity = 'use'
        and error_code is null
        and direct_call
    union all
    select
        actor,
        destination_key_arn as key_arn,
        event_time,
        event_id,
        event_name,
        1 as calls
    from kms_actions
    where event_time >= date_trunc('hour', $window_start)
        and event_time < $window_end
        and event_name = 'ReEncrypt'
        and destination_key_arn <> key_arn
        and error_code is null
        and direct_call
),

calls as (
    select created.*, 1 as calls, 'creation' as side
    from created
    union all
    select administration.*, 1 as calls, 'administration' as side
    from administration
    union all
    select used.*, 'use' as side
    from used
    inner join pairs
        on pairs.actor = used.actor
        and pairs.key_arn = used.key_arn
    inner join kms_operations as operations
        on operations.event_name = used.event_name
        and operations.class = 'cryptographic'
),

ranked as (
    select
        *,
        row_number() over (
            partition by actor, key_arn, side
            -- of a side, what the window shows comes first
            order by event_time < $window_start, event_time, event_id
        ) as nth
    from calls
),

summed as (
    select
        actor,
        key_arn,
        greatest(
            min(event_time) filter (where side = 'administration'),
            min(event_time) filter (where side = 'use'),
            min(event_time) filter (
                where event_time >= $window_start and side <> 'creation'
            )
        ) as event_time,
        array_agg(event_id order by event_time, event_id) filter (
            where (side = 'creation' and nth = 1)
                or (side = 'administration' and nth <= 9)
                or (side = 'use' and nth <= 10)
        ) as event_ids,
        array_to_string(
            array_agg(distinct event_name order by event_name) filter (
                where side = 'administration'
            ), ', '
        ) as administered,
        array_to_string(
            array_agg(distinct event_name order by event_name) filter (
                where side = 'use'
            ), ', '
        ) as used,
        min(event_time) filter (where side = 'creation') as created_time,
        sum(calls) as event_count,
        max(event_time) as last_time,
        count(*) filter (where side = 'administration') as administrations,
        sum(calls) filter (where side = 'use') as uses,
        bool_or(event_time >= $window_start and side <> 'creation')
            as in_window
    from ranked
    group by actor, key_arn
)

select
    event_time,
    split_part(key_arn, ':', 5) as account_id,
    split_part(key_arn, ':', 4) as region,
    actor,
    key_arn,
    event_ids,
    concat(
        actor, ' created the key on ', to_char(created_time, '%Y-%m-%d'),
        ', administers it (', administered, ') and uses it (', used,
        ', calls: ', cast(uses as text), ')'
    ) as summary,
    event_count,
    created_time as first_time,
    last_time,
    administrations,
    uses
from summed
where in_window
    and administrations > 0
    and uses > 0
order by event_time, actor, key_arn
