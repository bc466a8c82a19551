-- id = "key_policy_weakened"
-- title = "KMS key policy weakened"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-6", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:3.6.1"]
-- lookback = "0d"
-- entity = ["key_arn", "actor", "day"]
-- why = "A guard that was there is gone: a condition such as MFA, the organization or the encryption context, or a Deny. Whoever wants to misuse a key later takes its guards away first, one at a time, in changes that look like upkeep."
-- benign = "A reviewed change that moves a guard elsewhere, such as into a service control policy; a new member in the list of a key's users (medium)."
-- respond = "Read the statements that came and went, and see in the details which guard they lose for whom. Ask the actor and the key's owner for the change request. If there is none, have the owner put the previous policy back, and look at what the principals did in between that the guard would have stopped."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying.html"]
-- #
-- # PutKeyPolicy against the newest known policy of the key, compared not by
-- # statement but by what each principal may do, so that splitting, joining and
-- # renaming statements is no change.
-- # - condition_gone: every Allow of the same principal and operation had a
-- #   condition that a new Allow lacks, or has only with an operator that holds
-- #   without the key, or with the wildcard *, or with true turned to false.
-- # - condition_widened: the same condition, with the same values and more.
-- # - deny_gone, deny_narrower (further conditions), deny_changed (other
-- #   values).
-- # - allow_widened: a principal gets operations beside those it had, or one
-- #   more principal stands in a statement. A new statement for a new principal
-- #   is key_policy_changed's matter.
-- # Widened lists and deny_changed alone are medium, unless an operation of
-- # high or critical risk was added: they are what everyday upkeep looks like.
with changes as (
    select *, policy_diff(previous_policy, policy) as diff
    from key_policies
    where event_name = 'PutKeyPolicy'
        and set_time >= $window_start
        and set_time < $window_end
        and policy is not null
        and previous_policy is not null
        and not policy_diff(previous_policy, policy)['same']
),

parsed as (
    select
        key_arn,
        event_id,
        side,
        unnest(
            parse_policy(
                case side when 'new' then policy else previous_policy end
            )
        ) as s
    from (
        select *, unnest(make_array('new', 'old')) as side
        from changes
    ) as sides
),

statements as (
    select
        key_arn,
        event_id,
        side,
        s['statement_index'] as place,
        s['sid'] as sid,
        s['effect'] as effect,
        s['kms_actions'] as kms_actions,
        coalesce(lower(s['conditions']), '') as conditions,
        s['condition_keys'] as condition_keys,
        case
            when cardinality(s['not_principals']) > 0
                then make_array(
                    concat(
                        'all but ',
                        array_to_string(array_sort(s['not_principals']), ', ')
                    )
                )
            else s['principals']
        end as principals,
        bool_or(s['error'] is not null) over (
            partition by event_id
        ) as unreadable,
        -- a new Sid is no new statement
        count(*) over (
            partition by
                event_id,
                regexp_replace(
                    s['statement'], ',"Sid":"(?:[^"\\]|\\.)*"', ''
                )
        ) > 1 as kept
    from parsed
),

-- One row per statement and principal; an account id is its root.
parties as (
    select
        *,
        case
            when regexp_like(party, '^[0-9]{12}$')
                then concat(
                    'arn:', split_part(key_arn, ':', 2), ':iam::', party,
                    ':root'
                )
            else party
        end as principal
    from (
        select *, unnest(principals) as party
        from statements
        where not unreadable
    ) as unnested
),

