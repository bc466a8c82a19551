-- id = "grant_to_account_root"
-- title = "KMS grant to a whole account"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "ISO-27001-2022:A.5.18"]
-- lookback = "0d"
-- entity = ["key_arn", "grantee_account_id"]
-- why = "A grant to an account's root user is one to the account: whoever its IAM policies allow may now use the key for these operations, and the key's owner no longer decides who that is."
-- benign = "Sharing with another account as a whole, where its administrators choose the principals. Where the key policy already trusts the same account, the grant adds nothing."
-- respond = "Ask the actor which principal of the account really needs the key, and look at who of the account has used it since (view `key_usage`). Make a grant to that principal first, see it used, and then have this one retired by its owner."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html", "https://docs.aws.amazon.com/kms/latest/developerguide/grant-best-practices.html"]
-- #
-- # Root's ARN and the bare account id mean the same. Grants that a service made
-- # count, too: an account is no resource of it.

with given as (
    select
        grants.*,
        array_to_string(grants.grant_operations, ', ') as operations,
        case
            when grants.grantee_account_id = grants.account_id
                then 'the key''s own account'
            when own.account_id is not null then 'another account of yours'
            when trusted.account_id is not null then 'a trusted account'
            else 'an account that is neither yours nor trusted'
        end as grantee_is
    from grants
    left join own_accounts as own
        on own.account_id = grants.grantee_account_id
    left join trusted_accounts as trusted
        on trusted.account_id = grants.grantee_account_id
    where grants.created_time >= $window_start
        and grants.created_time < $window_end
        and grants.grantee_kind = 'account'
)

select
    min(created_time) as event_time,
    min(account_id) as account_id,
    min(aws_region) as region,
    first_value(
        created_by order by created_time, create_event_id
    ) as actor,
    key_arn,
    array_slice(
        array_agg(create_event_id order by created_time, create_event_id),
        1, 20
    ) as event_ids,
    concat(
        first_value(created_by order by created_time, create_event_id),
        ' granted all of account ', grantee_account_id, ' (',
        min(grantee_is), '): ',
        coalesce(
            array_to_string(
                array_agg(distinct operations order by operations), '; '
            ),
            'operations unknown'
        ),
        case
            when bool_or(
                grant_constraint is null and grant_source_arn is null
            ) then ''
            else ', within constraints'
        end
    ) as summary,
    count(*) as event_count,
    min(created_time) as first_time,
    max(created_time) as last_time,
    grantee_account_id,
    min(grantee_is) as grantee_is,
    array_agg(distinct created_by order by created_by) as actors,
    array_agg(distinct operations order by operations) as grant_operations,
    array_slice(
        array_agg(grant_id order by created_time, create_event_id), 1, 20
    ) as grant_ids,
    bool_and(grant_constraint is not null or grant_source_arn is not null)
        as constrained,
    bool_or(created_directly) as created_directly
from given
group by key_arn, grantee_account_id
order by event_time, key_arn, grantee_account_id
