-- id = "key_policy_changed"
-- title = "KMS key policy changed"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:10.2.1"]
-- lookback = "0d"
-- entity = ["key_arn", "actor", "day"]
-- why = "The key policy decides who may use and administer the key; no IAM policy can allow what it leaves out."
-- benign = "A reviewed change, made by the pipeline that owns the key."
-- respond = "Read the statements that came and went. Match them with a change request, or ask the actor and the key's owner. If nobody knows of it, put the previous policy back and look at what the new principals did in between."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying.html"]
-- #
-- # One row per key, actor and day, with every statement that came or went in any
-- # of that day's changes: a policy opened and closed again shows in both lists.
-- # A policy whose predecessor is unknown counts as changed, without a diff. How
-- # statements are compared (order, spelling, spacing) is policy_diff's matter.
with changes as (
    select
        *,
        case
            when policy is not null and previous_policy is not null
                then policy_diff(previous_policy, policy)
        end as diff
    from key_policies
    where event_name = 'PutKeyPolicy'
        and set_time >= $window_start
        and set_time < $window_end
)

select
    min(set_time) as event_time,
    account_id,
    aws_region as region,
    set_by as actor,
    key_arn,
    array_slice(
        array_agg(event_id order by set_time, version), 1, 20
    ) as event_ids,
    concat(
        set_by, ' changed the policy of ', key_arn,
        case
            when bool_and(diff is null) then '; what changed is not known'
            else concat(
                ': ', cast(sum(array_length(diff['added'])) as text),
                ' statements added, ',
                cast(sum(array_length(diff['removed'])) as text), ' removed'
            )
        end
    ) as summary,
    count(*) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    to_char(min(set_time), '%Y-%m-%d') as day,
    array_slice(
        array_distinct(flatten(array_agg(diff['added'] order by version))),
        1, 50
    ) as statements_added,
    array_slice(
        array_distinct(flatten(array_agg(diff['removed'] order by version))),
        1, 50
    ) as statements_removed,
    bool_or(previous_policy is null) as previous_unknown,
    coalesce(
        bool_or(bypass_policy_lockout_safety_check), false
    ) as lockout_check_bypassed,
    bool_and(direct_call) as direct_call,
    max(invoked_by) as invoked_by,
    max(set_by_kind) as actor_kind
from changes
where diff is null
    or not diff['same']
group by key_arn, account_id, aws_region, set_by, cast(set_time as date)
order by event_time, key_arn, actor
