-- id = "unconstrained_grant"
-- title = "KMS grant without constraints on its use"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "0d"
-- entity = ["key_arn", "grantee_principal"]
-- why = "A grant bound to an encryption context opens one secret, volume or table. Without it the grantee can decrypt whatever was ever encrypted under the key."
-- benign = "A key that protects one thing only, or applications that encrypt without a context. A grant to a service-linked role, as Auto Scaling needs it for a key of another account, is rated low."
-- respond = "See in the details what was granted, and with `keytrail sql` which encryption contexts the grantee has used since. Ask its owner whether a constraint on that context would do; make the constrained grant first, and let the owner retire this one when nothing needs it."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html", "https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html"]
-- [parameters]
-- symmetric_operations = ["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"]
-- #
-- # Not judged: keys whose creation shows that they are asymmetric or HMAC keys,
-- # and grants of operations that only such keys have. These cannot be bound to a
-- # context. A key whose creation is not in the lake is taken for symmetric.

with asymmetric as (
    select distinct key_arn
    from kms_events
    where activity = 'manage'
        and event_name = 'CreateKey'
        and error_code is null
        and key_spec <> 'SYMMETRIC_DEFAULT'
),

open_ended as (
    select
        grants.*,
        array_to_string(grants.grant_operations, ', ') as operations
    from grants
    left join asymmetric on asymmetric.key_arn = grants.key_arn
    where grants.created_time >= $window_start
        and grants.created_time < $window_end
        and grants.created_directly
        and grants.grant_source_arn is null
        and (
            grants.grant_constraint is null
            or cardinality(map_keys(grants.grant_encryption_context)) = 0
        )
        and array_has_any(grants.grant_operations, $symmetric_operations)
        and not array_has_any(
            grants.grant_operations,
            make_array(
                'Sign', 'Verify', 'GetPublicKey', 'DeriveSharedSecret',
                'GenerateMac', 'VerifyMac', 'Encapsulate', 'Decapsulate'
            )
        )
        and asymmetric.key_arn is null
)

select
    min(created_time) as event_time,
    min(account_id) as account_id,
    min(aws_region) as region,
    first_value(
        created_by order by created_time, create_event_id
    ) as actor,
    key_arn,
    array_slice(
        array_agg(create_event_id order by created_time, create_event_id),
        1, 20
    ) as event_ids,
    concat(
        grantee_principal, ' may use the key in any context: ',
        array_to_string(
            array_agg(distinct operations order by operations), '; '
        )
    ) as summary,
    case min(grantee_kind)
        when 'service_linked_role' then 'low'
        else 'medium'
    end as severity,
    count(*) as event_count,
    min(created_time) as first_time,
    max(created_time) as last_time,
    grantee_principal,
    min(grantee_kind) as grantee_kind,
    array_agg(distinct created_by order by created_by) as actors,
    array_agg(distinct operations order by operations) as grant_operations,
    array_slice(
        array_agg(grant_id order by created_time, create_event_id), 1, 20
    ) as grant_ids
from open_ended
group by key_arn, grantee_principal
order by event_time, key_arn, grantee_principal
