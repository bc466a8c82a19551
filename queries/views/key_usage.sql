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
with touched as (
    select
        event_time,
        event_id,
        actor,
        actor_account_id,
        actor_kind,
        principal_id,
        mfa,
        aws_region,
        activity,
        event_name,
        error_code,
        invoked_by,
        direct_call,
        vpc_endpoint_id,
        encryption_context,
        key_arn,
        key_account_id,
        'key' as key_side
    from kms_actions
    union all
    select
        event_time,
        event_id,
        actor,
        actor_account_id,
        actor_kind,
        principal_id,
        mfa,
        aws_region,
        activity,
        event_name,
        error_code,
        invoked_by,
        direct_call,
        vpc_endpoint_id,
        destination_encryption_context as encryption_context,
        destination_key_arn as key_arn,
        split_part(destination_key_arn, ':', 5) as key_account_id,
        'destination' as key_side
    from kms_actions
    where event_name = 'ReEncrypt'
        and destination_key_arn is not null
)

select
    date_trunc('hour', event_time) as hour,
    actor,
    actor_account_id,
    actor_kind,
    split_part(principal_id, ':', 1) as principal_unique_id,
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
    vpc_endpoint_id is not null as vpc_endpoint,
    count(*) as calls,
    count(encryption_context) as calls_with_context,
    min(event_time) as first_time,
    max(event_time) as last_time,
    min(event_id) as first_event_id,
    max(event_id) as last_event_id
from touched
group by
    date_trunc('hour', event_time),
    actor,
    actor_account_id,
    actor_kind,
    split_part(principal_id, ':', 1),
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
    vpc_endpoint_id is not null
