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
        sum(usage.calls) as calls,
        sum(usage.calls) filter (where usage.vpc_endpoint) as inside,
        sum(usage.calls) filter (
            where operations.class = 'cryptographic'
        ) as key_calls,
        sum(usage.calls) filter (
            where operations.class = 'cryptographic' and usage.vpc_endpoint
        ) as key_inside
    from key_usage_parts as usage
    left join kms_operations as operations
        on operations.event_name = usage.event_name
    where usage.hour >= $window_start - $habit
        and usage.hour < date_trunc('hour', $window_start)
        and usage.direct_call
        and usage.key_side = 'key'
    group by usage.actor, usage.key_arn, usage.aws_region
),

-- an actor's name and a key's are both ARNs: one table of habits serves both
habits as (
    select
        coalesce(actor, key_arn) as name,
        grouping(actor) = 0 as of_actor,
        array_agg(distinct aws_region) as regions,
        case when grouping(actor) = 0 then sum(calls) else sum(key_calls) end
            as calls,
        case when grouping(actor) = 0 then sum(inside) else sum(key_inside) end
            as inside
    from used
    group by grouping sets ((actor), (key_arn))
),

-- a call that is against the habit of its actor and of its key is here twice
outside as (
    select
        calls.*,
        habits.of_actor,
        habits.regions as habit_regions,
        habits.calls as habit_calls,
        habits.inside as habit_inside
    from (
        select
            actions.*,
            unnest(
                case operations.class
                    when 'cryptographic'
                        then make_array(actions.actor, actions.key_arn)
                    else make_array(actions.actor)
                end
            ) as name
        from kms_actions as actions
        left join kms_operations as operations
            on operations.event_name = actions.event_name
        where actions.event_time >= $window_start
            and actions.event_time < $window_end
            and actions.direct_call
            and actions.actor_kind <> 'service'
            and actions.vpc_endpoint_id is null
    ) as calls
    inner join habits on habits.name = calls.name
    where habits.calls >= $calls_min
        and habits.inside * 100 >= habits.calls * $share_percent
)

select
    min(event_time) as event_time,
    first_value(
        case
            when of_actor then coalesce(actor_account_id, recipient_account_id)
            else key_account_id
        end
        order by not of_actor, event_time, event_id
    ) as account_id,
    first_value(
        case
            when array_has(habit_regions, aws_region) then aws_region
        end
        order by event_time, event_id, not of_actor
    ) as region,
    actor,
    case
        when count(distinct coalesce(key_arn, event_id)) = 1 then min(key_arn)
    end as key_arn,
    array_slice(
        array_distinct(array_agg(event_id order by event_time, event_id)),
        1, 20
    ) as event_ids,
    concat(
        actor, ' called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' without the VPC endpoint that ',
        first_value(
            concat(
                cast(habit_inside as text), ' of ', cast(habit_calls as text),
                case
                    when of_actor then ' of its calls' else ' calls on a key'
                end
            )
            order by not of_actor, event_time, event_id
        ),
        ' used before (calls now: ', cast(count(distinct event_id) as text),
        ', refused or failed: ',
        cast(
            count(distinct event_id) filter (where error_code is not null)
            as text
        ),
        ')'
    ) as summary,
    count(distinct event_id) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    bool_or(of_actor) as habit_of_actor,
    array_slice(
        array_agg(distinct key_arn order by key_arn) filter (
            where not of_actor
        ),
        1, 20
    ) as habit_of_keys,
    array_agg(distinct event_name order by event_name) as operations,
    array_agg(distinct aws_region order by aws_region) as regions,
    count(distinct event_id) filter (where error_code is not null) as failed,
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
