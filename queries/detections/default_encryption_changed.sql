-- id = "default_encryption_changed"
-- title = "Default encryption of a bucket or of EBS changed"
-- kind = "event"
-- severity = "low"
-- confidence = "high"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-28", "NIST-800-53-r5:CM-6", "SOC-2:CC7.1"]
-- lookback = "90d"
-- entity = ["account_id", "region", "setting"]
-- why = "The default decides under which key all that is written from now on is encrypted. Set to a key of another account, whoever owns that key can lock you out of the new data; switched off, new volumes are not encrypted at all."
-- benign = "Moving buckets from Amazon's keys to your own, or a pipeline that sets up a new account."
-- respond = "Compare the new key with what the bucket's owner wants. For a key of an unknown account ask who made the change and from where, set the default back, and look for what was written meanwhile (s3_copy_under_foreign_key, data_encrypted_under_foreign_key)."
-- see = ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html", "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html"]
-- [parameters]
-- compared_within = "90d" # an equal setting of a bucket in this time is no change
-- #
-- # Successful changes, made directly or through a service. A bucket's setting
-- # put again as it was is no change. A key named by id or alias is the
-- # account's own.

with settings as (
    select
        *,
        case
            when event_source like 's3.%' then concat('bucket ', bucket_name)
            when event_name = 'DisableEbsEncryptionByDefault'
                then 'EBS encryption by default'
            else 'EBS default key'
        end as setting,
        coalesce(
            regexp_match(
                request_parameters, '"SSEAlgorithm" *: *"([^"]+)"'
            )[1],
            case event_name
                when 'DisableEbsEncryptionByDefault' then 'off'
                when 'DeleteBucketEncryption' then 'AES256'
            end
        ) as algorithm,
        coalesce(
            regexp_match(
                regexp_match(resources, '[{][^{}]*AWS::S3::Bucket[^{}]*[}]')[1],
                '"accountId" *: *"([0-9]{12})"'
            )[1],
            recipient_account_id
        ) as owner_account_id,
        regexp_match(
            request_parameters,
            '"(?:KMSMasterKeyID|[Kk]msKeyId)" *: *"([^"]+)"'
        )[1] as named_key,
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
        and event_name in (
            'PutBucketEncryption', 'DeleteBucketEncryption',
            'ModifyEbsDefaultKmsKeyId', 'DisableEbsEncryptionByDefault'
        )
        and event_time >= $window_start - $compared_within
        and event_time < $window_end
        and error_code is null
),

described as (
    select
        *,
        concat_ws(' under ', algorithm, named_key) as value,
        case
            when named_key like 'arn:%' then split_part(named_key, ':', 5)
        end as named_account_id
    from settings
    where copy = 1
),

compared as (
    select
        *,
        lag(value) over (
            partition by owner_account_id, aws_region, setting
            order by event_time, event_id
        ) as previous_value
    from described
),

changes as (
    select
        compared.*,
        compared.named_account_id is not null
            and own.account_id is null
            and trusted.account_id is null as untrusted
    from compared
    left join own_accounts as own
        on own.account_id = compared.named_account_id
    left join trusted_accounts as trusted
        on trusted.account_id = compared.named_account_id
    where compared.event_time >= $window_start
        and (
            compared.previous_value is null
            or compared.previous_value <> compared.value
            or compared.event_source not like 's3.%'
        )
)

select
    min(event_time) as event_time,
    owner_account_id as account_id,
    aws_region as region,
    first_value(
        actor order by untrusted desc, event_time desc, event_id desc
    ) as actor,
    first_value(
        case when named_key like '%:key/%' then named_key end
        order by untrusted desc, event_time desc, event_id desc
    ) as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    first_value(
        concat(
            actor, ' set ', setting, ' to ', value,
            case
                when untrusted then concat(
                    ', a key of account ', named_account_id,
                    ', neither yours nor trusted'
                )
                else ''
            end
        )
        -- the worst change speaks for the matter, else the last
        order by untrusted desc, event_time desc, event_id desc
    ) as summary,
    case when bool_or(untrusted) then 'critical' else 'low' end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    setting,
    array_slice(
        array_agg(value order by event_time, event_id), 1, 20
    ) as values_set,
    first_value(previous_value order by event_time, event_id)
        as previous_value,
    array_slice(
        array_agg(distinct actor order by actor), 1, 20
    ) as actors
from changes
group by owner_account_id, aws_region, setting
order by event_time, account_id, region, setting
