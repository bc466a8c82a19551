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
-- replica_regions: Regions that it was replicated to
-- created_time: when the key was created, where the lake shows it
-- created_by: actor that created or replicated it
-- state: enabled, disabled, pending_import, pending_deletion, deleted or unknown
-- state_since: time of the event that shows the state
-- state_by: actor that brought it about; null when only use shows it
-- deletion_date: when KMS will delete the key, while that is pending
-- rotation: enabled or disabled, as last set; null when the lake does not tell
-- rotation_period_in_days: period of the rotation, as last set
-- last_rotated_time: newest rotation in the lake
-- aliases: names last seen to point at the key
-- last_used_time: newest successful cryptographic call
-- first_seen_time: oldest call about the key
-- last_seen_time: newest call about the key
with managed as (
    select
        key_arn,
        event_name,
        event_time,
        event_id,
        actor,
        alias_name,
        target_key_id,
        aws_partition,
        key_manager,
        key_spec,
        key_usage,
        key_origin,
        multi_region,
        key_creation_date,
        replica_region,
        rotation_period_in_days
    from kms_events
    where activity = 'manage'
        and error_code is null
        and key_arn like '%:key/%'
    union all
    select
        destination_key_arn as key_arn,
        'CreateReplica' as event_name,
        event_time,
        event_id,
        actor,
        null as alias_name,
        null as target_key_id,
        aws_partition,
        key_manager,
        key_spec,
        key_usage,
        key_origin,
        multi_region,
        key_creation_date,
        null as replica_region,
        null as rotation_period_in_days
    from kms_events
    where activity = 'manage'
        and event_name = 'ReplicateKey'
        and error_code is null
        and destination_key_arn like '%:key/%'
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
    from managed
    where alias_name is not null
        and event_name in ('CreateAlias', 'UpdateAlias', 'DeleteAlias')
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
        managed.key_arn,
        max(managed.key_manager) filter (
            where managed.event_name in ('CreateKey', 'CreateReplica')
        ) as key_manager,
        max(managed.key_spec) filter (
            where managed.event_name in ('CreateKey', 'CreateReplica')
        ) as key_spec,
        max(managed.key_usage) filter (
            where managed.event_name in ('CreateKey', 'CreateReplica')
        ) as key_usage,
        max(managed.key_origin) filter (
            where managed.event_name in ('CreateKey', 'CreateReplica')
        ) as key_origin,
        min(coalesce(managed.key_creation_date, managed.event_time)) filter (
            where managed.event_name in ('CreateKey', 'CreateReplica')
        ) as created_time,
        -- ReplicateKey knows who asked; the replica's own CreateKey may not.
        first_value(
            managed.actor order by
                case managed.event_name when 'CreateReplica' then 0 else 1 end,
                managed.event_time,
                managed.event_id
        ) filter (
            where managed.event_name in ('CreateKey', 'CreateReplica')
        ) as created_by,
        coalesce(
            bool_or(managed.multi_region) filter (
                where managed.event_name in ('CreateKey', 'CreateReplica')
            ),
            false
        ) as multi_region,
        array_agg(distinct managed.replica_region order by managed.replica_region)
            filter (where managed.replica_region is not null)
            as replica_regions,
        last_value(
            managed.event_name order by managed.event_time, managed.event_id
        ) filter (
            where managed.event_name in (
                'EnableKeyRotation', 'DisableKeyRotation'
            )
        ) as rotation_call,
        last_value(
            managed.rotation_period_in_days
            order by managed.event_time, managed.event_id
        ) filter (
            where managed.event_name = 'EnableKeyRotation'
        ) as rotation_period_in_days,
        max(managed.event_time) filter (
            where managed.event_name in ('RotateKey', 'RotateKeyOnDemand')
        ) as last_rotated_time,
        bool_or(
            operations.role in ('administrator', 'creator')
            and operations.class not in ('alias', 'creation')
        ) as managed
    from managed
    left join kms_operations as operations
        on operations.event_name = managed.event_name
    group by managed.key_arn
),

used as (
    select
        touched.key_arn,
        min(touched.first_time) filter (
            where operations.class = 'cryptographic'
                and touched.error_code is null
        ) as first_used_time,
        max(touched.last_time) filter (
            where operations.class = 'cryptographic'
                and touched.error_code is null
        ) as last_used_time,
        min(touched.first_time) as first_seen_time,
        max(touched.last_time) as last_seen_time
    from key_usage as touched
    left join kms_operations as operations
        on operations.event_name = touched.event_name
    -- A refused call proves nothing: the key in it may not exist.
    where touched.key_arn like '%:key/%'
        and (
            touched.error_code is null
            or touched.error_code in (
                'DisabledException', 'KMSInvalidStateException',
                'KeyUnavailableException', 'DryRunOperationException'
            )
        )
    group by touched.key_arn
),

known as (
    select
        coalesce(used.key_arn, facts.key_arn) as key_arn,
        used.first_used_time,
        used.last_used_time,
        coalesce(used.first_seen_time, facts.created_time) as first_seen_time,
        coalesce(used.last_seen_time, facts.created_time) as last_seen_time
    from used
    full join facts on facts.key_arn = used.key_arn
)

select
    known.key_arn,
    split_part(known.key_arn, ':key/', 2) as key_id,
    split_part(known.key_arn, ':', 5) as account_id,
    split_part(known.key_arn, ':', 4) as aws_region,
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
    coalesce(facts.multi_region, false)
        or known.key_arn like '%:key/mrk-%' as multi_region,
    facts.replica_regions,
    facts.created_time,
    facts.created_by,
    case
        when states.state is not null then states.state
        when known.first_used_time is not null then 'enabled'
        else 'unknown'
    end as state,
    coalesce(states.state_since, known.first_used_time) as state_since,
    states.state_by,
    states.deletion_date,
    case facts.rotation_call
        when 'EnableKeyRotation' then 'enabled'
        when 'DisableKeyRotation' then 'disabled'
    end as rotation,
    facts.rotation_period_in_days,
    facts.last_rotated_time,
    aliases.aliases,
    known.last_used_time,
    known.first_seen_time,
    known.last_seen_time
from known
left join facts on facts.key_arn = known.key_arn
left join key_states as states
    on states.key_arn = known.key_arn
    and states.state_until is null
left join aliases on aliases.key_arn = known.key_arn
