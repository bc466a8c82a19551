-- id = "administration_without_mfa"
-- title = "KMS administered without MFA"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1078.004"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:IA-2(1)", "NIST-800-53-r5:AC-6(9)", "PCI-DSS-4.0.1:8.4.1", "PCI-DSS-4.0.1:10.2.1.2"]
-- lookback = "36h"
-- entity = ["actor", "day"]
-- why = "A password or an access key alone was enough to replace a policy, give a grant or take a key away. One leaked secret and nothing else stands between a stranger and all that the key protects."
-- benign = "A pipeline that assumes a role with an access key: of unknown kind, as nothing in the record tells it from a person. Sessions from an identity provider are rated low: it asks for MFA itself, and CloudTrail does not know."
-- respond = "Look at what was changed on which key, then at how the session began. Ask the owner of the actor whether they made the calls. If they did, help them to a session with MFA; if not, have the credentials disabled by their owner before the changes are undone."
-- see = ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html", "https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html"]
-- [parameters]
-- session_max = "36h" # as long as lookback: how long credentials of STS can live
-- #
-- # Only what succeeded: denied calls are denied_administration's matter. Machines
-- # are never asked for MFA and are left out, also when the session was issued to
-- # one. A role session shows no MFA when the session that assumed the role did:
with sessions_issued as (
    select
        issued_access_key_id,
        bool_or(mfa = 'yes' or mfa_serial_number is not null) as mfa_shown,
        bool_or(actor_kind = 'workload') as for_workload,
        bool_or(event_name = 'AssumeRoleWithSAML') as by_provider
    from events
    where activity = 'manage'
        and event_source in ('sts.amazonaws.com', 'sts.amazonaws.com.cn')
        and issued_access_key_id is not null
        and error_code is null
        and event_time >= $window_start - $session_max
        and event_time < $window_end
    group by issued_access_key_id
),

calls as (
    select
        actions.* except (mfa, mfa_reason),
        operations.risk,
        case when issued.by_provider then 'unknown' else mfa end as mfa,
        case
            when issued.by_provider then 'identity_provider'
            else mfa_reason
        end as mfa_reason
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
    left join sessions_issued as issued
        on issued.issued_access_key_id = actions.access_key_id
    where actions.activity = 'manage'
        and actions.event_time >= $window_start
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.direct_call
        and actions.mfa in ('no', 'unknown')
        and actions.actor_kind in ('person', 'unknown')
        and operations.risk in ('high', 'critical')
        and operations.role <> 'service'
        and not coalesce(issued.mfa_shown or issued.for_workload, false)
)

select
    min(event_time) as event_time,
    first_value(
        coalesce(key_account_id, recipient_account_id)
        order by event_time, event_id
    ) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    case
        when count(distinct coalesce(key_arn, event_id)) = 1 then min(key_arn)
    end as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor,
        case
            when bool_or(mfa = 'no') then ' administered KMS without MFA: '
            else ' administered KMS, MFA unknown: '
        end,
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' (calls: ', cast(count(*) as text),
        ', keys: ', cast(count(distinct key_arn) as text), ')'
    ) as summary,
    case when bool_or(mfa = 'no') then 'high' else 'low' end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    to_char(date_trunc('day', event_time), '%Y-%m-%d') as day,
    array_agg(distinct event_name order by event_name) as operations,
    array_slice(
        array_agg(distinct key_arn order by key_arn)
        filter (where key_arn is not null),
        1, 20
    ) as key_arns,
    min(actor_kind) as actor_kind,
    array_agg(distinct mfa order by mfa) as mfa,
    array_agg(distinct mfa_reason order by mfa_reason) as mfa_reasons,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from calls
group by actor, date_trunc('day', event_time)
order by event_time, actor
