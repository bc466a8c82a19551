-- id = "rotation_disabled"
-- title = "Automatic rotation of a KMS key disabled"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = []
-- controls = ["AWS-FSBP:KMS.4", "CIS-AWS-5.0.0:3.6", "CIS-AWS-6.0.0:4.6", "NIST-800-53-r5:SC-12(2)", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:3.7.4"]
-- lookback = "400d"
-- entity = ["key_arn"]
-- why = "The key keeps its material from now on, however much is encrypted with it. Standards ask for rotation, so that less depends on one material."
-- benign = "A change from automatic rotation to rotation on demand with a schedule of its own, or a key about to be retired."
-- respond = "Look at whether rotation was enabled again since, and with which period. Ask the caller and the key's owner why it was disabled and by what the key will be rotated instead; if by nothing, enable it again."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-disable.html", "https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"]
-- [parameters]
-- known_within = "400d" # how long before the window the last setting and rotation are looked for
-- #
-- # Successful calls, also those that a service made on somebody's behalf. A
-- # multi-Region key is one key: the call is made on its primary.
with disabled as (
    select
        key_arn,
        min(coalesce(key_account_id, recipient_account_id)) as account_id,
        min(aws_region) as aws_region,
        min(event_time) as first_time,
        max(event_time) as last_time,
        count(*) as event_count,
        array_agg(event_id order by event_time, event_id) as event_ids,
        first_value(actor order by event_time, event_id) as actor,
        first_value(actor_kind order by event_time, event_id) as actor_kind,
        first_value(mfa order by event_time, event_id) as mfa,
        first_value(mfa_reason order by event_time, event_id) as mfa_reason,
        first_value(invoked_by order by event_time, event_id) as invoked_by
    from kms_actions
    where activity = 'manage'
        and event_name = 'DisableKeyRotation'
        and error_code is null
        and event_time >= $window_start
        and event_time < $window_end
    group by key_arn
),

other as (
    select
        d.key_arn,
        min(c.event_time) filter (
            where c.event_name = 'EnableKeyRotation'
                and c.event_time > d.last_time
        ) as enabled_again_time,
        last_value(
            coalesce(c.rotation_period_in_days, 365)
            order by c.event_time, c.event_id
        ) filter (
            where c.event_name = 'EnableKeyRotation'
                and c.event_time <= d.first_time
        ) as previous_period_days,
        max(c.event_time) filter (
            where c.event_name = 'RotateKey'
        ) as last_rotated_time
    from disabled as d
    inner join kms_actions as c on c.key_arn = d.key_arn
    where c.activity = 'manage'
        and c.event_name in ('EnableKeyRotation', 'RotateKey')
        and c.error_code is null
        and c.event_time >= $window_start - $known_within
        and c.event_time < $window_end
    group by d.key_arn
)

select
    d.first_time as event_time,
    d.account_id,
    d.aws_region as region,
    d.actor,
    d.key_arn,
    array_slice(d.event_ids, 1, 20) as event_ids,
    concat(
        d.actor, ' disabled the rotation of ', d.key_arn,
        case
            when o.enabled_again_time is null then ''
            else concat(
                '; it was enabled again at ',
                to_char(o.enabled_again_time, '%Y-%m-%dT%H:%M:%SZ')
            )
        end
    ) as summary,
    d.event_count,
    d.first_time,
    d.last_time,
    o.enabled_again_time,
    o.previous_period_days,
    o.last_rotated_time,
    d.actor_kind,
    d.mfa,
    d.mfa_reason,
    d.invoked_by
from disabled as d
left join other as o on o.key_arn = d.key_arn
order by d.first_time, d.key_arn
