-- One hour of one actor calling one operation on one key, with one outcome, by one path.
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
select
    hour,
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
    sum(calls) as calls,
    sum(calls_with_context) as calls_with_context,
    min(first_time) as first_time,
    max(last_time) as last_time,
    first_value(first_event_id order by first_time, first_event_id)
        as first_event_id,
    last_value(last_event_id order by last_time, last_event_id)
        as last_event_id
from key_usage_parts
group by
    hour,
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
