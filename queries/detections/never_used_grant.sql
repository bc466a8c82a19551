-- id = "never_used_grant"
-- title = "KMS grant that was never used"
-- kind = "absence"
-- severity = "low"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-2", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "ISO-27001-2022:A.5.18"]
-- lookback = "90d"
-- every = "24h"
-- entity = ["key_arn", "grant_id"]
-- why = "A grant that its grantee has not needed in two weeks was made by mistake, to the wrong principal, or for later. Until somebody retires it, it is access that nobody watches."
-- benign = "Access prepared for a go-live, for recovery or for monthly work. The logs do not tell by which permission a call was allowed: a use is any successful call of a granted operation by the grantee since the grant was made."
-- respond = "Ask the actor that made the grant what it was for, and look whether the grantee exists under that name. If it is not needed, let the retiring principal or the grantee's owner retire it; if it is for later, agree on a day."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/grant-best-practices.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html"]
-- [parameters]
-- unused_after = "14d"
-- judged_within = "90d" # older grants are stale_grant's matter; not longer than lookback
-- #
-- # Where only the account of a caller is known, or the grantee is no single
-- # role or user, any call from its account counts as use.

with candidates as (
    select
        *,
        regexp_replace(
            regexp_replace(
                grantee_principal,
                ':sts::([0-9]+):assumed-role/([^/]+)/.*$',
                ':iam::\1:role/\2'
            ),
            ':(role|user)/(.*/)?', ':\1/'
        ) as grantee
    from grants
    where created_time >= $window_end - $judged_within
        and created_time < $window_end - $unused_after
        and (closed_time is null or closed_time >= $window_end)
        and not service_made
),

calls as (
    select
        key_arn,
        key_side,
        event_name,
        actor,
        actor_account_id,
        principal_unique_id,
        last_time
    from key_usage_parts
    where hour >= date_trunc('hour', $window_end - $judged_within)
        and hour < date_trunc('hour', $window_start)
        and error_code is null
    union all
    select
        sides.key_arn,
        sides.key_side,
        sides.event_name,
        sides.actor,
        sides.actor_account_id,
        split_part(sides.principal_id, ':', 1) as principal_unique_id,
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
),

uses as (
    select
        *,
        regexp_replace(actor, ':(role|user)/(.*/)?', ':\1/') as caller,
        case
            when event_name <> 'ReEncrypt' then event_name
            when key_side = 'key' then 'ReEncryptFrom'
            else 'ReEncryptTo'
        end as operation
    from calls
),

used as (
    select distinct candidates.key_arn, candidates.grant_id
    from candidates
    inner join uses on uses.key_arn = candidates.key_arn
    where uses.last_time >= candidates.created_time
        and (
            candidates.grant_operations is null
            or array_has(candidates.grant_operations, uses.operation)
        )
        and (
            uses.caller = candidates.grantee
            or uses.principal_unique_id = candidates.grantee_principal
            or (
                uses.actor_account_id = candidates.grantee_account_id
                and (
                    uses.actor = uses.actor_account_id
                    or candidates.grantee_kind in (
                        'account', 'federated_user', 'unknown'
                    )
                )
            )
        )
)

select
    candidates.created_time + $unused_after as event_time,
    candidates.account_id,
    candidates.aws_region as region,
    candidates.created_by as actor,
    candidates.key_arn,
    make_array(candidates.create_event_id) as event_ids,
    concat(
        candidates.grantee_principal, ' has never used its grant of ',
        coalesce(
            array_to_string(candidates.grant_operations, ', '), 'operations'
        ),
        ', made by ', candidates.created_by, ' on ',
        to_char(candidates.created_time, '%Y-%m-%d')
    ) as summary,
    candidates.grant_id,
    candidates.grant_name,
    candidates.grantee_principal,
    candidates.grantee_account_id,
    candidates.grantee_kind,
    candidates.grant_operations,
    candidates.retiring_principal,
    candidates.created_time
from candidates
left join used
    on used.key_arn = candidates.key_arn
    and used.grant_id = candidates.grant_id
where used.grant_id is null
order by event_time, candidates.key_arn, candidates.grant_id
