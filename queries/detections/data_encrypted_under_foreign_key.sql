-- id = "data_encrypted_under_foreign_key"
-- title = "Own principal encrypts under a key of a foreign account"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-28", "NIST-800-53-r5:SI-4", "SOC-2:CC7.2"]
-- lookback = "30d"
-- entity = ["actor", "key_arn"]
-- why = "Ransom in the cloud: objects are copied onto themselves under the attacker's key, which the attacker then takes away. Your logs show it as your own principals asking for data keys of a key that is not yours."
-- benign = "Writing to a partner's bucket, whose default key is the partner's, looks the same: medium. Name such accounts in trusted_accounts."
-- respond = "See whether the resources were under your own keys before: then stop the actor's credentials and the copying at once, while the key still answers; keep object versions and snapshots from being deleted. Otherwise ask the actor's owner whose account the key is in, and what is written there."
-- see = ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-generatedatakey.html"]
-- [parameters]
-- objects_min = 100 # encryption contexts of one actor in an hour
-- seen_before = "24h" # a resource under own keys in this time before the window
-- known_within = "30d" # a foreign key used in this time is no new one
-- covered_days_min = 14 # days with logs in it, else "first" is not judged
-- #
-- # Critical: a resource (S3 bucket, secret, volume, table, ...) that was used
-- # under an own key before or in the window; or `objects_min` contexts in one
-- # clock hour under a key that none of our principals used before. Calls that a
-- # service makes for the actor are the point here and count.

with touched as (
    select
        *,
        key_arn as used_key_arn,
        encryption_context as context,
        event_name in (
            'Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext',
            'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'
        ) as encrypts
    from kms_actions
    union all
    select
        *,
        destination_key_arn as used_key_arn,
        destination_encryption_context as context,
        true as encrypts
    from kms_actions
    where event_name = 'ReEncrypt'
),

calls as (
    select
        event_time,
        event_id,
        event_name,
        actor,
        actor_kind,
        actor_account_id,
        recipient_account_id,
        aws_region,
        invoked_by,
        source_ip_address,
        used_key_arn,
        encrypts,
        own.account_id is not null as own_key,
        trusted.account_id is not null as trusted_key,
        array_to_string(map_values(context), ' ') as object,
        case
            when context['aws:s3:arn'] is not null then concat(
                'bucket ',
                split_part(split_part(context['aws:s3:arn'], ':', 6), '/', 1)
            )
            else coalesce(
                context['SecretARN'], context['PARAMETER_ARN'],
                context['aws:ebs:id'], context['aws:rds:db-id'],
                'table ' || context['aws:dynamodb:tableName'],
                context['aws:lambda:FunctionArn'], context['aws:logs:arn'],
                context['aws:sqs:arn'], context['aws:redshift:arn']
            )
        end as resource
    from touched
    left join own_accounts as own
        on own.account_id = split_part(used_key_arn, ':', 5)
    left join trusted_accounts as trusted
        on trusted.account_id = split_part(used_key_arn, ':', 5)
    where activity = 'use'
        and event_time >= $window_start - $seen_before
        and event_time < $window_end
        and error_code is null
        and split_part(used_key_arn, ':', 5) <> ''
),

foreign_calls as (
    select
        calls.*,
        count(distinct coalesce(calls.object, calls.event_id)) over (
            partition by
                calls.actor, calls.used_key_arn,
                date_trunc('hour', calls.event_time)
        ) as objects
    from calls
    inner join own_accounts as own
        on own.account_id = calls.actor_account_id
    where calls.event_time >= $window_start
        and not calls.own_key
        and not calls.trusted_key
        and calls.encrypts
),

ours_before as (
    select resource, min(event_time) as own_time
    from calls
    where own_key
        and resource is not null
    group by resource
),

known_keys as (
    select distinct usage.key_arn
    from key_usage_parts as usage
    inner join own_accounts as own
        on own.account_id = usage.actor_account_id
    where usage.hour >= date_trunc('hour', $window_start - $known_within)
        and usage.hour < date_trunc('hour', $window_start)
        and usage.error_code is null
        and usage.key_account_id <> usage.actor_account_id
),

covered as (
    select
        account_id,
        region,
        count(distinct date_trunc('day', hour)) as days
    from coverage
    where hour >= $window_start - $known_within
        and hour < $window_start
    group by account_id, region
),

judged as (
    select
        calls.*,
        ours_before.own_time <= calls.event_time as ours,
        calls.objects >= $objects_min
            and known_keys.key_arn is null
            and covered.days >= $covered_days_min as many
    from foreign_calls as calls
    left join ours_before on ours_before.resource = calls.resource
    left join known_keys on known_keys.key_arn = calls.used_key_arn
    left join covered
        on covered.account_id = calls.recipient_account_id
        and covered.region = calls.aws_region
)

select
    min(event_time) as event_time,
    first_value(
        recipient_account_id order by event_time, event_id
    ) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    used_key_arn as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' encrypted under a key of account ',
        split_part(used_key_arn, ':', 5), ', neither yours nor trusted;',
        ' calls: ', cast(count(*) as text),
        case
            when bool_or(coalesce(ours, false)) then concat(
                '; under your own keys before: ',
                array_to_string(array_slice(
                    array_agg(distinct resource order by resource)
                    filter (where ours), 1, 3
                ), ', ')
            )
            when bool_or(coalesce(many, false)) then concat(
                '; a new key, and objects in an hour: ',
                cast(max(objects) as text)
            )
            else ''
        end
    ) as summary,
    case
        when bool_or(coalesce(ours, false) or coalesce(many, false))
            then 'critical'
        else 'medium'
    end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    split_part(used_key_arn, ':', 5) as foreign_account_id,
    array_agg(distinct event_name order by event_name) as operations,
    max(objects) as objects_within_an_hour,
    array_slice(
        array_agg(distinct resource order by resource)
        filter (where resource is not null),
        1, 20
    ) as resources,
    array_agg(distinct invoked_by order by invoked_by)
        filter (where invoked_by is not null) as services,
    min(actor_kind) as actor_kind,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from judged
group by actor, used_key_arn
order by event_time, actor, key_arn
