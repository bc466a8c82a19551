-- One matter: what one fingerprint stands for and how things are with it, from all that was recorded of it.
-- fingerprint: id of the matter: made of the detection and what it is about
-- state: open, closed (the condition is gone), suppressed (accepted, by the configuration) or historical (from before alerting began)
-- severity: the worst since it was found: info, low, medium, high or critical
-- severity_rank: 1 for critical to 5 for info, to sort by
-- detection: id of the detection
-- first_found_at: when it was first recorded
-- changed_at: when it came into its state
-- last_seen_at: when a run last recorded that it was there; about once a day while it goes on
-- times_seen: how often that was recorded
-- event_time: when it happened or became true, as of the last time it was found
-- last_time: the last call counted so far
-- event_count: calls counted so far, where the detection tells: the most of any one run
-- last_raised_at: when people were last to be told; null if never
-- alerts: how often people were to be told
-- account_id: account concerned
-- region: Region concerned
-- actor: who
-- key_arn: which key
-- summary: what happened, in a sentence
-- reason: why it is in its state, where there is more to say
-- until: end of the suppression
-- finding: the whole finding, JSON
with changes as (
    select
        *,
        change in ('found', 'escalated', 'historical', 'suppressed', 'closed')
            as turns,
        change in ('found', 'seen', 'escalated', 'historical', 'suppressed')
            as sees
    from findings
    where fingerprint is not null
        and change in (
            'found', 'seen', 'escalated', 'historical', 'suppressed', 'closed',
            'raised'
        )
),

matters as (
    select
        fingerprint,
        last_value(change order by recorded_at) filter (where turns) as turn,
        last_value(severity order by recorded_at) filter (where sees)
            as severity,
        max(detection) as detection,
        min(recorded_at) filter (where sees) as first_found_at,
        max(recorded_at) filter (where turns) as changed_at,
        max(recorded_at) filter (where sees) as last_seen_at,
        count(*) filter (where sees) as times_seen,
        last_value(event_time order by recorded_at)
            filter (where sees and event_time is not null) as event_time,
        last_value(last_time order by recorded_at)
            filter (where sees and last_time is not null) as last_time,
        last_value(event_count order by recorded_at)
            filter (where sees and event_count is not null) as event_count,
        max(recorded_at) filter (where change = 'raised') as last_raised_at,
        count(distinct alert_id) filter (where change = 'raised') as alerts,
        max(account_id) as account_id,
        max(region) as region,
        last_value(actor order by recorded_at)
            filter (where sees and actor is not null) as actor,
        last_value(key_arn order by recorded_at)
            filter (where sees and key_arn is not null) as key_arn,
        last_value(summary order by recorded_at)
            filter (where sees and summary is not null) as summary,
        last_value(reason order by recorded_at) filter (where turns) as reason,
        last_value(until order by recorded_at) filter (where turns) as until,
        last_value(finding order by recorded_at)
            filter (where turns and finding is not null) as finding
    from changes
    group by fingerprint
)

select
    fingerprint,
    case turn
        when 'found' then 'open'
        when 'escalated' then 'open'
        else turn
    end as state,
    severity,
    case severity
        when 'critical' then 1
        when 'high' then 2
        when 'medium' then 3
        when 'low' then 4
        else 5
    end as severity_rank,
    detection,
    first_found_at,
    changed_at,
    last_seen_at,
    times_seen,
    event_time,
    last_time,
    event_count,
    last_raised_at,
    alerts,
    account_id,
    region,
    actor,
    key_arn,
    summary,
    reason,
    until,
    finding
from matters
-- Alerts about alerting itself are about no matter.
where turn is not null
