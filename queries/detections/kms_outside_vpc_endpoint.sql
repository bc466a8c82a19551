-- id = "kms_outside_vpc_endpoint"
-- title = "KMS called past the VPC endpoint"
-- kind = "event"
-- severity = "medium"
-- confidence = "medium"
-- attack = ["T1078.004"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-6(3)", "NIST-800-53-r5:SI-4(4)", "SOC-2:CC6.7"]
-- lookback = "30d"
-- history = "14d"
-- entity = ["actor"]
-- why = "An actor or a key that was always reached through a VPC endpoint is now reached from elsewhere. That is what credentials look like that were taken off a machine and used from outside."
-- benign = "An endpoint that was removed or replaced, a new subnet or Region without one, a person who tests with a program's role."
-- respond = "Look at the addresses and programs of these calls, and whether any succeeded. Ask the network team whether routes or endpoints changed, and the owner of the actor where it runs. If neither explains it, have the role's sessions revoked and see what was decrypted; conditions on aws:SourceVpce refuse such calls."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/vpce-policy-condition.html", "https://docs.aws.amazon.com/kms/latest/developerguide/vpce-logging.html"]
-- [parameters]
-- habit = "30d" # as long as lookback: which way the calls came before the window
-- calls_min = 100 # direct calls that make a habit
-- share_percent = 99 # of them through a VPC endpoint
-- #
-- # Direct calls; what services call comes from inside AWS. Refused calls count,
-- # before and now: a policy that did its work is no reason for silence. An actor
-- # is judged by all its calls, a key by cryptographic ones, as everyone may look
-- # at it in the console. Without a Region of the habit, any Region's logs serve
-- # as history.
with used as (
    select
        usage.actor,
        usage.key_arn,
        usage.aws_region,
        operations.event_name is not null as cryptographic,
        sum(usage.calls) as calls,
        sum(case when usage.vpc_endpoint then usage.calls else 0 end) as inside
    from key_usage as usage
    left join kms_operations as operations
        on operations.event_name = usage.event_name
        and operations.class = 'cryptographic'
    where usage.hour >= $window_start - $habit
        and usage.hour < date_trunc('hour', $window_start)
        and usage.direct_call
        and usage.key_side = 'key'
    group by 1, 2, 3, 4
),

habits as (
    select
        'actor' as side,
        actor as name,
        sum(calls) as calls,
        sum(inside) as inside,
        array_agg(distinct aws_region) as regions
    from used
    group by actor
    having sum(calls) >= $calls_min
        and sum(inside) * 100 >= sum(calls) * $share_percent
    union all
    select
        'key' as side,
        key_arn as name,
        sum(calls) as calls,
        sum(inside) as inside,
        array_agg(distinct aws_region) as regions
    from used
    where cryptographic
        and key_arn is not null
    group by key_arn
    having sum(calls) >= $calls_min
        and sum(inside) * 100 >= sum(calls) * $share_percent
),

outside as (
    select
        actions.*,
        of_actor.calls as actor_calls,
        of_actor.inside as actor_inside,
        of_key.name as habit_key_arn,
        of_key.calls as key_calls,
        of_key.inside as key_inside,
        coalesce(of_actor.regions, of_key.regions) as habit_regions
    from kms_actions as actions
    left join kms_operations as operations
        on operations.event_name = actions.event_name
        and operations.class = 'cryptographic'
    left join habits as of_actor
        on of_actor.side = 'actor'
        and of_actor.name = actions.actor
    left join habits as of_key
        on of_key.side = 'key'
        and of_key.name = actions.key_arn
        and operations.event_name is not null
    where actions.event_time >= $window_start
        and actions.event_time < $window_end
        and actions.direct_call
        and actions.actor_kind <> 'service'
        and actions.vpc_endpoint_id is null
        and (of_actor.name is not null or of_key.name is not null)
)

select
    min(event_time) as event_time,
    first_value(
        case
            when actor_calls is not null
                then coalesce(actor_account_id, recipient_account_id)
            else key_account_id
        end
        order by event_time, event_id
    ) as account_id,
    first_value(
        case
            when array_has(habit_regions, aws_region) then aws_region
        end
        order by event_time, event_id
    ) as region,
    actor,
    case
        when count(distinct coalesce(key_arn, event_id)) = 1 then min(key_arn)
    end as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        actor, ' called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' without the VPC endpoint that ',
        case
            when max(actor_calls) is not null then concat(
                cast(max(actor_inside) as text), ' of ',
                cast(max(actor_calls) as text), ' of its calls'
            )
            else concat(
                cast(max(key_inside) as text), ' of ',
                cast(max(key_calls) as text), ' calls on the key'
            )
        end,
        ' used before (calls now: ', cast(count(*) as text),
        ', refused or failed: ', cast(count(error_code) as text), ')'
    ) as summary,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    max(actor_calls) is not null as habit_of_actor,
    array_slice(
        array_agg(distinct habit_key_arn order by habit_key_arn)
        filter (where habit_key_arn is not null),
        1, 20
    ) as habit_of_keys,
    array_agg(distinct event_name order by event_name) as operations,
    array_agg(distinct aws_region order by aws_region) as regions,
    count(error_code) as failed,
    min(actor_kind) as actor_kind,
    array_slice(
        array_agg(distinct source_ip_address order by source_ip_address),
        1, 20
    ) as source_ip_addresses,
    array_slice(
        array_agg(distinct user_agent order by user_agent)
        filter (where user_agent is not null),
        1, 5
    ) as user_agents
from outside
group by actor
order by event_time, actor
