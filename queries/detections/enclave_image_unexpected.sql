-- id = "enclave_image_unexpected"
-- title = "KMS key used by an enclave image that was not expected"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:CM-3", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "30d"
-- history = "14d"
-- entity = ["key_arn", "image_digest"]
-- why = "An enclave is trusted because it is known what runs in it. Another image that may use the same key is a new release, or somebody's program in its place."
-- benign = "A release. Name its digest in expected_images, which is also what the key policy should hold."
-- respond = "Compare the digest with those that the build of the enclave printed (PCR0), and ask the owner of the enclave which release it is. If nobody knows the image, stop the instance's role from using the key, and keep the instance for inspection."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/conditions-attestation.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-enclave.html"]
-- [parameters]
-- expected_images = [] # digests (PCR0) in hex or base64; empty: new for the key
-- known_within = "30d" # not longer than lookback
-- #
-- # A key that no enclave used before is not judged by its first image: info.
-- # Enclaves in debug mode are enclave_debug_attestation's matter. Digests are
-- # compared in hex. Usage by hour does not tell images, so calls of
-- # `known_within` are read for theirs.

with attested as (
    select
        actions.*,
        case
            when regexp_like(attestation_image_digest, '^[0-9A-Fa-f]{96}$')
                then lower(attestation_image_digest)
            when regexp_like(attestation_image_digest, '^[0-9A-Za-z+/]{64}$')
                then encode(decode(attestation_image_digest, 'base64'), 'hex')
            else attestation_image_digest
        end as image_digest
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
        and operations.class = 'cryptographic'
    where actions.activity = 'use'
        and actions.event_time >= $window_start
        and actions.event_time < $window_end
        and actions.error_code is null
        and actions.attestation_image_digest is not null
        and not regexp_like(
            actions.attestation_image_digest, '^(0+|A+=*)$'
        )
),

-- copies of a call tell the same image
known as (
    select distinct
        key_arn,
        case
            when regexp_like(attestation_image_digest, '^[0-9A-Fa-f]{96}$')
                then lower(attestation_image_digest)
            when regexp_like(attestation_image_digest, '^[0-9A-Za-z+/]{64}$')
                then encode(decode(attestation_image_digest, 'base64'), 'hex')
            else attestation_image_digest
        end as image_digest
    from kms_events
    where activity = 'use'
        and event_time >= $window_start - $known_within
        and event_time < $window_start
        and error_code is null
        and attestation_image_digest is not null
        and not regexp_like(attestation_image_digest, '^(0+|A+=*)$')
),

known_keys as (
    select key_arn, count(*) as images
    from known
    group by key_arn
),

unexpected as (
    select
        attested.*,
        coalesce(known_keys.images, 0) as known_images,
        cardinality($expected_images) > 0 as configured
    from attested
    left join known
        on known.key_arn = attested.key_arn
        and known.image_digest = attested.image_digest
    left join known_keys on known_keys.key_arn = attested.key_arn
    where
        case
            when cardinality($expected_images) > 0
                then not array_has($expected_images, attested.image_digest)
                    and not array_has(
                        $expected_images, attested.attestation_image_digest
                    )
            else known.image_digest is null
        end
)

select
    min(event_time) as event_time,
    min(coalesce(key_account_id, recipient_account_id)) as account_id,
    min(aws_region) as region,
    first_value(actor order by event_time, event_id) as actor,
    key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        'an enclave with image ', substr(image_digest, 1, 16), '..., ',
        case
            when bool_or(configured) then 'which is not expected,'
            when min(known_images) = 0
                then 'the first that used the key,'
            else concat(
                'new for the key (images known before: ',
                cast(min(known_images) as text), '),'
            )
        end,
        ' called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' as ', first_value(actor order by event_time, event_id),
        ', calls: ', cast(count(*) as text)
    ) as summary,
    case
        when not bool_or(configured) and min(known_images) = 0 then 'info'
        else 'medium'
    end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    not bool_or(configured) as needs_history,
    image_digest,
    min(known_images) as known_images,
    array_slice(
        array_agg(distinct actor order by actor), 1, 20
    ) as actors,
    array_slice(
        array_agg(distinct attestation_module_id
            order by attestation_module_id)
        filter (where attestation_module_id is not null),
        1, 20
    ) as enclaves
from unexpected
group by key_arn, image_digest
order by event_time, key_arn, image_digest
