-- id = "grant_created_directly"
-- title = "KMS grant made directly by an actor that never made one"
-- kind = "event"
-- severity = "low"
-- confidence = "medium"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-2", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:10.2.1.5"]
-- lookback = "90d"
-- history = "14d"
-- entity = ["actor"]
-- why = "Nearly all grants are made by services for the resources they run. A person or a role that begins to make them by hand hands out access that no policy shows."
-- benign = "An application that learned to work with grants, or an administrator who shares a key for the first time."
-- respond = "Read to whom the grants go and for which operations. Ask the actor's owner whether they know of them; if they do not, look at how the session began before the grants are touched, and let the key's owner revoke them."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/grants.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-creategrant.html"]
-- [parameters]
-- new_after = "90d"
-- #
-- # Configured administrators are judged like everyone: making grants is not
-- # what their role is for. Refused calls are denied_administration's matter.

with made as (
    select
        *,
        array_to_string(grant_operations, ', ') as operations
    from kms_actions
    where activity = 'manage'
        and event_name = 'CreateGrant'
        and event_time >= $window_start - $new_after
        and event_time < $window_end
        and error_code is null
        and direct_call
        and actor_kind <> 'service'
        and actor not like '%:role/aws-service-role/%'
),

known as (
    select distinct actor
    from made
    where event_time < $window_start
)

select
    min(made.event_time) as event_time,
    -- whose logs tell what the actor did before
    first_value(
        made.recipient_account_id order by made.event_time, made.event_id
    ) as account_id,
    first_value(
        made.aws_region order by made.event_time, made.event_id
    ) as region,
    made.actor,
    case
        when count(distinct made.key_arn) = 1 then min(made.key_arn)
    end as key_arn,
    array_slice(
        array_agg(made.event_id order by made.event_time, made.event_id),
        1, 20
    ) as event_ids,
    concat(
        made.actor, ' made grants for the first time in ',
        cast($new_after as text), ': ',
        cast(count(distinct made.grant_id) as text), ' on ',
        cast(count(distinct made.key_arn) as text),
        case
            when count(distinct made.key_arn) = 1 then ' key, to '
            else ' keys, to '
        end,
        case
            when count(distinct made.grantee_principal) = 1
                then min(made.grantee_principal)
            else concat(
                cast(count(distinct made.grantee_principal) as text),
                ' grantees'
            )
        end
    ) as summary,
    count(*) as event_count,
    min(made.event_time) as first_time,
    max(made.event_time) as last_time,
    min(made.actor_kind) as actor_kind,
    array_slice(
        array_agg(distinct made.grantee_principal
            order by made.grantee_principal),
        1, 20
    ) as grantee_principals,
    array_slice(
        array_agg(distinct made.operations order by made.operations), 1, 20
    ) as grant_operations,
    array_slice(
        array_agg(distinct made.key_arn order by made.key_arn), 1, 20
    ) as key_arns,
    array_slice(
        array_agg(distinct made.grant_id order by made.grant_id), 1, 20
    ) as grant_ids
from made
left join known on known.actor = made.actor
where made.event_time >= $window_start
    and known.actor is null
group by made.actor
order by event_time, made.actor
