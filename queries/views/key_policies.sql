-- One version of a key policy: each time a policy was set with success.
-- key_arn: key that the policy belongs to; for ReplicateKey, the replica
-- account_id: account that owns the key
-- aws_region: Region of the key
-- version: 1 for the first policy in the lake, then 2, 3, ... in order of time
-- set_time: when the policy was set
-- set_by: actor that set it
-- event_id: event that shows it
-- event_name: CreateKey, PutKeyPolicy or ReplicateKey
-- policy: policy document; null when the record does not show it
-- previous_policy: newest known policy of the key before this one
-- policy_origin: record, default (CreateKey without a policy) or not_shown
-- bypass_policy_lockout_safety_check: true when the caller switched the lockout check off
-- direct_call: false when a service set the policy on the actor's behalf
-- invoked_by: that service
-- set_by_kind: kind of actor that set it
with replicas as (
    select distinct destination_key_arn
    from kms_events
    where activity = 'manage'
        and event_name = 'ReplicateKey'
        and error_code is null
        and destination_key_arn is not null
),

settings as (
    select
        case
            when actions.event_name = 'ReplicateKey'
                then actions.destination_key_arn
            else actions.key_arn
        end as key_arn,
        actions.event_time,
        actions.event_id,
        actions.event_name,
        actions.actor,
        actions.actor_kind,
        actions.direct_call,
        actions.invoked_by,
        actions.bypass_policy_lockout_safety_check,
        actions.policy,
        -- AWS gives a key without a policy this one. Not so: a key that AWS
        -- manages, and a request that CloudTrail left out for its size.
        case
            when actions.event_name = 'CreateKey'
                and actions.policy is null
                and actions.request_parameters is not null
                and coalesce(actions.key_manager, 'CUSTOMER') <> 'AWS'
                then concat(
                    '{"Version":"2012-10-17","Id":"key-default-1",',
                    '"Statement":[',
                    '{"Sid":"Enable IAM User Permissions","Effect":"Allow",',
                    '"Principal":{"AWS":"arn:', actions.aws_partition, ':iam::',
                    split_part(actions.key_arn, ':', 5), ':root"},',
                    '"Action":"kms:*","Resource":"*"}]}'
                )
        end as default_policy
    from kms_actions as actions
    left join replicas on replicas.destination_key_arn = actions.key_arn
    where actions.activity = 'manage'
        and actions.event_name in ('CreateKey', 'PutKeyPolicy', 'ReplicateKey')
        and actions.error_code is null
        -- The CreateKey that follows ReplicateKey in the replica's Region does
        -- not carry the replica's policy: ReplicateKey's response does.
        and (
            actions.event_name <> 'CreateKey'
            or actions.policy is not null
            or (
                replicas.destination_key_arn is null
                and not coalesce(
                    regexp_like(
                        actions.response_elements,
                        '"multiRegionKeyType"\s*:\s*"REPLICA"'
                    ),
                    false
                )
            )
        )
),

ordered as (
    select
        *,
        coalesce(policy, default_policy) as known_policy,
        -- A key is created before its policy is put, also within one second.
        case when event_name = 'PutKeyPolicy' then 1 else 0 end as place
    from settings
    where key_arn is not null
)

select
    key_arn,
    split_part(key_arn, ':', 5) as account_id,
    split_part(key_arn, ':', 4) as aws_region,
    cast(
        row_number() over (
            partition by key_arn
            order by event_time, place, event_id
        ) as bigint
    ) as version,
    event_time as set_time,
    actor as set_by,
    event_id,
    event_name,
    known_policy as policy,
    last_value(known_policy) ignore nulls over (
        partition by key_arn
        order by event_time, place, event_id
        rows between unbounded preceding and 1 preceding
    ) as previous_policy,
    case
        when policy is not null then 'record'
        when default_policy is not null then 'default'
        else 'not_shown'
    end as policy_origin,
    bypass_policy_lockout_safety_check,
    direct_call,
    invoked_by,
    actor_kind as set_by_kind
from ordered
