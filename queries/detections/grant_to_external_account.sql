-- id = "grant_to_external_account"
-- title = "KMS grant reaches an account outside your own"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "ISO-27001-2022:A.5.18"]
-- lookback = "0d"
-- entity = ["key_arn", "external_principal"]
-- why = "A grant gives use of a key without touching its key policy, and never expires. One to a foreign account lets that account decrypt your data until someone retires it; a foreign retiring principal can take access away from your own services."
-- benign = "A partner or a supplier's product that you share data with, or an image encrypted under your key that another account launches. Name such accounts in trusted_accounts."
-- respond = "Ask the actor what the account is and why it needs the key, and look in the details at the operations and constraints. See with `keytrail sql` whether the account has used the key since. If nobody knows it, have the key's owner revoke these grants and then search for what was decrypted meanwhile."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/grants.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grant-best-practices.html"]

with reached as (
    select
        *,
        grantee_principal as principal,
        grantee_account_id as external_account_id,
        'grantee' as external_role
    from grants
    union all
    select
        *,
        retiring_principal as principal,
        retiring_account_id as external_account_id,
        'retiring_principal' as external_role
    from grants
),

-- an account's principals on its own key are no outsiders to that key
external as (
    select
        r.*,
        -- one matter per account for EC2: each instance is a principal
        regexp_replace(
            r.principal, '(aws:ec2-infrastructure)[:/].*$', '\1'
        ) as external_principal,
        array_to_string(r.grant_operations, ', ') as operations
    from reached as r
    left join own_accounts as o on o.account_id = r.external_account_id
    left join trusted_accounts as t on t.account_id = r.external_account_id
    where r.created_time >= $window_start
        and r.created_time < $window_end
        and r.external_account_id <> r.account_id
        and o.account_id is null
        and t.account_id is null
),

origin as (
    select max(origin) as own_accounts
    from own_accounts
)

select
    min(e.created_time) as event_time,
    min(e.account_id) as account_id,
    min(e.aws_region) as region,
    first_value(
        e.created_by order by e.created_time, e.create_event_id
    ) as actor,
    e.key_arn,
    array_slice(
        array_agg(
            distinct e.create_event_id order by e.create_event_id
        ), 1, 20
    ) as event_ids,
    concat(
        e.external_principal, ' outside your accounts may ',
        case
            when bool_or(e.external_role = 'grantee') then 'use the key: '
            else 'retire a grant of '
        end,
        min(e.operations)
    ) as summary,
    count(distinct e.grant_id) as event_count,
    min(e.created_time) as first_time,
    max(e.created_time) as last_time,
    e.external_principal,
    min(e.external_account_id) as external_account_id,
    array_agg(distinct e.external_role order by e.external_role) as roles,
    array_agg(distinct e.operations order by e.operations)
        as grant_operations,
    array_slice(
        array_agg(distinct e.grant_id order by e.grant_id), 1, 20
    ) as grant_ids,
    bool_or(e.grant_constraint is not null or e.grant_source_arn is not null)
        as constrained,
    bool_or(e.created_directly) as created_directly,
    min(o.own_accounts) as own_accounts
from external as e
cross join origin as o
group by e.key_arn, e.external_principal
order by event_time, e.key_arn, e.external_principal
