-- id = "key_policy_inverted_principal"
-- title = "KMS key policy allows everyone or everything but what it names"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "0d"
-- entity = ["key_arn"]
-- why = "An Allow with NotPrincipal lets in everybody whom it does not name, other accounts and anonymous callers too. One with NotAction allows whatever it does not list, and with that every operation that KMS will ever get."
-- benign = "A Deny turned into an Allow by mistake, or NotAction used to keep one operation from administrators. Both say more than was meant; AWS advises against them."
-- respond = "Read the statement in the details and write down whom and what it lets in. Ask the actor and the key's owner what it was meant to say, and replace it with an Allow that names its principals and actions. Look for calls by unexpected accounts on this key since it was set."
-- see = ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html"]
-- #
-- # A Deny with either element takes away, as guardrails do, and is no finding.
with inverted as (
    select
        *,
        cardinality(not_principals) > 0 as principal_inverted,
        cardinality(not_actions) > 0 as action_inverted
    from policy_statements
    where set_time >= $window_start
        and set_time < $window_end
        and effect = 'Allow'
        and (cardinality(not_principals) > 0 or cardinality(not_actions) > 0)
)

select
    min(set_time) as event_time,
    account_id,
    aws_region as region,
    first_value(set_by order by set_time, version, statement_index) as actor,
    key_arn,
    array_slice(
        array_distinct(
            array_agg(event_id order by set_time, version, statement_index)
        ),
        1, 20
    ) as event_ids,
    concat(
        first_value(set_by order by set_time, version, statement_index),
        ' set an Allow with ',
        case
            when bool_or(principal_inverted) and bool_or(action_inverted)
                then 'NotPrincipal and NotAction'
            when bool_or(principal_inverted) then 'NotPrincipal'
            else 'NotAction'
        end,
        ' in the policy of ', key_arn, ': ',
        first_value(statement order by set_time, version, statement_index)
    ) as summary,
    count(distinct event_id) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    bool_or(principal_inverted) as not_principal,
    bool_or(action_inverted) as not_action,
    array_slice(
        array_agg(distinct statement order by statement), 1, 20
    ) as statements,
    array_agg(distinct event_name order by event_name) as operations
from inverted
group by key_arn, account_id, aws_region
order by event_time, key_arn
