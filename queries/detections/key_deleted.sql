-- id = "key_deleted"
-- title = "KMS key deleted"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1485"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-12", "NIST-800-53-r5:SC-12(2)", "PCI-DSS-4.0.1:3.7.5", "PCI-DSS-4.0.1:10.2.1.7"]
-- lookback = "90d"
-- entity = ["key_arn"]
-- why = "The waiting period has ended and the key is gone: whatever is encrypted only under it can be read by nobody, ever again."
-- benign = "The end of a planned removal, or of a replica whose key lives on in other Regions under the same key id."
-- respond = "Nothing brings the key back. Look at what was encrypted under it, at copies of that data under other keys, and for imported or external material at whether you still hold it. Ask whoever scheduled the deletion and the key's owner whether it was agreed, and see what else that actor scheduled."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-delete-key.html"]
-- [parameters]
-- scheduled_within = "90d" # how long before the window the scheduling is looked for
-- #
-- # KMS deletes by itself, so the actor shown is the one that scheduled it last,
-- # where the lake has that call. A replica is told by its Region: the other keys
-- # of its multi-Region family have the same id and other ARNs.
with deletions as (
    select
        key_arn,
        min(key_account_id) as key_account_id,
        min(recipient_account_id) as recipient_account_id,
        min(aws_region) as aws_region,
        min(actor) as deleted_by,
        min(event_time) as event_time,
        min(event_id) as event_id,
        count(*) as event_count,
        min(custom_key_store_id) as custom_key_store_id
    from kms_actions
    where activity = 'manage'
        and event_name = 'DeleteKey'
        and error_code is null
        and event_time >= $window_start
        and event_time < $window_end
    group by key_arn
),

schedulings as (
    select
        s.key_arn,
        s.event_time,
        s.event_id,
        s.actor,
        s.actor_kind,
        s.mfa,
        s.mfa_reason,
        s.pending_window_in_days,
        row_number() over (
            partition by s.key_arn
            order by s.event_time desc, s.event_id desc
        ) as age_rank
    from kms_actions as s
    inner join deletions as d
        on d.key_arn = s.key_arn
        and s.event_time <= d.event_time
    where s.activity = 'manage'
        and s.event_name = 'ScheduleKeyDeletion'
        and s.error_code is null
        and s.event_time >= $window_start - $scheduled_within
        and s.event_time < $window_end
)

select
    d.event_time,
    coalesce(d.key_account_id, d.recipient_account_id) as account_id,
    d.aws_region as region,
    coalesce(s.actor, d.deleted_by) as actor,
    d.key_arn,
    case
        when s.event_id is null then make_array(d.event_id)
        else make_array(s.event_id, d.event_id)
    end as event_ids,
    concat(
        d.key_arn, ' was deleted',
        case
            when s.actor is null then '; who scheduled it is not in the lake'
            else concat(
                ', as ', s.actor, ' scheduled on ',
                to_char(s.event_time, '%Y-%m-%d')
            )
        end
    ) as summary,
    d.event_count,
    d.event_time as first_time,
    d.event_time as last_time,
    s.event_time as scheduled_time,
    s.pending_window_in_days as waiting_days,
    d.key_arn like '%:key/mrk-%' as multi_region,
    d.custom_key_store_id,
    s.actor_kind,
    s.mfa,
    s.mfa_reason
from deletions as d
left join schedulings as s
    on s.key_arn = d.key_arn
    and s.age_rank = 1
order by d.event_time, d.key_arn
