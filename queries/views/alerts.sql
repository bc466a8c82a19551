-- One alert and one sink that it may go to: what has become of it there.
-- alert_id: the same for every attempt and every sink
-- fingerprint: matter that it is about
-- detection: id of the detection
-- severity: info, low, medium, high or critical
-- account_id: account concerned
-- alert_reason: new, escalated, reminder, returned, historical or undeliverable
-- raised_at: when it was raised
-- sink: name in the configuration; null when there is none that it could go to
-- state: due, claimed, delivered, failed (it is tried again), dead (it is not) or not_wanted (the configuration sends it nowhere, or no longer there)
-- attempt: attempts so far
-- until: end of a claim, or of the wait before the next attempt
-- changed_at: when the state was recorded; null for due
-- last_reason: why the last attempt failed
-- summary: what happened, in a sentence
with raised as (
    select
        alert_id,
        fingerprint,
        detection,
        severity,
        account_id,
        reason as alert_reason,
        recorded_at as raised_at,
        -- An alert about a sink does not go to that sink.
        coalesce(sink, '') as about_sink,
        summary
    from (
        select
            findings.*,
            row_number() over (
                partition by alert_id order by recorded_at, run_id
            ) as nth
        from findings
        where change = 'raised'
            and alert_id is not null
    ) as all_raised
    where nth = 1
),

attempts as (
    select
        alert_id,
        sink,
        change,
        attempt,
        until,
        recorded_at,
        reason,
        -- What was delivered stays so, whatever another run, whose claim had
        -- expired, says later.
        row_number() over (
            partition by alert_id, sink
            order by
                case change when 'delivered' then 0 else 1 end,
                recorded_at desc,
                attempt desc
        ) as nth
    from findings
    where change in ('claimed', 'delivered', 'failed', 'dead')
        and alert_id is not null
        and sink is not null
),

sinks as (
    select
        known.sink,
        first_attempts.first_at
    from (select distinct sink from alert_routes) as known
    left join (
        select
            sink,
            min(recorded_at) as first_at
        from attempts
        group by sink
    ) as first_attempts
        on first_attempts.sink = known.sink
),

routed as (
    select
        raised.alert_id,
        raised.raised_at,
        routes.sink
    from raised
    inner join alert_routes as routes
        on routes.severity = raised.severity
    where raised.alert_reason <> 'undeliverable'
        and routes.account_id in ('*', coalesce(raised.account_id, ''))
        and coalesce(raised.detection, '') like routes.detection_like
    union
    -- That alerts do not arrive somewhere is told everywhere else.
    select
        raised.alert_id,
        raised.raised_at,
        sinks.sink
    from raised
    cross join sinks
    where raised.alert_reason = 'undeliverable'
        and raised.about_sink <> sinks.sink
),

wanted as (
    select
        routed.alert_id,
        routed.sink
    from routed
    inner join sinks
        on sinks.sink = routed.sink
    -- A sink that is added later is not flooded with what is long known.
    where sinks.first_at is null
        or routed.raised_at >= sinks.first_at - interval '24 hours'
),

pairs as (
    select alert_id, sink from wanted
    union
    select alert_id, sink from attempts
)

select
    raised.alert_id,
    raised.fingerprint,
    raised.detection,
    raised.severity,
    raised.account_id,
    raised.alert_reason,
    raised.raised_at,
    pairs.sink,
    case
        when latest.change = 'delivered' then 'delivered'
        when wanted.sink is null then 'not_wanted'
        else coalesce(latest.change, 'due')
    end as state,
    coalesce(latest.attempt, 0) as attempt,
    latest.until,
    latest.recorded_at as changed_at,
    latest.reason as last_reason,
    raised.summary
from raised
left join pairs
    on pairs.alert_id = raised.alert_id
left join wanted
    on wanted.alert_id = pairs.alert_id
    and wanted.sink = pairs.sink
left join attempts as latest
    on latest.alert_id = pairs.alert_id
    and latest.sink = pairs.sink
    and latest.nth = 1
