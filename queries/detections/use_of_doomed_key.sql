-- id = "use_of_doomed_key"
-- title = "Disabled KMS key, or one about to be deleted, still needed"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:SC-12", "NIST-800-53-r5:SI-4", "PCI-DSS-4.0.1:3.7.5"]
-- lookback = "90d"
-- entity = ["key_arn"]
-- why = "Somebody tries to use the key and cannot. If it is going to be deleted, this may be the last warning that data is encrypted under it; if it was disabled against your will, this is what no longer works."
-- benign = "An old job that nobody has removed, or a tool that tries every key."
-- respond = "Ask the owner of each caller what the key is needed for, and look at the encryption context of the calls to see which data it is. While a deletion is pending, cancel it until this is answered; ask whoever scheduled or disabled the key before you enable it."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-creating-cloudwatch-alarm.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"]
-- [parameters]
-- doomed_within = "90d" # how long before the window the disabling or scheduling is looked for
-- #
-- # Attempts are cryptographic calls that failed with DisabledException, or with
-- # KMSInvalidStateException whose message says "pending deletion" or "pending
-- # replica deletion" (KMS gives either for such keys); without a message, the
-- # key's last known change decides. Calls that services make for somebody count:
-- # most of what stops working is one. Administration that a key's state refuses is
-- # no use, and other states (pending import, unavailable) pass.
with attempts as (
    select
        event_time,
        event_id,
        event_name,
        error_code,
        error_message,
        actor,
        actor_kind,
        invoked_by,
        array_to_string(map_keys(encryption_context), ', ') as context_keys,
        coalesce(
            key_account_id, actor_account_id, recipient_account_id
        ) as caller_account_id,
        aws_region,
        -- The message tells which of ReEncrypt's two keys it was.
        coalesce(
            regexp_match(
                error_message, 'arn:[a-z-]+:kms:[^ ]*:key/[A-Za-z0-9-]+'
            )[1],
            key_arn,
            requested_key_id
        ) as key_arn
    from kms_actions
    where activity = 'use'
        and event_time >= $window_start
        and event_time < $window_end
        and error_code in ('DisabledException', 'KMSInvalidStateException')
        and event_name in (
            select event_name
            from kms_operations
            where role = 'user'
        )
),

changes as (
    select
        c.key_arn,
        c.event_time,
        c.event_name,
        c.actor,
        c.deletion_date,
        row_number() over (
            partition by c.key_arn
            order by c.event_time desc, c.event_id desc
        ) as age_rank
    from kms_actions as c
    where c.activity = 'manage'
        and c.event_name in (
            'DisableKey', 'EnableKey', 'ScheduleKeyDeletion',
            'CancelKeyDeletion'
        )
        and c.error_code is null
        and c.event_time >= $window_start - $doomed_within
        and c.event_time < $window_end
        and c.key_arn in (select key_arn from attempts)
),

judged as (
    select
        a.*,
        case
            when a.error_message like '%pending deletion%'
                or a.error_message like '%pending replica deletion%'
                then 'pending deletion'
            when a.error_code = 'DisabledException'
                and c.event_name = 'ScheduleKeyDeletion'
                and c.event_time <= a.event_time then 'pending deletion'
            when a.error_code = 'DisabledException' then 'disabled'
            when a.error_message is null
                and c.event_name = 'ScheduleKeyDeletion'
                and c.event_time <= a.event_time then 'pending deletion'
        end as state,
        c.event_name as last_change,
        c.event_time as last_change_time,
        c.actor as last_change_by,
        c.deletion_date
    from attempts as a
    left join changes as c
        on c.key_arn = a.key_arn
        and c.age_rank = 1
)

select
    min(event_time) as event_time,
    case
        when key_arn like 'arn:%' then split_part(key_arn, ':', 5)
        else min(caller_account_id)
    end as account_id,
    min(aws_region) as region,
    first_value(actor order by event_time, event_id) as actor,
    key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        case
            when bool_or(state = 'pending deletion')
                then 'a key that is going to be deleted'
            else 'a disabled key'
        end,
        case
            when min(deletion_date) is null
                or not bool_or(state = 'pending deletion') then ''
            else concat(' on ', to_char(min(deletion_date), '%Y-%m-%d'))
        end,
        ' is still needed (calls: ', cast(count(*) as text), '), last by ',
        last_value(actor order by event_time, event_id),
        case
            when count(distinct actor) = 1 then ''
            else concat(
                ', callers: ', cast(count(distinct actor) as text)
            )
        end
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    array_agg(distinct state order by state) as states,
    array_slice(
        array_agg(distinct actor order by actor), 1, 20
    ) as actors,
    array_agg(distinct event_name order by event_name) as operations,
    array_agg(distinct invoked_by order by invoked_by) filter (
        where invoked_by is not null
    ) as services,
    array_agg(distinct context_keys order by context_keys) filter (
        where context_keys <> ''
    ) as encryption_context_keys,
    min(last_change) as last_change,
    min(last_change_time) as last_change_time,
    min(last_change_by) as last_change_by,
    min(deletion_date) as deletion_date
from judged
where state is not null
group by key_arn
order by event_time, key_arn
