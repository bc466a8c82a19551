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
-- benign = "A key that was meant to end by itself, or one whose owner has the re-import in the calendar."
-- respond = "Ask the key's owner whether the key is still needed, and its custodians whether they hold the material and when they will import it again; look at the key's last uses to see who would notice. Import the same material, or let it run out knowingly."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-import-key-material.html", "https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-managing.html"]
-- [parameters]
-- warn_before = "14d"
-- imported_within = "400d" # how far back imports are looked for
-- #
-- # The last successful import decides, so a key with several materials is judged
-- # by the one imported last. Ends with another import or with a deliberate
-- # deletion of material or key; a key that is scheduled for deletion is not
-- # judged while it waits. True since the import itself when that already
-- # promised less than `warn_before`.
with life as (
    select
        coalesce(key_arn, requested_key_id) as key_arn,
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
        event_name in ('ScheduleKeyDeletion', 'CancelKeyDeletion') as planning
    from kms_actions
    where activity = 'manage'
        and event_name in (
            'ImportKeyMaterial', 'DeleteExpiredKeyMaterial',
            'DeleteImportedKeyMaterial', 'DeleteKey', 'ScheduleKeyDeletion',
            'CancelKeyDeletion'
        )
        and error_code is null
        and event_time >= $window_end - $imported_within
        and event_time < $window_end
),

ranked as (
    -- Of two events within one second the import counts as the later.
    select
        *,
        row_number() over (
            partition by key_arn, planning
            order by
                event_time desc,
                case
                    when event_name in (
                        'ImportKeyMaterial', 'CancelKeyDeletion'
                    ) then 0
                    else 1
                end,
                event_id desc
        ) as age_rank,
        last_value(
            case when event_name = 'ImportKeyMaterial' then event_id end
        ) ignore nulls over (
            partition by key_arn, planning
            order by event_time, event_id
            rows between unbounded preceding and current row
        ) as import_event_id,
        last_value(
            case when event_name = 'ImportKeyMaterial' then actor end
        ) ignore nulls over (
            partition by key_arn, planning
            order by event_time, event_id
            rows between unbounded preceding and current row
        ) as imported_by,
        max(
            case when event_name = 'ImportKeyMaterial' then event_time end
        ) over (partition by key_arn, planning) as imported_time
    from life
),

expiring as (
    select
        m.*,
        m.event_name = 'DeleteExpiredKeyMaterial'
            or m.valid_to < $window_end as expired
    from ranked as m
    left join ranked as p
        on p.key_arn = m.key_arn
        and p.planning
        and p.age_rank = 1
        and p.event_name = 'ScheduleKeyDeletion'
    where not m.planning
        and m.age_rank = 1
        and p.key_arn is null
        and (
            m.event_name = 'DeleteExpiredKeyMaterial'
            or (
                m.event_name = 'ImportKeyMaterial'
                and m.valid_to < $window_end + $warn_before
            )
        )
)

select
    case event_name
        when 'DeleteExpiredKeyMaterial' then event_time
        else greatest(event_time, valid_to - $warn_before)
    end as event_time,
    account_id,
    aws_region as region,
    coalesce(imported_by, actor) as actor,
    key_arn,
    case
        when import_event_id is null or import_event_id = event_id
            then make_array(event_id)
        else make_array(import_event_id, event_id)
    end as event_ids,
    concat(
        'the imported material of ', key_arn,
        case
            when event_name = 'DeleteExpiredKeyMaterial'
                then ' has expired and was deleted by KMS'
            when expired then concat(
                ' expired on ', to_char(valid_to, '%Y-%m-%d')
            )
            else concat(' expires on ', to_char(valid_to, '%Y-%m-%d'))
        end,
        case
            when imported_by is null then ''
            else concat('; imported by ', imported_by)
        end
    ) as summary,
    valid_to,
    expired,
    imported_time,
    imported_by
from expiring
order by event_time, key_arn
