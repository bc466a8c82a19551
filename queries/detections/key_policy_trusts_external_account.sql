-- id = "key_policy_trusts_external_account"
-- title = "KMS key policy trusts an account outside your own"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "ISO-27001-2022:A.5.18"]
-- lookback = "0d"
-- entity = ["key_arn", "external_account_id"]
-- why = "Principals of the named account can use or administer the key with nothing but a permission of their own administrator. From then on that account decides who reads what the key protects."
-- benign = "A partner, a supplier's product, or an account of AWS itself that must use the key. Name such accounts in trusted_accounts, and new accounts of your own in own_accounts."
-- respond = "Ask the actor and the key's owner whose account this is and why it needs the key. Look with `keytrail sql` for calls and grants of that account on this key since then: grants outlive the policy. If nobody knows the account, put the previous policy back together with the key's owner."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html", "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"]
-- #
-- # An account counts as named when an Allow has it among its principals, or
-- # has principal * and asks for the account or ARN of the caller. Negated
-- # conditions and wildcards in place of the account open the key to anyone,
-- # which is key_policy_open_to_anyone's matter. An organization or a unique id
-- # (AROA...) does not tell the account.
with allowed as (
    select
        *,
        lower(conditions) as conditions_lower,
        coalesce(
            nullif(array_to_string(array_sort(actions), ', '), ''),
            concat('all but ', array_to_string(not_actions, ', '))
        ) as actions_text
    from policy_statements
    where set_time >= $window_start
        and set_time < $window_end
        and effect = 'Allow'
),

-- The values of a condition on the caller, read as if they were actions.
callers as (
    select
        event_id,
        key_arn,
        statement_index,
        unnest(
            parse_policy(
                concat(
                    '{"Statement":{"Action":',
                    regexp_match(
                        conditions_lower,
                        concat(
                            '"(?:foranyvalue:)?(?:string|arn)',
                            '(?:equals|like|equalsignorecase)":',
                            '\{(?:[^"}]|"(?:[^"\\]|\\.)*")*?',
                            '"(?:kms:calleraccount|aws:principalaccount',
                            '|aws:principalarn)":',
                            '("[^"]*"|\[[^\]]*\])'
                        )
                    )[1],
                    '}}'
                )
            )[1]['actions']
        ) as caller
    from allowed
    where array_has(principals, '*')
),

named as (
    select
        event_id,
        key_arn,
        statement_index,
        unnest(principal_accounts) as external_account_id,
        'principal' as named_as
    from allowed
    union all
    select
        event_id,
        key_arn,
        statement_index,
        regexp_match(
            caller, '^(?:arn:[^:]*:[^:]*:[^:]*:)?([0-9]{12})(?::|$)'
        )[1] as external_account_id,
        'condition' as named_as
    from callers
),

origin as (
    select max(origin) as own_accounts
    from own_accounts
)

select
    min(a.set_time) as event_time,
    a.account_id,
    a.aws_region as region,
    first_value(
        a.set_by order by a.set_time, a.version, a.statement_index
    ) as actor,
    a.key_arn,
    array_slice(
        array_distinct(
            array_agg(
                a.event_id order by a.set_time, a.version, a.statement_index
            )
        ), 1, 20
    ) as event_ids,
    concat(
        first_value(
            a.set_by order by a.set_time, a.version, a.statement_index
        ),
        ' let account ', n.external_account_id, ', which is not yours, use ',
        a.key_arn, ': ',
        first_value(
            a.actions_text order by a.set_time, a.version, a.statement_index
        )
    ) as summary,
    count(distinct a.event_id) as event_count,
    min(a.set_time) as first_time,
    max(a.set_time) as last_time,
    n.external_account_id,
    array_agg(distinct n.named_as order by n.named_as) as named_as,
    array_slice(
        array_agg(distinct a.statement order by a.statement), 1, 20
    ) as statements,
    array_agg(distinct a.event_name order by a.event_name) as operations,
    min(o.own_accounts) as own_accounts
from allowed as a
inner join named as n
    on n.event_id = a.event_id
    and n.key_arn = a.key_arn
    and n.statement_index = a.statement_index
cross join origin as o
left join own_accounts as own on own.account_id = n.external_account_id
left join trusted_accounts as t on t.account_id = n.external_account_id
where n.external_account_id <> a.account_id
    and own.account_id is null
    and t.account_id is null
group by a.key_arn, a.account_id, a.aws_region, n.external_account_id
order by event_time, a.key_arn, n.external_account_id
