-- id = "key_policy_allows_granting"
-- title = "KMS key policy lets a principal create grants freely"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3"]
-- lookback = "0d"
-- entity = ["key_arn", "granted_to"]
-- why = "Whoever may create grants can give itself or anyone, in any account, every operation that a grant can hold, whether it may use them itself or not. AWS calls kms:CreateGrant as strong as kms:PutKeyPolicy. With kms:GrantIsForAWSResource only AWS services can make grants for the principal."
-- benign = "The statement for key administrators that the console writes allows it through kms:Create*, and is rated low. So is a statement that limits grants by service, grantee, operations or constraint."
-- respond = "Ask the key's owner whether the principal makes grants itself or only uses services that do; the view `grants` shows which (created_directly). Add the condition kms:GrantIsForAWSResource, or limit grantees and operations, and look at the open grants that the principal made: they outlive the policy."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/grant-best-practices.html", "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"]
-- #
-- # Wildcards are expanded: kms:*, kms:C* and NotAction count. The root of the
-- # key's own account is left out: IAM policies decide there, see
-- # iam_policy_grants_kms_broadly. Services as principals are rated low.
with granted as (
    select
        *,
        unnest(principals) as principal,
        lower(conditions) as conditions_lower
    from policy_statements
    where set_time >= $window_start
        and set_time < $window_end
        and effect = 'Allow'
        and array_has(kms_actions, 'kms:CreateGrant')
),

-- A condition holds back only with an operator that needs its key to be there.
judged as (
    select
        *,
        case
            when split_part(principal, ':', 5) = account_id
                and array_has(actions, 'kms:Create*')
                and not array_has(actions, 'kms:CreateGrant')
                then 'console_administrator_statement'
            when principal like 'Service:%' then 'service'
            when regexp_like(
                conditions_lower,
                concat(
                    '"(?:forallvalues:|foranyvalue:)?',
                    'string(?:equals|like|equalsignorecase)":',
                    '\{(?:[^"}]|"(?:[^"\\]|\\.)*")*?',
                    '"kms:(?:viaservice|granteeprincipal|grantoperations',
                    '|grantconstrainttype)":'
                )
            ) then 'limited'
            else 'free'
        end as how
    from granted
    where principal <> account_id
        and not (
            split_part(principal, ':', 3) = 'iam'
            and split_part(principal, ':', 5) = account_id
            and split_part(principal, ':', 6) = 'root'
        )
        and not coalesce(
            regexp_like(
                conditions_lower,
                concat(
                    '"(?:bool|stringequals)":',
                    '\{(?:[^"}]|"(?:[^"\\]|\\.)*")*?',
                    '"kms:grantisforawsresource":"true"'
                )
            ),
            false
        )
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
        array_to_string(
            array_agg(distinct principal order by principal), ', '
        ) as granted_to,
        case
            when bool_or(how = 'free') then 'free'
            else min(how)
        end as how
    from judged
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
        statement
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
        ' let ', granted_to, ' create grants on ', key_arn,
        ' without kms:GrantIsForAWSResource',
        case
            when bool_or(how = 'free') then ''
            else concat(' (', replace(min(how), '_', ' '), ')')
        end
    ) as summary,
    case when bool_or(how = 'free') then 'medium' else 'low' end as severity,
    count(distinct event_id) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    granted_to,
    array_agg(distinct how order by how) as how,
    array_slice(
        array_agg(distinct statement order by statement), 1, 20
    ) as statements,
    array_agg(distinct event_name order by event_name) as operations
from others
group by key_arn, account_id, aws_region, granted_to
order by event_time, key_arn, granted_to
