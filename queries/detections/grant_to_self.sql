-- id = "grant_to_self"
-- title = "Actor gave itself a KMS grant"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "PCI-DSS-4.0.1:10.2.1.5"]
-- lookback = "36h"
-- entity = ["actor", "key_arn"]
-- why = "Whoever may create grants on a key and nothing else can give itself any operation on it, decryption included. No policy changes, and no second person is asked."
-- benign = "Some applications narrow their own sessions with a grant to their own role. They do so with the same operations and constraints every time; a person has hardly a reason to."
-- respond = "Look at what the actor did with the key after the grant was made, then ask the key's owner whether it was meant to have these operations. If not, have the owner revoke the grant, and take CreateGrant from the actor or bind it to kms:GrantIsForAWSResource before anything else is mended."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grant-authorization.html"]
-- [parameters]
-- session_max = "36h" # how long credentials of a session may last
-- #
-- # The grantee is the actor: its role or user, one of its role's sessions, or
-- # its unique id; or it is who assumed the role that the actor used. Paths are
-- # left out, since a role's sessions do not show it and names are unique in an
-- # account. One step back is seen, not a chain of roles.

with made as (
    select
        grants.*,
        calls.access_key_id,
        split_part(calls.principal_id, ':', 1) as unique_id,
        regexp_replace(
            grants.created_by, ':(role|user)/(.*/)?', ':\1/'
        ) as self,
        regexp_replace(
            regexp_replace(
                grants.grantee_principal,
                ':sts::([0-9]+):assumed-role/([^/]+)/.*$',
                ':iam::\1:role/\2'
            ),
            ':(role|user)/(.*/)?', ':\1/'
        ) as grantee
    from grants
    inner join kms_actions as calls
        on calls.event_id = grants.create_event_id
        and calls.key_arn = grants.key_arn
    where calls.activity = 'manage'
        and calls.event_name = 'CreateGrant'
        and calls.event_time >= $window_start
        and calls.event_time < $window_end
        and grants.created_time >= $window_start
        and grants.created_time < $window_end
        and grants.created_directly
        and grants.grantee_kind <> 'account'
),

assumers as (
    select distinct
        issued_access_key_id,
        regexp_replace(actor, ':(role|user)/(.*/)?', ':\1/') as assumer
    from events
    where activity = 'manage'
        and event_source in ('sts.amazonaws.com', 'sts.amazonaws.com.cn')
        and event_time >= $window_start - $session_max
        and event_time < $window_end
        and error_code is null
        and issued_access_key_id is not null
),

to_self as (
    select
        made.*,
        array_to_string(made.grant_operations, ', ') as operations,
        case
            when made.grantee = made.self
                or made.grantee_principal = made.unique_id then 'actor'
            else 'assumer'
        end as grantee_is
    from made
    left join assumers
        on assumers.issued_access_key_id = made.access_key_id
        and assumers.assumer = made.grantee
    where made.grantee = made.self
        or made.grantee_principal = made.unique_id
        or assumers.assumer is not null
)

select
    min(created_time) as event_time,
    min(account_id) as account_id,
    min(aws_region) as region,
    created_by as actor,
    key_arn,
    array_slice(
        array_agg(create_event_id order by created_time, create_event_id),
        1, 20
    ) as event_ids,
    concat(
        created_by, ' made ', cast(count(*) as text),
        case when count(*) = 1 then ' grant' else ' grants' end, ' to ',
        case
            when bool_or(grantee_is = 'actor') then 'itself'
            else concat('its assumer ', min(grantee_principal))
        end,
        ': ', array_to_string(
            array_agg(distinct operations order by operations), '; '
        )
    ) as summary,
    case
        when bool_and(coalesce(array_has_all(
            make_array('DescribeKey', 'RetireGrant'), grant_operations
        ), false)) then 'low'
        else 'high'
    end as severity,
    count(*) as event_count,
    min(created_time) as first_time,
    max(created_time) as last_time,
    min(created_by_kind) as actor_kind,
    array_agg(distinct grantee_principal order by grantee_principal)
        as grantee_principals,
    array_agg(distinct operations order by operations) as grant_operations,
    array_slice(
        array_agg(grant_id order by created_time, create_event_id), 1, 20
    ) as grant_ids,
    bool_or(grant_constraint is not null or grant_source_arn is not null)
        as constrained,
    bool_and(closed_time is not null and closed_time < $window_end) as closed
from to_self
group by created_by, key_arn
order by event_time, actor, key_arn
