-- One grant that a successful CreateGrant on a known key made, from creation to its end. Grants older than the logs are missing.
-- key_arn: key the grant is on
-- grant_id: id of the grant, unique on its key; a named retry returns it again
-- grant_name: name given by the first request
-- created_time: when the first request with this id succeeded
-- created_by: actor of the first request, from the caller's copy if there is one
-- created_by_kind: actor_kind of created_by
-- created_directly: created_by asked KMS itself: no service on its behalf, no service-linked role, not EC2's own role
-- created_via: service that made the request on created_by's behalf
-- grantee_principal: who may use the key, as sent: ARN, account id, service principal or internal id
-- grantee_account_id: account of the grantee; null for services and unique ids, which do not tell
-- grantee_kind: role, user, session, federated_user, account, service, service_linked_role, instance, unique_id or unknown
-- retiring_principal: who may retire the grant, as sent
-- retiring_account_id: account of the retiring principal; null as for the grantee
-- grant_operations: operations granted, in the order sent
-- grant_constraint: encryption_context_equals, encryption_context_subset or null
-- grant_encryption_context: encryption context of the constraint
-- grant_source_arn: ARN that a service grantee must act for
-- service_made: made through a service or granted to one: it lives as long as some resource
-- account_id: account that owns the key
-- aws_region: Region of the key
-- create_event_id: event of the first request
-- requests: CreateGrant calls that returned this id
-- closed_time: when the grant was first retired or revoked, or its key deleted; null while open
-- closed_by: actor of that call
-- closed_how: retired, revoked or key_deleted
-- open: no end of the grant is in the lake
with creations as (
    select
        *,
        row_number() over (
            partition by key_arn, grant_id
            order by event_time, event_id
        ) as nth,
        count(*) over (partition by key_arn, grant_id) as requests,
        direct_call
            and actor not like '%:role/aws-service-role/%'
            and actor not like '%aws:ec2-infrastructure%' as directly,
        -- the sixth field of an ARN: role/path/name, user/name, root, ...
        case
            when grantee_principal like 'arn:%'
                then split_part(grantee_principal, ':', 6)
        end as grantee_resource
    from kms_actions
    where activity = 'manage'
        and event_name = 'CreateGrant'
        and error_code is null
        and grant_id is not null
        and key_arn is not null
),

first_requests as (
    select
        *,
        case
            when grantee_principal like '%aws:ec2-infrastructure%'
                then 'instance'
            when regexp_like(grantee_principal, '^[0-9]{12}$')
                or grantee_resource = 'root' then 'account'
            when grantee_resource like 'role/aws-service-role/%'
                then 'service_linked_role'
            when grantee_resource like 'role/%' then 'role'
            when grantee_resource like 'user/%' then 'user'
            when grantee_resource like 'assumed-role/%' then 'session'
            when grantee_resource like 'federated-user/%'
                then 'federated_user'
            when regexp_like(grantee_principal, '^A[A-Z0-9]{15,}$')
                then 'unique_id'
            when regexp_like(grantee_principal, '^[^:]+[.][^:]+$')
                then 'service'
            else 'unknown'
        end as grantee_kind
    from creations
    where nth = 1
),

-- by grant id alone: it is unique, and a RetireGrant by token may lack the key
retirements as (
    select
        grant_id,
        event_time,
        actor,
        case event_name
            when 'RetireGrant' then 'retired'
            else 'revoked'
        end as how,
        row_number() over (
            partition by grant_id
            order by event_time, event_id
        ) as nth
    from kms_actions
    where activity = 'manage'
        and event_name in ('RetireGrant', 'RevokeGrant')
        and error_code is null
        and grant_id is not null
),

deletions as (
    select
        key_arn,
        min(event_time) as event_time,
        min(actor) as actor
    from kms_actions
    where activity = 'manage'
        and event_name = 'DeleteKey'
        and error_code is null
    group by key_arn
)

select
    g.key_arn,
    g.grant_id,
    g.grant_name,
    g.event_time as created_time,
    g.actor as created_by,
    g.actor_kind as created_by_kind,
    g.directly as created_directly,
    g.invoked_by as created_via,
    g.grantee_principal,
    case
        when g.grantee_resource is not null
            then nullif(split_part(g.grantee_principal, ':', 5), '')
        when regexp_like(g.grantee_principal, '^[0-9]{12}(:|$)')
            then split_part(g.grantee_principal, ':', 1)
    end as grantee_account_id,
    g.grantee_kind,
    g.retiring_principal,
    case
        when g.retiring_principal like 'arn:%'
            then nullif(split_part(g.retiring_principal, ':', 5), '')
        when regexp_like(g.retiring_principal, '^[0-9]{12}(:|$)')
            then split_part(g.retiring_principal, ':', 1)
    end as retiring_account_id,
    g.grant_operations,
    g.grant_constraint,
    g.grant_encryption_context,
    g.grant_source_arn,
    not g.directly
        or g.grantee_kind in ('service', 'service_linked_role', 'instance')
        as service_made,
    coalesce(g.key_account_id, g.recipient_account_id) as account_id,
    g.aws_region,
    g.event_id as create_event_id,
    g.requests,
    least(r.event_time, d.event_time) as closed_time,
    case
        when r.event_time <= coalesce(d.event_time, r.event_time) then r.actor
        else d.actor
    end as closed_by,
    case
        when r.event_time <= coalesce(d.event_time, r.event_time) then r.how
        when d.event_time is not null then 'key_deleted'
    end as closed_how,
    r.event_time is null and d.event_time is null as open
from first_requests as g
left join retirements as r
    on r.grant_id = g.grant_id
    and r.nth = 1
left join deletions as d on d.key_arn = g.key_arn
