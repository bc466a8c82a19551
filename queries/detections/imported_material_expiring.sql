-- id = "imported_material_expiring"
-- title = "Imported key material expires soon or has expired"
-- kind = "state"
-- severity = "high"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:SC-12", "PCI-DSS-4.0.1:3.7.4", "PCI-DSS-4.0.1:3.7.5"]
-- lookback = "400d"
-- entity = ["key_arn"]
-- why = "When imported material expires KMS deletes it, and everything under the key is out of reach until somebody imports the same material again."
-- benign = "A key that was meant to end by itself, one whose owner has the re-import in the calendar, or material that no rotation has made current yet."
-- respond = "Ask the key's owner whether the key is still needed, and its custodians whether they hold the material and when they will import it again; look at the key's last uses to see who would notice. Import the same material, or let it run out knowingly."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-import-key-material.html", "https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html"]
-- [parameters]
-- warn_before = "14d"
-- imported_within = "400d" # how far back imports are looked for
-- #
-- # A key may have several materials; which one a record is about stands in its
-- # response or service details since 2025. The newest record of a material
-- # decides, and one that does not name it counts for all. Ends with another import
-- # or with a deliberate deletion of material or key; a key that is scheduled for
-- # deletion is not judged while it waits. True since the import itself when that
-- # already promised less than `warn_before`.
with life as (
    select
        key_arn,
        coalesce(key_account_id, recipient_account_id) as account_id,
        aws_region,
        event_time,
        event_id,
        event_name,
        actor,
        case
            when expiration_model = 'KEY_MATERIAL_DOES_NOT_EXPIRE' then null
            else valid_to
        end as valid_to,
        coalesce(
            regexp_match(
                response_elements, '"keyMaterialId"\s*:\s*"([^"]+)"'
            )[1],
            regexp_match(
                service_event_details, '"keyMaterialId"\s*:\s*"([^"]+)"'
            )[1]
        ) as material_id,
        row_number() over (
            partition by key_arn
            order by
                event_time,
                -- of two in one second the import counts as the later
                case
                    when event_name in (
                        'ImportKeyMaterial', 'CancelKeyDeletion'
                    ) then 1
                    else 0
                end,
                event_id
        ) as place
    from kms_actions
    where activity = 'manage'
        and event_name in (
            'ImportKeyMaterial', 'DeleteExpiredKeyMaterial',
            'DeleteImportedKeyMaterial', 'DeleteKey', 'ScheduleKeyDeletion',
            'CancelKeyDeletion'
        )
        and error_code is null
        and key_arn is not null
        and event_time >= $window_end - $imported_within
        and event_time < $window_end
),

leaving as (
    select key_arn
    from life
    where event_name in ('ScheduleKeyDeletion', 'CancelKeyDeletion')
    group by key_arn
    having last_value(event_name order by place) = 'ScheduleKeyDeletion'
),

expiring as (
    select
        m.*,
        m.event_name = 'DeleteExpiredKeyMaterial' as deleted,
        greatest(m.event_time, m.valid_to - $warn_before) as true_since
    from life as m
    where (
            m.event_name = 'DeleteExpiredKeyMaterial'
            or (
                m.event_name = 'ImportKeyMaterial'
                and m.valid_to < $window_end + $warn_before
            )
        )
        and m.key_arn not in (select key_arn from leaving)
        and not exists (
            select 1
            from life as later
            where later.key_arn = m.key_arn
                and later.place > m.place
                and later.event_name not in (
                    'ScheduleKeyDeletion', 'CancelKeyDeletion'
                )
                and coalesce(later.material_id = m.material_id, true)
        )
),

imports as (
    select
        e.key_arn,
        max(i.event_time) as imported_time,
        last_value(i.actor order by i.place) as imported_by,
        last_value(i.event_id order by i.place) as event_id
    from expiring as e
    inner join life as i
        on i.key_arn = e.key_arn
        and i.place <= e.place
        and coalesce(i.material_id = e.material_id, true)
    where i.event_name = 'ImportKeyMaterial'
    group by e.key_arn
)

select
    min(e.true_since) as event_time,
    min(e.account_id) as account_id,
    min(e.aws_region) as region,
    coalesce(min(i.imported_by), min(e.actor)) as actor,
    e.key_arn,
    array_distinct(
        array_concat(
            make_array(coalesce(min(i.event_id), min(e.event_id))),
            array_slice(array_agg(e.event_id order by e.place), 1, 19)
        )
    ) as event_ids,
    concat(
        'imported material of ', e.key_arn,
        case
            when bool_or(e.deleted) then ' has expired and was deleted by KMS'
            when min(e.valid_to) < $window_end then concat(
                ' expired on ', to_char(min(e.valid_to), '%Y-%m-%d')
            )
            else concat(' expires on ', to_char(min(e.valid_to), '%Y-%m-%d'))
        end,
        case
            when min(i.imported_by) is null then ''
            else concat('; last imported by ', min(i.imported_by))
        end
    ) as summary,
    min(e.valid_to) as valid_to,
    coalesce(
        bool_or(e.deleted or e.valid_to < $window_end), false
    ) as expired,
    array_agg(distinct e.material_id order by e.material_id) filter (
        where e.material_id is not null
    ) as material_ids,
    min(i.imported_time) as imported_time,
    min(i.imported_by) as imported_by
from expiring as e
left join imports as i on i.key_arn = e.key_arn
group by e.key_arn
order by event_time, e.key_arn
