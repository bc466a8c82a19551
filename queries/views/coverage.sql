-- One hour in which logs of an account and Region arrived.
-- account_id: account whose logs they are
-- region: Region whose logs they are
-- hour: start of the hour, UTC
select distinct
    -- The names of log files say when CloudTrail delivered; where they say
    -- nothing (standard input, renamed files), the KMS calls speak for their own
    -- hours. Digest files are no proof: they name log files that may never
    -- have been read.
    account_id,
    region,
    hour
from (
    select
        account_id,
        aws_region as region,
        date_trunc('hour', delivered_at) as hour
    from objects
    where account_id is not null
        and aws_region is not null
        and delivered_at is not null
        and outcome in ('read', 'partly_read')
    union all
    select
        recipient_account_id as account_id,
        aws_region as region,
        hour
    from usage
    where recipient_account_id <> ''
        and aws_region is not null
    union all
    select
        recipient_account_id as account_id,
        aws_region as region,
        date_trunc('hour', event_time) as hour
    from events_not_in_usage
    where recipient_account_id <> ''
        and aws_region is not null
) as hours
