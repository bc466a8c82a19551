-- One KMS management event of the lake; an amended record replaces its original.
-- *: the columns of events
select events.*
    -- Network-activity events are left out: they say what a VPC endpoint let
    -- pass, and would count each call twice.
from events
where events.event_source in ('kms.amazonaws.com', 'kms.amazonaws.com.cn')
    and (
        events.event_category is null
        or events.event_category <> 'NetworkActivity'
    )
    and not exists (
        select 1
        from events as amended
        where amended.addendum_original_event_id is not null
            and amended.addendum_original_event_id = events.event_id
    )
