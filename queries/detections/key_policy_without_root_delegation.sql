-- id = "key_policy_without_root_delegation"
-- title = "KMS key policy without a statement for its account"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "0d"
-- entity = ["key_arn"]
-- why = "Without a statement for the account root no IAM policy has any effect on the key. When the principals that the policy names are deleted or taken over, nobody of yours can administer the key, and only AWS Support can help."
-- benign = "A key kept apart from the account's administrators on purpose, with its administrators named in the policy: AWS permits that, and it needs care."
-- respond = "See in the details who may still change the policy, and check that those roles exist and are yours. Ask the key's owner whether the account was left out on purpose. If not, have one of those roles add the statement for the account again; if nobody can, open a case with AWS Support."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html"]
-- #
-- # Any Allow that names the root of the key's own account counts as a
-- # statement for it, however little it allows: how much is for the reader to
-- # judge. High when the lockout check was off, or the policy before had such a
-- # statement. A key created without a policy gets AWS's default, which has
-- # one.
with settings as (
    select *
    from key_policies
    where set_time >= $window_start
        and set_time < $window_end
        and policy is not null
),

statements as (
    select
        key_arn,
        event_id,
        account_id,
        'new' as side,
        unnest(parse_policy(policy)) as parsed
    from settings
    union all
    select
        key_arn,
        event_id,
        account_id,
        'previous' as side,
        unnest(parse_policy(previous_policy)) as parsed
    from settings
    where previous_policy is not null
),

principals as (
    select
        key_arn,
        event_id,
        side,
        array_has(parsed['kms_actions'], 'kms:PutKeyPolicy') as may_change,
        unnest(parsed['principals']) as principal,
        account_id
    from statements
    where parsed['effect'] = 'Allow'
),

facts as (
    select
        key_arn,
        event_id,
        bool_or(of_root and side = 'new') as delegated,
        bool_or(of_root and side = 'previous') as delegated_before,
        array_agg(distinct principal order by principal)
            filter (where side = 'new' and may_change) as policy_changers
    from (
        select
            *,
            principal = account_id or (
                split_part(principal, ':', 3) = 'iam'
                and split_part(principal, ':', 5) = account_id
                and split_part(principal, ':', 6) = 'root'
            ) as of_root
        from principals
    ) as judged
    group by key_arn, event_id
),

unreadable as (
    select distinct key_arn, event_id
    from statements
    where parsed['error'] is not null
        and side = 'new'
),

findings as (
    select
        s.*,
        coalesce(f.delegated_before, false) as removed,
        coalesce(s.bypass_policy_lockout_safety_check, false) as bypassed,
        f.policy_changers
    from settings as s
    left join facts as f
        on f.key_arn = s.key_arn
        and f.event_id = s.event_id
    left join unreadable as u
        on u.key_arn = s.key_arn
        and u.event_id = s.event_id
    where not coalesce(f.delegated, false)
        and u.event_id is null
)

select
    min(set_time) as event_time,
    account_id,
    aws_region as region,
    first_value(set_by order by set_time, version) as actor,
    key_arn,
    array_slice(
        array_agg(event_id order by set_time, version), 1, 20
    ) as event_ids,
    concat(
        first_value(set_by order by set_time, version),
        case
            when bool_or(removed) then ' took the statement for account '
            else ' set a policy without a statement for account '
        end,
        account_id,
        case
            when bool_or(removed) then ' out of the policy of '
            else ' on '
        end,
        key_arn,
        case
            when bool_or(bypassed) then ', with the lockout check off'
            else ''
        end,
        '; may change the policy: ',
        coalesce(
            array_to_string(
                last_value(policy_changers order by set_time, version), ', '
            ),
            'nobody'
        )
    ) as summary,
    case
        when bool_or(removed or bypassed) then 'high'
        else 'medium'
    end as severity,
    count(*) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    bool_or(removed) as statement_removed,
    bool_or(bypassed) as lockout_check_bypassed,
    last_value(policy_changers order by set_time, version) as policy_changers,
    array_agg(distinct event_name order by event_name) as operations,
    max(set_by_kind) as actor_kind
from findings
group by key_arn, account_id, aws_region
order by event_time, key_arn
