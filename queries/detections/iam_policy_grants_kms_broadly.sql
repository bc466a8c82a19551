-- id = "iam_policy_grants_kms_broadly"
-- title = "IAM policy allows sensitive KMS operations on all keys"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:KMS.1", "AWS-FSBP:KMS.2", "NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:10.2.1.5"]
-- lookback = "0d"
-- entity = ["iam_policy"]
-- why = "Nearly every key policy hands decisions to IAM, so an IAM policy on all keys reaches every key of the account, those of tomorrow too. With kms:Decrypt or kms:ReEncryptFrom it reads all data, with kms:CreateGrant or kms:PutKeyPolicy it gives that away."
-- benign = "A role for administrators, a break-glass role, or an example policy copied with Resource \"*\". A policy with Action \"*\" on \"*\" is an administrator's by design and is rated low."
-- respond = "Ask the owner of the policy which keys its principals need; `key_usage` shows which they used. List these key ARNs, or the tags or aliases of the keys, in its place. If nobody knows why it was written, look at who has the policy and at what they decrypted since."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html", "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html"]
-- #
-- # All keys: *, any KMS ARN whose key is *, or NotResource. Wildcards in
-- # actions and NotAction are expanded. Conditions on tags or aliases of the
-- # key choose keys, so that they are no finding, but negated ones do not;
-- # kms:ViaService, and kms:GrantIsForAWSResource where only grants are
-- # allowed, make it low, as does a version that is not made the default. What
-- # a policy attached by its ARN, or a version made the default later, says is
-- # not in that record.
with writes as (
    select
        events.*,
        -- a JSON text is decoded by reading it as the Sid of a statement
        parse_policy(
            concat(
                '{"Statement":{"Sid":',
                regexp_match(
                    events.request_parameters,
                    '"policyDocument"\s*:\s*("(?:[^"\\]|\\.)*")'
                )[1],
                '}}'
            )
        )[1]['sid'] as document,
        regexp_match(
            events.request_parameters, '"policyName"\s*:\s*"([^"\\]*)"'
        )[1] as policy_name,
        regexp_match(
            events.request_parameters,
            '"(?:userName|roleName|groupName)"\s*:\s*"([^"\\]*)"'
        )[1] as holder_name
    from events
    where events.activity = 'manage'
        and events.event_time >= $window_start
        and events.event_time < $window_end
        and events.event_source like 'iam.amazonaws.com%'
        and events.event_name in (
            'CreatePolicy', 'CreatePolicyVersion', 'PutGroupPolicy',
            'PutRolePolicy', 'PutUserPolicy'
        )
        and events.error_code is null
        and not exists (
            select 1
            from events as amended
            where amended.addendum_original_event_id is not null
                and amended.addendum_original_event_id = events.event_id
        )
),

statements as (
    select
        *,
        case event_name
            when 'CreatePolicyVersion' then policy_arn
            when 'CreatePolicy' then coalesce(
                regexp_match(
                    response_elements, '"arn"\s*:\s*"(arn:[^"]*:policy/[^"]*)"'
                )[1],
                concat(
                    'arn:', aws_partition, ':iam::', recipient_account_id,
                    ':policy/', policy_name
                )
            )
            else concat(
                'inline policy ', policy_name, ' of arn:', aws_partition,
                ':iam::', recipient_account_id, ':',
                lower(regexp_match(event_name, '^Put(.*)Policy$')[1]), '/',
                holder_name
            )
        end as iam_policy,
        unnest(parse_policy(document)) as s
    from writes
),

broad as (
    select
        *,
        array_intersect(
            s['kms_actions'],
            make_array(
                'kms:CreateGrant', 'kms:Decrypt', 'kms:PutKeyPolicy',
                'kms:ReEncryptFrom'
            )
        ) as permissions,
        array_has(s['actions'], '*') or cardinality(s['not_actions']) > 0
            as everything
    from statements
    where s['effect'] = 'Allow'
        and (
            regexp_like(
                array_to_string(s['resources'], ' '),
                concat(
                    '(^| )([*]+|arn:[^: ]*:(kms|[*])',
                    '(:[^: ]*){0,2}:(key/)?[*]+)( |$)'
                )
            )
            or strpos(s['statement'], '"NotResource":') > 0
        )
        and not coalesce(
            regexp_like(
                -- without operators that hold for a key that lacks the tag
                regexp_replace(
                    lower(s['conditions']),
                    concat(
                        '"(?:[a-z:]*ifexists|null|forallvalues:[a-z]*',
                        '|[a-z:]*not[a-z]*)":',
                        '\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}'
                    ),
                    '',
                    'g'
                ),
                '"(aws:resourcetag/[^"]*|kms:(resourcealiases|requestalias))":'
            ),
            false
        )
),

findings as (
    select
        *,
        case
            when everything
                or (
                    event_name = 'CreatePolicyVersion'
                    and not regexp_like(
                        request_parameters, '"setAsDefault"\s*:\s*true'
                    )
                )
                or array_has(s['condition_keys'], 'kms:viaservice')
                or (
                    array_has(s['condition_keys'], 'kms:grantisforawsresource')
                    and array_to_string(permissions, '') = 'kms:CreateGrant'
                ) then 'low'
            else 'medium'
        end as rated
    from broad
    where cardinality(permissions) > 0
)

select
    min(event_time) as event_time,
    min(recipient_account_id) as account_id,
    min(aws_region) as region,
    first_value(actor order by event_time, event_id) as actor,
    cast(null as text) as key_arn,
    array_slice(
        array_distinct(array_agg(event_id order by event_time, event_id)), 1, 20
    ) as event_ids,
    concat(
        first_value(actor order by event_time, event_id), ' wrote ',
        iam_policy, ', which allows ',
        array_to_string(
            array_sort(array_distinct(flatten(array_agg(permissions)))), ', '
        ),
        ' on all keys',
        case when bool_and(everything) then ', with everything else' end
    ) as summary,
    case when bool_or(rated = 'medium') then 'medium' else 'low' end
        as severity,
    count(distinct action_id) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    iam_policy,
    array_sort(array_distinct(flatten(array_agg(permissions)))) as permissions,
    array_slice(
        array_agg(distinct s['statement'] order by s['statement']), 1, 20
    ) as statements,
    array_agg(distinct event_name order by event_name) as operations,
    first_value(actor_kind order by event_time, event_id) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason
from findings
group by iam_policy
order by event_time, iam_policy
