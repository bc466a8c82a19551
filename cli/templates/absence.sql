-- id = "%ID%"
-- title = "KMS key no longer used"
-- kind = "absence"
-- severity = "low" # info, low, medium, high or critical
-- confidence = "medium" # low, medium or high
-- attack = [] # techniques of queries/attack.csv, such as ["T1098"]; they need the next line
-- # attack_version = "18.1"
-- controls = [] # controls that a finding is evidence for
-- lookback = "90d" # how far before the window the query looks
-- entity = ["key_arn"] # columns that stay the same while the matter lasts
-- why = "Say why it matters. Here: a key that nobody needs is cost, and access that nobody watches."
-- benign = "Say what else it may be. Here: data that is read once a year."
-- respond = "Say what to look at first and whom to ask. Here: ask the owner what is encrypted under the key before anything else."
-- see = []
-- [parameters]
-- unused_after = "90d" # not longer than lookback: silence counts where logs were complete
-- #
-- # An absence detection judges a state that only silence shows. A row is dropped,
-- # and counted as not determinable, when the logs of its account and Region have
-- # a gap within lookback. For long lookbacks key_usage is faster than kms_actions.

with used as (
    select
        key_account_id,
        aws_region,
        key_arn,
        max(event_time) as last_time,
        last_value(actor order by event_time, event_id) as last_actor,
        last_value(event_id order by event_time, event_id) as last_event_id
    from kms_actions
    where activity = 'use'
        and event_time < $window_end
        and error_code is null
        and key_arn is not null
    group by key_account_id, aws_region, key_arn
)

select
    last_time + $unused_after as event_time,
    key_account_id as account_id,
    aws_region as region,
    last_actor as actor,
    key_arn,
    make_array(last_event_id) as event_ids,
    concat(key_arn, ' was last used by ', last_actor) as summary,
    last_time
from used
where last_time < $window_end - $unused_after
order by event_time, key_arn
