-- id = "service_grant_left_open"
-- title = "Service left a KMS grant open for longer than it usually does"
-- kind = "state"
-- severity = "info"
-- confidence = "low"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-2", "NIST-800-53-r5:AC-6"]
-- lookback = "0d"
-- entity = ["key_arn", "service"]
-- why = "A service's grant lives as long as the volume, table or instance it was made for. One that outlives nearly all its kind points at a resource that was forgotten, or that keeps running when the others do not."
-- benign = "A database or a volume that simply lives longer than short-lived ones on the same key."
-- respond = "Find the resource that the grant's constraint names and ask its owner whether it is still needed. Deleting the resource ends the grant; revoking the grant instead breaks the resource."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/grants.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html"]
-- [parameters]
-- closed_min = 20 # grants of the service on the key that must have ended
-- share = 95 # percent of them that ended sooner
-- #
-- # How long grants usually live is taken from those that were retired or revoked
-- # while the logs ran; the end of a key ends its grants and tells nothing.

with service_grants as (
    select
        *,
        coalesce(
            created_via,
            case
                when grantee_kind in ('service', 'service_linked_role')
                    then grantee_principal
                when grantee_kind = 'instance' then 'ec2.amazonaws.com'
                else created_by
            end
        ) as service,
        coalesce(
            array_to_string(map_values(grant_encryption_context), ', '),
            grant_source_arn,
            grantee_principal
        ) as resource
    from grants
    where service_made
        and created_time < $window_end
),

ended as (
    select
        key_arn,
        service,
        closed_time - created_time as span,
        row_number() over (
            partition by key_arn, service
            order by date_part('epoch', closed_time - created_time)
        ) as nth,
        count(*) over (partition by key_arn, service) as of
    from service_grants
    where closed_time < $window_end
        and closed_how in ('retired', 'revoked')
),

usual as (
    select
        key_arn,
        service,
        max(of) as ended,
        min(span) filter (where nth * 100 >= of * $share) as usual_span
    from ended
    group by key_arn, service
    having max(of) >= $closed_min
),

left_open as (
    select
        service_grants.*,
        usual.ended,
        usual.usual_span,
        service_grants.created_time + usual.usual_span as overdue_time
    from service_grants
    inner join usual
        on usual.key_arn = service_grants.key_arn
        and usual.service = service_grants.service
    where (
            service_grants.closed_time is null
            or service_grants.closed_time >= $window_end
        )
        and service_grants.created_time + usual.usual_span < $window_end
)

select
    min(overdue_time) as event_time,
    min(account_id) as account_id,
    min(aws_region) as region,
    first_value(
        created_by order by created_time, create_event_id
    ) as actor,
    key_arn,
    array_slice(
        array_agg(create_event_id order by created_time, create_event_id),
        1, 20
    ) as event_ids,
    concat(
        cast(count(*) as text), ' open grants of ', service,
        ' have outlived ', cast($share as text), ' % of the ',
        cast(min(ended) as text), ' that ended; the oldest, of ',
        to_char(min(created_time), '%Y-%m-%d'), ', is for ',
        first_value(resource order by created_time, create_event_id)
    ) as summary,
    count(*) as event_count,
    min(created_time) as first_time,
    max(created_time) as last_time,
    service,
    min(ended) as ended_grants,
    date_part('epoch', min(usual_span)) / 3600 as usual_hours,
    array_slice(
        array_agg(resource order by created_time, create_event_id), 1, 20
    ) as resources,
    array_slice(
        array_agg(grant_id order by created_time, create_event_id), 1, 20
    ) as grant_ids
from left_open
group by key_arn, service
order by event_time, key_arn, service
