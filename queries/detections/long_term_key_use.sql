-- id = "long_term_key_use"
-- title = "KMS used with a long-term access key"
-- kind = "event"
-- severity = "low"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-2", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3", "ISO-27001-2022:A.5.18"]
-- lookback = "0d"
-- entity = ["actor", "key_arn"]
-- why = "A long-term access key works from anywhere, without MFA, until somebody takes it away. Found in a repository or on a lost laptop, it opens everything that its user may decrypt."
-- benign = "Programs outside AWS that cannot use roles yet. This is hygiene: the finding stays until the user has moved to a role or a session."
-- respond = "Look at what runs with the access key and from where; ask the owner of the user to move it to a role (IAM Roles Anywhere for machines outside, Identity Center for people). Deactivate the access key once nothing uses it any more, and delete it some days later."
-- see = ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html", "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"]
-- #
-- # One finding for each actor and key, and one for an actor's calls that name no
-- # key. Only what succeeded; reading metadata does not count. An access key that
-- # begins with AKIA is long-term only where the record has no session.
with calls as (
    select
        actions.*,
        operations.class = 'cryptographic' as cryptographic
    from kms_actions as actions
    left join kms_operations as operations
        on operations.event_name = actions.event_name
    where actions.event_time >= $window_start
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.direct_call
        and actions.mfa_reason = 'long_term_key'
        and (
            operations.class = 'cryptographic'
            or actions.activity = 'manage'
        )
)

select
    min(event_time) as event_time,
    coalesce(
        split_part(key_arn, ':', 5),
        first_value(recipient_account_id order by event_time, event_id)
    ) as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    actor,
    key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' with a long-term access key',
        case when key_arn is null then '' else concat(' on ', key_arn) end,
        ' (calls: ', cast(count(*) as text), ')'
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    count(*) filter (where cryptographic) as cryptographic_calls,
    array_agg(distinct event_name order by event_name) as operations,
    array_slice(
        array_agg(distinct access_key_id order by access_key_id)
        filter (where access_key_id is not null),
        1, 20
    ) as access_key_ids,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses,
    array_slice(
        array_agg(distinct user_agent order by user_agent)
        filter (where user_agent is not null),
        1, 5
    ) as user_agents
from calls
group by actor, key_arn
order by event_time, actor, key_arn
