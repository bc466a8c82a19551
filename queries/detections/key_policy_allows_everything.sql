-- id = "key_policy_allows_everything"
-- title = "KMS key policy allows every operation"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "PCI-DSS-4.0.1:3.7.6"]
-- lookback = "0d"
-- entity = ["key_arn", "granted_to"]
-- why = "A principal with kms:* can read all that the key protects, hand the key to others, and delete it. Least privilege asks for the few operations that it needs."
-- benign = "A small team with one role for everything; a template that copied the statement for the account to a role."
-- respond = "Ask the key's owner which operations the principal needs; what it called in the last months (view `key_usage`) is a good start. Write these into the policy, have the owner review it, and only then take kms:* out."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/least-privilege.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"]
-- #
-- # However it is written: kms:*, *, or patterns that add up to all
-- # permissions. The root of the key's own account is left out: that statement
-- # lets IAM policies decide. A condition narrows when, not what, and does not
-- # excuse it.
with everything as (
    select
        cardinality(
            parse_policy('{"Statement":{"Action":"kms:*"}}')[1]['kms_actions']
        ) as permissions
),

granted as (
    select
        statements.*,
        unnest(statements.principals) as principal
    from policy_statements as statements
    cross join everything
    where statements.set_time >= $window_start
        and statements.set_time < $window_end
        and statements.effect = 'Allow'
        and cardinality(statements.kms_actions) >= everything.permissions
),

others as (
    select
        key_arn,
        account_id,
        aws_region,
        version,
        set_time,
        set_by,
        event_id,
        event_name,
        statement_index,
        statement,
        conditions,
        array_to_string(
            array_agg(distinct principal order by principal), ', '
        ) as granted_to
    from granted
    where principal <> account_id
        and not (
            split_part(principal, ':', 3) = 'iam'
            and split_part(principal, ':', 5) = account_id
            and split_part(principal, ':', 6) = 'root'
        )
    group by
        key_arn,
        account_id,
        aws_region,
        version,
        set_time,
        set_by,
        event_id,
        event_name,
        statement_index,
        statement,
        conditions
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
        ), 1, 20
    ) as event_ids,
    concat(
        first_value(set_by order by set_time, version, statement_index),
        ' allowed every operation on ', key_arn, ' to ', granted_to,
        case when bool_and(conditions is not null) then ', on conditions' end
    ) as summary,
    count(distinct event_id) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    granted_to,
    bool_and(conditions is not null) as conditional,
    array_slice(
        array_agg(distinct statement order by statement), 1, 20
    ) as statements,
    array_agg(distinct event_name order by event_name) as operations
from others
group by key_arn, account_id, aws_region, granted_to
order by event_time, key_arn, granted_to
