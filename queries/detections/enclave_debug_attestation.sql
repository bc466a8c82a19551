-- id = "enclave_debug_attestation"
-- title = "KMS call from an enclave in debug mode"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:CM-6", "NIST-800-53-r5:SC-28", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "0d"
-- entity = ["actor", "key_arn"]
-- why = "An enclave in debug mode lets its parent instance read the console, and its measurements are all zero: KMS cannot tell one image from another. What it decrypted is as open as on the instance itself."
-- benign = "Development, on keys that protect nothing. Debug mode cannot pass a key policy that asks for an image's measurements, so on a key meant for enclaves the policy has a gap, too."
-- respond = "Ask the owner of the instance's role why the enclave runs in debug mode and what it decrypted. Look whether the key policy binds decryption to kms:RecipientAttestation:ImageSha384 or a PCR, and have that condition added before the enclave is started again without debug mode."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-enclave.html", "https://docs.aws.amazon.com/enclaves/latest/user/set-up-attestation.html"]
-- #
-- # Zero is zero in hex or in base64: records have shown both. PCR1 and PCR2 must
-- # be zero, too, where the record has them. PCR3, PCR4 and PCR8 are not looked
-- # at: they stay set in debug mode, or are zero for any unsigned image. Refused
-- # calls show no attestation.

with attested as (
    select
        actions.*,
        regexp_match(
            actions.additional_event_data,
            '"attestationDocumentEnclavePCR1" *: *"([^"]*)"'
        )[1] as pcr1,
        regexp_match(
            actions.additional_event_data,
            '"attestationDocumentEnclavePCR2" *: *"([^"]*)"'
        )[1] as pcr2
    from kms_actions as actions
    inner join kms_operations as operations
        on operations.event_name = actions.event_name
        and operations.class = 'cryptographic'
    where actions.activity = 'use'
        and actions.event_time >= $window_start
        and actions.event_time < $window_end
        and actions.error_code is null
        and regexp_like(actions.attestation_image_digest, '^(0+|A+=*)$')
)

select
    min(event_time) as event_time,
    min(coalesce(key_account_id, recipient_account_id)) as account_id,
    min(aws_region) as region,
    actor,
    key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        'an enclave in debug mode of ', actor, ' called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ', calls: ', cast(count(*) as text)
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    array_agg(distinct event_name order by event_name) as operations,
    array_slice(
        array_agg(distinct attestation_module_id
            order by attestation_module_id)
        filter (where attestation_module_id is not null),
        1, 20
    ) as enclaves,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses
from attested
where coalesce(regexp_like(pcr1, '^(0+|A+=*)$'), true)
    and coalesce(regexp_like(pcr2, '^(0+|A+=*)$'), true)
group by actor, key_arn
order by event_time, actor, key_arn
