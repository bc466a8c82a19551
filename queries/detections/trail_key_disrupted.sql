-- id = "trail_key_disrupted"
-- title = "KMS key that encrypts trail logs disrupted"
-- kind = "event"
-- severity = "critical"
-- confidence = "high"
-- attack = ["T1562.008", "T1485"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:CloudTrail.2", "CIS-AWS-5.0.0:3.5", "CIS-AWS-6.0.0:4.5", "CIS-AWS-5.0.0:4.7", "CIS-AWS-6.0.0:5.7", "NIST-800-53-r5:AU-9", "PCI-DSS-4.0.1:10.3.4", "PCI-DSS-4.0.1:10.2.1.6"]
-- lookback = "30d"
-- entity = ["key_arn"]
-- why = "Without its key CloudTrail cannot deliver: from then on nothing is logged, this lake included, and logs already written can be read no more. It is the quiet way of stopping a trail."
-- benign = "A trail that was moved to another key before, or a policy that names CloudTrail in a way this cannot see (a condition, an organization)."
-- respond = "Look first whether logs still arrive, since what follows may be missing. Ask the trail's owner and the caller at once; if they know of nothing, enable the key, cancel the deletion or put the last policy back, then look at everything that happened around it, in Event history too: it does not need the key."
-- see = ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html", "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html"]
-- [parameters]
-- used_within = "30d" # as long as lookback
-- #
-- # A trail's key is one that CloudTrail itself used to make data keys, with an
-- # encryption context, before the disruption: in the window that context must
-- # hold aws:cloudtrail:arn; before it, where calls are added up by hour, any does
-- # (CloudTrail writes no other). A policy counts when the one before allowed
-- # CloudTrail to make data keys (or is unknown) and the new one does not, or
-- # denies it by name. Failed calls disrupt nothing.
with trail_keys as (
    select key_arn, min(first_time) as first_time
    from (
        select key_arn, first_time
        from key_usage_parts
        where hour >= date_trunc('hour', $window_start) - $used_within
            and hour < date_trunc('hour', $window_start)
            and activity = 'use'
            and actor like 'cloudtrail.amazonaws.com%'
            and event_name like 'GenerateDataKey%'
            and error_code is null
            and calls_with_context > 0
        union all
        select key_arn, event_time as first_time
        from kms_events
        where event_time >= date_trunc('hour', $window_start)
            and event_time < $window_end
            and activity = 'use'
            and actor like 'cloudtrail.amazonaws.com%'
            and event_name like 'GenerateDataKey%'
            and error_code is null
            and array_has(map_keys(encryption_context), 'aws:cloudtrail:arn')
    ) as uses
    where key_arn is not null
    group by key_arn
),

-- whether each version of a trail key's policy lets CloudTrail make data keys
versions as (
    select
        s.key_arn,
        s.version,
        min(s.event_id) as event_id,
        coalesce(bool_or(
            s.effect = 'Allow'
            and array_has(s.kms_actions, 'kms:GenerateDataKey')
            and (
                array_has(s.principals, 'Service:cloudtrail.amazonaws.com')
                or array_has(s.principals, 'Service:*')
                or array_has(s.principals, '*')
            )
        ), false)
        and not coalesce(bool_or(
            s.effect = 'Deny'
            and array_has(s.kms_actions, 'kms:GenerateDataKey')
            and array_has(s.principals, 'Service:cloudtrail.amazonaws.com')
        ), false) as allows
    from policy_statements as s
    inner join trail_keys as t on t.key_arn = s.key_arn
    where s.set_time < $window_end
    group by s.key_arn, s.version
),

shut_out as (
    select v.event_id
    from versions as v
    left join versions as previous
        on previous.key_arn = v.key_arn
        and previous.version = v.version - 1
    where not v.allows
        and coalesce(previous.allows, true)
),

disruptions as (
    select
        c.*,
        t.first_time as used_since,
        case
            when c.event_name = 'PutKeyPolicy' then 'policy without CloudTrail'
            when c.event_name in ('RevokeGrant', 'RetireGrant')
                then 'grant to CloudTrail ended'
            else c.event_name
        end as what
    from kms_actions as c
    inner join trail_keys as t
        on t.key_arn = c.key_arn
        and t.first_time <= c.event_time
    left join grants as g
        on g.grant_id = c.grant_id
        and g.grantee_principal like 'cloudtrail.%'
    where c.activity = 'manage'
        and c.event_time >= $window_start
        and c.event_time < $window_end
        and c.error_code is null
        and (
            c.event_name in (
                'DisableKey', 'ScheduleKeyDeletion',
                'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial'
            )
            or (
                c.event_name = 'PutKeyPolicy'
                and c.event_id in (select event_id from shut_out)
            )
            or (
                c.event_name in ('RevokeGrant', 'RetireGrant')
                and g.grant_id is not null
            )
        )
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
        first_value(actor order by event_time, event_id),
        ' disrupted the key that CloudTrail encrypts logs with: ',
        array_to_string(array_agg(distinct what order by what), ', '),
        ' on ', key_arn
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    array_agg(distinct what order by what) as disruptions,
    array_agg(distinct actor order by actor) as actors,
    min(deletion_date) as deletion_date,
    min(used_since) as used_by_cloudtrail_since,
    first_value(actor_kind order by event_time, event_id) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason,
    first_value(invoked_by order by event_time, event_id) as invoked_by
from disruptions
group by key_arn
order by event_time, key_arn