-- Conditions that guard: on who, from where, through what, for what. Each
-- statement has one row more, with the guard '', for itself.
guard_keys as (
    select
        *,
        concat('"', guard, '":') as written,
        -- without operators that also hold when the key is absent
        regexp_replace(
            conditions,
            concat(
                '"(?:[a-z:]*ifexists|null|forallvalues:[a-z]*',
                '|[a-z:]*not[a-z]*)":\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}'
            ),
            '',
            'g'
        ) as firm_conditions
    from (
        select *, unnest(array_append(condition_keys, '')) as guard
        from parties
        where effect = 'Allow'
    ) as unnested
    where guard = ''
        or regexp_like(
            guard,
            concat(
                '^(aws:multifactorauth(present|age)|kms:encryptioncontext.*',
                '|kms:(viaservice|calleraccount|grantisforawsresource)',
                '|kms:(granteeprincipal|grantoperations|grantconstrainttype)',
                '|kms:recipientattestation:.*|aws:principal(orgid|orgpaths)',
                '|aws:principal(account|arn|tag/.*)|aws:resourcetag/.*',
                '|aws:source(vpce|vpc|ip|arn|account|orgid|orgpaths))$'
            )
        )
),

guards as (
    select
        *,
        count(*) over (
            partition by event_id, side, place, principal
        ) = 1 as unguarded,
        sid is not null and bool_or(side = 'old') over (
            partition by event_id, sid
        ) as sid_known,
        strpos(firm_conditions, written) > 0
            and strpos(firm_conditions, concat(written, '"*"')) = 0
            and (
                guard not in (
                    'aws:multifactorauthpresent', 'kms:grantisforawsresource'
                )
                or strpos(firm_conditions, concat(written, '"true"')) > 0
            ) as firm,
        -- the values, read as if they were actions
        case
            when guard <> '' then parse_policy(
                concat(
                    '{"Statement":{"Action":',
                    regexp_match(
                        substr(
                            conditions,
                            strpos(conditions, written)
                            + character_length(written)
                        ),
                        concat(
                            '^(?:"(?:[^"\\]|\\.)*"',
                            '|\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])'
                        )
                    )[1],
                    '}}'
                )
            )[1]['actions']
        end as permitted
    from guard_keys
),

cells as (
    select
        *,
        bool_or(side = 'old' and not kept) over (
            partition by event_id, permission, conditions
        ) as shape_known
    from (
        select *, unnest(kms_actions) as permission
        from guards
    ) as unnested
),

compared as (
    select
        event_id,
        principal,
        permission,
        guard,
        count(*) filter (where side = 'old') as old,
        count(*) filter (where side = 'new') as new,
        count(*) filter (where side = 'old' and firm) as old_firm,
        count(*) filter (where side = 'new' and firm) as new_firm,
        count(*) filter (where side = 'old' and unguarded) as old_unguarded,
        count(*) filter (where side = 'new' and unguarded) as new_unguarded,
        flatten(array_agg(permitted) filter (where side = 'old'))
            as old_permitted,
        flatten(array_agg(permitted) filter (where side = 'new'))
            as new_permitted,
        bool_or(side = 'new' and (sid_known or shape_known)) as in_known,
        min(sid) filter (where side = 'new') as sid
    from cells
    group by event_id, principal, permission, guard
),

-- `old_all` and `new_all`: how many statements allow this to the principal.
allowed as (
    select
        *,
        sum(old) filter (where guard = '') over cell as old_all,
        sum(new) filter (where guard = '') over cell as new_all,
        sum(old) filter (where guard = '' and principal = '*') over (
            partition by event_id, permission
        ) as old_anyone,
        sum(old) filter (where guard = '') over (
            partition by event_id, principal
        ) as old_principal
    from compared
    window cell as (partition by event_id, principal, permission)
),

judged as (
    select
        *,
        guard <> '' and old_all > 0 and (
            (old = old_all and new < new_all)
            or (old_firm = old_all and new_firm < new_all)
        ) as gone,
        bool_or(
            guard <> '' and (
                (old = old_all and new < new_all)
                or (old_firm = old_all and new_firm < new_all)
            )
        ) over (partition by event_id, principal, permission) as one_gone
    from allowed
    where new_all > 0
),

