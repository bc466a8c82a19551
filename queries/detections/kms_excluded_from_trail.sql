-- id = "kms_excluded_from_trail"
-- title = "KMS events excluded from a trail"
-- kind = "event"
-- severity = "critical"
-- confidence = "high"
-- attack = ["T1562.008"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:CloudWatch.7", "NIST-800-53-r5:AU-2", "NIST-800-53-r5:AU-12", "PCI-DSS-4.0.1:10.2.1"]
-- lookback = "7d"
-- entity = ["trail_arn"]
-- why = "What a trail does not log can never be recovered. Without KMS events nobody sees who decrypts or who takes a key away; a trail that logs write events only has no Decrypt at all."
-- benign = "A second trail kept small for cost, while another logs KMS; a trail for data events only."
-- respond = "Find out whether another trail still logs KMS for this account. Ask the actor and the owner of the trail; if nobody planned it, put the selectors back and treat the time between as unseen: take CloudTrail's event history of these 90 days, which cannot be switched off, from the console or lookup-events."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html", "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html"]
-- [parameters]
-- new_trail = "1d"
-- evidence = "7d"
-- settling = "15m"
-- #
-- # Severity: critical when the trail logged KMS before: its last known selectors
-- # did, it was created (which logs all management events) more than `new_trail`
-- # ago, or nothing is known of it, the lake had KMS use of the account until now
-- # and no other trail is known. A new trail while KMS use arrives by another:
-- # info. The same gap set again: info. Anything else: medium, also when the
-- # record does not show the selectors. A trail that logs read events only loses
-- # every change to a key, so it counts as well.
with settings as (
    select
        events.event_time,
        events.event_id,
        events.action_id,
        events.event_name,
        events.aws_region,
        events.recipient_account_id as account_id,
        events.actor,
        events.actor_kind,
        events.mfa,
        events.mfa_reason,
        case
            when events.trail_name like 'arn:%' then events.trail_name
            else concat(
                'arn:', events.aws_partition, ':cloudtrail:',
                events.aws_region, ':', events.recipient_account_id,
                ':trail/', events.trail_name
            )
        end as trail_arn,
        case
            when events.event_name = 'PutEventSelectors'
                then coalesce(
                    trail_kms_logging(events.request_parameters),
                    trail_kms_logging(events.response_elements)
                )
        end as logging
    from events
    where events.activity = 'manage'
        and events.event_source in (
            'cloudtrail.amazonaws.com', 'cloudtrail.amazonaws.com.cn'
        )
        and events.event_name in ('CreateTrail', 'PutEventSelectors')
        and events.error_code is null
        and events.event_time < $window_end
        and not exists (
            select 1
            from events as amended
            where amended.addendum_original_event_id is not null
                and amended.addendum_original_event_id = events.event_id
        )
),

ordered as (
    select
        *,
        event_name = 'CreateTrail' or logging['reads'] as reads,
        event_name = 'CreateTrail' or logging['writes'] as writes,
        max(case event_name when 'CreateTrail' then event_time end) over (
            partition by trail_arn
            order by event_time, event_name, event_id
            rows between unbounded preceding and current row
        ) as created_time
    from settings
),

compared as (
    select
        *,
        lag(event_name) over earlier as previous_name,
        lag(reads) over earlier as previous_reads,
        lag(writes) over earlier as previous_writes
    from ordered
    window earlier as (
        partition by trail_arn
        order by event_time, event_name, event_id
    )
),

excluded as (
    select *
    from compared
    where event_name = 'PutEventSelectors'
        and not coalesce(reads and writes, false)
        and event_time >= $window_start
),

-- What else is known of the account: other trails, and KMS use around the time.
others as (
    select
        excluded.event_id,
        count(distinct ordered.trail_arn) as trails
    from excluded
    inner join ordered
        on ordered.account_id = excluded.account_id
    where ordered.trail_arn <> excluded.trail_arn
    group by excluded.event_id
),

seen as (
    select
        excluded.event_id,
        bool_or(
            kms_events.event_time < excluded.event_time
        ) as before_exclusion,
        bool_or(
            kms_events.event_time < excluded.created_time
        ) as before_creation,
        bool_or(
            kms_events.event_time > excluded.event_time + $settling
        ) as after_exclusion
    from excluded
    inner join kms_events
        on kms_events.recipient_account_id = excluded.account_id
    where kms_events.activity = 'use'
        and kms_events.event_time >= $window_start - $evidence
        and kms_events.event_time >= excluded.event_time - $evidence
        and kms_events.event_time < $window_end
    group by excluded.event_id
),

judged as (
    select
        excluded.*,
        case
            when excluded.logging is null then 'selectors_not_shown'
            else excluded.logging['reason']
        end as reason,
        case
            when excluded.logging is null then 2
            when excluded.previous_name = 'CreateTrail'
                and excluded.created_time
                >= excluded.event_time - $new_trail
                then case
                    when seen.before_creation or seen.after_exclusion then 1
                    else 2
                end
            when (excluded.previous_reads and not excluded.reads)
                or (excluded.previous_writes and not excluded.writes)
                then 3
            when excluded.previous_reads is not null then 1
            when seen.before_exclusion
                and not seen.after_exclusion
                and others.trails is null
                then 3
            else 2
        end as severity_rank
    from excluded
    left join others
        on others.event_id = excluded.event_id
    left join seen
        on seen.event_id = excluded.event_id
)

select
    min(event_time) as event_time,
    min(account_id) as account_id,
    min(aws_region) as region,
    first_value(actor order by event_time, event_id) as actor,
    cast(null as text) as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(actor order by event_time, event_id),
        ' set selectors on ', trail_arn, ' that leave out KMS events: ',
        array_to_string(array_agg(distinct reason order by reason), ', ')
    ) as summary,
    case max(severity_rank)
        when 3 then 'critical'
        when 2 then 'medium'
        else 'info'
    end as severity,
    count(distinct action_id) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    trail_arn,
    array_agg(distinct reason order by reason) as reasons,
    last_value(reads order by event_time, event_id) as logs_kms_reads,
    last_value(writes order by event_time, event_id) as logs_kms_writes,
    first_value(actor_kind order by event_time, event_id) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason
from judged
group by trail_arn
order by event_time, trail_arn
