-- id = "key_policy_lockout_check_bypassed"
-- title = "Safety check against losing a KMS key bypassed"
-- kind = "event"
-- severity = "critical"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:3.6.1", "PCI-DSS-4.0.1:10.2.1"]
-- lookback = "0d"
-- entity = ["key_arn"]
-- why = "KMS refuses a policy that does not let the caller change it again, unless told not to look. With the check off, one call can lock everyone out of a key, or leave it with somebody else; only AWS Support can then help."
-- benign = "A pipeline whose role sets policies that only another role may change afterwards: AWS means the parameter for that and nothing else."
-- respond = "Read the policy now, with its statements in the details: is there anybody of yours who may change it? Ask the actor and the key's owner why the check had to be off. If nobody can change the policy, open a case with AWS Support before the key is needed; if somebody can, have them put the previous policy back."
-- see = ["https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"]
-- #
-- # Whether the policy really locks anybody out plays no part in the severity:
-- # the check was off, which hardly any call needs. A refused call is
-- # denied_administration's matter.
with bypassed as (
    select
        *,
        case event_name
            when 'ReplicateKey' then coalesce(destination_key_arn, key_arn)
            else key_arn
        end as policy_key_arn
    from kms_actions
    where activity = 'manage'
        and event_time >= $window_start
        and event_time < $window_end
        and event_name in ('CreateKey', 'PutKeyPolicy', 'ReplicateKey')
        and error_code is null
        and bypass_policy_lockout_safety_check
),

-- Who may change the policy after that, as far as the record shows it.
changers as (
    select
        event_id,
        array_agg(distinct principal order by principal) as principals
    from (
        select
            event_id,
            unnest(parsed['principals']) as principal
        from (
            select event_id, unnest(parse_policy(policy)) as parsed
            from bypassed
            where policy is not null
        ) as statements
        where parsed['effect'] = 'Allow'
            and array_has(parsed['kms_actions'], 'kms:PutKeyPolicy')
    ) as allowed
    group by event_id
)

select
    min(b.event_time) as event_time,
    split_part(b.policy_key_arn, ':', 5) as account_id,
    split_part(b.policy_key_arn, ':', 4) as region,
    first_value(b.actor order by b.event_time, b.event_id) as actor,
    b.policy_key_arn as key_arn,
    array_slice(
        array_agg(b.event_id order by b.event_time, b.event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(b.actor order by b.event_time, b.event_id),
        ' set a policy on ', b.policy_key_arn,
        ' without the lockout check (',
        array_to_string(
            array_agg(distinct b.event_name order by b.event_name), ', '
        ),
        case
            when last_value(b.policy order by b.event_time, b.event_id) is null
                then ')'
            else concat(
                '); the policy can now be changed by: ',
                coalesce(
                    array_to_string(
                        last_value(
                            c.principals order by b.event_time, b.event_id
                        ), ', '
                    ),
                    'nobody'
                )
            )
        end
    ) as summary,
    count(*) as event_count,
    min(b.event_time) as first_time,
    max(b.event_time) as last_time,
    array_agg(distinct b.event_name order by b.event_name) as operations,
    last_value(c.principals order by b.event_time, b.event_id)
        as policy_changers,
    last_value(b.policy order by b.event_time, b.event_id) as policy,
    first_value(b.actor_kind order by b.event_time, b.event_id) as actor_kind,
    first_value(b.mfa order by b.event_time, b.event_id) as mfa,
    first_value(b.mfa_reason order by b.event_time, b.event_id) as mfa_reason,
    max(b.invoked_by) as invoked_by
from bypassed as b
left join changers as c on c.event_id = b.event_id
group by b.policy_key_arn
order by event_time, key_arn
