-- id = "guardrail_removed"
-- title = "Guardrail around KMS removed or loosened"
-- kind = "event"
-- severity = "high"
-- confidence = "medium"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:AC-3(15)", "NIST-800-53-r5:CM-6", "PCI-DSS-4.0.1:10.2.1.5"]
-- lookback = "0d"
-- entity = ["guardrail"]
-- why = "Service and resource control policies hold for every principal of the accounts, whatever key and IAM policies say: they keep keys from being deleted, and data in the organization. The policy of a VPC endpoint for KMS says who may use which keys from a network. Without them the next change needs nobody's consent."
-- benign = "A guardrail that moves into another policy, or is replaced by a better one; an endpoint opened for a new application."
-- respond = "Read in the details which denials are gone, and for which targets. Ask the actor and the owner of the organization's policies; if it was not planned, attach the policy again, and look at what was called in its accounts meanwhile that it would have denied."
-- see = ["https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html", "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html", "https://docs.aws.amazon.com/kms/latest/developerguide/kms-vpc-endpoint.html"]
-- #
-- # A control policy counts with its Denies that name KMS (kms:...). Detached
-- # and deleted, all of them are gone; updated, those that the new content does
-- # not deny as broadly: gone, further conditions, or other ones. What a policy
-- # says is known only if its CreatePolicy or UpdatePolicy is in the lake;
-- # removing an unknown one, of whatever type, is medium; its update is not
-- # judged. AWS's own policies that allow everything deny nothing, so that
-- # losing them is no finding. The endpoint of a VPC for KMS is medium when its
-- # policy allows something more or denies something less than before.
with settings as (
    select
        event_time,
        event_id,
        action_id,
        event_name,
        aws_region,
        recipient_account_id,
        actor,
        actor_kind,
        mfa,
        mfa_reason,
        case
            when event_source like 'ec2.%' then 'endpoint'
            else 'policy'
        end as kind,
        case
            when event_source like 'ec2.%' then regexp_match(
                concat(request_parameters, ' ', response_elements),
                '"[vV]pcEndpointId"\s*:\s*"(vpce-[^"]*)"'
            )[1]
            when event_name = 'DisablePolicyType' then concat(
                'every ',
                regexp_match(
                    request_parameters, '"policyType"\s*:\s*"([A-Z_]*)"'
                )[1],
                ' of ',
                regexp_match(request_parameters, '"rootId"\s*:\s*"([^"]*)"')[1]
            )
            else regexp_match(
                concat(request_parameters, ' ', response_elements),
                '"(?:policyId|id)"\s*:\s*"(p-[0-9A-Za-z_]+)"'
            )[1]
        end as guardrail,
        regexp_match(
            concat(request_parameters, ' ', response_elements),
            '"(?:policyType|type)"\s*:\s*"([A-Z_]+_POLICY)"'
        )[1] as policy_type,
        regexp_match(
            request_parameters, '"targetId"\s*:\s*"([^"]*)"'
        )[1] as target,
        regexp_like(
            request_parameters, '"[sS]erviceName"\s*:\s*"[^"]*[.]kms(-fips)?"'
        ) as for_kms,
        -- a JSON text is decoded by reading it as the Sid of a statement; an
        -- endpoint without a policy allows everything
        case
            when event_source like 'ec2.%'
                and (
                    regexp_like(
                        request_parameters, '"[rR]esetPolicy"\s*:\s*true'
                    )
                    or (
                        event_name = 'CreateVpcEndpoint'
                        and not regexp_like(
                            request_parameters, '"[pP]olicyDocument"\s*:\s*"'
                        )
                    )
                )
                then concat(
                    '{"Statement":{"Effect":"Allow","Principal":"*",',
                    '"Action":"*","Resource":"*"}}'
                )
            else parse_policy(
                concat(
                    '{"Statement":{"Sid":',
                    regexp_match(
                        request_parameters,
                        concat(
                            '"(?:content|[pP]olicyDocument)"\s*:\s*',
                            '("(?:[^"\\]|\\.)*")'
                        )
                    )[1],
                    '}}'
                )
            )[1]['sid']
        end as document
    from events
    where activity = 'manage'
        and event_time < $window_end
        and error_code is null
        and (
            (
                event_source like 'organizations.amazonaws.com%'
                and event_name in (
                    'CreatePolicy', 'DeletePolicy', 'DetachPolicy',
                    'DisablePolicyType', 'UpdatePolicy'
                )
            )
            or (
                event_source like 'ec2.amazonaws.com%'
                and event_name in ('CreateVpcEndpoint', 'ModifyVpcEndpoint')
            )
        )
        and not exists (
            select 1
            from events as amended
            where amended.addendum_original_event_id is not null
                and amended.addendum_original_event_id = events.event_id
        )
),

ordered as (
    select
        *,
        last_value(document) ignore nulls over earlier as previous,
        coalesce(
            policy_type, last_value(policy_type) ignore nulls over earlier
        ) as known_type,
        coalesce(bool_or(for_kms) over earlier, false)
            or coalesce(document like '%kms:%', false) as endpoint_for_kms,
        -- for DisablePolicyType: whether some policy of this type names KMS
        coalesce(
            bool_or(document like '%"kms:%') over (
                partition by policy_type, kind
            ),
            false
        ) as type_names_kms
    from settings
    window earlier as (
        partition by kind, guardrail
        order by event_time, event_id
        rows between unbounded preceding and 1 preceding
    )
),

