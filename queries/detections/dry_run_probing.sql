-- id = "dry_run_probing"
-- title = "Permissions probed by dry runs"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1580"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SI-4", "NIST-800-53-r5:AC-6", "ISO-27001-2022:A.8.16"]
-- lookback = "24h"
-- entity = ["actor", "day"]
-- why = "A dry run asks KMS whether a call would be allowed and changes nothing. Over several keys or operations it is how somebody finds out, without a trace on the keys, what stolen credentials are good for."
-- benign = "A test of new permissions, a policy check in a pipeline."
-- respond = "Look at which dry runs would have been allowed, and whether the real calls followed. Ask the owner of the actor; if they know nothing of it, treat the credentials as stolen and begin with the keys that answered yes."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html", "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html"]
-- [parameters]
-- keys_min = 3 # different keys on one day
-- operations_min = 3 # or so many different operations
-- #
-- # A dry run that would succeed fails with DryRunOperationException; one that
-- # would not, with the error of the real call. Both are probes, so both count,
-- # the second as far as the record shows what was asked. Days are UTC: the calls
-- # of a day before the window are added up, but one must lie in the window.
with probes as (
    select
        actor,
        actor_kind,
        mfa,
        mfa_reason,
        event_time,
        event_id,
        event_name,
        error_code,
        aws_region,
        source_ip_address,
        coalesce(actor_account_id, recipient_account_id) as account_id,
        coalesce(key_arn, requested_key_id) as key_arn,
        date_trunc('day', event_time) as day_start
    from kms_actions
    where event_time >= date_trunc('day', $window_start)
        and event_time < $window_end
        and (error_code = 'DryRunOperationException' or dry_run)
        and error_code is not null
        and direct_call
)

select
    min(event_time) filter (where event_time >= $window_start) as event_time,
    min(account_id) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    case when count(distinct key_arn) = 1 then min(key_arn) end as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' probed permissions by dry runs: ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' (calls: ', cast(count(*) as text),
        ', keys: ', cast(count(distinct key_arn) as text),
        ', would have been allowed: ',
        cast(
            count(*) filter (where error_code = 'DryRunOperationException')
            as text
        ),
        ')'
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    to_char(day_start, '%Y-%m-%d') as day,
    count(distinct key_arn) as keys,
    array_agg(distinct event_name order by event_name) as operations,
    array_slice(
        array_agg(distinct key_arn order by key_arn) filter (
            where error_code = 'DryRunOperationException'
            and key_arn is not null
        ),
        1, 20
    ) as allowed_key_arns,
    min(actor_kind) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from probes
group by actor, day_start
having max(event_time) >= $window_start
    and (
        count(distinct key_arn) >= $keys_min
        or count(distinct event_name) >= $operations_min
    )
order by event_time, actor
