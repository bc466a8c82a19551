-- id = "%ID%"
-- title = "Tags of a KMS key changed by hand"
-- kind = "event"
-- severity = "low" # info, low, medium, high or critical
-- confidence = "medium" # low, medium or high
-- attack = [] # techniques of queries/attack.csv, such as ["T1098"]; they need the next line
-- # attack_version = "18.1"
-- controls = [] # controls that a finding is evidence for
-- lookback = "0d" # how far before the window the query looks
-- entity = ["key_arn", "actor"] # columns that stay the same while the matter lasts
-- why = "Say why it matters. Here: our tags decide who may use a key."
-- benign = "Say what else it may be. Here: an agreed repair."
-- respond = "Say what to look at first and whom to ask. Here: ask the actor, then compare the tags with the pipeline's."
-- see = []
-- [parameters]
-- calls_min = 1 # bound as $calls_min; text such as "90d" is bound as an interval
-- #
-- # An event detection judges what happened in the window: event_time lies in it.
-- # The first seven columns have these names, in this order. Further ones become
-- # the finding's details. keytrail sql '\d kms_actions' explains the table.

select
    max(event_time) as event_time,
    key_account_id as account_id,
    aws_region as region,
    actor,
    key_arn,
    array_agg(event_id order by event_time, event_id) as event_ids,
    concat(
        actor, ' changed the tags of ', key_arn,
        ' (calls: ', cast(count(*) as text), ')'
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time
from kms_actions
where event_time >= $window_start
    and event_time < $window_end
    and event_name in ('TagResource', 'UntagResource')
    -- Not what a service does on somebody's behalf.
    and direct_call
    -- Successful calls only; leave it out where a refused call is the signal.
    and error_code is null
group by key_account_id, aws_region, actor, key_arn
having count(*) >= $calls_min
order by event_time, key_arn, actor
