-- id = "imported_material_deleted"
-- title = "Imported key material deleted"
-- kind = "event"
-- severity = "critical"
-- confidence = "high"
-- attack = ["T1485", "T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-12", "NIST-800-53-r5:IR-4", "PCI-DSS-4.0.1:3.7.5", "PCI-DSS-4.0.1:10.2.1.7"]
-- lookback = "90d"
-- entity = ["key_arn"]
-- why = "The key is unusable at once, without the waiting period that a deletion has. Only whoever holds the same material can bring it back: with material that an intruder imported, that is the intruder alone."
-- benign = "A drill of restoring material, or the removal of a key that was agreed, done in one step instead of disabling it first. Material that no rotation has made current yet (PENDING_ROTATION) can go without harm. If the material was imported again afterwards, the summary says so."
-- respond = "Find out first whether you hold the material, and in which system; import it again when the caller has been stopped. Ask the key's owner and the caller whether it was planned. Then look at who imported the material that was deleted, and at what the same actor did to other keys."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-delete-key-material.html", "https://docs.aws.amazon.com/kms/latest/developerguide/import-keys-protect.html"]
-- [parameters]
-- imported_within = "90d" # how long before the window the last import is looked for
-- #
-- # Successful calls of anyone but an AWS service itself; one that a service made
-- # on somebody's behalf is just as final and counts. Material that expires is
-- # imported_material_expiring's matter. An import after the deletion is looked
-- # for up to the window's end. A key may have several materials; which one a call
-- # was about stands in the response, in records since 2025.
with deletions as (
    select
        *,
        regexp_match(
            response_elements, '"keyMaterialId"\s*:\s*"([^"]+)"'
        )[1] as material_id
    from kms_actions
    where activity = 'manage'
        and event_name = 'DeleteImportedKeyMaterial'
        and error_code is null
        and actor_kind <> 'service'
        and event_time >= $window_start
        and event_time < $window_end
),

matters as (
    select
        coalesce(key_arn, requested_key_id) as key_arn,
        min(coalesce(key_account_id, recipient_account_id)) as account_id,
        min(aws_region) as aws_region,
        min(event_time) as first_time,
        max(event_time) as last_time,
        count(*) as event_count,
        array_agg(event_id order by event_time, event_id) as event_ids,
        array_agg(distinct material_id order by material_id) filter (
            where material_id is not null
        ) as material_ids,
        first_value(actor order by event_time, event_id) as actor,
        first_value(actor_kind order by event_time, event_id) as actor_kind,
        first_value(mfa order by event_time, event_id) as mfa,
        first_value(mfa_reason order by event_time, event_id) as mfa_reason,
        first_value(invoked_by order by event_time, event_id) as invoked_by,
        first_value(source_ip_address order by event_time, event_id)
            as source_ip_address
    from deletions
    group by coalesce(key_arn, requested_key_id)
),

all_imports as (
    select
        key_arn,
        event_time,
        event_id,
        actor,
        regexp_match(
            response_elements, '"keyMaterialId"\s*:\s*"([^"]+)"'
        )[1] as material_id
    from kms_actions
    where activity = 'manage'
        and event_name = 'ImportKeyMaterial'
        and error_code is null
        and event_time >= $window_start - $imported_within
        and event_time < $window_end
),

imports as (
    select
        m.key_arn,
        max(i.event_time) filter (
            where i.event_time <= m.first_time
        ) as imported_time,
        last_value(i.actor order by i.event_time, i.event_id) filter (
            where i.event_time <= m.first_time
        ) as imported_by,
        min(i.event_time) filter (
            where i.event_time > m.last_time
        ) as imported_again_time
    from matters as m
    inner join all_imports as i
        on i.key_arn = m.key_arn
        and coalesce(array_has(m.material_ids, i.material_id), true)
    group by m.key_arn
)

select
    m.first_time as event_time,
    m.account_id,
    m.aws_region as region,
    m.actor,
    m.key_arn,
    array_slice(m.event_ids, 1, 20) as event_ids,
    concat(
        m.actor, ' deleted the imported material of ', m.key_arn,
        ' (calls: ', cast(m.event_count as text), ')',
        case
            when i.imported_again_time is null then ''
            else concat(
                '; material was imported again at ',
                to_char(i.imported_again_time, '%Y-%m-%dT%H:%M:%SZ')
            )
        end
    ) as summary,
    m.event_count,
    m.first_time,
    m.last_time,
    i.imported_time,
    i.imported_by,
    i.imported_again_time,
    m.material_ids,
    m.actor_kind,
    m.mfa,
    m.mfa_reason,
    m.invoked_by,
    m.source_ip_address
from matters as m
left join imports as i on i.key_arn = m.key_arn
order by m.first_time, m.key_arn
