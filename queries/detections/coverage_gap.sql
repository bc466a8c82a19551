-- id = "coverage_gap"
-- title = "Logs stopped coming from an account and Region"
-- kind = "state"
-- severity = "medium"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:AU-6", "NIST-800-53-r5:AU-12", "PCI-DSS-4.0.1:10.2.1", "PCI-DSS-4.0.1:10.5.1", "HIPAA:164.312(b)"]
-- lookback = "21d"
-- entity = ["account_id", "region"]
-- why = "An account and Region that always had logs has none. Either nothing happens there any more, or it happens unseen: what this lake says of that time is silence, not proof."
-- benign = "Ingest has not run or reads another folder; an account or Region that was given up; an outage of delivery, after which the logs come late and this closes by itself."
-- respond = "See first when ingest last ran and whether other accounts and Regions still arrive. Then look for trail_stopped, kms_excluded_from_trail and log_storage_tampered around the time, and ask the owner of the trail. CloudTrail's event history shows in the account itself what happened there, for 90 days."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html", "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html"]
-- [parameters]
-- habit = "21d" # as long as lookback: where the usual pauses are looked for; three weekends
-- known_for = "14d" # between the first and the last hour with logs
-- pause_max = "6h" # a place with longer usual pauses is too quiet to judge
-- delivery = "1h" # what CloudTrail and ingest take
-- #
-- # A state and no absence: for an absence a gap in the logs is a reason not to
-- # judge, and here it is the matter. A pause is the time from one hour with logs
-- # to the next; the usual longest is the second longest, so that one outage does
-- # not hide the next. Silence counts from three times that pause. An hour has
-- # logs when a log file was delivered in it or an event lies in it.
with arrivals as (
    select
        account_id,
        aws_region as region,
        date_trunc('hour', delivered_at) as hour,
        cast(null as text) as event_id
    from objects
    where delivered_at >= $window_end - $habit
        and delivered_at < $window_end
        and account_id is not null
        and aws_region is not null
        and outcome in ('read', 'partly_read')
    union all
    select
        recipient_account_id as account_id,
        aws_region as region,
        date_trunc('hour', event_time) as hour,
        last_value(event_id order by event_time, event_id) as event_id
    from events
    where event_time >= $window_end - $habit
        and event_time < $window_end
        and recipient_account_id <> ''
        and aws_region is not null
    group by recipient_account_id, aws_region, date_trunc('hour', event_time)
),

hours as (
    select
        account_id,
        region,
        hour,
        max(event_id) as event_id,
        hour - lag(hour) over (
            partition by account_id, region order by hour
        ) as pause
    from arrivals
    group by account_id, region, hour
),

places as (
    select
        account_id,
        region,
        min(hour) as first_hour,
        max(hour) as last_hour,
        count(*) as hours_with_logs,
        (
            array_agg(pause order by pause desc) filter (
                where pause is not null
            )
        )[2] as usual_pause,
        last_value(event_id order by hour) filter (
            where event_id is not null
        ) as last_event_id
    from hours
    group by account_id, region
),

judged as (
    select
        *,
        last_hour + usual_pause + usual_pause + usual_pause as silent_since,
        cast(date_part('epoch', usual_pause) / 3600 as bigint) as pause_hours
    from places
)

select
    silent_since + $delivery as event_time,
    account_id,
    region,
    cast(null as text) as actor,
    cast(null as text) as key_arn,
    case
        when last_event_id is not null then make_array(last_event_id)
    end as event_ids,
    concat(
        'no logs of ', account_id, ' in ', region, ' since the hour of ',
        to_char(last_hour, '%Y-%m-%dT%H:00Z'),
        '; until then the longest usual pause was ',
        cast(pause_hours as text), ' h'
    ) as summary,
    last_hour,
    pause_hours as usual_pause_hours,
    hours_with_logs
from judged
where last_hour >= first_hour + $known_for
    and last_hour + usual_pause <= last_hour + $pause_max
    and silent_since + $delivery < $window_end
order by event_time, account_id, region
