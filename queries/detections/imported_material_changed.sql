-- id = "imported_material_changed"
-- title = "New key material imported into a KMS key"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-12", "PCI-DSS-4.0.1:3.7.1", "PCI-DSS-4.0.1:3.7.7"]
-- lookback = "90d"
-- entity = ["key_arn"]
-- why = "What is encrypted under the key from the next rotation on, lies under material that somebody brought along and may keep a copy of. If that was not the key's owner, they can read it outside of AWS, or delete the material and ask for money."
-- benign = "The yearly change of material by its custodian. The first import after a key's creation, and material that the key had before, are rated info."
-- respond = "Ask the key's custodians whether they made this material, and where it is kept. If not, keep the key from being rotated (RotateKeyOnDemand makes the new material current), find out who made the call and since when they could, and only then delete that material."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-import-key-material.html", "https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html"]
-- [parameters]
-- known_within = "90d" # how long before the window creation and imports are looked for
-- #
-- # Per AWS, importType may be left out: it is then NEW_KEY_MATERIAL for the first
-- # import of a key and EXISTING_KEY_MATERIAL after it. So only an import that
-- # says NEW_KEY_MATERIAL can change anything; it is the first one when the lake
-- # has the key's creation and no import in between. Failed calls import nothing.
with changed_keys as (
    select distinct key_arn
    from kms_actions
    where activity = 'manage'
        and event_name = 'ImportKeyMaterial'
        and error_code is null
        and event_time >= $window_start
        and event_time < $window_end
),

life as (
    select
        c.*,
        row_number() over (
            partition by c.key_arn, c.event_name
            order by c.event_time, c.event_id
        ) as nth,
        bool_or(c.event_name = 'CreateKey') over (
            partition by c.key_arn
        ) as creation_known
    from kms_actions as c
    inner join changed_keys as k on k.key_arn = c.key_arn
    where c.activity = 'manage'
        and c.event_name in ('CreateKey', 'ImportKeyMaterial')
        and c.error_code is null
        and c.event_time >= $window_start - $known_within
        and c.event_time < $window_end
),

imports as (
    select
        *,
        case
            when nth = 1 and creation_known then 'first'
            when import_type = 'NEW_KEY_MATERIAL' then 'new'
            when import_type is null and nth = 1 then 'first or known'
            else 'known'
        end as material,
        regexp_match(
            response_elements, '"keyMaterialId"\s*:\s*"([^"]+)"'
        )[1] as material_id
    from life
    where event_name = 'ImportKeyMaterial'
        and event_time >= $window_start
)

select
    min(event_time) as event_time,
    min(coalesce(key_account_id, recipient_account_id)) as account_id,
    min(aws_region) as region,
    first_value(
        actor order by material = 'new' desc, event_time, event_id
    ) as actor,
    key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(
            actor order by material = 'new' desc, event_time, event_id
        ),
        ' imported ',
        case
            when bool_or(material = 'new') then 'new material'
            when bool_or(material = 'first') then 'the first material'
            when bool_or(material = 'known') then 'material that it had before'
            else 'its first material, or material that it had before,'
        end,
        ' into ', key_arn, ' (imports: ', cast(count(*) as text), ')'
    ) as summary,
    case
        when bool_or(material = 'new') then 'high'
        else 'info'
    end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    array_agg(distinct material order by material) as materials,
    array_agg(distinct material_id order by material_id) filter (
        where material_id is not null
    ) as material_ids,
    array_agg(distinct actor order by actor) as actors,
    max(valid_to) as valid_to,
    first_value(
        actor_kind order by material = 'new' desc, event_time, event_id
    ) as actor_kind,
    first_value(
        mfa order by material = 'new' desc, event_time, event_id
    ) as mfa,
    first_value(
        mfa_reason order by material = 'new' desc, event_time, event_id
    ) as mfa_reason
from imports
group by key_arn
order by event_time, key_arn
