-- id = "tags_or_aliases_govern_access"
-- title = "Tag or alias changed that decides who may use a KMS key"
-- kind = "event"
-- severity = "low"
-- confidence = "medium"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:10.2.1.5"]
-- lookback = "0d"
-- entity = ["key_arn", "actor", "day"]
-- why = "Where policies ask for a tag or an alias of the key, whoever may set these gives and takes access without touching a policy. AWS warns that a change of a tag or an alias can allow or deny permission to a key."
-- benign = "The pipeline that owns the key sets its tags and aliases; a new key takes over an alias."
-- respond = "Read in the details which policies ask for the tag or alias, and work out who gained or lost the key by the change. Ask the key's owner whether that was meant; if not, set the old tag or alias again, and let only the owner's pipeline have kms:TagResource and kms:UpdateAlias."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/abac.html", "https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html", "https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html"]
-- #
-- # A tag counts if a statement asks for aws:ResourceTag of that name; an
-- # alias, if kms:ResourceAliases or kms:RequestAlias is asked for with a value
-- # that fits it. Statements are those of the key's newest policy and of the
-- # newest version of each IAM policy of its account, as far as the lake has
-- # them. UpdateAlias touches the key that had the alias and the one that gets
-- # it.
with changes as (
    select
        *,
        unnest(
            array_distinct(
                make_array(
                    key_arn,
                    case
                        when event_name in ('CreateAlias', 'UpdateAlias')
                            and target_key_id is not null
                            then concat(
                                'arn:', aws_partition, ':kms:', aws_region, ':',
                                coalesce(key_account_id, recipient_account_id),
                                ':key/',
                                regexp_replace(target_key_id, '^.*key/', '')
                            )
                        else key_arn
                    end
                )
            )
        ) as touched_key_arn,
        -- a JSON list is decoded by reading it as the actions of a statement
        case event_name
            when 'TagResource' then map_keys(tags)
            when 'UntagResource' then parse_policy(
                concat(
                    '{"Statement":{"Action":',
                    regexp_match(
                        request_parameters,
                        '"tagKeys"\s*:\s*(\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])'
                    )[1],
                    '}}'
                )
            )[1]['actions']
        end as tag_names
    from kms_actions
    where activity = 'manage'
        and event_time >= $window_start
        and event_time < $window_end
        and event_name in (
            'CreateAlias', 'DeleteAlias', 'TagResource', 'UntagResource',
            'UpdateAlias'
        )
        and error_code is null
),

-- What was changed, in the words of a condition: a tag's key, or an alias.
touched as (
    select
        event_id,
        event_time,
        touched_key_arn,
        coalesce(key_account_id, recipient_account_id) as account_id,
        case
            when tag_names is null then lower(alias_name)
            else concat(
                'aws:resourcetag/', lower(unnest(coalesce(tag_names, ['none'])))
            )
        end as touched
    from changes
),

iam_writes as (
    select
        recipient_account_id as account_id,
        event_time,
        event_id,
        coalesce(
            policy_arn,
            regexp_match(
                response_elements, '"arn"\s*:\s*"(arn:[^"]*:policy/[^"]*)"'
            )[1],
            concat(
                'inline policy ',
                regexp_match(
                    request_parameters, '"policyName"\s*:\s*"([^"\\]*)"'
                )[1],
                ' of ',
                lower(regexp_match(event_name, '(Group|Role|User)Policy$')[1]),
                ' ',
                regexp_match(
                    request_parameters,
                    '"(?:userName|roleName|groupName)"\s*:\s*"([^"\\]*)"'
                )[1]
            )
        ) as source,
        parse_policy(
            concat(
                '{"Statement":{"Sid":',
                regexp_match(
                    request_parameters,
                    '"policyDocument"\s*:\s*("(?:[^"\\]|\\.)*")'
                )[1],
                '}}'
            )
        )[1]['sid'] as document
    from events
    where activity = 'manage'
        and event_time < $window_end
        and event_source like 'iam.amazonaws.com%'
        and event_name in (
            'CreatePolicy', 'CreatePolicyVersion', 'DeleteGroupPolicy',
            'DeletePolicy', 'DeleteRolePolicy', 'DeleteUserPolicy',
            'PutGroupPolicy', 'PutRolePolicy', 'PutUserPolicy'
        )
        and error_code is null
),

