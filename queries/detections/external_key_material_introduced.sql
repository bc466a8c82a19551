-- id = "external_key_material_introduced"
-- title = "KMS key with outside material made by an actor for the first time"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-12", "NIST-800-53-r5:SI-4", "PCI-DSS-4.0.1:3.7.1", "PCI-DSS-4.0.1:3.7.7"]
-- lookback = "90d"
-- history = "14d"
-- entity = ["actor"]
-- why = "A key whose material lies outside of KMS can be made useless in a second by whoever holds it. Ransom starts by making such a key, then encrypts data under it and takes the material away."
-- benign = "The start of a project with imported keys, CloudHSM or an external key store, known to the key owners; a new role for a task that others did before."
-- respond = "Look at whether data is being encrypted under the new key, and at buckets, volumes and databases that name it. Ask the actor and the owner of the account which project needs it. If nobody knows, keep the key's users from it and move what was encrypted to another key first: the material may be taken away at any moment."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-store-overview.html"]
-- [parameters]
-- new_after = "90d" # as long as lookback: an actor that did not do so within it is new
-- #
-- # Judged are successful CreateKey with origin EXTERNAL or EXTERNAL_KEY_STORE and
-- # CreateCustomKeyStore; a refused attempt makes nothing. The CreateKey that
-- # ReplicateKey causes in the replica's Region introduces nothing new. A call that
-- # a service made on the actor's behalf counts as the actor's: a stack makes keys
-- # as well.
with introductions as (
    select
        *,
        -- CreateCustomKeyStore has no key
        coalesce(key_account_id, recipient_account_id) as account_id,
        case event_name
            when 'CreateCustomKeyStore' then 'custom key store'
            else concat('key of origin ', key_origin)
        end as what
    from kms_actions
    where activity = 'manage'
        and event_time >= $window_start - $new_after
        and event_time < $window_end
        and error_code is null
        and actor_kind <> 'service'
        and (
            event_name = 'CreateCustomKeyStore'
            or (
                event_name = 'CreateKey'
                and key_origin in ('EXTERNAL', 'EXTERNAL_KEY_STORE')
                and not coalesce(
                    regexp_like(
                        response_elements,
                        '"multiRegionKeyType"\s*:\s*"REPLICA"'
                    ),
                    false
                )
            )
        )
),

known as (
    select distinct actor
    from introductions
    where event_time < $window_start
)

select
    min(i.event_time) as event_time,
    first_value(i.account_id order by i.event_time, i.event_id) as account_id,
    first_value(i.aws_region order by i.event_time, i.event_id) as region,
    i.actor,
    first_value(i.key_arn order by i.event_time, i.event_id) as key_arn,
    array_slice(
        array_agg(i.event_id order by i.event_time, i.event_id), 1, 20
    ) as event_ids,
    concat(
        i.actor, ' made for the first time in ', cast($new_after as text), ': ',
        array_to_string(array_agg(distinct i.what order by i.what), ', '),
        ' (calls: ', cast(count(*) as text), ')'
    ) as summary,
    count(*) as event_count,
    min(i.event_time) as first_time,
    max(i.event_time) as last_time,
    array_slice(
        array_agg(distinct i.key_arn order by i.key_arn)
        filter (where i.key_arn is not null),
        1, 20
    ) as key_arns,
    array_agg(distinct i.custom_key_store_id order by i.custom_key_store_id)
        filter (where i.custom_key_store_id is not null)
        as custom_key_store_ids,
    first_value(i.actor_kind order by i.event_time, i.event_id) as actor_kind,
    first_value(i.mfa order by i.event_time, i.event_id) as mfa,
    first_value(i.mfa_reason order by i.event_time, i.event_id) as mfa_reason,
    first_value(i.invoked_by order by i.event_time, i.event_id) as invoked_by,
    array_agg(distinct i.source_ip_address order by i.source_ip_address)
        as source_ip_addresses
from introductions as i
left join known on known.actor = i.actor
where i.event_time >= $window_start
    and known.actor is null
group by i.actor
order by event_time, i.actor
