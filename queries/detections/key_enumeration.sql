-- id = "key_enumeration"
-- title = "Many KMS keys looked up by a new actor"
-- kind = "event"
-- severity = "low"
-- confidence = "low"
-- attack = ["T1580"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SI-4", "ISO-27001-2022:A.8.16"]
-- lookback = "90d"
-- history = "14d"
-- entity = ["actor"]
-- why = "Before somebody uses stolen credentials on keys, they find out which keys there are, who may use them and how. An actor that never did so and reads the metadata of many keys within minutes looks like that."
-- benign = "The first look of a person at the console, which describes every key it lists; a new inventory or compliance tool."
-- respond = "Look at what the actor called next, above all Decrypt, CreateGrant and PutKeyPolicy, and whether policies and grants were read or only descriptions. Ask the owner of the actor what it was for."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/viewing-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html"]
-- [parameters]
-- keys_min = 10 # different keys within ten minutes
-- new_after = "90d" # as long as lookback: an hour with so many keys in it counts as done before
-- #
-- # Direct calls that succeeded and read about one key: descriptions, policies,
-- # grants, tags, rotation, public keys. Refused ones are denied_burst's matter.
with calls as (
    select
        actions.actor,
        actions.key_arn,
        actions.event_time,
        actions.event_id,
        actions.event_name,
        least(
            actions.event_time + interval '10 minutes',
            lead(actions.event_time) over (
                partition by actions.actor, actions.key_arn
                order by actions.event_time, actions.event_id
            )
        ) as key_end
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
    where actions.activity = 'use'
        and actions.event_time >= $window_start - interval '10 minutes'
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.direct_call
        and actions.actor_kind <> 'service'
        and actions.actor_kind_reason <> 'service_linked_role'
        and actions.key_arn is not null
        and (
            operations.role = 'reader'
            or operations.event_name = 'GetPublicKey'
        )
),

-- a key counts from a call until the next one on it, or ten minutes: sums of
-- these marks give the number of keys for every last ten minutes
marks as (
    select
        actor,
        event_time as at,
        1 as keys
    from calls
    union all
    select
        actor,
        key_end as at,
        -1 as keys
    from calls
),

levels as (
    select
        actor,
        at,
        max(keys) as arrival,
        sum(sum(keys)) over (partition by actor order by at) as keys
    from marks
    group by actor, at
),

bursts as (
    select
        actor,
        min(at) as burst_time,
        max(keys) as keys
    from levels
    where arrival = 1
        and at >= $window_start
        and at < $window_end
        and keys >= $keys_min
    group by actor
),

known as (
    select actor
    from (
        select
            usage.actor,
            usage.hour
        from key_usage_parts as usage
        inner join kms_operations as operations
            on operations.event_name = usage.event_name
        where usage.activity = 'use'
            and usage.hour >= $window_start - $new_after
            and usage.hour < date_trunc('hour', $window_start)
            and usage.error_code is null
            and usage.direct_call
            and (
                operations.role = 'reader'
                or operations.event_name = 'GetPublicKey'
            )
        group by usage.actor, usage.hour
        having count(distinct usage.key_arn) >= $keys_min
    ) as busy_hours
    group by actor
)

select
    b.burst_time as event_time,
    split_part(min(c.key_arn), ':', 5) as account_id,
    split_part(min(c.key_arn), ':', 4) as region,
    b.actor,
    cast(null as text) as key_arn,
    array_slice(
        array_agg(c.event_id order by c.event_time, c.event_id), 1, 20
    ) as event_ids,
    concat(
        b.actor, ' read about ', cast(b.keys as text),
        ' keys within ten minutes, for the first time in ',
        cast($new_after as text), ': ',
        array_to_string(
            array_agg(distinct c.event_name order by c.event_name), ', '
        )
    ) as summary,
    count(*) as event_count,
    min(c.event_time) as first_time,
    max(c.event_time) as last_time,
    b.keys as keys_within_ten_minutes,
    count(distinct c.key_arn) as keys,
    array_agg(distinct c.event_name order by c.event_name) as operations,
    array_slice(
        array_agg(distinct c.key_arn order by c.key_arn), 1, 20
    ) as key_arns
from bursts as b
inner join calls as c
    on c.actor = b.actor
    and c.event_time > b.burst_time - interval '10 minutes'
left join known on known.actor = b.actor
where known.actor is null
group by b.actor, b.burst_time, b.keys
order by event_time, b.actor
