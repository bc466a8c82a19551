-- id = "denied_burst"
-- title = "Burst of denied KMS calls"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1580"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SI-4", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:10.2.1.4", "ISO-27001-2022:A.8.16"]
-- lookback = "1h"
-- entity = ["actor", "hour"]
-- why = "Somebody who finds out what stolen credentials can do leaves denied calls behind, many on one key or a few on several. Denials that a service met on the actor's behalf count: reading buckets or secrets asks for keys, too."
-- benign = "A rollout that lacks a permission, a changed key policy, an inventory tool that asks about every key. A service denied on its own account is rated low: something of yours has stopped working."
-- respond = "Look at which operations on which keys were tried, from where, and whether any call of the actor succeeded right after. Ask the owner of the actor; if they know nothing of it, treat its credentials as stolen. Mend the permission only when the need is proven."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html", "https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html"]
-- [parameters]
-- calls_min = 10 # denied calls within an hour
-- keys_min = 3 # or so many different keys within an hour

with denials as (
    -- a failure may name its key only in the message
    select
        actor,
        actor_kind,
        coalesce(actor_account_id, recipient_account_id) as account_id,
        aws_region,
        event_id,
        event_time,
        event_name,
        direct_call,
        source_ip_address,
        coalesce(
            key_arn,
            regexp_match(
                error_message, 'arn:[a-z-]+:kms:[^ ]*:key/[A-Za-z0-9-]+'
            )[1],
            requested_key_id
        ) as key_arn,
        row_number() over (
            partition by action_id
            order by recipient_account_id <> actor_account_id, event_id
        ) as copy
    from kms_events
    where event_time >= $window_start - interval '1 hour'
        and event_time < $window_end
        and error_code in ('AccessDenied', 'AccessDeniedException')
),

calls as (
    select
        *,
        event_time + interval '1 hour' as call_end,
        least(
            event_time + interval '1 hour',
            lead(event_time) over (
                partition by actor, key_arn
                order by event_time, event_id
            )
        ) as key_end
    from denials
    where copy = 1
),

-- a call counts from its time for an hour, a key until its next call or an
-- hour after its last: sums of these give both numbers for every last hour
marks as (
    select
        actor,
        event_time as at,
        1 as calls,
        case when key_arn is null then 0 else 1 end as keys
    from calls
    union all
    select
        actor,
        call_end as at,
        -1 as calls,
        0 as keys
    from calls
    union all
    select
        actor,
        key_end as at,
        0 as calls,
        -1 as keys
    from calls
    where key_arn is not null
),

levels as (
    select
        actor,
        at,
        count(*) filter (where calls = 1) as arrivals,
        sum(sum(calls)) over (partition by actor order by at) as calls,
        sum(sum(keys)) over (partition by actor order by at) as keys
    from marks
    group by actor, at
),

bursts as (
    select
        actor,
        date_trunc('hour', at) as hour,
        min(at) as burst_time,
        max(at) as last_time,
        max(calls) as calls,
        max(keys) as keys
    from levels
    where arrivals > 0
        and at >= $window_start
        and at < $window_end
        and (calls >= $calls_min or keys >= $keys_min)
    group by actor, date_trunc('hour', at)
)

select
    b.burst_time as event_time,
    min(c.account_id) as account_id,
    first_value(
        c.aws_region order by c.event_time, c.event_id
    ) as region,
    b.actor,
    case
        when count(distinct c.key_arn) = 1 then min(c.key_arn)
    end as key_arn,
    array_slice(
        array_agg(c.event_id order by c.event_time, c.event_id), 1, 20
    ) as event_ids,
    concat(
        'denied within an hour: ', cast(b.calls as text), ' calls, keys: ',
        cast(b.keys as text)
    ) as summary,
    case min(c.actor_kind)
        when 'service' then 'low'
        else 'medium'
    end as severity,
    count(*) as event_count,
    min(c.event_time) as first_time,
    max(c.event_time) as last_time,
    to_char(b.hour, '%Y-%m-%dT%H:00Z') as hour,
    b.calls as calls_within_an_hour,
    b.keys as keys_within_an_hour,
    array_slice(
        array_agg(distinct c.key_arn order by c.key_arn), 1, 20
    ) as key_arns,
    array_agg(distinct c.event_name order by c.event_name) as event_names,
    count(*) filter (where c.direct_call) as direct_calls,
    array_slice(
        array_agg(distinct c.source_ip_address order by c.source_ip_address),
        1, 20
    ) as source_ip_addresses
from bursts as b
inner join calls as c
    on c.actor = b.actor
    and c.event_time > b.burst_time - interval '1 hour'
    and c.event_time <= b.last_time
group by b.actor, b.hour, b.burst_time, b.last_time, b.calls, b.keys
order by event_time, b.actor