allow_reasons as (
    select
        event_id,
        principal,
        permission,
        case
            when gone or (old_all > 0 and guard = '') then 'condition_gone'
            when old_all > 0 then 'condition_widened'
            else 'allow_widened'
        end as reason,
        case
            when old_all > 0 then coalesce(nullif(guard, ''), 'every one')
            else coalesce(sid, 'Allow')
        end as what
    from judged
    where gone
        or (
            guard <> ''
            and old = old_all
            and array_has_all(new_permitted, old_permitted)
            and not array_has_all(old_permitted, new_permitted)
        )
        or (
            guard = ''
            and old_all > 0
            and not one_gone
            and old_unguarded = 0
            and new_unguarded > 0
        )
        or (
            guard = ''
            and old_all = 0
            and coalesce(old_anyone, 0) = 0
            and (old_principal > 0 or in_known)
        )
),

denies as (
    select *, unnest(kms_actions) as permission
    from parties
    where effect = 'Deny'
),

deny_reasons as (
    select
        o.event_id,
        o.principal,
        o.permission,
        case
            when count(n.place) = 0 then 'deny_gone'
            when bool_or(array_has_all(o.condition_keys, n.condition_keys))
                then 'deny_changed'
            else 'deny_narrower'
        end as reason,
        coalesce(o.sid, 'Deny') as what
    from denies as o
    left join denies as n
        on n.event_id = o.event_id
        and n.side = 'new'
        and n.permission = o.permission
        and (n.principal = o.principal or n.principal = '*')
    where o.side = 'old'
    group by o.event_id, o.principal, o.permission, o.place, o.sid
    having not coalesce(
        bool_or(
            n.conditions = o.conditions
            or n.conditions = ''
            or (
                array_has_all(o.condition_keys, n.condition_keys)
                and not array_has_all(n.condition_keys, o.condition_keys)
            )
        ),
        false
    )
),

reasons as (
    select * from allow_reasons union all select * from deny_reasons
),

verdicts as (
    select
        r.event_id,
        r.reason,
        concat(
            replace(r.reason, '_', ' '), ' (', r.what, ') for ', r.principal
        ) as weakening,
        bool_or(
            r.reason in ('condition_gone', 'deny_gone', 'deny_narrower')
            or (
                r.reason = 'allow_widened'
                and o.risk in ('high', 'critical')
            )
        ) as grave,
        array_agg(distinct r.permission order by r.permission) as permissions
    from reasons as r
    left join kms_operations as o
        on o.event_name = split_part(r.permission, ':', 2)
    group by r.event_id, r.reason, r.what, r.principal
)

select
    min(c.set_time) as event_time,
    c.account_id,
    c.aws_region as region,
    c.set_by as actor,
    c.key_arn,
    array_slice(
        array_distinct(
            array_agg(c.event_id order by c.set_time, c.version, v.weakening)
        ), 1, 20
    ) as event_ids,
    concat(
        c.set_by, ' weakened the policy of ', c.key_arn, ': ',
        array_to_string(
            array_slice(
                array_distinct(
                    array_agg(
                        v.weakening
                        order by
                            case when v.grave then 0 else 1 end,
                            c.set_time,
                            c.version,
                            v.weakening
                    )
                ), 1, 3
            ), '; '
        ),
        case when count(distinct v.weakening) > 3 then '; ...' end
    ) as summary,
    case when bool_or(v.grave) then 'high' else 'medium' end as severity,
    count(distinct c.event_id) as event_count,
    min(c.set_time) as first_time,
    max(c.set_time) as last_time,
    to_char(min(c.set_time), '%Y-%m-%d') as day,
    array_agg(distinct v.reason order by v.reason) as reasons,
    array_slice(
        array_agg(distinct v.weakening order by v.weakening), 1, 50
    ) as weakenings,
    array_sort(
        array_distinct(flatten(array_agg(v.permissions)))
    ) as permissions,
    array_sort(
        array_distinct(flatten(array_agg(c.diff['added'])))
    ) as statements_added,
    array_sort(
        array_distinct(flatten(array_agg(c.diff['removed'])))
    ) as statements_removed,
    max(c.set_by_kind) as actor_kind
from changes as c
inner join verdicts as v on v.event_id = c.event_id
group by
    c.key_arn, c.account_id, c.aws_region, c.set_by, cast(c.set_time as date)
order by event_time, c.key_arn, actor
