-- Some of the calls of one hour of one actor calling one operation on one key: what has the same columns up to vpc_endpoint adds up. For sums, firsts and lasts over months; key_usage has each hour once.
-- hour: start of the hour, UTC
-- actor: who called
-- actor_account_id: account of the actor
-- actor_kind: person, workload, service or unknown
-- principal_unique_id: the actor's unique id, such as AROA...
-- mfa: yes, no, unknown or not_applicable
-- key_arn: key that was called; null for calls that name none
-- key_account_id: account that owns the key
-- key_side: key, or destination for the key that ReEncrypt encrypts under
-- aws_region: Region of the call
-- activity: use or manage
-- event_name: operation
-- error_code: null when the calls succeeded
-- invoked_by: service that made the calls on the actor's behalf
-- direct_call: true when the actor called KMS itself
-- vpc_endpoint: true when the calls came through a VPC endpoint
-- calls: how many calls
-- calls_with_context: how many of them had an encryption context
-- first_time: time of the first
-- last_time: time of the last
-- first_event_id: event of the first
-- last_event_id: event of the last
with fresh_calls as (
    select
        date_trunc('hour', event_time) as hour,
        recipient_account_id,
        actor,
        actor_account_id,
        actor_kind,
        split_part(principal_id, ':', 1) as principal_unique_id,
        mfa,
        key_arn as key_arn,
        key_account_id as key_account_id,
        'key' as key_side,
        aws_region,
        activity,
        event_name,
        error_code,
        invoked_by,
        direct_call,
        vpc_endpoint_id is not null as vpc_endpoint,
        event_time,
        event_id,
        encryption_context is not null as with_context
    from events_not_in_usage
    where event_source in ('kms.amazonaws.com', 'kms.amazonaws.com.cn')
        and (event_category is null or event_category <> 'NetworkActivity')
        and addendum_original_event_id is null
    union all
    select
        date_trunc('hour', event_time) as hour,
        recipient_account_id,
        actor,
        actor_account_id,
        actor_kind,
        split_part(principal_id, ':', 1) as principal_unique_id,
        mfa,
        destination_key_arn as key_arn,
        split_part(destination_key_arn, ':', 5) as key_account_id,
        'destination' as key_side,
        aws_region,
        activity,
        event_name,
        error_code,
        invoked_by,
        direct_call,
        vpc_endpoint_id is not null as vpc_endpoint,
        event_time,
        event_id,
        destination_encryption_context is not null as with_context
    from events_not_in_usage
    where event_source in ('kms.amazonaws.com', 'kms.amazonaws.com.cn')
        and (event_category is null or event_category <> 'NetworkActivity')
        and addendum_original_event_id is null
        and event_name = 'ReEncrypt'
        and destination_key_arn is not null
),

counted as (
    select
        hour,
        recipient_account_id,
        actor,
        actor_account_id,
        actor_kind,
        principal_unique_id,
        mfa,
        key_arn,
        key_account_id,
        key_side,
        aws_region,
        activity,
        event_name,
        error_code,
        invoked_by,
        direct_call,
        vpc_endpoint,
        calls,
        calls_with_context,
        first_time,
        last_time,
        first_event_id,
        last_event_id
    from usage
    union all
    select
        hour,
        recipient_account_id,
        actor,
        actor_account_id,
        actor_kind,
        principal_unique_id,
        mfa,
        key_arn,
        key_account_id,
        key_side,
        aws_region,
        activity,
        event_name,
        error_code,
        invoked_by,
        direct_call,
        vpc_endpoint,
        count(*) as calls,
        count(*) filter (where with_context) as calls_with_context,
        min(event_time) as first_time,
        max(event_time) as last_time,
        first_value(event_id order by event_time, event_id) as first_event_id,
        last_value(event_id order by event_time, event_id) as last_event_id
    from fresh_calls
    group by
        hour,
        recipient_account_id,
        actor,
        actor_account_id,
        actor_kind,
        principal_unique_id,
        mfa,
        key_arn,
        key_account_id,
        key_side,
        aws_region,
        activity,
        event_name,
        error_code,
        invoked_by,
        direct_call,
        vpc_endpoint
),

callers as (
    select
        hour,
        actor_account_id,
        key_arn,
        event_name,
        activity
    from counted
    where recipient_account_id = actor_account_id
)

-- Of calls that both accounts logged, the caller's copies count. In the owner's
-- copies the actor may be no more than an account.
select * exclude (recipient_account_id)
from counted
where recipient_account_id = actor_account_id
union all
select c.* exclude (recipient_account_id)
from counted as c
left anti join callers as own
    on own.hour = c.hour
    and own.event_name = c.event_name
    and own.activity = c.activity
    and (own.actor_account_id is not distinct from c.actor_account_id)
    and (own.key_arn is not distinct from c.key_arn)
where (c.recipient_account_id is distinct from c.actor_account_id)
