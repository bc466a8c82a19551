-- id = "decrypt_without_mfa"
-- title = "Decrypt by a person without MFA"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1078.004"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:IA-2(1)", "NIST-800-53-r5:AC-3"]
-- lookback = "30d"
-- entity = ["actor", "key_arn"]
-- why = "A password or an access key alone was enough to read protected data. A key that decrypts for the first time with a long-term access key is what stolen credentials look like."
-- benign = "Scripts of people who have not moved to sessions yet, and programs that run as an IAM user: their kind is unknown and they are rated info once the key is not new to them."
-- respond = "Ask the person whether they made these calls, from this address and with this program. If they did, help them to a session with MFA; if not, look at everything the access key did, and have it disabled by the owner of the user before anything else."
-- see = ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html"]
-- [parameters]
-- history = "30d" # as long as lookback: a key not used in it counts as new
-- covered_days_min = 14 # days with logs before the window, else "first" is not judged

with copies as (
    -- a failed call decrypted nothing; of a call's copies the caller's counts
    select
        *,
        row_number() over (
            partition by action_id
            order by recipient_account_id <> actor_account_id, event_id
        ) as copy
    from kms_events
    where event_time >= $window_start
        and event_time < $window_end
        and event_name = 'Decrypt'
        and error_code is null
        and direct_call
        and mfa = 'no'
        and actor_kind in ('person', 'unknown')
),

matters as (
    select
        actor,
        key_arn,
        min(event_time) as first_time,
        max(event_time) as last_time,
        count(*) as calls,
        min(recipient_account_id) as recipient_account_id,
        min(aws_region) as region,
        min(coalesce(key_account_id, recipient_account_id)) as account_id,
        min(actor_kind) as actor_kind,
        min(event_time) filter (
            where mfa_reason = 'long_term_key'
        ) as long_term_time,
        array_agg(event_id order by event_time, event_id) as event_ids,
        array_agg(distinct mfa_reason order by mfa_reason) as mfa_reasons,
        array_agg(distinct access_key_id order by access_key_id)
            as access_key_ids,
        array_agg(distinct source_ip_address order by source_ip_address)
            as source_ip_addresses
    from copies
    where copy = 1
    group by actor, key_arn
),

-- any direct cryptographic use makes a key known to an actor
known as (
    select
        m.actor,
        m.key_arn,
        min(e.event_time) as known_time
    from matters as m
    inner join kms_events as e
        on e.actor = m.actor
        and e.key_arn = m.key_arn
    inner join kms_operations as o on o.event_name = e.event_name
    where e.event_time >= $window_start - $history
        and e.event_time < $window_end
        and e.activity = 'use'
        and o.role = 'user'
        and e.error_code is null
        and e.direct_call
    group by m.actor, m.key_arn
),

covered as (
    select
        account_id,
        region,
        count(distinct date_trunc('day', hour)) as days
    from coverage
    where hour >= $window_start - $history
        and hour < $window_start
    group by account_id, region
),

judged as (
    select
        m.*,
        case
            when m.long_term_time is null then 'not a long-term key'
            when coalesce(c.days, 0) < $covered_days_min then concat(
                'not judged: ', cast(coalesce(c.days, 0) as text),
                ' days of logs before the window'
            )
            when k.known_time >= m.long_term_time then 'yes'
            else 'no'
        end as first_use
    from matters as m
    left join known as k
        on k.actor = m.actor
        and k.key_arn = m.key_arn
    left join covered as c
        on c.account_id = m.recipient_account_id
        and c.region = m.region
)

select
    first_time as event_time,
    account_id,
    region,
    actor,
    key_arn,
    array_slice(event_ids, 1, 20) as event_ids,
    concat(
        'decrypted without MFA (calls: ', cast(calls as text), ')',
        case
            when first_use = 'yes'
                then ', with a long-term access key and for the first time'
            when long_term_time is not null then ', with a long-term access key'
            else ''
        end
    ) as summary,
    case
        when first_use = 'yes' then 'high'
        when actor_kind = 'person' then 'medium'
        else 'info'
    end as severity,
    calls as event_count,
    first_time,
    last_time,
    actor_kind,
    mfa_reasons,
    first_use,
    array_slice(access_key_ids, 1, 20) as access_key_ids,
    array_slice(source_ip_addresses, 1, 20) as source_ip_addresses
from judged
order by event_time, actor, key_arn
