-- id = "trail_stopped"
-- title = "CloudTrail trail stopped, deleted or weakened"
-- kind = "event"
-- severity = "critical"
-- confidence = "high"
-- attack = ["T1562.008"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:CloudTrail.2", "AWS-FSBP:CloudTrail.4", "NIST-800-53-r5:AU-9", "NIST-800-53-r5:AU-12", "PCI-DSS-4.0.1:10.2.1.6", "PCI-DSS-4.0.1:10.3.4"]
-- lookback = "90d"
-- entity = ["trail_arn"]
-- why = "What happens while a trail is off, or in Regions it no longer covers, is not in this lake and never will be. Without validation nobody can show that its log files are unaltered."
-- benign = "A trail replaced by another, with both running side by side for a while; an account that is being closed; the root of an organization that takes over logging."
-- respond = "Find out whether another trail still logs this account and Region, and whether logging was started again. Ask the actor and the owner of the trail; if nobody planned it, start logging again and read what the actor did around that time in CloudTrail's event history, which keeps 90 days and cannot be switched off."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-turning-off-logging.html", "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html"]
-- [parameters]
-- known_within = "90d" # as long as lookback: where a trail's settings are read
-- #
-- # Only a call that succeeded stops a trail; one that a service made for
-- # somebody stops it, too. UpdateTrail is judged by what the request switches
-- # off: critical when the setting was last known to be on, medium when nothing
-- # is known of it, quiet when it was off already.
with changes as (
    select
        events.*,
        coalesce(
            regexp_match(
                response_elements, '"trailARN"\s*:\s*"([^"]+)"'
            )[1],
            case when trail_name like 'arn:%' then trail_name end,
            concat(
                'arn:', aws_partition, ':cloudtrail:', aws_region, ':',
                recipient_account_id, ':trail/', trail_name
            )
        ) as trail_arn
    from events
    where activity = 'manage'
        and event_source in (
            'cloudtrail.amazonaws.com', 'cloudtrail.amazonaws.com.cn'
        )
        and event_name in (
            'CreateTrail', 'DeleteTrail', 'StartLogging', 'StopLogging',
            'UpdateTrail'
        )
        and error_code is null
        and event_time >= $window_start - $known_within
        and event_time < $window_end
        and not exists (
            select 1
            from events as amended
            where amended.addendum_original_event_id is not null
                and amended.addendum_original_event_id = events.event_id
        )
),

-- names of the settings in a request and in a response
known_settings as (
    select
        column1 as label,
        column2 as asked,
        column3 as shown
    from (
        values
        ('all Regions', 'isMultiRegionTrail', 'isMultiRegionTrail'),
        (
            'global services',
            'includeGlobalServiceEvents',
            'includeGlobalServiceEvents'
        ),
        ('organization', 'isOrganizationTrail', 'isOrganizationTrail'),
        (
            'log file validation',
            'enableLogFileValidation',
            'logFileValidationEnabled'
        ),
        ('KMS key', 'kmsKeyId', 'kmsKeyId')
    ) as names
),

-- a response that shows the trail but no key says that there is none
settings as (
    select
        changes.event_id,
        changes.event_name,
        changes.event_time,
        changes.trail_arn,
        known.label,
        regexp_match(
            changes.request_parameters,
            concat('"', known.asked, '"\s*:\s*("[^"]*"|true|false)')
        )[1] as asked,
        coalesce(
            regexp_match(
                changes.response_elements,
                concat('"', known.shown, '"\s*:\s*("[^"]*"|true|false)')
            )[1],
            case
                when known.label = 'KMS key'
                    and changes.response_elements like '%"trailARN"%'
                    then '""'
            end
        ) as shown
    from changes
    cross join known_settings as known
    where changes.event_name in ('CreateTrail', 'UpdateTrail')
),

compared as (
    select
        *,
        lag(coalesce(shown, asked)) ignore nulls over (
            partition by trail_arn, label
            order by event_time, event_id
        ) as before
    from settings
),

dropped as (
    select
        event_id,
        array_agg(label order by label) as labels,
        bool_or(before is not null) as known
    from compared
    where event_name = 'UpdateTrail'
        and asked in ('false', '""')
        and coalesce(before, 'unknown') not in ('false', '""')
        -- consoles send all settings, and few trails are an organization's
        and (before is not null or label <> 'organization')
    group by event_id
),

hits as (
    select
        changes.*,
        dropped.labels,
        changes.event_name <> 'UpdateTrail' or dropped.known as certain
    from changes
    left join dropped on dropped.event_id = changes.event_id
    where changes.event_time >= $window_start
        and (
            changes.event_name in ('DeleteTrail', 'StopLogging')
            or dropped.event_id is not null
        )
),

matters as (
    select
        trail_arn,
        min(event_time) as first_time,
        max(event_time) as last_time,
        max(event_time) filter (
            where event_name = 'StopLogging'
        ) as last_stop_time,
        count(distinct action_id) as calls,
        split_part(trail_arn, ':', 5) as account_id,
        min(aws_region) as region,
        array_agg(event_id order by event_time, event_id) as event_ids,
        array_agg(distinct actor order by actor) as actors,
        first_value(actor order by event_time, event_id) as actor,
        first_value(actor_kind order by event_time, event_id) as actor_kind,
        first_value(mfa order by event_time, event_id) as mfa,
        first_value(mfa_reason order by event_time, event_id) as mfa_reason,
        array_agg(distinct event_name order by event_name) as operations,
        array_distinct(
            flatten(array_agg(labels order by event_time, event_id))
        ) as dropped,
        bool_or(certain) as certain
    from hits
    group by trail_arn
),

starts as (
    select
        matters.trail_arn,
        min(changes.event_time) as started_again_time
    from matters
    inner join changes on changes.trail_arn = matters.trail_arn
    where changes.event_name = 'StartLogging'
        and changes.event_time >= matters.last_stop_time
    group by matters.trail_arn
)

select
    m.first_time as event_time,
    m.account_id,
    m.region,
    m.actor,
    cast(null as text) as key_arn,
    array_slice(m.event_ids, 1, 20) as event_ids,
    concat(
        m.actor,
        case when array_length(m.actors) > 1 then ' and others' else '' end,
        ' called ', array_to_string(m.operations, ', '), ' on ',
        m.trail_arn,
        case
            when array_length(m.dropped) > 0
                then concat('; dropped: ', array_to_string(m.dropped, ', '))
            else ''
        end,
        case
            when s.started_again_time is not null
                then concat(
                    '; logging again since ',
                    to_char(s.started_again_time, '%Y-%m-%dT%H:%M:%SZ')
                )
            else ''
        end
    ) as summary,
    case when m.certain then 'critical' else 'medium' end as severity,
    m.calls as event_count,
    m.first_time,
    m.last_time,
    m.trail_arn,
    m.operations,
    m.dropped,
    s.started_again_time,
    m.actors,
    m.actor_kind,
    m.mfa,
    m.mfa_reason
from matters as m
left join starts as s on s.trail_arn = m.trail_arn
order by event_time, m.trail_arn