newest as (
    select
        t.event_id,
        t.touched_key_arn,
        t.touched,
        'key policy' as source,
        last_value(p.policy order by p.set_time, p.version) as document
    from touched as t
    inner join key_policies as p
        on p.key_arn = t.touched_key_arn
        and p.set_time <= t.event_time
    where p.policy is not null
    group by t.event_id, t.touched_key_arn, t.touched
    union all
    select
        t.event_id,
        t.touched_key_arn,
        t.touched,
        w.source,
        last_value(w.document order by w.event_time, w.event_id) as document
    from touched as t
    inner join iam_writes as w
        on w.account_id = t.account_id
        and w.event_time <= t.event_time
    group by t.event_id, t.touched_key_arn, t.touched, w.source
),

asked as (
    select
        *,
        unnest(s['condition_keys']) as condition_key,
        lower(s['conditions']) as conditions
    from (
        select *, unnest(parse_policy(document)) as s
        from newest
        where regexp_like(
            document,
            '(?i)aws:resourcetag/|kms:resourcealiases|kms:requestalias'
        )
    ) as parsed
    where cardinality(s['kms_actions']) > 0
),

fitting as (
    select
        event_id,
        touched_key_arn,
        touched,
        source,
        condition_key,
        -- the values, read as if they were actions
        unnest(
            case
                when condition_key = touched then [touched]
                else parse_policy(
                    concat(
                        '{"Statement":{"Action":',
                        case condition_key
                            when 'kms:requestalias' then regexp_match(
                                conditions,
                                '"kms:requestalias":("[^"]*"|\[[^\]]*\])'
                            )[1]
                            else regexp_match(
                                conditions,
                                '"kms:resourcealiases":("[^"]*"|\[[^\]]*\])'
                            )[1]
                        end,
                        '}}'
                    )
                )[1]['actions']
            end
        ) as fit
    from asked
    where condition_key in ('kms:resourcealiases', 'kms:requestalias')
        or condition_key = touched
),

findings as (
    select
        event_id,
        touched_key_arn,
        array_agg(distinct touched order by touched) as touched,
        array_agg(distinct source order by source) as sources
    from fitting
    where touched like replace(replace(fit, '*', '%'), '?', '_')
    group by event_id, touched_key_arn
)

select
    min(c.event_time) as event_time,
    split_part(f.touched_key_arn, ':', 5) as account_id,
    split_part(f.touched_key_arn, ':', 4) as region,
    c.actor,
    f.touched_key_arn as key_arn,
    array_slice(
        array_agg(c.event_id order by c.event_time, c.event_id), 1, 20
    ) as event_ids,
    concat(
        c.actor, ' changed ',
        array_to_string(
            array_sort(array_distinct(flatten(array_agg(f.touched)))), ', '
        ),
        ' of ', f.touched_key_arn, ' (',
        array_to_string(
            array_agg(distinct c.event_name order by c.event_name), ', '
        ),
        '), which decides access by: ',
        array_to_string(
            array_slice(
                array_sort(array_distinct(flatten(array_agg(f.sources)))), 1, 3
            ), ', '
        )
    ) as summary,
    count(distinct c.action_id) as event_count,
    min(c.event_time) as first_time,
    max(c.event_time) as last_time,
    to_char(min(c.event_time), '%Y-%m-%d') as day,
    array_sort(array_distinct(flatten(array_agg(f.touched)))) as touched,
    array_slice(
        array_sort(array_distinct(flatten(array_agg(f.sources)))), 1, 20
    ) as policies,
    array_agg(distinct c.event_name order by c.event_name) as operations,
    bool_and(c.direct_call) as direct_call,
    first_value(c.actor_kind order by c.event_time, c.event_id) as actor_kind
from findings as f
inner join changes as c
    on c.event_id = f.event_id
    and c.touched_key_arn = f.touched_key_arn
group by f.touched_key_arn, c.actor, cast(c.event_time as date)
order by event_time, key_arn, c.actor
