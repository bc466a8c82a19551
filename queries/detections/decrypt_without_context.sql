-- id = "decrypt_without_context"
-- title = "Decrypt without encryption context on a key that is used with one"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1530"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SI-4", "NIST-800-53-r5:AC-3", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "30d"
-- entity = ["actor", "key_arn"]
-- why = "What a key protects is named in the encryption context, and policies and grants lean on it. A ciphertext without one was made past the applications that should use the key, and its decryption says nothing of what was read."
-- benign = "Data from before the applications used a context, an operator's test with the command line, or envelope encryption by a tool of its own. An actor that did the same before is rated low."
-- respond = "Find where the ciphertext came from: ask the owner of the actor what was decrypted, and look for Encrypt or GenerateDataKey calls without context on the key. If it was a tool, give it a context; then require one with kms:EncryptionContextKeys in the key policy."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html"]
-- [parameters]
-- usual_within = "30d" # not longer than lookback
-- calls_min = 100 # calls before the window, so that the usual is known
-- share = 99 # percent of them that carried a context
-- #
-- # Successful calls only: without the context that a ciphertext was made with,
-- # KMS refuses it, which is context_probing's matter. Asymmetric keys never
-- # carry a context and so have no such usual.

with usual as (
    select
        key_arn,
        sum(calls) as calls,
        sum(calls_with_context) as calls_with_context
    from key_usage_parts
    where hour >= date_trunc('hour', $window_start - $usual_within)
        and hour < date_trunc('hour', $window_start)
        and activity = 'use'
        and error_code is null
        and event_name in (
            'Decrypt', 'Encrypt', 'ReEncrypt', 'GenerateDataKey',
            'GenerateDataKeyWithoutPlaintext', 'GenerateDataKeyPair',
            'GenerateDataKeyPairWithoutPlaintext'
        )
    group by key_arn
    having sum(calls) >= $calls_min
        and sum(calls_with_context) * 100 >= sum(calls) * $share
),

did_before as (
    select
        actor,
        key_arn,
        sum(calls) - sum(calls_with_context) as calls
    from key_usage_parts
    where hour >= date_trunc('hour', $window_start - $usual_within)
        and hour < date_trunc('hour', $window_start)
        and event_name = 'Decrypt'
        and error_code is null
    group by actor, key_arn
    having sum(calls) > sum(calls_with_context)
),

bare as (
    select
        actions.*,
        usual.calls as usual_calls,
        usual.calls_with_context,
        coalesce(did_before.calls, 0) as calls_before
    from kms_actions as actions
    inner join usual on usual.key_arn = actions.key_arn
    left join did_before
        on did_before.actor = actions.actor
        and did_before.key_arn = actions.key_arn
    where actions.activity = 'use'
        and actions.event_name = 'Decrypt'
        and actions.event_time >= $window_start
        and actions.event_time < $window_end
        and actions.error_code is null
        and coalesce(cardinality(map_keys(actions.encryption_context)), 0) = 0
)

select
    min(event_time) as event_time,
    min(coalesce(key_account_id, recipient_account_id)) as account_id,
    min(aws_region) as region,
    actor,
    key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' decrypted without a context, calls: ',
        cast(count(*) as text), '; of ', cast(min(usual_calls) as text),
        ' calls on the key before, ', cast(min(calls_with_context) as text),
        ' carried one',
        case
            when min(calls_before) > 0
                then ', and this actor has done so before'
            else ''
        end
    ) as summary,
    case when min(calls_before) > 0 then 'low' else 'medium' end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    min(usual_calls) as usual_calls,
    min(calls_with_context) as usual_calls_with_context,
    min(calls_before) as calls_before,
    min(actor_kind) as actor_kind,
    count(*) filter (where direct_call) as direct_calls,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from bare
group by actor, key_arn
order by event_time, actor, key_arn
