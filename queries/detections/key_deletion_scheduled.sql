-- id = "key_deletion_scheduled"
-- title = "KMS key scheduled for deletion"
-- kind = "state"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1485"]
-- attack_version = "18.1"
-- controls = ["AWS-FSBP:KMS.3", "AWS-FSBP:CloudWatch.7", "CIS-AWS-5.0.0:4.7", "CIS-AWS-6.0.0:5.7", "NIST-800-53-r5:SC-12", "NIST-800-53-r5:SC-12(2)", "PCI-DSS-4.0.1:3.7.5"]
-- lookback = "90d"
-- entity = ["key_arn"]
-- why = "Data encrypted only under a deleted key is lost for good: nobody, AWS included, can bring the key back."
-- benign = "Planned removal of a key that nothing uses any more."
-- respond = "Look at the key's last use and at what is encrypted under it. Ask the key's owner and the caller. If anyone is unsure, cancel the deletion before the waiting period ends, and leave the key disabled while you find out."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html"]
-- [parameters]
-- critical_waiting_days = 7
-- use_lookback = "90d"
-- #
-- # Ends with CancelKeyDeletion; and when the key is gone, which is another
-- # matter (key_deleted): DeleteKey, or two days after the announced date, since
-- # KMS may take one day longer than it said. A multi-Region primary with replicas
-- # has no date: it waits for them. Of two calls within one second the
-- # scheduling counts as the later, because a false alarm costs less.
with latest as (
    select
        coalesce(key_arn, requested_key_id) as key_arn,
        coalesce(key_account_id, recipient_account_id) as account_id,
        aws_region,
        event_time,
        event_id,
        event_name,
        actor,
        actor_kind,
        mfa,
        mfa_reason,
        invoked_by,
        key_state,
        pending_window_in_days,
        deletion_date,
        row_number() over (
            partition by coalesce(key_arn, requested_key_id)
            order by
                event_time desc,
                case event_name when 'CancelKeyDeletion' then 1 else 0 end,
                event_id desc
        ) as age_rank
    from kms_actions
    where activity = 'manage'
        and event_name in (
            'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey'
        )
        and error_code is null
        and event_time < $window_end
),

pending as (
    select *
    from latest
    where age_rank = 1
        and event_name = 'ScheduleKeyDeletion'
        and (
            deletion_date is null
            or deletion_date > $window_end - interval '2 days'
        )
),

used as (
    select
        uses.key_arn,
        max(uses.event_time) as last_used_time,
        first_value(
            uses.actor order by uses.event_time desc, uses.event_id
        ) as last_used_by,
        count(distinct uses.action_id) as uses
    -- pending first: it is tiny, and the join then reads only its keys' events
    from pending
    inner join (
        select key_arn, event_time, event_id, event_name, actor, action_id
        from kms_events
        where activity = 'use'
            and error_code is null
            and event_time >= $window_end - $use_lookback
            and event_time < $window_end
        union all
        select
            destination_key_arn as key_arn,
            event_time,
            event_id,
            event_name,
            actor,
            action_id
        from kms_events
        where activity = 'use'
            and event_name = 'ReEncrypt'
            and error_code is null
            and event_time >= $window_end - $use_lookback
            and event_time < $window_end
    ) as uses
        on uses.key_arn = pending.key_arn
    inner join kms_operations as operations
        on operations.event_name = uses.event_name
        and operations.class = 'cryptographic'
    group by uses.key_arn
)

select
    pending.event_time,
    pending.account_id,
    pending.aws_region as region,
    pending.actor,
    pending.key_arn,
    make_array(pending.event_id) as event_ids,
    concat(
        pending.actor, ' scheduled the deletion of ', pending.key_arn,
        case
            when pending.deletion_date is null then ' (no date yet)'
            else concat(
                ' for ', to_char(pending.deletion_date, '%Y-%m-%d')
            )
        end,
        case
            when used.last_used_time is null
                then concat(
                    '; no use seen in ', cast($use_lookback as text)
                )
            else concat(
                '; last used ',
                to_char(used.last_used_time, '%Y-%m-%dT%H:%M:%SZ'),
                ' by ', used.last_used_by
            )
        end
    ) as summary,
    case
        when pending.pending_window_in_days <= $critical_waiting_days
            or pending.deletion_date
            < pending.event_time + interval '8 days'
            then 'critical'
        else 'high'
    end as severity,
    pending.deletion_date,
    pending.pending_window_in_days as waiting_days,
    pending.key_state,
    used.last_used_time,
    used.last_used_by,
    coalesce(used.uses, 0) as uses,
    pending.actor_kind,
    pending.mfa,
    pending.mfa_reason,
    pending.invoked_by
from pending
left join used
    on used.key_arn = pending.key_arn
order by pending.event_time, pending.key_arn
