-- id = "outdated_tls"
-- title = "KMS called with an outdated TLS version"
-- kind = "event"
-- severity = "info"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:SC-13", "HIPAA:164.312(e)(2)(ii)", "PCI-DSS-4.0.1:3.7.2", "SOC-2:CC6.7"]
-- lookback = "0d"
-- entity = ["actor"]
-- why = "TLS before 1.2 has known weaknesses, and data keys and plaintexts travel in it."
-- benign = "History: AWS ended TLS 1.0 and 1.1 on its endpoints in 2023, so only older logs should show this."
-- respond = "Look at the program (user agent) and ask the owner of the actor whether it still runs. If so, have its runtime or SDK renewed; nothing needs to be taken from it."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html", "https://docs.aws.amazon.com/kms/latest/developerguide/infrastructure-security.html"]
-- #
-- # Failed calls count: the connection was made. Records of services and of the
-- # console have no TLS details, and a version that is not understood is left out.
with calls as (
    select *
    from kms_actions
    where event_time >= $window_start
        and event_time < $window_end
        and regexp_like(tls_version, '^(SSL|TLSv(0|1$|1[.][01]$))')
)

select
    min(event_time) as event_time,
    first_value(
        coalesce(actor_account_id, recipient_account_id)
        order by event_time, event_id
    ) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    case
        when count(distinct coalesce(key_arn, event_id)) = 1 then min(key_arn)
    end as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' called KMS over ',
        array_to_string(
            array_agg(distinct tls_version order by tls_version), ', '
        ),
        ' (calls: ', cast(count(*) as text), ')'
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    array_agg(distinct tls_version order by tls_version) as tls_versions,
    array_agg(distinct event_name order by event_name) as operations,
    array_slice(
        array_agg(distinct user_agent order by user_agent)
        filter (where user_agent is not null),
        1, 5
    ) as user_agents,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from calls
group by actor
order by event_time, actor
