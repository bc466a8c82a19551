-- id = "key_policy_open_to_anyone"
-- title = "KMS key policy open to anyone"
-- kind = "event"
-- severity = "critical"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:KMS.5", "NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "0d"
-- entity = ["key_arn"]
-- why = "A statement that allows principal * without a condition on who lets every AWS account use or administer the key."
-- benign = "Rarely meant: a template that relies on kms:ViaService alone, or a condition with a wildcard."
-- respond = "Restrict the statement first, to your accounts or organization, after asking the key's owner who must keep access. Then look for callers of other accounts on this key since it was opened, and for grants they made: those outlive the policy."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html", "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html"]
-- #
-- # For ReplicateKey the policy, and so the key, is the replica's. What counts as
-- # a condition on who is written down with the function parse_policy.
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
        ' opened the policy of ', key_arn, ' to anyone: ',
        first_value(
            coalesce(statement, sid)
            order by set_time, version, statement_index
        )
    ) as summary,
    count(distinct event_id) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    array_slice(
        array_agg(distinct statement order by statement), 1, 20
    ) as statements,
    array_agg(distinct event_name order by event_name) as operations
from policy_statements
where open_to_anyone
    and set_time >= $window_start
    and set_time < $window_end
group by key_arn, account_id, aws_region
order by event_time, key_arn
