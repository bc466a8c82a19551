-- id = "cross_account_use"
-- title = "KMS key used by an account that is not trusted"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1530"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1", "ISO-27001-2022:A.8.24"]
-- lookback = "0d"
-- entity = ["actor_account_id", "key_arn"]
-- why = "A key policy or a grant lets principals of another account use your key, and they do. What they decrypt is out of your hands, and who they are is up to that account."
-- benign = "A partner, a supplier or an account of your own organization that is not configured yet: name it in trusted_accounts. Use through a service only, as by reading a shared bucket, is rated low."
-- respond = "Look at which operations were called and on what (the encryption context names it), then at the policy statement or the grant that allows the account. Ask the key's owner whose account it is. Trust it or take the statement or grant away; if nobody knows it, treat what was decrypted as read by strangers."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html", "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html"]
-- #
-- # One finding per account and key: later calls are counted on the same one.
-- # Any operation on the key counts, but only with success: a refused call is
-- # logged in the caller's account alone. Of the copies of a call, kms_actions
-- # prefers the caller's; often only the owner's is here, and names the account
-- # and a unique id. Services of AWS have no account and are no actor here.
with touched as (
    select
        *,
        key_arn as touched_key_arn,
        coalesce(key_account_id, split_part(key_arn, ':', 5)) as owner
    from kms_actions
    where event_time >= $window_start
        and event_time < $window_end
        and error_code is null
        and key_arn is not null
    union all
    select
        *,
        destination_key_arn as touched_key_arn,
        split_part(destination_key_arn, ':', 5) as owner
    from kms_actions
    where event_time >= $window_start
        and event_time < $window_end
        and error_code is null
        and event_name = 'ReEncrypt'
        and destination_key_arn is not null
        and destination_key_arn is distinct from key_arn
),

foreign_calls as (
    select touched.*
    from touched
    inner join own_accounts as owners on owners.account_id = touched.owner
    left join own_accounts as own
        on own.account_id = touched.actor_account_id
    left join trusted_accounts as trusted
        on trusted.account_id = touched.actor_account_id
    where touched.actor_kind <> 'service'
        and touched.actor_account_id is not null
        and own.account_id is null
        and trusted.account_id is null
)

select
    min(event_time) as event_time,
    min(owner) as account_id,
    split_part(touched_key_arn, ':', 4) as region,
    first_value(
        actor order by not direct_call, event_time, event_id
    ) as actor,
    touched_key_arn as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        'account ', actor_account_id, ', not trusted, called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' on ', touched_key_arn,
        case
            when bool_or(direct_call) then ''
            else ' through a service'
        end,
        ' (calls: ', cast(count(*) as text),
        ', principals: ',
        cast(
            count(distinct split_part(coalesce(principal_id, actor), ':', 1))
            as text
        ),
        ')'
    ) as summary,
    case when bool_or(direct_call) then 'high' else 'low' end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    actor_account_id,
    count(*) filter (where direct_call) as direct_calls,
    array_agg(distinct event_name order by event_name) as operations,
    array_slice(
        array_agg(
            distinct split_part(principal_id, ':', 1)
            order by split_part(principal_id, ':', 1)
        ) filter (where principal_id is not null),
        1, 20
    ) as principal_unique_ids,
    array_slice(
        array_agg(distinct actor order by actor), 1, 20
    ) as actors,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from foreign_calls
group by actor_account_id, touched_key_arn
order by event_time, key_arn, actor_account_id
