-- One stretch of time in which a KMS key was in one state, as far as calls show.
-- key_arn: ARN of the key
-- state: enabled, disabled, pending_import, pending_deletion or deleted
-- state_since: time of the call that brought the state about
-- state_until: time of the next one; null for the state it is in now
-- state_by: actor of that call
-- event_id: event of that call
-- deletion_date: when KMS will delete the key, for pending_deletion
with life as (
    select
        key_arn,
        event_name,
        event_time,
        event_id,
        actor,
        deletion_date,
        key_state,
        event_name as call
    from kms_events
    where activity = 'manage'
        and error_code is null
        and key_arn like '%:key/%'
        and event_name in (
            'CreateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion',
            'CancelKeyDeletion', 'DeleteKey', 'ImportKeyMaterial',
            'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial'
        )
    union all
    select
        destination_key_arn as key_arn,
        'CreateKey' as event_name,
        event_time,
        event_id,
        actor,
        deletion_date,
        key_state,
        event_name as call
    from kms_events
    where activity = 'manage'
        and error_code is null
        and event_name = 'ReplicateKey'
        and destination_key_arn like '%:key/%'
),

named as (
    select
        key_arn,
        event_time,
        event_id,
        actor,
        -- Of calls in the same second, the creation comes first.
        case event_name when 'CreateKey' then 0 else 1 end as nth,
        case
            when event_name = 'CreateKey' and key_state = 'PendingImport'
                then 'pending_import'
            when event_name in ('CreateKey', 'EnableKey', 'ImportKeyMaterial')
                then 'enabled'
            when event_name in ('DisableKey', 'CancelKeyDeletion')
                then 'disabled'
            when event_name = 'ScheduleKeyDeletion' then 'pending_deletion'
            when event_name = 'DeleteKey' then 'deleted'
            else 'pending_import'
        end as state,
        case event_name
            when 'ScheduleKeyDeletion' then deletion_date
        end as deletion_date
    from life
)

select
    key_arn,
    state,
    event_time as state_since,
    lead(event_time) over (
        partition by key_arn
        order by event_time, nth, event_id
    ) as state_until,
    actor as state_by,
    event_id,
    deletion_date
from named
