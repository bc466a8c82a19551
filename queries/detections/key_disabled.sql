-- id = "key_disabled"
-- title = "KMS key disabled"
-- kind = "state"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:CloudWatch.7", "CIS-AWS-5.0.0:4.7", "CIS-AWS-6.0.0:5.7", "NIST-800-53-r5:SC-12", "PCI-DSS-4.0.1:3.7.5"]
-- lookback = "0d"
-- entity = ["key_arn"]
-- why = "Nothing encrypted under a disabled key can be read: services that depend on it stop, as in a ransom attack that can be undone."
-- benign = "A test before deletion, to see whether anyone still needs the key; a short switch-off in a drill."
-- respond = "See who uses the key and what fails now. Ask the caller and the key's owner whether it was planned; if not, enable the key, then look at what else this actor did in the same session."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html"]
-- [parameters]
-- brief = "10m"
-- brief_shown_for = "7d"
-- #
-- # A key is disabled from DisableKey until EnableKey or DeleteKey; one that is
-- # also scheduled for deletion stays so. A disabled state that the same actor
-- # ended within `brief` may lie between two runs, never seen while it lasted. It
-- # is therefore shown, at info, for `brief_shown_for` after its end; every other
-- # ended state is simply gone. Of two calls within one second DisableKey counts
-- # as the later, because a false alarm costs less.
with switches as (
    select
        coalesce(key_arn, requested_key_id) as key_arn,
        coalesce(key_account_id, recipient_account_id) as account_id,
        aws_region,
        event_time,
        event_id,
        event_name,
        actor,
        actor_kind,
        mfa,
        mfa_reason,
        invoked_by,
        case event_name when 'DisableKey' then 1 else 0 end as place
    from kms_actions
    where activity = 'manage'
        and event_name in ('DisableKey', 'EnableKey', 'DeleteKey')
        and error_code is null
        and event_time < $window_end
),

numbered as (
    -- Each call that ends a disabled state closes a span and belongs to it.
    select
        *,
        coalesce(
            sum(1 - place) over (
                partition by key_arn
                order by event_time, place, event_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as span
    from switches
),

spans as (
    select
        key_arn,
        min(account_id) as account_id,
        min(aws_region) as aws_region,
        min(event_time) filter (where place = 1) as disabled_time,
        max(event_time) filter (where place = 1) as last_time,
        max(event_time) filter (where place = 0) as ended_time,
        max(event_name) filter (where place = 0) as ended_how,
        max(actor) filter (where place = 0) as ended_by,
        count(*) filter (where place = 1) as event_count,
        array_slice(
            array_agg(event_id order by event_time, event_id), 1, 20
        ) as event_ids,
        first_value(actor order by event_time, event_id)
            filter (where place = 1) as actor,
        first_value(actor_kind order by event_time, event_id)
            filter (where place = 1) as actor_kind,
        first_value(mfa order by event_time, event_id)
            filter (where place = 1) as mfa,
        first_value(mfa_reason order by event_time, event_id)
            filter (where place = 1) as mfa_reason,
        first_value(invoked_by order by event_time, event_id)
            filter (where place = 1) as invoked_by,
        row_number() over (partition by key_arn order by span desc) as age_rank
    from numbered
    group by key_arn, span
    having count(*) filter (where place = 1) > 0
)

select
    disabled_time as event_time,
    account_id,
    aws_region as region,
    actor,
    key_arn,
    event_ids,
    concat(
        actor, ' disabled ', key_arn,
        case
            when ended_time is null then ', which has been disabled since'
            else concat(
                ' and enabled it again at ',
                to_char(ended_time, '%Y-%m-%dT%H:%M:%SZ')
            )
        end
    ) as summary,
    case when ended_time is null then 'high' else 'info' end as severity,
    event_count,
    disabled_time as first_time,
    last_time,
    ended_time,
    actor_kind,
    mfa,
    mfa_reason,
    invoked_by
from spans
where age_rank = 1
    and (
        ended_time is null
        or (
            ended_how = 'EnableKey'
            and ended_by = actor
            and ended_time <= disabled_time + $brief
            and ended_time > $window_end - $brief_shown_for
        )
    )
order by event_time, key_arn
