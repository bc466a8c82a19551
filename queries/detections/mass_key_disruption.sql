-- id = "mass_key_disruption"
-- title = "Several KMS keys made unusable by one actor"
-- kind = "event"
-- severity = "critical"
-- confidence = "medium"
-- attack = ["T1486", "T1485"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:CloudWatch.7", "CIS-AWS-5.0.0:4.7", "CIS-AWS-6.0.0:5.7", "NIST-800-53-r5:SI-4", "NIST-800-53-r5:IR-4", "PCI-DSS-4.0.1:3.7.5"]
-- lookback = "25h"
-- entity = ["actor", "day"]
-- why = "Disabling keys, scheduling or deleting their material and replacing their policies within minutes is how data is held to ransom or destroyed: all that lies under the keys is out of reach at once."
-- benign = "A rollout that changes the policy of many keys, or the removal of a stack or of a whole environment: rated high when only policies changed or when every call came through a service."
-- respond = "First see which keys are still usable and who is affected; keep a second administrator signed in. Ask the actor by a way other than its own account, and the keys' owners, whether this was planned. If not, end the actor's sessions, enable the keys, cancel the deletions and put the last known policies back, in this order."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-scheduling-key-deletion.html"]
-- [parameters]
-- keys_min = 3 # different keys
-- within = "1h"
-- new_for = "1d" # an actor's own key this young holds nothing yet: a test, a setup
-- #
-- # Successful calls only: refused ones are denied_administration's matter. The
-- # same policy put again changes nothing. Lookback is `within` and
-- # `new_for`.
with created as (
    select key_arn, actor, min(event_time) as created_time
    from kms_actions
    where activity = 'manage'
        and event_name = 'CreateKey'
        and error_code is null
        and event_time >= $window_start - $within - $new_for
        and event_time < $window_end
    group by key_arn, actor
),

repeated_policies as (
    select event_id
    from key_policies
    where set_time >= $window_start - $within
        and set_time < $window_end
        and event_name = 'PutKeyPolicy'
        and policy_diff(previous_policy, policy)['same']
),

calls as (
    select
        c.actor,
        c.actor_kind,
        c.mfa,
        c.direct_call,
        coalesce(c.key_account_id, c.recipient_account_id) as account_id,
        c.aws_region,
        c.key_arn,
        c.event_time,
        c.event_id,
        c.event_name,
        -- until when this call makes its key count: the key's next call may
        -- take over
        least(
            c.event_time + $within,
            lead(c.event_time) over (
                partition by c.actor, c.key_arn
                order by c.event_time, c.event_id
            )
        ) as counts_until
    from kms_actions as c
    left join created as n
        on n.key_arn = c.key_arn
        and n.actor = c.actor
        and n.created_time >= c.event_time - $new_for
    where c.activity = 'manage'
        and c.event_name in (
            'DisableKey', 'ScheduleKeyDeletion', 'DeleteImportedKeyMaterial',
            'PutKeyPolicy'
        )
        and c.error_code is null
        and c.key_arn is not null
        and c.event_time >= $window_start - $within
        and c.event_time < $window_end
        and n.key_arn is null
        and c.event_id not in (select event_id from repeated_policies)
),

marks as (
    select actor, event_time as at, 1 as keys, 1 as arrivals from calls
    union all
    select actor, counts_until as at, -1 as keys, 0 as arrivals from calls
),

levels as (
    select
        actor,
        at,
        sum(arrivals) as arrivals,
        sum(sum(keys)) over (partition by actor order by at) as keys
    from marks
    group by actor, at
),

bursts as (
    select
        actor,
        date_trunc('day', at) as day_start,
        min(at) as burst_time,
        max(at) as last_time,
        max(keys) as keys
    from levels
    where arrivals > 0
        and keys >= $keys_min
        and at >= $window_start
        and at < $window_end
    group by actor, date_trunc('day', at)
)

select
    b.burst_time as event_time,
    first_value(c.account_id order by c.event_time, c.event_id) as account_id,
    first_value(c.aws_region order by c.event_time, c.event_id) as region,
    b.actor,
    cast(null as text) as key_arn,
    array_slice(
        array_agg(c.event_id order by c.event_time, c.event_id), 1, 20
    ) as event_ids,
    concat(
        b.actor, ' made ', cast(b.keys as text),
        ' keys unusable or replaced their policies in one burst: ',
        array_to_string(
            array_agg(distinct c.event_name order by c.event_name), ', '
        )
    ) as summary,
    case
        when bool_and(c.event_name = 'PutKeyPolicy')
            or not bool_or(c.direct_call) then 'high'
        else 'critical'
    end as severity,
    count(*) as event_count,
    min(c.event_time) as first_time,
    max(c.event_time) as last_time,
    to_char(b.day_start, '%Y-%m-%d') as day,
    b.keys as keys_within,
    array_agg(distinct c.event_name order by c.event_name) as operations,
    array_slice(
        array_agg(distinct c.key_arn order by c.key_arn), 1, 20
    ) as key_arns,
    array_agg(distinct c.account_id order by c.account_id) as account_ids,
    min(c.actor_kind) as actor_kind,
    array_agg(distinct c.mfa order by c.mfa) as mfa
from bursts as b
inner join calls as c
    on c.actor = b.actor
    and c.event_time > b.burst_time - $within
    and c.event_time <= b.last_time
group by b.actor, b.day_start, b.burst_time, b.last_time, b.keys
order by event_time, b.actor
