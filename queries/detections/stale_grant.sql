-- id = "stale_grant"
-- title = "KMS grant that its grantee no longer uses"
-- kind = "absence"
-- severity = "medium"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-2", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "ISO-27001-2022:A.5.18"]
-- lookback = "90d"
-- every = "24h"
-- entity = ["key_arn", "grant_id"]
-- why = "Grants never expire and are shown in no policy. One that nobody needs any more is standing access to the key for whoever gets hold of the grantee."
-- benign = "Access kept for recovery or for yearly work. The logs do not tell by which permission a call was allowed: a use is any successful call of a granted operation by the grantee, so a grant beside a policy that allows the same looks used."
-- respond = "Ask the owner of the grantee and the actor that made the grant whether it is still needed; if only the account's other principals use the key, the grantee may have been replaced. Then let the retiring principal or the grantee's owner retire the grant, and watch for denied calls of the grantee afterwards."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/grant-best-practices.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html"]
-- [parameters]
-- stale_after = "90d" # not longer than lookback: silence counts only where logs were complete

with candidates as (
    select *
    from grants
    where created_time < $window_end - $stale_after
        and (closed_time is null or closed_time >= $window_end)
        and not service_made
),

-- before the window added up by hour, without the session of the caller
calls as (
    select
        key_arn,
        key_side,
        event_name,
        actor,
        actor_account_id,
        cast(null as text) as user_identity_arn,
        principal_unique_id as unique_id,
        last_time
    from key_usage_parts
    where hour >= date_trunc('hour', $window_end - $stale_after)
        and hour < date_trunc('hour', $window_start)
        and error_code is null
    union all
    select
        sides.key_arn,
        sides.key_side,
        sides.event_name,
        sides.actor,
        sides.actor_account_id,
        sides.user_identity_arn,
        split_part(sides.principal_id, ':', 1) as unique_id,
        sides.event_time as last_time
    from (
        select *, 'key' as key_side
        from kms_actions
        union all
        select
            * replace (destination_key_arn as key_arn),
            'destination' as key_side
        from kms_actions
        where event_name = 'ReEncrypt'
    ) as sides
    where sides.event_time >= date_trunc('hour', $window_start)
        and sides.event_time < $window_end
        and sides.error_code is null
    union all
    -- a grant to one session is rare: for these the calls themselves are read
    select
        unnest(make_array(key_arn, destination_key_arn)) as key_arn,
        unnest(make_array('key', 'destination')) as key_side,
        event_name,
        actor,
        actor_account_id,
        user_identity_arn,
        split_part(principal_id, ':', 1) as unique_id,
        event_time as last_time
    from kms_events
    where event_time >= $window_end - $stale_after
        and event_time < date_trunc('hour', $window_start)
        and error_code is null
        and user_identity_arn in (
            select distinct grantee_principal
            from candidates
            where grantee_kind in ('session', 'federated_user')
        )
),

-- the key owner's copy may tell no more than the caller's account; that is
-- believed to be the grantee where no copy says who it was
uses as (
    select
        *,
        case
            when event_name <> 'ReEncrypt' then event_name
            when key_side = 'key' then 'ReEncryptFrom'
            else 'ReEncryptTo'
        end as operation,
        actor = actor_account_id as account_only
    from calls
    where key_arn in (select distinct key_arn from candidates)
        and actor_account_id is not null
        and last_time >= $window_end - $stale_after
),

judged as (
    select
        g.key_arn,
        g.grant_id,
        max(u.last_time) as account_last_used_time,
        coalesce(bool_or(
            (
                g.grant_operations is null
                or array_has(g.grant_operations, u.operation)
            )
            and (
                u.actor = g.grantee_principal
                or u.user_identity_arn = g.grantee_principal
                or u.unique_id = g.grantee_principal
                or g.grantee_kind = 'account'
                or u.account_only
            )
        ), false) as used
    from candidates as g
    left join uses as u
        on u.key_arn = g.key_arn
        and (
            u.actor_account_id = g.grantee_account_id
            or u.unique_id = g.grantee_principal
        )
    group by g.key_arn, g.grant_id
)

select
    g.created_time + $stale_after as event_time,
    g.account_id,
    g.aws_region as region,
    g.created_by as actor,
    g.key_arn,
    make_array(g.create_event_id) as event_ids,
    concat(
        'open grant of ',
        coalesce(array_to_string(g.grant_operations, ', '), 'operations'),
        ' is not used by ', g.grantee_principal
    ) as summary,
    g.grant_id,
    g.grant_name,
    g.grantee_principal,
    g.grantee_account_id,
    g.grantee_kind,
    g.grant_operations,
    g.retiring_principal,
    g.created_time,
    j.account_last_used_time
from candidates as g
inner join judged as j
    on j.key_arn = g.key_arn
    and j.grant_id = g.grant_id
where not j.used
order by event_time, g.key_arn, g.grant_id
