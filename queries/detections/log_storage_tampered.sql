-- id = "log_storage_tampered"
-- title = "Storage of trail logs changed"
-- kind = "event"
-- severity = "critical"
-- confidence = "medium"
-- attack = ["T1562.008"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AU-9", "NIST-800-53-r5:AU-11", "PCI-DSS-4.0.1:10.3.4", "PCI-DSS-4.0.1:10.5.1", "AWS-FSBP:CloudTrail.2"]
-- lookback = "90d"
-- entity = ["bucket_name"]
-- why = "Who may change the bucket can delete the logs in it, let them expire, keep CloudTrail from writing, or let others read them. It is the quiet way to switch a trail off."
-- benign = "Changed retention or a policy for a new account or reader, with an entry in your change log."
-- respond = "Read the new policy, lifecycle rule or setting in the request first: can CloudTrail still write, and do objects stay as long as they must? Ask the owner of the log archive. If nobody planned it, put the setting back, and check with validation of log files what is missing since."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html", "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html"]
-- [parameters]
-- known_within = "90d" # as long as lookback: trails created or changed in it name their bucket
-- seen_within = "1d" # before the window: log files read from a bucket, or a trail's calls to KMS for one
-- #
-- # A bucket holds logs from the moment that shows it: a trail that was given it,
-- # a log file that this lake was filled from, or CloudTrail asking KMS for a data
-- # key with the bucket in the encryption context. What happened to it before, as
-- # while a trail is set up, is quiet; so are calls that failed and versioning
-- # switched on. Deleted objects show only in data events, which are not read.
with evidence as (
    select
        split_part(object_uri, '/', 3) as bucket_name,
        delivered_at as known_time,
        'read into this lake' as source
    from objects
    where object_uri like 's3://%'
        and outcome in ('read', 'partly_read')
        and delivered_at >= $window_start - $seen_within
        and delivered_at < $window_end
    union all
    select
        split_part(
            split_part(encryption_context['aws:s3:arn'], ':', 6), '/', 1
        ) as bucket_name,
        event_time as known_time,
        'data key for a trail' as source
    from kms_events
    where activity = 'use'
        and event_name = 'GenerateDataKey'
        and actor in ('cloudtrail.amazonaws.com', 'cloudtrail.amazonaws.com.cn')
        and error_code is null
        and event_time >= $window_start - $seen_within
        and event_time < $window_end
        and encryption_context['aws:cloudtrail:arn'] is not null
    union all
    select
        regexp_match(
            coalesce(response_elements, request_parameters),
            '"s3BucketName"\s*:\s*"([^"]+)"'
        )[1] as bucket_name,
        event_time as known_time,
        'named by a trail' as source
    from events
    where activity = 'manage'
        and event_source in (
            'cloudtrail.amazonaws.com', 'cloudtrail.amazonaws.com.cn'
        )
        and event_name in ('CreateTrail', 'UpdateTrail')
        and error_code is null
        and event_time >= $window_start - $known_within
        and event_time < $window_end
),

log_buckets as (
    select
        bucket_name,
        min(known_time) as known_time,
        array_agg(distinct source order by source) as known_by
    from evidence
    where bucket_name <> ''
    group by bucket_name
),

changes as (
    select
        events.*,
        buckets.known_by,
        regexp_like(
            events.request_parameters,
            '"(NoncurrentVersion)?Expiration"'
        ) as expires
    from events
    inner join log_buckets as buckets
        on buckets.bucket_name = events.bucket_name
    where events.activity = 'manage'
        and events.event_source in ('s3.amazonaws.com', 's3.amazonaws.com.cn')
        and events.event_name in (
            'DeleteBucket', 'DeleteBucketEncryption', 'DeleteBucketLifecycle',
            'DeleteBucketPolicy', 'PutBucketEncryption', 'PutBucketLifecycle',
            'PutBucketLifecycleConfiguration', 'PutBucketPolicy',
            'PutBucketVersioning'
        )
        and events.error_code is null
        and events.event_time >= $window_start
        and events.event_time < $window_end
        and events.event_time >= buckets.known_time
        and not (
            events.event_name = 'PutBucketVersioning'
            and coalesce(
                regexp_like(
                    events.request_parameters, '"Status"\s*:\s*"Enabled"'
                ),
                false
            )
        )
)

select
    min(event_time) as event_time,
    first_value(
        recipient_account_id order by event_time, event_id
    ) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    first_value(actor order by event_time, event_id) as actor,
    cast(null as text) as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(actor order by event_time, event_id),
        case when count(distinct actor) > 1 then ' and others' else '' end,
        ' called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' on ', bucket_name, ', which holds trail logs',
        case
            when bool_or(event_name like 'PutBucketLifecycle%' and expires)
                then '; the lifecycle lets objects expire'
            else ''
        end
    ) as summary,
    count(distinct action_id) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    bucket_name,
    array_agg(distinct event_name order by event_name) as operations,
    first_value(known_by order by event_time, event_id) as known_by,
    array_agg(distinct actor order by actor) as actors,
    first_value(actor_kind order by event_time, event_id) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason
from changes
group by bucket_name
order by event_time, bucket_name
