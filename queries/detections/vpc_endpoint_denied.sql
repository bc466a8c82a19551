-- id = "vpc_endpoint_denied"
-- title = "KMS call denied by a VPC endpoint policy"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1078.004"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-6(3)", "NIST-800-53-r5:SI-4(4)", "PCI-DSS-4.0.1:10.2.1.4"]
-- lookback = "0d"
-- entity = ["actor", "vpc_endpoint_id"]
-- why = "Somebody inside your network called KMS with credentials or for a key that the endpoint does not let pass. Credentials of a stranger's account used inside are a way to carry data out. No other log shows it: KMS never saw the call."
-- benign = "A new account, role or key that the endpoint policy does not know yet."
-- respond = "Look at whose account the caller belongs to and which address it came from; find the machine and its owner. Ask the network team whether the endpoint policy lags behind. If the credentials are not yours, treat the machine as taken before the policy is touched."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html", "https://docs.aws.amazon.com/kms/latest/developerguide/kms-vpc-endpoint.html"]
-- #
-- # Network activity events exist only where a trail was told to log them. The
-- # account is that of the endpoint's owner, who gets the record; the caller may
-- # be shown by account id alone.
with denied as (
    select
        *,
        coalesce(vpc_endpoint_id, 'unknown') as endpoint_id,
        case
            when recipient_account_id <> '' then recipient_account_id
            else vpc_endpoint_account_id
        end as account_id
    from events
    where event_source in ('kms.amazonaws.com', 'kms.amazonaws.com.cn')
        and event_category = 'NetworkActivity'
        and error_code = 'VpceAccessDenied'
        and event_time >= $window_start
        and event_time < $window_end
)

select
    min(denied.event_time) as event_time,
    first_value(
        denied.account_id order by denied.event_time, denied.event_id
    ) as account_id,
    first_value(
        denied.aws_region order by denied.event_time, denied.event_id
    ) as region,
    denied.actor,
    case
        when count(distinct coalesce(denied.key_arn, denied.event_id)) = 1
            then min(denied.key_arn)
    end as key_arn,
    array_slice(
        array_agg(
            denied.event_id order by denied.event_time, denied.event_id
        ),
        1, 20
    ) as event_ids,
    concat(
        denied.actor,
        case
            when bool_or(own.account_id is not null) then ''
            else ', not of our accounts,'
        end,
        ' was denied ',
        array_to_string(
            array_agg(distinct denied.event_name order by denied.event_name),
            ', '
        ),
        ' by the policy of ', denied.endpoint_id,
        ' (calls: ', cast(count(distinct denied.action_id) as text), ')'
    ) as summary,
    count(distinct denied.action_id) as event_count,
    min(denied.event_time) as first_time,
    max(denied.event_time) as last_time,
    denied.endpoint_id as vpc_endpoint_id,
    min(denied.actor_account_id) as actor_account_id,
    coalesce(bool_or(own.account_id is not null), false) as own_account,
    array_agg(distinct denied.event_name order by denied.event_name)
        as operations,
    array_slice(
        array_agg(
            distinct denied.source_ip_address order by denied.source_ip_address
        ),
        1, 20
    ) as source_ip_addresses
from denied
left join own_accounts as own
    on own.account_id = denied.actor_account_id
group by denied.actor, denied.endpoint_id
order by event_time, denied.actor, denied.endpoint_id
