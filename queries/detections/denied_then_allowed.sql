-- id = "denied_then_allowed"
-- title = "Denied KMS call allowed by its caller's own change"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:10.2.1.5"]
-- lookback = "60h"
-- entity = ["actor", "key_arn"]
-- why = "Somebody was refused, changed a policy or made a grant, and got through. When it is the same hand, the control that said no was only a step on the way."
-- benign = "An engineer who sets up a role and its permissions until it works. A change by somebody else is rated info: that is how access is asked for and given."
-- respond = "Read the change between the refusal and the success, and what was called afterwards. Ask the key's owner whether this actor should have that access, and whoever made the change who agreed to it. Put the policy back or retire the grant when nobody did, after looking at who else came to depend on it."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"]
-- [parameters]
-- within = "24h" # from the last refusal to the change, and from the change to the success
-- session_max = "36h" # how long credentials of STS can live; within and this are the lookback
-- #
-- # A change concerns the call when it puts the key's policy, grants to the
-- # caller, or changes the caller's own IAM policies, or a managed or group policy
-- # with kms in its text. The call must not have succeeded between refusal and
-- # change. One hand: the same actor, the same assumer behind two sessions or
-- # behind one of them, or the same person by Identity Center or source identity.
with assumers as (
    select
        issued_access_key_id,
        min(actor) as assumer
    from events
    where activity = 'manage'
        and event_source in ('sts.amazonaws.com', 'sts.amazonaws.com.cn')
        and error_code is null
        and issued_access_key_id is not null
        and actor like 'arn:%'
        and event_time >= $window_start - $within - $session_max
        and event_time < $window_end
    group by issued_access_key_id
),

denied as (
    select
        calls.*,
        coalesce(assumers.assumer, calls.actor) as origin,
        coalesce(
            calls.source_identity,
            case calls.actor_kind_reason
                when 'identity_center' then calls.session_name
            end
        ) as person,
        -- a refused call may name its key in the message alone
        coalesce(
            calls.key_arn,
            regexp_match(
                calls.error_message,
                'arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]+:key/[A-Za-z0-9-]+'
            )[1]
        ) as denied_key_arn
    from kms_actions as calls
    left join assumers
        on assumers.issued_access_key_id = calls.access_key_id
    where calls.event_time >= $window_start - $within
        and calls.event_time < $window_end
        and calls.error_code in ('AccessDenied', 'AccessDeniedException')
        and calls.direct_call
),

changes as (
    select
        made.*,
        coalesce(assumers.assumer, made.actor) as origin,
        coalesce(
            made.source_identity,
            case made.actor_kind_reason
                when 'identity_center' then made.session_name
            end
        ) as person,
        regexp_match(
            made.request_parameters,
            '"(?:roleName|userName)"\s*:\s*"([^"]+)"'
        )[1] as changed_name,
        coalesce(made.request_parameters like '%kms:%', false) as names_kms
    from events as made
    left join assumers
        on assumers.issued_access_key_id = made.access_key_id
    where made.activity = 'manage'
        and made.error_code is null
        and made.event_time >= $window_start - $within
        and made.event_time < $window_end
        and (
            made.event_source in ('iam.amazonaws.com', 'iam.amazonaws.com.cn')
            or made.event_name in ('PutKeyPolicy', 'CreateGrant')
        )
),