changes as (
    select
        *,
        event_name in ('DeletePolicy', 'DetachPolicy') as removed
    from ordered
    where event_time >= $window_start
        and guardrail is not null
        and guardrail not in ('p-FullAWSAccess', 'p-RCPFullAWSAccess')
        and coalesce(known_type, 'SERVICE_CONTROL_POLICY')
        in ('SERVICE_CONTROL_POLICY', 'RESOURCE_CONTROL_POLICY')
        and event_name not in ('CreatePolicy', 'CreateVpcEndpoint')
        and (kind = 'policy' or endpoint_for_kms)
),

cells as (
    select
        *,
        unnest(permissions) as permission
    from (
        select
            event_id,
            kind,
            side,
            s['effect'] as effect,
            s['kms_actions'] as permissions,
            coalesce(lower(s['conditions']), '') as conditions,
            s['condition_keys'] as condition_keys,
            array_to_string(array_sort(s['resources']), ' ') as resources,
            concat(
                array_to_string(array_sort(s['principals']), ' '),
                ' but ', array_to_string(array_sort(s['not_principals']), ' ')
            ) as principals,
            lower(array_to_string(s['actions'], ' ')) like '%kms:%' as named
        from (
            select
                event_id,
                kind,
                side,
                unnest(
                    parse_policy(
                        case
                            when side = 'old' then previous
                            when not removed then document
                        end
                    )
                ) as s
            from (
                select *, unnest(make_array('new', 'old')) as side
                from changes
                where previous is not null
                    and (removed or document is not null)
            ) as sides
        ) as parsed
    ) as statements
),

losses as (
    select
        a.event_id,
        a.effect,
        a.permission
    from cells as a
    left join cells as b
        on b.event_id = a.event_id
        and b.side <> a.side
        and b.effect = a.effect
        and b.permission = a.permission
        and (b.principals = a.principals or b.principals = '* but ')
        and (b.resources = a.resources or b.resources = '*')
    where (a.side = 'old' and a.effect = 'Deny' and a.named)
        or (a.side = 'new' and a.effect = 'Allow' and a.kind = 'endpoint')
    group by
        a.event_id,
        a.effect,
        a.permission,
        a.principals,
        a.resources,
        a.conditions
    having not coalesce(
        bool_or(
            b.conditions = a.conditions
            or b.conditions = ''
            or (
                a.effect = 'Deny'
                and array_has_all(a.condition_keys, b.condition_keys)
                and not array_has_all(b.condition_keys, a.condition_keys)
            )
        ),
        false
    )
),

lost as (
    select
        event_id,
        array_agg(distinct permission order by permission)
            filter (where effect = 'Deny') as denied_no_more,
        array_agg(distinct permission order by permission)
            filter (where effect = 'Allow') as allowed_now
    from losses
    group by event_id
),

findings as (
    select
        c.*,
        l.denied_no_more,
        l.allowed_now,
        case
            when c.kind = 'endpoint' then 'medium'
            when c.event_name = 'DisablePolicyType' and not c.type_names_kms
                then 'medium'
            when c.event_name <> 'DisablePolicyType' and c.previous is null
                then 'medium'
            else 'high'
        end as rated
    from changes as c
    left join lost as l on l.event_id = c.event_id
    where l.event_id is not null
        or c.event_name = 'DisablePolicyType'
        or (c.removed and c.previous is null)
)

select
    min(event_time) as event_time,
    first_value(recipient_account_id order by event_time, event_id)
        as account_id,
    first_value(aws_region order by event_time, event_id) as region,
    first_value(actor order by event_time, event_id) as actor,
    cast(null as text) as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(actor order by event_time, event_id), ' called ',
        array_to_string(
            array_agg(distinct event_name order by event_name), ', '
        ),
        ' on ', guardrail,
        case
            when count(denied_no_more) + count(allowed_now) > 0
                then concat(
                    '; no longer denied or now allowed: ',
                    array_to_string(
                        array_slice(
                            array_sort(
                                array_distinct(
                                    array_concat(
                                        coalesce(
                                            flatten(
                                                array_agg(denied_no_more)
                                            ), []
                                        ),
                                        coalesce(
                                            flatten(array_agg(allowed_now)), []
                                        )
                                    )
                                )
                            ), 1, 5
                        ), ', '
                    )
                )
            when bool_or(event_name = 'DisablePolicyType') then ''
            else '; what it said is not in the lake'
        end
    ) as summary,
    case when bool_or(rated = 'high') then 'high' else 'medium' end
        as severity,
    count(distinct action_id) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    guardrail,
    min(known_type) as policy_type,
    array_agg(distinct event_name order by event_name) as operations,
    array_agg(distinct target order by target) filter (
        where target is not null
    ) as targets,
    array_sort(
        array_distinct(flatten(array_agg(denied_no_more)))
    ) as denied_no_more,
    array_sort(
        array_distinct(flatten(array_agg(allowed_now)))
    ) as allowed_now,
    first_value(
        coalesce(previous, 'unknown') order by event_time, event_id
    ) as content_before,
    first_value(actor_kind order by event_time, event_id) as actor_kind,
    first_value(mfa order by event_time, event_id) as mfa,
    first_value(mfa_reason order by event_time, event_id) as mfa_reason
from findings
group by guardrail
order by event_time, guardrail
