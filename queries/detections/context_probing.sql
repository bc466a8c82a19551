-- id = "context_probing"
-- title = "Burst of ciphertexts that KMS refused"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1530"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SI-4", "PCI-DSS-4.0.1:10.2.1.4", "ISO-27001-2022:A.8.16"]
-- lookback = "1h"
-- entity = ["actor", "day"]
-- why = "Whoever holds a ciphertext and permission to decrypt still needs its encryption context and its key. Many refusals in a row are somebody trying them out."
-- benign = "A consumer that takes one broken message again and again: with one key and one context only, it is rated medium. A restore of data under a key that was replaced."
-- respond = "See in the details whether contexts or keys change from call to call, which is guessing, and whether a Decrypt of the actor succeeded right after. Ask the owner of the actor what was to be decrypted and where the ciphertexts came from; if they do not know, stop the credentials."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html", "https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html"]
-- [parameters]
-- calls_min = 10 # refused calls within any hour
-- #
-- # Direct calls only: a service that decrypts for somebody picks context and
-- # ciphertext itself. Calls without permission are denied_burst's matter.

with refused as (
    select
        event_time,
        event_id,
        event_name,
        actor,
        actor_kind,
        coalesce(key_account_id, recipient_account_id) as account_id,
        aws_region,
        coalesce(key_arn, requested_key_id) as tried_key,
        key_arn,
        error_code,
        source_ip_address,
        concat(
            array_to_string(map_keys(encryption_context), ' '), '=',
            array_to_string(map_values(encryption_context), ' ')
        ) as context,
        count(*) over (
            partition by actor
            order by event_time
            range between interval '1 hour' preceding and current row
        ) as within_an_hour
    from kms_actions
    where activity = 'use'
        and event_name in ('Decrypt', 'ReEncrypt')
        and event_time >= $window_start - interval '1 hour'
        and event_time < $window_end
        and error_code in (
            'InvalidCiphertextException', 'IncorrectKeyException'
        )
        and direct_call
        and actor_kind <> 'service'
),

bursts as (
    select
        actor,
        date_trunc('day', event_time) as day_start,
        min(event_time) as burst_time,
        max(event_time) as last_time,
        max(within_an_hour) as within_an_hour
    from refused
    where event_time >= $window_start
        and within_an_hour >= $calls_min
    group by actor, date_trunc('day', event_time)
)

select
    bursts.burst_time as event_time,
    first_value(
        refused.account_id order by refused.event_time, refused.event_id
    ) as account_id,
    first_value(
        refused.aws_region order by refused.event_time, refused.event_id
    ) as region,
    bursts.actor,
    case
        when count(distinct refused.key_arn) = 1 then min(refused.key_arn)
    end as key_arn,
    array_slice(
        array_agg(
            refused.event_id order by refused.event_time, refused.event_id
        ),
        1, 20
    ) as event_ids,
    concat(
        'KMS refused ciphertexts of ', bursts.actor, ', calls: ',
        cast(count(*) as text), ', within an hour: ',
        cast(bursts.within_an_hour as text), ', contexts: ',
        cast(count(distinct refused.context) as text), ', keys: ',
        cast(count(distinct refused.tried_key) as text)
    ) as summary,
    case
        when count(distinct refused.context) > 1
            or count(distinct refused.tried_key) > 1 then 'high'
        else 'medium'
    end as severity,
    count(*) as event_count,
    min(refused.event_time) as first_time,
    max(refused.event_time) as last_time,
    to_char(bursts.day_start, '%Y-%m-%d') as day,
    bursts.within_an_hour as calls_within_an_hour,
    count(distinct refused.context) as contexts,
    array_agg(distinct refused.error_code order by refused.error_code)
        as error_codes,
    array_slice(
        array_agg(distinct refused.tried_key order by refused.tried_key)
        filter (where refused.tried_key is not null),
        1, 20
    ) as keys,
    min(refused.actor_kind) as actor_kind,
    array_slice(
        array_agg(distinct refused.source_ip_address
            order by refused.source_ip_address),
        1, 20
    ) as source_ip_addresses
from bursts
inner join refused
    on refused.actor = bursts.actor
    and refused.event_time >= bursts.burst_time - interval '1 hour'
    and refused.event_time <= bursts.last_time
group by
    bursts.actor, bursts.day_start, bursts.burst_time, bursts.within_an_hour
order by event_time, bursts.actor
