-- id = "rotation_period_lengthened"
-- title = "Rotation period of a KMS key lengthened"
-- kind = "event"
-- severity = "low"
-- confidence = "high"
-- attack = []
-- controls = ["AWS-FSBP:KMS.4", "CIS-AWS-5.0.0:3.6", "CIS-AWS-6.0.0:4.6", "NIST-800-53-r5:SC-12(2)", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:3.7.4"]
-- lookback = "400d"
-- entity = ["key_arn"]
-- why = "The longer the period, the more lies under one material. KMS allows up to 2560 days, and a check that only asks whether rotation is enabled does not see it."
-- benign = "A policy of yours that asks for less than yearly rotation, set through code; then raise the parameter."
-- respond = "Compare the period with what your policy asks for, and with the key's other settings of late. Ask the caller and the key's owner why it was changed, and set the agreed period again if there is no reason."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable.html", "https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html"]
-- [parameters]
-- period_days_max = 365 # longer is found, unless the key had the same period before
-- known_within = "400d" # how long before the window the previous period is looked for
-- #
-- # Successful calls. Without rotationPeriodInDays KMS sets 365 days. A period is
-- # compared with the one set before, where the lake has it: a longer one is found
-- # and the same again is not; above the parameter, a shorter one is found too.
with settings as (
    select
        *,
        coalesce(rotation_period_in_days, 365) as period_days,
        lag(coalesce(rotation_period_in_days, 365)) over (
            partition by key_arn
            order by event_time, event_id
        ) as previous_period_days
    from kms_actions
    where activity = 'manage'
        and event_name = 'EnableKeyRotation'
        and error_code is null
        and key_arn is not null
        and event_time >= $window_start - $known_within
        and event_time < $window_end
)

select
    min(event_time) as event_time,
    min(coalesce(key_account_id, recipient_account_id)) as account_id,
    min(aws_region) as region,
    first_value(actor order by event_time, event_id) as actor,
    key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(actor order by event_time, event_id),
        ' set the rotation period of ', key_arn, ' to ',
        cast(last_value(period_days order by event_time, event_id) as text),
        ' days (before: ',
        coalesce(
            cast(
                first_value(previous_period_days order by event_time, event_id)
                as text
            ),
            'not in the lake'
        ),
        ')'
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    last_value(period_days order by event_time, event_id) as period_days,
    first_value(previous_period_days order by event_time, event_id)
        as previous_period_days,
    first_value(actor_kind order by event_time, event_id) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason,
    first_value(invoked_by order by event_time, event_id) as invoked_by
from settings
where event_time >= $window_start
    and (
        period_days > previous_period_days
        or (
            period_days > $period_days_max
            and period_days <> coalesce(previous_period_days, 0)
        )
    )
group by key_arn
order by event_time, key_arn
