-- id = "root_used_kms"
-- title = "KMS called by an account's root user"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1078.004"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-6(9)", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:10.2.1.2", "ISO-27001-2022:A.8.2"]
-- lookback = "0d"
-- entity = ["actor", "day"]
-- why = "No daily task needs the root user, and no IAM policy limits it. Its use means that somebody has taken the way around, or holds the most powerful credentials of the account."
-- benign = "Regaining access to a key whose policy locked everyone out, with an entry in your change log. A look at the console by root lists keys and aliases and shows here, too."
-- respond = "Ask the account's owner who signed in as root and why, and find the ConsoleLogin before it. If nobody did, treat the account as taken: secure root's password, MFA and access keys first, then look at what these calls changed."
-- see = ["https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"]

with copies as (
    -- failed calls count as use of root, but only a success makes it critical
    select
        e.*,
        coalesce(
            o.role = 'administrator' or o.risk in ('high', 'critical'),
            not e.read_only,
            true
        ) as administrative,
        row_number() over (
            partition by e.action_id
            order by e.recipient_account_id <> e.actor_account_id, e.event_id
        ) as copy
    from kms_events as e
    left join kms_operations as o on o.event_name = e.event_name
    where e.event_time >= $window_start
        and e.event_time < $window_end
        and e.direct_call
        and (e.user_identity_type = 'Root' or e.session_issuer_type = 'Root')
),

days as (
    select
        actor,
        date_trunc('day', event_time) as day,
        min(event_time) as first_time,
        max(event_time) as last_time,
        min(coalesce(actor_account_id, recipient_account_id)) as account_id,
        first_value(aws_region order by event_time, event_id) as region,
        count(*) as calls,
        count(error_code) as failed,
        count(*) filter (
            where administrative and error_code is null
        ) as administrative_calls,
        array_agg(distinct event_name order by event_name) as event_names,
        count(distinct key_arn) as keys,
        min(key_arn) as key_arn,
        array_agg(distinct key_arn order by key_arn) filter (
            where key_arn is not null
        ) as key_arns,
        array_agg(event_id order by event_time, event_id) as event_ids,
        array_agg(distinct mfa order by mfa) as mfa,
        array_agg(distinct source_ip_address order by source_ip_address)
            as source_ip_addresses
    from copies
    where copy = 1
    group by actor, date_trunc('day', event_time)
)

select
    first_time as event_time,
    account_id,
    region,
    actor,
    case when keys = 1 then key_arn end as key_arn,
    array_slice(event_ids, 1, 20) as event_ids,
    concat(
        'root called ',
        array_to_string(array_slice(event_names, 1, 10), ', '),
        ' (calls: ', cast(calls as text), ', administrative and successful: ',
        cast(administrative_calls as text), ')'
    ) as summary,
    case
        when administrative_calls > 0 then 'critical'
        else 'high'
    end as severity,
    calls as event_count,
    first_time,
    last_time,
    to_char(day, '%Y-%m-%d') as day,
    administrative_calls,
    failed,
    event_names,
    keys,
    array_slice(key_arns, 1, 20) as key_arns,
    mfa,
    array_slice(source_ip_addresses, 1, 20) as source_ip_addresses
from days
order by event_time, actor
