-- id = "administrator_uses_key"
-- title = "One actor administers and uses a KMS key"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.2"]
-- lookback = "30d"
-- entity = ["actor", "key_arn"]
-- why = "Who can both change a key and read what it protects needs no second person to abuse it, and can remove the traces of the access. AWS advises to keep the two roles apart."
-- benign = "A small team with one role for everything; an administrator who tests a new key once."
-- respond = "Look at what was decrypted and what was changed, in that order. Ask the key's owner which of the two this actor needs, and split the permissions in the key policy and in IAM."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html", "https://docs.aws.amazon.com/kms/latest/developerguide/rbac.html"]
-- [parameters]
-- within = "30d"
-- #
-- # Administration: successful direct calls that change state, policy, rotation,
-- # material or Region of the key, and grants given or revoked directly. Not:
-- # DescribeKey, tags, aliases, descriptions, creation. Use: successful
-- # cryptographic calls; made only through a service, low. Both must lie within
-- # `within` of each other, and the later one in the window.
with administration as (
    select
        actions.actor,
        actions.key_arn,
        actions.event_time,
        actions.event_id,
        actions.event_name
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
    where actions.activity = 'manage'
        and actions.event_time >= $window_start - $within
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.direct_call
        and actions.actor_kind <> 'service'
        and actions.key_arn is not null
        and (
            actions.event_name in ('CreateGrant', 'RevokeGrant')
            or (
                operations.role = 'administrator'
                and operations.class not in ('tag', 'alias', 'metadata')
            )
        )
),

pairs as (
    select distinct actor, key_arn
    from administration
),

-- ReEncrypt uses two keys. Copies that several accounts logged are dropped
-- after the join, when few rows are left, and not by kms_actions before it.
used as (
    select
        touched.*,
        row_number() over (
            partition by touched.action_id, touched.key_arn
            order by
                case
                    when touched.recipient_account_id
                        = touched.actor_account_id then 0
                    else 1
                end,
                touched.event_id
        ) as copy_rank
    from pairs
    inner join (
        select
            key_arn,
            actor,
            actor_account_id,
            recipient_account_id,
            event_time,
            event_id,
            action_id,
            event_name,
            direct_call
        from kms_events
        where activity = 'use'
            and event_time >= $window_start - $within
            and event_time < $window_end
            and error_code is null
        union all
        select
            destination_key_arn as key_arn,
            actor,
            actor_account_id,
            recipient_account_id,
            event_time,
            event_id,
            action_id,
            event_name,
            direct_call
        from kms_events
        where activity = 'use'
            and event_name = 'ReEncrypt'
            and destination_key_arn <> key_arn
            and event_time >= $window_start - $within
            and event_time < $window_end
            and error_code is null
    ) as touched
        on touched.actor = pairs.actor
        and touched.key_arn = pairs.key_arn
    inner join kms_operations as operations
        on operations.event_name = touched.event_name
        and operations.class = 'cryptographic'
),

calls as (
    select
        actor,
        key_arn,
        event_time,
        event_id,
        event_name,
        'administration' as side
    from administration
    union all
    select
        actor,
        key_arn,
        event_time,
        event_id,
        event_name,
        case when direct_call then 'use' else 'service_use' end as side
    from used
    where copy_rank = 1
),

-- Peers of the same second see each other: the frame is a range of time.
paired as (
    select
        *,
        max(case side when 'administration' then event_time end)
            over (partition by actor, key_arn order by event_time)
            as administered,
        max(case side when 'use' then event_time end)
            over (partition by actor, key_arn order by event_time)
            as used_directly,
        max(case side when 'service_use' then event_time end)
            over (partition by actor, key_arn order by event_time)
            as used_by_service
    from calls
),

judged as (
    select
        *,
        coalesce(
            event_time >= $window_start
            and administered >= event_time - $within
            and used_directly >= event_time - $within,
            false
        ) as direct_hit,
        coalesce(
            event_time >= $window_start
            and administered >= event_time - $within
            and used_by_service >= event_time - $within,
            false
        ) as service_hit
    from paired
)

select
    min(event_time) filter (where direct_hit or service_hit) as event_time,
    split_part(key_arn, ':', 5) as account_id,
    split_part(key_arn, ':', 4) as region,
    actor,
    key_arn,
    -- The newest ten of each side, oldest first, administration first.
    array_concat(
        array_reverse(array_slice(
            array_agg(event_id order by event_time desc, event_id desc)
            filter (where side = 'administration'),
            1, 10
        )),
        array_reverse(array_slice(
            array_agg(
                event_id order by side desc, event_time desc, event_id desc
            )
            filter (where side <> 'administration'),
            1, 10
        ))
    ) as event_ids,
    concat(
        actor, ' administers (',
        array_to_string(
            array_agg(distinct event_name order by event_name)
            filter (where side = 'administration'),
            ', '
        ),
        ') and uses (',
        array_to_string(
            array_agg(distinct event_name order by event_name)
            filter (where side <> 'administration'),
            ', '
        ),
        case
            when bool_or(direct_hit) then ') ' else ', through a service) '
        end,
        key_arn
    ) as summary,
    case when bool_or(direct_hit) then 'medium' else 'low' end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    count(*) filter (where side = 'administration') as administrations,
    count(*) filter (where side = 'use') as direct_uses,
    count(*) filter (where side = 'service_use') as service_uses
from judged
group by actor, key_arn
having bool_or(direct_hit or service_hit)
order by event_time, actor, key_arn
