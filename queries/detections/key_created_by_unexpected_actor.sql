-- id = "key_created_by_unexpected_actor"
-- title = "KMS key created by an unexpected actor"
-- kind = "event"
-- severity = "low"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:SC-12", "NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6(9)", "PCI-DSS-4.0.1:3.7.1", "PCI-DSS-4.0.1:10.2.1.7"]
-- lookback = "90d"
-- history = "14d"
-- entity = ["actor"]
-- why = "Whoever makes a key writes its first policy and so decides who may use it. Keys that appear outside the agreed way are in no inventory, and a key of one's own is the first step of encrypting other people's data."
-- benign = "A new pipeline, a console trial by a developer, the first key of a team after a quiet quarter."
-- respond = "Read the policy that the key was made with, and see whether anything was encrypted under it. Ask the actor and the platform team which project it belongs to; then take it into the inventory and the agreed pipeline, or plan its removal with whoever uses it."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/create-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"]
-- [parameters]
-- new_after = "90d" # as long as lookback: an actor that made no key within it is new
-- #
-- # With creators configured, every key of anyone else is found. With none, an
-- # actor's first key in `new_after` is, which needs history. Judged are
-- # successful direct calls: what a service makes on somebody's behalf, the keys
-- # that AWS manages, and the CreateKey that ReplicateKey causes in another Region
-- # are not the actor's decision to make a key. A refused call makes none.
with configured as (
    select count(*) > 0 as present
    from trusted_principals
    where role = 'creator'
),

creations as (
    select *
    from kms_actions
    where activity = 'manage'
        and event_name = 'CreateKey'
        and event_time >= $window_start - $new_after
        and event_time < $window_end
        and error_code is null
        and direct_call
        and actor_kind <> 'service'
        and coalesce(key_manager, 'CUSTOMER') <> 'AWS'
        and not coalesce(
            regexp_like(
                response_elements, '"multiRegionKeyType"\s*:\s*"REPLICA"'
            ),
            false
        )
        and not exists (
            select 1
            from trusted_principals as trusted
            where trusted.role = 'creator'
                and kms_actions.actor like trusted.like_pattern
        )
),

known as (
    select distinct actor
    from creations
    where event_time < $window_start
)

select
    min(c.event_time) as event_time,
    first_value(
        coalesce(c.key_account_id, c.recipient_account_id)
        order by c.event_time, c.event_id
    ) as account_id,
    first_value(c.aws_region order by c.event_time, c.event_id) as region,
    c.actor,
    case when count(distinct c.key_arn) = 1 then min(c.key_arn) end as key_arn,
    array_slice(
        array_agg(c.event_id order by c.event_time, c.event_id), 1, 20
    ) as event_ids,
    concat(
        c.actor, ' created KMS keys (calls: ', cast(count(*) as text), '), ',
        case
            when bool_or(configured.present)
                then 'and is not among the configured creators'
            else concat('its first in ', cast($new_after as text))
        end
    ) as summary,
    not bool_or(configured.present) as needs_history,
    count(*) as event_count,
    min(c.event_time) as first_time,
    max(c.event_time) as last_time,
    array_slice(
        array_agg(distinct c.key_arn order by c.key_arn)
        filter (where c.key_arn is not null),
        1, 20
    ) as key_arns,
    array_agg(distinct c.aws_region order by c.aws_region) as regions,
    array_agg(distinct c.key_origin order by c.key_origin) as key_origins,
    first_value(c.actor_kind order by c.event_time, c.event_id) as actor_kind,
    first_value(c.mfa order by c.event_time, c.event_id) as mfa,
    first_value(c.mfa_reason order by c.event_time, c.event_id) as mfa_reason
from creations as c
cross join configured
left join known on known.actor = c.actor
where c.event_time >= $window_start
    and (configured.present or known.actor is null)
group by c.actor
order by event_time, c.actor
