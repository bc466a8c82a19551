-- id = "unused_key"
-- title = "KMS key that nobody uses"
-- kind = "absence"
-- severity = "info"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:SC-12", "PCI-DSS-4.0.1:3.6.1.4", "PCI-DSS-4.0.1:3.7.5"]
-- lookback = "90d"
-- every = "24h"
-- entity = ["key_arn"]
-- why = "A key that nobody uses costs money and attention, and its policy and grants are access that nobody watches."
-- benign = "A key for recovery or yearly work, a replica for a disaster, or data at rest: a disk that stays attached and an object that nobody reads need their key without any call. No calls is no proof that nothing is encrypted under it."
-- respond = "Ask the key's owner what is encrypted under it, and look for resources that name it. If nobody knows, disable the key and watch for failed calls (use_of_doomed_key) over a full cycle of your business before anyone thinks of deletion."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-determining-usage.html", "https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html"]
-- [parameters]
-- unused_after = "90d" # not longer than lookback: silence counts only where logs were complete
-- #
-- # Judged are our customer managed keys that a creation, a replication or a
-- # change shows, at least `unused_after` old. A use is any successful
-- # cryptographic call or GetPublicKey (whose key is used outside of KMS), by
-- # anyone, also through a service, and either key of ReEncrypt; a failed call used
-- # nothing. Keys of other accounts, and those deleted or scheduled for deletion,
-- # are left out; disabled ones are in, with their state. True since the key was
-- # that old: an older last use is not looked for.
with shown as (
    select
        case event_name
            when 'ReplicateKey' then destination_key_arn
            else key_arn
        end as key_arn,
        event_time,
        event_id,
        event_name,
        actor,
        key_creation_date,
        key_manager
    from kms_actions
    where activity = 'manage'
        and error_code is null
        and event_time < $window_end
        and event_name in (
            'CreateKey', 'ReplicateKey', 'EnableKey', 'DisableKey',
            'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey',
            'PutKeyPolicy', 'EnableKeyRotation', 'DisableKeyRotation',
            'RotateKeyOnDemand', 'ImportKeyMaterial', 'TagResource',
            'UntagResource', 'UpdateKeyDescription', 'UpdatePrimaryRegion'
        )
),

keys_shown as (
    select
        key_arn,
        split_part(key_arn, ':', 5) as account_id,
        split_part(key_arn, ':', 4) as aws_region,
        min(coalesce(key_creation_date, event_time)) as known_since,
        min(key_creation_date) as created_time,
        first_value(actor order by event_time, event_id) as actor,
        first_value(event_name order by event_time, event_id) as first_call,
        first_value(event_id order by event_time, event_id) as event_id,
        coalesce(
            last_value(event_name order by event_time, event_id) filter (
                where event_name in (
                    'EnableKey', 'DisableKey', 'ScheduleKeyDeletion',
                    'CancelKeyDeletion', 'DeleteKey'
                )
            ),
            'EnableKey'
        ) as last_change,
        coalesce(bool_or(key_manager = 'AWS'), false) as aws_managed
    from shown
    where key_arn like '%:key/%'
    group by key_arn
),

used as (
    select key_arn
    from key_usage_parts
    where hour >= date_trunc('hour', $window_end - $unused_after)
        and hour < date_trunc('hour', $window_start)
        and activity = 'use'
        and error_code is null
        and event_name in (
            select event_name
            from kms_operations
            where role = 'user'
        )
    union
    select unnest(make_array(key_arn, destination_key_arn)) as key_arn
    from kms_events
    where event_time >= date_trunc('hour', $window_start)
        and event_time >= $window_end - $unused_after
        and event_time < $window_end
        and activity = 'use'
        and error_code is null
        and event_name in (
            select event_name
            from kms_operations
            where role = 'user'
        )
)

select
    k.known_since + $unused_after as event_time,
    k.account_id,
    k.aws_region as region,
    k.actor,
    k.key_arn,
    make_array(k.event_id) as event_ids,
    concat(
        'nobody used ', k.key_arn, ' in ', cast($unused_after as text),
        '; the lake shows it first with ', k.first_call, ' by ', k.actor
    ) as summary,
    k.created_time,
    k.key_arn like '%:key/mrk-%' as multi_region,
    case k.last_change
        when 'EnableKey' then 'enabled'
        else 'disabled'
    end as state
from keys_shown as k
left join used as u on u.key_arn = k.key_arn
where u.key_arn is null
    and not k.aws_managed
    and k.last_change not in ('ScheduleKeyDeletion', 'DeleteKey')
    and k.known_since <= $window_end - $unused_after
    and k.account_id in (select account_id from own_accounts)
order by event_time, k.key_arn