linked as (
    select
        denied.actor,
        denied.denied_key_arn as key_arn,
        denied.event_name,
        changes.event_id as change_id,
        changes.event_name as change_name,
        changes.event_time as change_time,
        changes.actor as changed_by,
        max(denied.event_time) as denied_time,
        min(denied.event_time) as first_denied_time,
        count(*) as denials,
        array_slice(
            array_agg(
                denied.event_id order by denied.event_time, denied.event_id
            ),
            1, 5
        ) as denied_ids,
        bool_or(
            changes.actor in (denied.actor, denied.origin)
            or changes.origin in (denied.actor, denied.origin)
            or coalesce(changes.person = denied.person, false)
        ) as one_hand
    from denied
    inner join changes
        on changes.event_time > denied.event_time
        and changes.event_time <= denied.event_time + $within
        and case
            when changes.event_name = 'PutKeyPolicy'
                then changes.key_arn = denied.denied_key_arn
            when changes.event_name = 'CreateGrant'
                then changes.key_arn = denied.denied_key_arn
                and (
                    changes.grantee_principal in (
                        denied.actor, denied.user_identity_arn,
                        split_part(denied.principal_id, ':', 1),
                        denied.actor_account_id
                    )
                    or changes.grantee_principal like concat(
                        '%::', denied.actor_account_id, ':root'
                    )
                )
            else changes.recipient_account_id = denied.actor_account_id
                and coalesce(
                    changes.changed_name = regexp_match(
                        denied.actor, '[^/:]+$'
                    )[1],
                    changes.names_kms
                )
        end
    group by 1, 2, 3, 4, 5, 6, 7
),

successes as (
    select
        linked.actor,
        linked.key_arn,
        linked.event_name,
        linked.change_id,
        min(calls.event_time) as allowed_time,
        max(calls.event_time) as last_time,
        count(*) as calls,
        array_slice(
            array_agg(calls.event_id order by calls.event_time, calls.event_id),
            1, 10
        ) as allowed_ids
    from linked
    inner join (
        select
            actor,
            key_arn,
            event_name,
            event_time,
            event_id
        from kms_actions
        where event_time >= $window_start - $within
            and event_time < $window_end
            and error_code is null
            and direct_call
    ) as calls
        on calls.actor = linked.actor
        and calls.key_arn = linked.key_arn
        and calls.event_name = linked.event_name
    where calls.event_time > linked.denied_time
        and calls.event_time <= linked.change_time + $within
    group by 1, 2, 3, 4
),

hits as (
    select
        linked.*,
        successes.allowed_time,
        successes.last_time,
        successes.calls,
        successes.allowed_ids
    from linked
    inner join successes
        on successes.actor = linked.actor
        and successes.key_arn = linked.key_arn
        and successes.event_name = linked.event_name
        and successes.change_id = linked.change_id
    where successes.allowed_time > linked.change_time
        and successes.allowed_time >= $window_start
)

select
    min(allowed_time) as event_time,
    split_part(key_arn, ':', 5) as account_id,
    split_part(key_arn, ':', 4) as region,
    actor,
    key_arn,
    -- five refusals, five changes, ten successes
    array_distinct(array_concat(
        array_slice(
            flatten(array_agg(denied_ids order by denied_time, change_id)), 1, 5
        ),
        array_slice(
            array_agg(distinct change_id order by change_id), 1, 5
        ),
        array_slice(
            flatten(array_agg(allowed_ids order by allowed_time, change_id)),
            1, 10
        )
    )) as event_ids,
    concat(
        actor, ' was refused ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' on ', key_arn, ', then allowed after ',
        array_to_string(
            array_agg(distinct change_name order by change_name), ', '
        ),
        ' by ',
        case
            when bool_or(one_hand) then 'the same hand' else 'somebody else'
        end,
        ' (', array_to_string(
            array_agg(distinct changed_by order by changed_by), ', '
        ), ')'
    ) as summary,
    case when bool_or(one_hand) then 'high' else 'info' end as severity,
    max(denials) + max(calls) as event_count,
    min(first_denied_time) as first_time,
    max(last_time) as last_time,
    max(denied_time) as last_denied_time,
    min(change_time) as change_time,
    array_agg(distinct event_name order by event_name) as operations,
    array_agg(distinct change_name order by change_name) as changes,
    array_agg(distinct changed_by order by changed_by) as changed_by
from hits
group by actor, key_arn
order by event_time, actor, key_arn
