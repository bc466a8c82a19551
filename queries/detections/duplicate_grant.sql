-- id = "duplicate_grant"
-- title = "KMS key has the same grant more than once"
-- kind = "state"
-- severity = "low"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-2", "NIST-800-53-r5:AC-6"]
-- lookback = "0d"
-- entity = ["key_arn", "grantee_principal", "granted_operations", "constraints", "grant_name"]
-- why = "Whoever retires one of two equal grants believes that access has ended, and it has not. Equal means what AWS calls a duplicate: same key, operations, grantee, constraints and name."
-- benign = "Code that grants at every start and never retires, or a retry of an unnamed request. Both are worth mending: give the request a name, and a retry returns the same grant."
-- respond = "Find the code behind the actor and ask its owner which grant id it holds on to. Give its requests a name, and let the owner retire the other grants; access stays as long as one is open."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/grant-best-practices.html"]
-- [parameters]
-- settle = "5m" # time to retire the first grant before a second one counts

with open_grants as (
    select
        *,
        array_to_string(
            array_sort(array_distinct(grant_operations)), ', '
        ) as granted_operations
    from grants
    where created_time < $window_end
        and (closed_time is null or closed_time >= $window_end)
        and not service_made
),

-- the order of a constraint's pairs means nothing
contexts as (
    select
        key_arn,
        grant_id,
        string_agg(
            concat(entry['key'], '=', entry['value']), ', '
            order by entry['key']
        ) as context
    from (
        select
            key_arn,
            grant_id,
            unnest(map_entries(grant_encryption_context)) as entry
        from open_grants
    ) as entries
    group by key_arn, grant_id
),

described as (
    select
        g.*,
        coalesce(g.grant_name, '') as name,
        concat_ws(
            ' ', coalesce(g.grant_constraint, 'none'), c.context,
            'source ' || g.grant_source_arn
        ) as constraints
    from open_grants as g
    left join contexts as c
        on c.key_arn = g.key_arn
        and c.grant_id = g.grant_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by
                key_arn, grantee_principal, granted_operations, constraints,
                name
            order by created_time, grant_id
        ) as nth
    from described
)

select
    min(created_time) filter (where nth = 2) as event_time,
    min(account_id) as account_id,
    min(aws_region) as region,
    min(created_by) filter (where nth = 2) as actor,
    key_arn,
    array_slice(
        array_agg(create_event_id order by created_time, create_event_id),
        1, 20
    ) as event_ids,
    concat(
        cast(count(*) as text), ' open grants of ', granted_operations,
        ' to ', grantee_principal, ' are the same'
    ) as summary,
    count(*) as event_count,
    min(created_time) as first_time,
    max(created_time) as last_time,
    grantee_principal,
    granted_operations,
    constraints,
    name as grant_name,
    array_slice(
        array_agg(grant_id order by created_time, grant_id), 1, 20
    ) as grant_ids
from ranked
group by key_arn, grantee_principal, granted_operations, constraints, name
having min(created_time) filter (where nth = 2) <= $window_end - $settle
order by event_time, key_arn, grantee_principal
