-- One KMS key that some call in the lake reached.
-- key_arn: ARN of the key
-- key_id: key id: the last part of the ARN
-- account_id: account that owns the key
-- aws_region: Region of the key
-- key_manager: customer, AWS or unknown
-- key_manager_reason: metadata (response), alias (of its name) or call (one that only customer keys allow)
-- key_spec: key spec, where the key's creation is in the lake
-- key_usage: key usage, likewise
-- key_origin: origin of the key material, likewise
-- multi_region: true for a multi-Region key
-- created_time: when the key was created, where the lake shows it
-- created_by: actor that created or replicated it
-- state: enabled, disabled, pending_import, pending_deletion, deleted or unknown
-- state_since: time of the event that shows the state
-- state_by: actor that brought it about; null when only use shows it
-- deletion_date: when KMS will delete the key, while that is pending
-- aliases: names last seen to point at the key
-- last_used_time: newest successful cryptographic call
-- first_seen_time: oldest event about the key
-- last_seen_time: newest event about the key
with seen as (
    select
        key_arn,
        event_name,
        event_time,
        event_id,
        error_code,
        actor,
        alias_name,
        target_key_id,
        aws_partition,
        key_manager,
        key_spec,
        key_usage,
        key_origin,
        key_state,
        multi_region,
        key_creation_date,
        deletion_date
    from kms_events
    -- A refused call proves nothing: the key in it may not exist.
    where key_arn like '%:key/%'
        and (
            error_code is null
            or error_code in (
                'DisabledException', 'KMSInvalidStateException',
                'KeyUnavailableException', 'DryRunOperationException'
            )
        )
    union all
    select
        destination_key_arn as key_arn,
        case event_name
            when 'ReplicateKey' then 'CreateReplica' else event_name
        end as event_name,
        event_time,
        event_id,
        error_code,
        actor,
        null as alias_name,
        null as target_key_id,
        aws_partition,
        key_manager,
        key_spec,
        key_usage,
        key_origin,
        key_state,
        multi_region,
        key_creation_date,
        deletion_date
    from kms_events
    where event_name in ('ReEncrypt', 'ReplicateKey')
        and error_code is null
        and destination_key_arn like '%:key/%'
),

life as (
    select
        key_arn,
        event_time,
        actor,
        deletion_date,
        case
            when event_name in ('CreateKey', 'CreateReplica')
                and key_state = 'PendingImport' then 'pending_import'
            when event_name in (
                'CreateKey', 'CreateReplica', 'EnableKey', 'ImportKeyMaterial'
            ) then 'enabled'
            when event_name in ('DisableKey', 'CancelKeyDeletion')
                then 'disabled'
            when event_name = 'ScheduleKeyDeletion' then 'pending_deletion'
            when event_name = 'DeleteKey' then 'deleted'
            else 'pending_import'
        end as state,
        row_number() over (
            partition by key_arn
            order by
                event_time desc,
                case
                    when event_name in ('CreateKey', 'CreateReplica') then 1
                    else 0
                end,
                event_id desc
        ) as age_rank
    from seen
    where error_code is null
        and event_name in (
            'CreateKey', 'CreateReplica', 'EnableKey', 'DisableKey',
            'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey',
            'ImportKeyMaterial', 'DeleteImportedKeyMaterial',
            'DeleteExpiredKeyMaterial'
        )
),

named as (
    select
        alias_name,
        event_name,
        split_part(key_arn, ':', 4) as aws_region,
        split_part(key_arn, ':', 5) as account_id,
        -- UpdateAlias may show the old key or the new one: the target decides.
        case
            when event_name in ('CreateAlias', 'UpdateAlias')
                and target_key_id is not null
                then concat(
                    'arn:', aws_partition, ':kms:', split_part(key_arn, ':', 4),
                    ':', split_part(key_arn, ':', 5), ':key/',
                    regexp_replace(target_key_id, '^.*key/', '')
                )
            else key_arn
        end as key_arn,
        event_time,
        event_id
    from seen
    where alias_name is not null
        and error_code is null
),

