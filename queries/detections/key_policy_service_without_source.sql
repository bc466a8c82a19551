-- id = "key_policy_service_without_source"
-- title = "KMS key policy trusts a service for anybody's resources"
-- kind = "event"
-- severity = "low"
-- confidence = "medium"
-- attack = []
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6"]
-- lookback = "0d"
-- entity = ["key_arn", "granted_to"]
-- why = "A service acts for whoever configures it. Without a condition on the source, somebody in another account can have the service use your key for his own resources, as a confused deputy."
-- benign = "Not every service sends aws:SourceArn or aws:SourceAccount; where its documentation shows a policy without them, there is nothing to add."
-- respond = "Look in the service's documentation which of aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or an encryption context it sends. Ask the key's owner which of his resources need the key, add the condition, and watch for denied calls of the service after that."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/least-privilege.html", "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"]
-- #
-- # A source counts with an operator that needs the key and a value that does
-- # not begin with a wildcard. kms:EncryptionContextKeys only asks for names,
-- # which anybody can give. A statement that lets a service read metadata, as
-- # CloudTrail's own documentation has it, does no harm.
with allowed as (
    select
        *,
        unnest(principals) as principal
    from policy_statements
    where set_time >= $window_start
        and set_time < $window_end
        and effect = 'Allow'
        and array_to_string(principals, ',') like '%Service:%'
        and not coalesce(
            regexp_like(
                lower(conditions),
                concat(
                    '"(?:foranyvalue:)?(?:string|arn)',
                    '(?:equals|like|equalsignorecase)":',
                    '\{(?:[^"}]|"(?:[^"\\]|\\.)*")*?',
                    '"(?:aws:source(?:arn|account|owner|orgid|orgpaths)',
                    '|kms:encryptioncontext:[^"]+)":(?:"[^"*]|\["[^"*])'
                )
            ),
            false
        )
),

permitted as (
    select
        *,
        unnest(kms_actions) as permission
    from allowed
    where principal like 'Service:%'
),

others as (
    select
        a.key_arn,
        a.account_id,
        a.aws_region,
        a.version,
        a.set_time,
        a.set_by,
        a.event_id,
        a.event_name,
        a.statement_index,
        a.statement,
        array_to_string(
            array_agg(
                distinct substr(a.principal, 9) order by substr(a.principal, 9)
            ), ', '
        ) as granted_to
    from permitted as a
    left join kms_operations as o
        on o.event_name = split_part(a.permission, ':', 2)
    where coalesce(o.role, 'user') <> 'reader'
    group by
        a.key_arn,
        a.account_id,
        a.aws_region,
        a.version,
        a.set_time,
        a.set_by,
        a.event_id,
        a.event_name,
        a.statement_index,
        a.statement
)

select
    min(set_time) as event_time,
    account_id,
    aws_region as region,
    first_value(set_by order by set_time, version, statement_index) as actor,
    key_arn,
    array_slice(
        array_distinct(
            array_agg(event_id order by set_time, version, statement_index)
        ), 1, 20
    ) as event_ids,
    concat(
        first_value(set_by order by set_time, version, statement_index),
        ' let ', granted_to, ' use ', key_arn,
        ' with no condition on whose resources it acts for'
    ) as summary,
    count(distinct event_id) as event_count,
    min(set_time) as first_time,
    max(set_time) as last_time,
    granted_to,
    array_slice(
        array_agg(distinct statement order by statement), 1, 20
    ) as statements,
    array_agg(distinct event_name order by event_name) as operations
from others
group by key_arn, account_id, aws_region, granted_to
order by event_time, key_arn, granted_to
