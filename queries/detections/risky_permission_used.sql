-- id = "risky_permission_used"
-- title = "Risky KMS permission used by an unexpected actor"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1078.004"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:10.2.1"]
-- lookback = "91d"
-- entity = ["actor", "day"]
-- why = "Whoever replaces a key policy, disables or deletes a key, makes a grant or repoints an alias decides who can read the data. Stolen credentials show themselves when an actor does so for the first time."
-- benign = "A new deployment role, a new team member, or the first change after a quiet quarter."
-- respond = "Read the calls in the order they were made and see what changed on each key. Ask the key's owner and the owner of the actor whether the change was planned; look at how the session began and from where. Only then undo the change."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html", "https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html"]
-- [parameters]
-- new_after = "90d"
-- minimum_history_days = 14
-- #
-- # With administrators configured, everyone else is judged; configured creators
-- # may use the operations that create keys. With none, a day is judged by
-- # whether the actor made any such call in `new_after` before that day, and only
-- # where logs of at least `minimum_history_days` of those days arrived. Break-
-- # glass roles are not exempt: their use should be seen. Denied calls are
-- # denied_administration's matter.
with configured as (
    select count(*) > 0 as present
    from trusted_principals
    where role = 'administrator'
),

risky as (
    select
        actions.*,
        operations.risk,
        date_trunc('day', actions.event_time) as day_start
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
    where actions.activity = 'manage'
        and actions.event_time
        >= date_trunc('day', $window_start) - $new_after
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.direct_call
        and actions.actor_kind <> 'service'
        and operations.risk in ('high', 'critical')
        and operations.role <> 'service'
        and not exists (
            select 1
            from trusted_principals as trusted
            where trusted.role in ('administrator', operations.role)
                and actions.actor like trusted.like_pattern
        )
),

days as (
    select
        actor,
        day_start,
        lag(day_start) over (
            partition by actor order by day_start
        ) as previous_day
    from (select distinct actor, day_start from risky) as actor_days
),

history as (
    select
        judged.recipient_account_id,
        judged.aws_region,
        judged.day_start,
        count(distinct date_trunc('day', coverage.hour)) as covered_days
    from (
        select distinct recipient_account_id, aws_region, day_start
        from risky
        where event_time >= $window_start
    ) as judged
    inner join coverage
        on coverage.account_id = judged.recipient_account_id
        and coverage.region = judged.aws_region
    where coverage.hour < judged.day_start
        and coverage.hour >= judged.day_start - $new_after
    group by
        judged.recipient_account_id,
        judged.aws_region,
        judged.day_start
),

findings as (
    select
        risky.*,
        configured.present,
        history.covered_days
    from risky
    cross join configured
    inner join days
        on days.actor = risky.actor
        and days.day_start = risky.day_start
    left join history
        on history.recipient_account_id = risky.recipient_account_id
        and history.aws_region = risky.aws_region
        and history.day_start = risky.day_start
    where risky.event_time >= $window_start
        and (
            configured.present
            or (
                coalesce(history.covered_days, 0) >= $minimum_history_days
                and (
                    days.previous_day is null
                    or days.previous_day < risky.day_start - $new_after
                )
            )
        )
)

select
    min(event_time) as event_time,
    first_value(
        coalesce(key_account_id, recipient_account_id)
        order by event_time, event_id
    ) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    case
        when count(distinct coalesce(key_arn, event_id)) = 1 then min(key_arn)
    end as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' used risky KMS permissions: ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        case
            when bool_or(present) then '; not a configured administrator'
            else concat(
                '; its first such calls in ', cast($new_after as text),
                ', judged on ', cast(min(covered_days) as text),
                ' days with logs'
            )
        end
    ) as summary,
    case
        when bool_or(risk = 'critical') then 'high' else 'medium'
    end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    to_char(day_start, '%Y-%m-%d') as day,
    array_agg(distinct event_name order by event_name) as operations,
    array_slice(
        array_agg(distinct key_arn order by key_arn)
        filter (where key_arn is not null),
        1, 20
    ) as key_arns,
    first_value(actor_kind order by event_time, event_id) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason
from findings
group by actor, day_start
order by event_time, actor
