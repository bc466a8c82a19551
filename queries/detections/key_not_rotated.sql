-- id = "key_not_rotated"
-- title = "KMS key not rotated for over a year"
-- kind = "state"
-- severity = "low"
-- confidence = "medium"
-- attack = []
-- controls = ["AWS-FSBP:KMS.4", "CIS-AWS-5.0.0:3.6", "CIS-AWS-6.0.0:4.6", "NIST-800-53-r5:SC-12", "NIST-800-53-r5:SC-12(2)", "PCI-DSS-4.0.1:3.7.4"]
-- lookback = "400d"
-- every = "24h"
-- entity = ["account_id", "key_id"]
-- why = "All that was encrypted in this time lies under one material. Standards ask for rotation at the end of a key's cryptoperiod, a year for most."
-- benign = "A key that is replaced by hand on another schedule, or a rotation that lies in a gap of the logs: days_with_logs says how many of the days since were covered."
-- respond = "Check the key's rotation status in KMS first: logs show rotations, not settings. Ask the key's owner whether automatic rotation can be enabled (it needs no change in applications and keeps old data readable) or why it must not."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html"]
-- [parameters]
-- not_rotated_for = "366d" # a year and a day, in which KMS rotates by itself
-- looked_back = "400d" # how far back coverage is counted
-- #
-- # Judged are keys that the lake proves to be customer managed, symmetric and of
-- # origin AWS_KMS: by CreateKey, or by a successful EnableKeyRotation, which KMS
-- # refuses for all others. Of any other key spec and origin are unknown, and it
-- # is not judged. The clock starts at the last RotateKey, else at creation, else
-- # at the first change that shows the key; and again when automatic rotation was
-- # enabled last, since its first period begins then. Keys of one multi-Region
-- # family share their id and rotate together: they are one row, named by the
-- # oldest. Disabled keys and those that are going away do not rotate and are left
-- # out. Reads the manage side only, but all of it.
with life as (
    select
        *,
        coalesce(key_account_id, recipient_account_id) as account_id,
        split_part(key_arn, ':key/', 2) as key_id,
        max(event_time) filter (
            where event_name = 'DisableKeyRotation'
        ) over (
            partition by key_account_id, split_part(key_arn, ':key/', 2)
        ) as rotation_disabled_time
    from kms_actions
    where activity = 'manage'
        and event_name in (
            'CreateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion',
            'CancelKeyDeletion', 'DeleteKey', 'EnableKeyRotation',
            'DisableKeyRotation', 'RotateKey'
        )
        and key_arn is not null
        and error_code is null
        and event_time < $window_end
),

families as (
    select
        account_id,
        key_id,
        first_value(key_arn order by event_time, event_id) as key_arn,
        first_value(aws_region order by event_time, event_id) as aws_region,
        first_value(event_id order by event_time, event_id) as first_event_id,
        first_value(actor order by event_time, event_id) as first_actor,
        min(event_time) as first_time,
        min(coalesce(key_creation_date, event_time)) filter (
            where event_name = 'CreateKey'
        ) as created_time,
        max(event_time) filter (
            where event_name = 'RotateKey'
        ) as last_rotated_time,
        last_value(event_id order by event_time, event_id) filter (
            where event_name = 'RotateKey'
        ) as rotation_event_id,
        -- first call since rotation was disabled last, if it is enabled
        min(event_time) filter (
            where event_name = 'EnableKeyRotation'
                and event_time > coalesce(
                    rotation_disabled_time, event_time - interval '1 day'
                )
        ) as enabled_time,
        max(rotation_disabled_time) as rotation_disabled_time,
        coalesce(bool_or(
            event_name = 'EnableKeyRotation'
            or (
                event_name = 'CreateKey'
                and key_spec = 'SYMMETRIC_DEFAULT'
                and key_origin = 'AWS_KMS'
                and coalesce(key_manager, 'CUSTOMER') <> 'AWS'
            )
        ), false) as rotatable,
        last_value(event_name order by event_time, event_id) filter (
            where event_name in (
                'CreateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion',
                'CancelKeyDeletion', 'DeleteKey'
            )
        ) as last_change
    from life
    group by account_id, key_id
),

judged as (
    select
        *,
        greatest(
            coalesce(last_rotated_time, created_time, first_time),
            enabled_time
        ) as since
    from families
    where rotatable
        and coalesce(last_change, 'CreateKey') in ('CreateKey', 'EnableKey')
),

overdue as (
    select *
    from judged
    where since <= $window_end - $not_rotated_for
),

covered as (
    select
        o.account_id,
        o.key_id,
        count(distinct date_trunc('day', c.hour)) as days_with_logs
    from overdue as o
    inner join coverage as c
        on c.account_id = o.account_id
        and c.region = o.aws_region
        and c.hour >= o.since
    where c.hour >= $window_end - $looked_back
        and c.hour < $window_end
    group by o.account_id, o.key_id
)

select
    o.since + $not_rotated_for as event_time,
    o.account_id,
    o.aws_region as region,
    o.first_actor as actor,
    o.key_arn,
    make_array(coalesce(o.rotation_event_id, o.first_event_id)) as event_ids,
    concat(
        o.key_arn, ' has not been rotated since ',
        to_char(o.since, '%Y-%m-%d'),
        case
            when o.since = o.enabled_time
                then ', when automatic rotation was enabled'
            when o.last_rotated_time is not null then ''
            when o.created_time is not null then ', when it was created'
            else ' or before, when the lake shows it first'
        end,
        case
            when o.enabled_time is not null
                then '; automatic rotation is enabled'
            when o.rotation_disabled_time is not null
                then '; automatic rotation is disabled'
            else '; no call that enables it is in the lake'
        end
    ) as summary,
    o.key_id,
    o.key_id like 'mrk-%' as multi_region,
    o.created_time,
    o.last_rotated_time,
    o.enabled_time as rotation_enabled_time,
    o.rotation_disabled_time,
    coalesce(c.days_with_logs, 0) as days_with_logs
from overdue as o
left join covered as c
    on c.account_id = o.account_id
    and c.key_id = o.key_id
order by event_time, o.account_id, o.key_id
