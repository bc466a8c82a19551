-- id = "alias_repointed"
-- title = "KMS alias points at another key"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-12", "NIST-800-53-r5:CM-3", "PCI-DSS-4.0.1:3.7.7"]
-- lookback = "90d"
-- entity = ["account_id", "region", "alias_name"]
-- why = "Applications that name the key by its alias encrypt under the new key from this moment on, without noticing. Who can give them a key of their own, holds what they write."
-- benign = "Rotation by hand: a new key replaces the old one under the same name."
-- respond = "Look at who may use and administer the new key, and whether anything was encrypted under it since. Ask the caller and the owner of the applications that use the alias whether the change was planned. If not, point the alias back and keep the new key until what was written under it is encrypted anew."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/alias-update.html", "https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"]
-- [parameters]
-- recreated_within = "1d" # deleted and created again within it counts as repointed
-- young_key = "7d" # high when the same actor made the new key within it
-- known_within = "90d" # how long before the window the alias is looked for
-- #
-- # UpdateAlias to the key that the alias is known to point at changes nothing. With
-- # nothing known, any UpdateAlias counts. Records of UpdateAlias list the old key,
-- # the new one or both, so the target in the request decides. The new key's policy
-- # trusts outsiders when its newest known version allows anyone, or an account
-- # that is neither ours nor trusted. Successful calls, by whatever path.
with changes as (
    select
        *,
        coalesce(key_account_id, recipient_account_id) as account_id,
        case
            when event_name = 'DeleteAlias' then key_arn
            when target_key_id like 'arn:%' then target_key_id
            when target_key_id is not null then concat(
                'arn:', aws_partition, ':kms:', aws_region, ':',
                coalesce(key_account_id, recipient_account_id), ':key/',
                target_key_id
            )
            else key_arn
        end as pointed_at
    from kms_actions
    where activity = 'manage'
        and event_name in ('CreateAlias', 'UpdateAlias', 'DeleteAlias')
        and error_code is null
        and alias_name is not null
        and event_time >= $window_start - $known_within
        and event_time < $window_end
),

ordered as (
    -- Of two calls within one second DeleteAlias counts as the earlier.
    select
        *,
        lag(event_name) over alias_order as previous_name,
        lag(event_time) over alias_order as previous_time,
        lag(event_id) over alias_order as previous_event_id,
        last_value(pointed_at) ignore nulls over (
            partition by account_id, aws_region, alias_name
            order by event_time, event_name = 'DeleteAlias' desc, event_id
            rows between unbounded preceding and 1 preceding
        ) as previous_key_arn
    from changes
    window alias_order as (
        partition by account_id, aws_region, alias_name
        order by event_time, event_name = 'DeleteAlias' desc, event_id
    )
),

repointed as (
    select
        *,
        event_name = 'CreateAlias' as recreated
    from ordered
    where event_time >= $window_start
        and (
            (
                event_name = 'UpdateAlias'
                and pointed_at <> coalesce(previous_key_arn, '')
            )
            or (
                event_name = 'CreateAlias'
                and previous_name = 'DeleteAlias'
                and previous_time >= event_time - $recreated_within
                and pointed_at <> previous_key_arn
            )
        )
),

own_young_keys as (
    select distinct r.event_id
    from repointed as r
    inner join kms_actions as c
        on c.key_arn = r.pointed_at
        and c.actor = r.actor
    where c.activity = 'manage'
        and c.event_name = 'CreateKey'
        and c.error_code is null
        and c.event_time >= r.event_time - $young_key
        and c.event_time <= r.event_time
),

policies as (
    select
        s.*,
        max(s.version) over (partition by s.key_arn) as newest_version
    from policy_statements as s
    where s.key_arn in (select pointed_at from repointed)
        and s.set_time < $window_end
),

outsiders as (
    select
        key_arn,
        array_agg(distinct account_id order by account_id) as accounts
    from (
        select
            key_arn,
            unnest(
                case
                    when open_to_anyone then make_array('anyone')
                    else principal_accounts
                end
            ) as account_id
        from policies
        where version = newest_version
            and effect = 'Allow'
    ) as trusting
    where account_id not in (select account_id from own_accounts)
        and account_id not in (select account_id from trusted_accounts)
    group by key_arn
),

matters as (
    select
        r.*,
        y.event_id is not null as young,
        o.accounts,
        o.accounts is not null or y.event_id is not null as severe
    from repointed as r
    left join own_young_keys as y on y.event_id = r.event_id
    left join outsiders as o on o.key_arn = r.pointed_at
)

select
    min(event_time) as event_time,
    account_id,
    aws_region as region,
    first_value(actor order by severe desc, event_time, event_id) as actor,
    last_value(pointed_at order by event_time, event_id) as key_arn,
    array_slice(
        flatten(array_agg(
            case
                when recreated then make_array(previous_event_id, event_id)
                else make_array(event_id)
            end
            order by event_time, event_id
        )),
        1, 20
    ) as event_ids,
    concat(
        first_value(actor order by severe desc, event_time, event_id),
        case
            when bool_and(recreated) then ' deleted and recreated '
            else ' repointed '
        end,
        alias_name, ' from ',
        coalesce(
            first_value(previous_key_arn order by event_time, event_id),
            'a key that is not in the lake'
        ),
        ' to ', last_value(pointed_at order by event_time, event_id),
        case
            when bool_or(young) then ', a new key of its own' else ''
        end,
        case
            when bool_or(accounts is not null)
                then ', whose policy trusts outsiders'
            else ''
        end
    ) as summary,
    case when bool_or(severe) then 'high' else 'medium' end as severity,
    count(*) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    alias_name,
    first_value(previous_key_arn order by event_time, event_id)
        as previous_key_arn,
    bool_or(young) as own_young_key,
    first_value(accounts order by severe desc, event_time, event_id)
        as outside_accounts,
    first_value(actor_kind order by severe desc, event_time, event_id)
        as actor_kind,
    first_value(mfa order by severe desc, event_time, event_id) as mfa,
    first_value(mfa_reason order by severe desc, event_time, event_id)
        as mfa_reason,
    first_value(invoked_by order by severe desc, event_time, event_id)
        as invoked_by
from matters
group by account_id, aws_region, alias_name
order by event_time, account_id, region, alias_name