pointed as (
    select
        key_arn,
        alias_name,
        event_name,
        row_number() over (
            partition by account_id, aws_region, alias_name
            order by event_time desc, event_id desc
        ) as age_rank
    from named
),

aliases as (
    select
        key_arn,
        array_agg(alias_name order by alias_name) as aliases,
        bool_or(alias_name like '%alias/aws/%') as aws_alias
    from pointed
    where age_rank = 1
        and event_name <> 'DeleteAlias'
    group by key_arn
),

facts as (
    select
        seen.key_arn,
        max(seen.key_manager) filter (
            where seen.event_name in ('CreateKey', 'CreateReplica')
        ) as key_manager,
        max(seen.key_spec) filter (
            where seen.event_name in ('CreateKey', 'CreateReplica')
        ) as key_spec,
        max(seen.key_usage) filter (
            where seen.event_name in ('CreateKey', 'CreateReplica')
        ) as key_usage,
        max(seen.key_origin) filter (
            where seen.event_name in ('CreateKey', 'CreateReplica')
        ) as key_origin,
        min(coalesce(seen.key_creation_date, seen.event_time)) filter (
            where seen.event_name in ('CreateKey', 'CreateReplica')
        ) as created_time,
        -- ReplicateKey knows who asked; the replica's own CreateKey may not.
        first_value(
            seen.actor order by
                case seen.event_name when 'CreateReplica' then 0 else 1 end,
                seen.event_time,
                seen.event_id
        ) filter (
            where seen.event_name in ('CreateKey', 'CreateReplica')
        ) as created_by,
        coalesce(
            bool_or(seen.multi_region) filter (
                where seen.event_name in ('CreateKey', 'CreateReplica')
            ),
            false
        ) as multi_region,
        bool_or(
            seen.error_code is null
            and operations.role in ('administrator', 'creator')
            and operations.class not in ('alias', 'creation')
        ) as managed,
        min(seen.event_time) filter (
            where operations.class = 'cryptographic' and seen.error_code is null
        ) as first_used_time,
        max(seen.event_time) filter (
            where operations.class = 'cryptographic' and seen.error_code is null
        ) as last_used_time,
        min(seen.event_time) as first_seen_time,
        max(seen.event_time) as last_seen_time
    from seen
    left join kms_operations as operations
        on operations.event_name = seen.event_name
    group by seen.key_arn
)

select
    facts.key_arn,
    split_part(facts.key_arn, ':key/', 2) as key_id,
    split_part(facts.key_arn, ':', 5) as account_id,
    split_part(facts.key_arn, ':', 4) as aws_region,
    case
        when upper(facts.key_manager) = 'AWS' then 'AWS'
        when facts.key_manager is not null then 'customer'
        when aliases.aws_alias then 'AWS'
        when facts.managed or aliases.aliases is not null then 'customer'
        else 'unknown'
    end as key_manager,
    case
        when facts.key_manager is not null then 'metadata'
        when aliases.aws_alias then 'alias'
        when facts.managed then 'call'
        when aliases.aliases is not null then 'alias'
    end as key_manager_reason,
    facts.key_spec,
    facts.key_usage,
    facts.key_origin,
    facts.multi_region or facts.key_arn like '%:key/mrk-%' as multi_region,
    facts.created_time,
    facts.created_by,
    case
        when life.state is not null then life.state
        when facts.first_used_time is not null then 'enabled'
        else 'unknown'
    end as state,
    coalesce(life.event_time, facts.first_used_time) as state_since,
    life.actor as state_by,
    case
        when life.state = 'pending_deletion' then life.deletion_date
    end as deletion_date,
    aliases.aliases,
    facts.last_used_time,
    facts.first_seen_time,
    facts.last_seen_time
from facts
left join life
    on life.key_arn = facts.key_arn
    and life.age_rank = 1
left join aliases
    on aliases.key_arn = facts.key_arn
