-- id = "grant_quota_near"
-- title = "KMS key runs out of grants"
-- kind = "state"
-- severity = "medium"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:CM-6"]
-- lookback = "7d"
-- entity = ["key_arn"]
-- why = "A customer managed key has room for 50,000 grants. When they are used up, services can attach no volume and start no database with it, and nobody thinks of grants first."
-- benign = "A raised quota: set it in the parameter. Grants older than the logs are not counted, so the true number is higher, never lower."
-- respond = "See which service or actor makes the grants and does not retire them (view `grants`, created_via and created_by). Ask its owner for the resources behind them and have forgotten ones deleted; ask AWS for a higher quota if all are needed, or give new resources another key."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grant-best-practices.html"]
-- [parameters]
-- quota = 50000
-- near_percent = 80
-- growth_over = "7d" # reached if the growth of this time comes once more
-- refused_within = "1d" # CreateGrant refused with LimitExceededException
-- #
-- # Three ways to tell, the worst first: KMS refused a grant for lack of room and
-- # has allowed none since; more than `near_percent` of the quota is open; the
-- # growth of the last days, once more, reaches the quota.

with made as (
    select
        *,
        closed_time is null or closed_time >= $window_end as open_now,
        row_number() over (
            partition by
                key_arn, closed_time is null or closed_time >= $window_end
            order by created_time, grant_id
        ) as nth
    from grants
    where created_time < $window_end
),

counted as (
    select
        key_arn,
        min(account_id) as account_id,
        min(aws_region) as region,
        count(*) filter (where open_now) as open_now,
        count(*) filter (
            where created_time < $window_end - $growth_over
                and (
                    closed_time is null
                    or closed_time >= $window_end - $growth_over
                )
        ) as open_before,
        max(created_time) as last_created_time,
        last_value(
            create_event_id order by created_time, create_event_id
        ) as last_event_id,
        min(created_time) filter (
            where open_now and nth * 100 >= $quota * $near_percent
        ) as near_time
    from made
    group by key_arn
),

refused as (
    select
        key_arn,
        min(coalesce(key_account_id, recipient_account_id)) as account_id,
        min(aws_region) as region,
        count(*) as refusals,
        min(event_time) as first_time,
        max(event_time) as last_time,
        array_slice(
            array_agg(event_id order by event_time, event_id), 1, 20
        ) as event_ids
    from kms_actions
    where activity = 'manage'
        and event_name = 'CreateGrant'
        and error_code in ('LimitExceededException', 'LimitExceeded')
        and key_arn is not null
        and event_time >= $window_end - $refused_within
        and event_time < $window_end
    group by key_arn
),

judged as (
    select
        coalesce(refused.key_arn, counted.key_arn) as key_arn,
        coalesce(refused.account_id, counted.account_id) as account_id,
        coalesce(refused.region, counted.region) as region,
        coalesce(counted.open_now, 0) as open_now,
        coalesce(counted.open_now - counted.open_before, 0) as growth,
        coalesce(
            counted.near_time, counted.last_created_time
        ) as counted_time,
        counted.last_event_id,
        refused.refusals,
        refused.first_time,
        refused.event_ids,
        case
            when refused.last_time >= coalesce(
                counted.last_created_time, refused.last_time
            ) then 'reached'
            when counted.open_now * 100 >= $quota * $near_percent then 'near'
            when counted.open_now * 2 - counted.open_before >= $quota
                then 'growing'
        end as how
    from counted
    full join refused on refused.key_arn = counted.key_arn
)

select
    case how when 'reached' then first_time else counted_time end as event_time,
    account_id,
    region,
    cast(null as text) as actor,
    key_arn,
    case how
        when 'reached' then event_ids
        else make_array(last_event_id)
    end as event_ids,
    concat(
        case how
            when 'reached' then concat(
                'KMS refused for lack of room, times: ',
                cast(refusals as text), '; '
            )
            when 'growing' then 'at this pace the quota will be reached; '
            else ''
        end,
        'at least ', cast(open_now as text), ' of ', cast($quota as text),
        ' grants are open, ', cast(growth as text), ' more than ',
        cast($growth_over as text), ' before'
    ) as summary,
    case how when 'reached' then 'high' else 'medium' end as severity,
    refusals as event_count,
    how,
    open_now,
    growth
from judged
where how is not null
order by event_time, key_arn
