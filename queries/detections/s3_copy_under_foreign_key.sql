-- id = "s3_copy_under_foreign_key"
-- title = "S3 object written under a KMS key of a foreign account"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-28", "NIST-800-53-r5:SI-4", "SOC-2:CC7.2"]
-- lookback = "0d"
-- entity = ["actor", "bucket_name", "key_arn"]
-- why = "Whoever copies your objects onto themselves under a key of another account holds them to ransom: the data stay in your bucket and only the key's owner can read them."
-- benign = "A supplier that delivers into your bucket under its own key, or a bucket whose default key belongs to another account on purpose. Name such accounts in trusted_accounts."
-- respond = "See in the details which objects were written and whether they were copied from the same bucket. If so, stop the actor's credentials first and keep old versions from being deleted; while the key still answers, copy the objects back. Else ask the bucket's owner who writes there under that key."
-- see = ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html"]
-- #
-- # Needs S3 data events in the trail. The key is the one that the request
-- # names, else the one that S3 answers with (the bucket's default). A put counts
-- # when the key's account is neither the bucket's nor one of ours or trusted.

with writes as (
    select
        *,
        coalesce(
            regexp_match(
                request_parameters,
                'encryption-aws-kms-key-id" *: *"(arn:[a-z-]+:kms:[^"]+)"'
            )[1],
            regexp_match(
                response_elements,
                'encryption-aws-kms-key-id" *: *"(arn:[a-z-]+:kms:[^"]+)"'
            )[1]
        ) as named_key,
        regexp_match(
            regexp_match(resources, '[{][^{}]*AWS::S3::Bucket[^{}]*[}]')[1],
            '"accountId" *: *"([0-9]{12})"'
        )[1] as bucket_account_id,
        regexp_match(request_parameters, '"key" *: *"([^"]*)"')[1] as object,
        split_part(
            trim(leading '/' from regexp_match(
                request_parameters, '"x-amz-copy-source" *: *"([^"]*)"'
            )[1]),
            '/', 1
        ) as source_bucket,
        row_number() over (
            partition by action_id
            order by
                case
                    when recipient_account_id = actor_account_id then 0
                    else 1
                end,
                event_id
        ) as copy
    from events
    where activity = 'manage'
        and event_source in ('s3.amazonaws.com', 's3.amazonaws.com.cn')
        and event_name in ('CopyObject', 'PutObject')
        and event_time >= $window_start
        and event_time < $window_end
        and error_code is null
),

foreign_writes as (
    select
        writes.*,
        split_part(writes.named_key, ':', 5) as foreign_account_id
    from writes
    left join own_accounts as own
        on own.account_id = split_part(writes.named_key, ':', 5)
    left join trusted_accounts as trusted
        on trusted.account_id = split_part(writes.named_key, ':', 5)
    where writes.copy = 1
        and writes.named_key is not null
        and own.account_id is null
        and trusted.account_id is null
        and coalesce(writes.bucket_account_id, '')
        <> split_part(writes.named_key, ':', 5)
)

select
    min(event_time) as event_time,
    first_value(
        coalesce(bucket_account_id, recipient_account_id)
        order by event_time, event_id
    ) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    named_key as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' wrote ', cast(count(distinct object) as text),
        case
            when count(distinct object) = 1 then ' object'
            else ' objects'
        end,
        ' to bucket ', bucket_name, ' under a key of account ',
        min(foreign_account_id), ', neither yours nor trusted',
        case
            when bool_or(coalesce(source_bucket = bucket_name, false))
                then '; copied onto the bucket itself'
            else ''
        end
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    bucket_name,
    min(bucket_account_id) as bucket_account_id,
    min(foreign_account_id) as foreign_account_id,
    array_agg(distinct event_name order by event_name) as operations,
    count(*) filter (where source_bucket = bucket_name) as copies_in_place,
    array_slice(
        array_agg(distinct object order by object), 1, 20
    ) as objects,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from foreign_writes
group by actor, bucket_name, named_key
order by event_time, actor, bucket_name, key_arn
