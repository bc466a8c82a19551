-- One KMS call: of the copies that several accounts logged, the caller's, if it is there.
-- *: the columns of events
select ranked.* except (copy_rank)
from (
    select
        kms_events.*,
        -- Copies of a call agree on these four columns. All four partition the
        -- window, not action_id alone: only then can a filter on time,
        -- operation or side of the lake pass it and reach the files.
        row_number() over (
            partition by action_id, event_time, event_name, activity
            order by
                case
                    when recipient_account_id = actor_account_id then 0
                    when recipient_account_id = key_account_id then 1
                    else 2
                end,
                recipient_account_id,
                event_id
        ) as copy_rank
    from kms_events
) as ranked
where ranked.copy_rank = 1
