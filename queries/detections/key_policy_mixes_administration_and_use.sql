-- id = "key_policy_mixes_administration_and_use"
-- title = "KMS key policy gives one principal administration and use"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-5", "NIST-800-53-r5:AC-6", "PCI-DSS-4.0.1:3.6.1.2", "PCI-DSS-4.0.1:3.7.6", "ISO-27001-2022:A.5.3"]
-- lookback = "0d"
-- entity = ["key_arn", "principal"]
-- why = "A principal that may both change a key and use it needs no second person to read what the key protects, to hand it on, or to destroy it. AWS advises to give the two to different roles."
-- benign = "A small team with one role for everything; a pipeline that creates a key and encrypts a first value with it."
-- respond = "Ask the key's owner which of the two the principal needs, and check in `key_usage` which of them it did. Take the other out of the policy, or give it to a role of its own; look also at other keys of the same template."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html", "https://docs.aws.amazon.com/kms/latest/developerguide/least-privilege.html"]
-- #
-- # The statements of one policy are added up per principal as written. As in
-- # administrator_uses_key, tags, aliases and descriptions are no
-- # administration, and reading the public key or metadata is no use. The root
-- # of the key's own account is left out: there IAM policies decide who may do
-- # what. Use that is allowed only through a service (kms:ViaService) is rated
-- # low.
with permissions as (
    select
        concat('kms:', event_name) as permission,
        case class when 'cryptographic' then 'use' else 'administration' end
            as purpose
    from kms_operations
    where class = 'cryptographic'
        or (
            role = 'administrator'
            and class not in ('tag', 'alias', 'metadata', 'custom_key_store')
        )
    union all
    select
        concat('kms:', name) as permission,
        'use' as purpose
    from (values ('ReEncryptFrom'), ('ReEncryptTo')) as names (name)
),

allowed as (
    select
        *,
        unnest(principals) as principal
    from policy_statements
    where set_time >= $window_start
        and set_time < $window_end
        and effect = 'Allow'
),

cells as (
    select
        *,
        unnest(kms_actions) as permission
    from allowed
    where principal <> account_id
        and not (
            split_part(principal, ':', 3) = 'iam'
            and split_part(principal, ':', 5) = account_id
            and split_part(principal, ':', 6) = 'root'
        )
),

mixed as (
    select
        c.key_arn,
        c.account_id,
        c.aws_region,
        c.version,
        c.set_time,
        c.set_by,
        c.event_id,
        c.event_name,
        c.principal,
        array_agg(distinct c.permission order by c.permission)
            filter (where p.purpose = 'administration') as administration,
        array_agg(distinct c.permission order by c.permission)
            filter (where p.purpose = 'use') as use,
        bool_and(
            p.purpose = 'administration'
            or array_has(c.condition_keys, 'kms:viaservice')
        ) as use_via_service
    from cells as c
    inner join permissions as p on p.permission = c.permission
    group by
        c.key_arn,
        c.account_id,
        c.aws_region,
        c.version,
        c.set_time,
        c.set_by,
        c.event_id,
        c.event_name,
        c.principal
    having count(distinct p.purpose) = 2
)

select
    min(set_time) as event_time,
    account_id,
    aws_region as region,
    first_value(set_by order by set_time, version) as actor,
    key_arn,
    array_slice(
        array_agg(event_id order by set_time, version), 1, 20
    ) as event_ids,
    concat(
        first_value(set_by order by set_time, version), ' let ', principal,
        ' both administer and use ', key_arn, ': ',
        array_to_string(
            array_slice(
                first_value(administration order by set_time, version), 1, 3
            ), ', '
        ),
        case
            when array_length(
                first_value(administration order by set_time, version)
            ) > 3 then ' ...'
        end,
        ' and ',
        array_to_string(
            array_slice(first_value(use order by set_time, version), 1, 3), ', '
        ),
        case
            when array_length(first_value(use order by set_time, version)) > 3
                then ' ...'
        end
    ) as summary,
    case when bool_and(use_via_service) then 'low' else 'medium' end
        as severity,
    count(*) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    principal,
    last_value(administration order by set_time, version) as administration,
    last_value(use order by set_time, version) as use,
    array_agg(distinct event_name order by event_name) as operations
from mixed
group by key_arn, account_id, aws_region, principal
order by event_time, key_arn, principal
