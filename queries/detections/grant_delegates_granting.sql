-- id = "grant_delegates_granting"
-- title = "KMS grant lets its grantee create further grants"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.3"]
-- lookback = "0d"
-- entity = ["key_arn", "grantee_principal"]
-- why = "A grantee that holds CreateGrant can pass the granted operations on to anyone, in any account, without the key policy changing. Services need that; people and applications hardly ever do."
-- benign = "Auto Scaling and other services need such a grant for their service-linked role when they use a key of another account; it is then rated low."
-- respond = "Ask the actor why the grantee must hand on access. Look at what the grantee has granted since (view `grants`, created_by). If there is no reason, make a grant without CreateGrant first, so that nothing breaks, and then have this one and its children revoked."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html", "https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html"]

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
        grantee_principal, ' may create grants of ',
        array_to_string(
            array_remove(
                first_value(
                    grant_operations order by created_time, create_event_id
                ), 'CreateGrant'
            ), ', '
        )
    ) as summary,
    case min(grantee_kind)
        when 'service_linked_role' then 'low'
        else 'high'
    end as severity,
    count(*) as event_count,
    min(created_time) as first_time,
    max(created_time) as last_time,
    grantee_principal,
    min(grantee_kind) as grantee_kind,
    array_sort(
        array_agg(distinct array_to_string(grant_operations, ', '))
    ) as grant_operations,
    array_slice(
        array_agg(grant_id order by created_time, create_event_id), 1, 20
    ) as grant_ids,
    bool_or(grant_constraint is not null or grant_source_arn is not null)
        as constrained
from grants
where created_time >= $window_start
    and created_time < $window_end
    and created_directly
    and array_has(grant_operations, 'CreateGrant')
group by key_arn, grantee_principal
order by event_time, key_arn, grantee_principal
