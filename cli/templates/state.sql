-- id = "%ID%"
-- title = "KMS key disabled"
-- kind = "state"
-- severity = "low" # info, low, medium, high or critical
-- confidence = "medium" # low, medium or high
-- attack = [] # techniques of queries/attack.csv, such as ["T1098"]; they need the next line
-- # attack_version = "18.1"
-- controls = [] # controls that a finding is evidence for
-- lookback = "0d" # how far before the window the query looks
-- entity = ["key_arn"] # columns that stay the same while the matter lasts
-- why = "Say why it matters. Here: what is encrypted under the key cannot be read."
-- benign = "Say what else it may be. Here: a test before a planned removal."
-- respond = "Say what to look at first and whom to ask. Here: see who used the key last, then ask its owner."
-- see = []
-- [parameters]
-- except_actors = ["arn:aws:iam::111122223333:role/Nobody"] # who may: a list of text
-- #
-- # A state detection judges how things stand at $window_end: $window_start plays
-- # no part, and what happened at or after the end is left out. event_time is the
-- # moment when the condition became true, so that it stays the same run by run.

with changes as (
    select *
    from kms_actions
    where activity = 'manage'
        and event_time < $window_end
        and event_name in ('DisableKey', 'EnableKey')
        and error_code is null
        and key_arn is not null
),

latest as (
    select
        *,
        row_number() over (
            partition by key_arn
            order by event_time desc, event_id desc
        ) as age
    from changes
)

select
    event_time,
    key_account_id as account_id,
    aws_region as region,
    actor,
    key_arn,
    make_array(event_id) as event_ids,
    concat(key_arn, ' is disabled, by ', actor) as summary
from latest
where age = 1
    and event_name = 'DisableKey'
    and not coalesce(array_has($except_actors, actor), false)
order by event_time, key_arn
