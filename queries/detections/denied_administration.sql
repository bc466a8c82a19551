-- id = "denied_administration"
-- title = "Administrative KMS call denied"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1078.004"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-6(9)", "NIST-800-53-r5:SI-4", "PCI-DSS-4.0.1:10.2.1.4", "ISO-27001-2022:A.8.2"]
-- lookback = "0d"
-- entity = ["actor", "day"]
-- why = "Somebody tried to replace a key policy, delete or disable a key, or give a grant, and only a missing permission stopped them. One such attempt is worth a question: nobody tries these by accident."
-- benign = "A deployment that lacks a permission, an engineer with the wrong role or profile."
-- respond = "Look at what was tried on which key, and at what the actor did before and after. Ask its owner. If they know nothing of it, treat the credentials as stolen; give the permission only when the need is shown."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html", "https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html"]
-- #
-- # Direct calls: what services are denied on somebody's behalf is denied_burst's
-- # matter. Only refusals count, not calls that failed for another reason. A
-- # refused call may name its key in the message alone; one that names no key at
-- # all counts as well.
with denied as (
    select
        actions.actor,
        actions.actor_kind,
        actions.mfa,
        actions.mfa_reason,
        actions.event_time,
        actions.event_id,
        actions.event_name,
        actions.source_ip_address,
        actions.aws_region,
        coalesce(
            actions.actor_account_id, actions.recipient_account_id
        ) as account_id,
        operations.risk,
        date_trunc('day', actions.event_time) as day_start,
        coalesce(
            actions.key_arn,
            regexp_match(
                actions.error_message,
                'arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]+:key/[A-Za-z0-9-]+'
            )[1]
        ) as key_arn
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
    where actions.activity = 'manage'
        and actions.event_time >= $window_start
        and actions.event_time < $window_end
        and actions.error_code in ('AccessDenied', 'AccessDeniedException')
        and actions.direct_call
        and actions.actor_kind <> 'service'
        and operations.risk in ('high', 'critical')
        and not coalesce(actions.dry_run, false)
)

select
    min(event_time) as event_time,
    first_value(account_id order by event_time, event_id) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    case
        when count(distinct coalesce(key_arn, event_id)) = 1 then min(key_arn)
    end as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' was denied ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' (calls: ', cast(count(*) as text),
        ', keys: ', cast(count(distinct key_arn) as text), ')'
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    to_char(day_start, '%Y-%m-%d') as day,
    array_agg(distinct event_name order by event_name) as operations,
    bool_or(risk = 'critical') as critical_risk,
    array_slice(
        array_agg(distinct key_arn order by key_arn)
        filter (where key_arn is not null),
        1, 20
    ) as key_arns,
    min(actor_kind) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from denied
group by actor, day_start
order by event_time, actor
