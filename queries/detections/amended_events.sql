-- id = "amended_events"
-- title = "Records that came late or were amended"
-- kind = "event"
-- severity = "info"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:AU-3", "NIST-800-53-r5:AU-9", "PCI-DSS-4.0.1:10.3.4", "HIPAA:164.312(c)(1)"]
-- lookback = "1d"
-- entity = ["account_id", "region", "reason", "day"]
-- why = "CloudTrail delivered records late or with changed content and says so in them. What was judged before they came was judged on less, and a report that quotes the first version quotes what AWS has corrected."
-- benign = "An outage or a correction on AWS's side: it happens and needs no action."
-- respond = "Run detections and reports again over the days named. Where an original is in the lake, compare the two versions of the records. Ask AWS Support when a record changed in who, what or when."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"]
-- #
-- # All kept records, also of failed calls. Days are those of the calls, UTC, not
-- # of the delivery: judge a past window to see what came late for it. Originals
-- # are looked for up to a day before the window: a correction keeps the time.
with amended as (
    select
        *,
        coalesce(addendum_reason, 'UPDATED_DATA') as reason,
        date_trunc('day', event_time) as day_start
    from events
    where event_time >= $window_start
        and event_time < $window_end
        and (
            addendum_reason is not null
            or addendum_original_event_id is not null
        )
),

originals as (
    select distinct event_id
    from events
    where event_time >= $window_start - interval '1 day'
        and event_time < $window_end
        and event_id in (
            select addendum_original_event_id
            from amended
            where addendum_original_event_id is not null
        )
)

select
    min(amended.event_time) as event_time,
    amended.recipient_account_id as account_id,
    amended.aws_region as region,
    case
        when count(distinct amended.actor) = 1 then min(amended.actor)
    end as actor,
    case
        when count(distinct coalesce(amended.key_arn, amended.event_id)) = 1
            then min(amended.key_arn)
    end as key_arn,
    array_slice(
        array_agg(
            amended.event_id order by amended.event_time, amended.event_id
        ),
        1, 20
    ) as event_ids,
    concat(
        case amended.reason
            when 'UPDATED_DATA' then 'records that replace earlier ones: '
            when 'DELIVERY_DELAY' then 'records delivered late: '
            when 'SERVICE_OUTAGE' then 'records of an outage: '
            else concat('records with addendum ', amended.reason, ': ')
        end,
        cast(count(distinct amended.action_id) as text), ' (',
        array_to_string(
            array_agg(distinct amended.event_name order by amended.event_name),
            ', '
        ),
        ')',
        case
            when count(amended.addendum_original_event_id) > 0 then concat(
                '; originals in the lake: ',
                cast(count(distinct originals.event_id) as text)
            )
            else ''
        end
    ) as summary,
    count(distinct amended.action_id) as event_count,
    min(amended.event_time) as first_time,
    max(amended.event_time) as last_time,
    amended.reason,
    to_char(amended.day_start, '%Y-%m-%d') as day,
    array_slice(
        array_agg(
            distinct amended.addendum_original_event_id
            order by amended.addendum_original_event_id
        ) filter (where amended.addendum_original_event_id is not null),
        1, 20
    ) as original_event_ids,
    count(distinct originals.event_id) as originals_in_lake,
    array_agg(distinct amended.event_name order by amended.event_name)
        as operations
from amended
left join originals
    on originals.event_id = amended.addendum_original_event_id
group by
    amended.recipient_account_id,
    amended.aws_region,
    amended.reason,
    amended.day_start
order by event_time, account_id, region, amended.reason
