-- id = "service_key_used_directly"
-- title = "Key of a service used directly"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1530"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3"]
-- lookback = "30d"
-- history = "14d"
-- entity = ["actor", "key_arn"]
-- why = "A key that only one service ever uses protects what that service stores. Whoever calls it directly has got hold of stored ciphertext or data keys and opens them past the service and its permissions."
-- benign = "A migration, a test of the key, a program that begins to encrypt on its own: then the key has a second purpose and should be two keys."
-- respond = "Look at the encryption context: it names the volume, object or secret that was opened. Ask the key's owner and the owner of the actor. A condition kms:ViaService in the key policy keeps such keys to their service; before setting it, see that no other direct call is needed."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html", "https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html"]
-- [parameters]
-- habit = "30d" # as long as lookback: what the key was used for before the window
-- calls_min = 100 # calls that make a habit
-- share_percent = 99 # of them through one service
-- #
-- # Cryptographic calls that succeeded, by day and hour before the window. The
-- # service is the one that called for itself or on somebody's behalf. Direct
-- # calls of machines are not judged: kind unknown is, as people's roles and
-- # programs' roles look alike.
with used as (
    select
        usage.key_arn,
        coalesce(
            usage.invoked_by,
            case usage.actor_kind when 'service' then usage.actor end
        ) as service,
        sum(usage.calls) as calls
    from key_usage_parts as usage
    inner join kms_operations as operations
        on operations.event_name = usage.event_name
        and operations.class = 'cryptographic'
    where usage.activity = 'use'
        and usage.hour >= $window_start - $habit
        and usage.hour < date_trunc('hour', $window_start)
        and usage.error_code is null
        and usage.key_arn is not null
    group by 1, 2
),

shares as (
    select
        key_arn,
        service,
        calls,
        sum(calls) over (partition by key_arn) as all_calls
    from used
),

service_keys as (
    select *
    from shares
    where service is not null
        and all_calls >= $calls_min
        and calls * 100 >= all_calls * $share_percent
),

direct_calls as (
    select
        *,
        key_arn as used_key_arn,
        encryption_context as used_context
    from kms_actions
    where activity = 'use'
        and event_time >= $window_start
        and event_time < $window_end
        and error_code is null
        and direct_call
        and actor_kind in ('person', 'unknown')
    union all
    select
        *,
        destination_key_arn as used_key_arn,
        destination_encryption_context as used_context
    from kms_actions
    where activity = 'use'
        and event_time >= $window_start
        and event_time < $window_end
        and error_code is null
        and direct_call
        and actor_kind in ('person', 'unknown')
        and event_name = 'ReEncrypt'
        and destination_key_arn is distinct from key_arn
)

select
    min(c.event_time) as event_time,
    split_part(c.used_key_arn, ':', 5) as account_id,
    split_part(c.used_key_arn, ':', 4) as region,
    c.actor,
    c.used_key_arn as key_arn,
    array_slice(
        array_agg(c.event_id order by c.event_time, c.event_id), 1, 20
    ) as event_ids,
    concat(
        c.actor, ' called ',
        array_to_string(
            array_agg(distinct c.event_name order by c.event_name), ', '
        ),
        ' directly on a key of ', s.service, ' (calls: ',
        cast(count(*) as text), '; before, ', cast(s.calls as text), ' of ',
        cast(s.all_calls as text), ' calls came through the service)'
    ) as summary,
    count(*) as event_count,
    min(c.event_time) as first_time,
    max(c.event_time) as last_time,
    s.service,
    s.calls as service_calls,
    s.all_calls as calls_before,
    array_agg(distinct c.event_name order by c.event_name) as operations,
    min(c.actor_kind) as actor_kind,
    first_value(c.mfa order by c.event_time, c.event_id) as mfa,
    first_value(c.mfa_reason order by c.event_time, c.event_id) as mfa_reason,
    first_value(
        array_to_string(map_keys(c.used_context), ', ')
        order by c.event_time, c.event_id
    ) as encryption_context_keys,
    array_slice(
        array_agg(distinct c.source_ip_address order by c.source_ip_address),
        1, 20
    ) as source_ip_addresses
from direct_calls as c
inner join kms_operations as operations
    on operations.event_name = c.event_name
    and operations.class = 'cryptographic'
inner join service_keys as s on s.key_arn = c.used_key_arn
group by c.actor, c.used_key_arn, s.service, s.calls, s.all_calls
order by event_time, c.actor, c.used_key_arn
