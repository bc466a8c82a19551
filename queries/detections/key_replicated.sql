-- id = "key_replicated"
-- title = "KMS key replicated to another Region"
-- kind = "event"
-- severity = "medium"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:SC-12", "PCI-DSS-4.0.1:3.6.1.4", "PCI-DSS-4.0.1:10.2.1"]
-- lookback = "0d"
-- entity = ["replica_key_arn"]
-- why = "A replica has the same key material, so it decrypts what the primary encrypted, but a key policy, grants and aliases of its own. Whoever sets them looser in a Region that nobody watches needs the primary no more."
-- benign = "Disaster recovery, or an application that moves into another Region, rolled out by the pipeline that owns the key."
-- respond = "Compare the replica's policy with the primary's; the details say what the replica allows beyond it. Ask the actor and the key's owner whether the Region was planned and whether logs of that Region are read. Then look at the calls and grants on the replica since."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-replicate.html", "https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html"]
-- #
-- # KMS refuses a replica where there is one, so each success is a new Region;
-- # the CreateKey that follows there is the same matter. High when the
-- # replica's policy allows a principal, an operation, or an operation on fewer
-- # conditions than the newest known policy of the primary, or lacks a Deny of
-- # it. Names of the two Regions count as the same word. The default policy,
-- # which lets the account's IAM policies decide, and policies that no record
-- # shows are medium.
with replications as (
    select
        *,
        coalesce(
            destination_key_arn,
            replace(
                key_arn,
                concat(':', split_part(key_arn, ':', 4), ':'),
                concat(':', replica_region, ':')
            )
        ) as replica_key_arn
    from kms_actions
    where activity = 'manage'
        and event_time >= $window_start
        and event_time < $window_end
        and event_name = 'ReplicateKey'
        and error_code is null
),

with_primary as (
    select
        r.event_id,
        r.key_arn,
        replace(r.policy, r.replica_region, r.aws_region) as replica_policy,
        last_value(p.policy order by p.set_time, p.version) as primary_policy
    from replications as r
    inner join key_policies as p
        on p.key_arn = r.key_arn
        and p.set_time <= r.event_time
    where p.policy is not null
        and r.policy is not null
    group by r.event_id, r.key_arn, r.policy, r.replica_region, r.aws_region
),

statements as (
    select
        event_id,
        key_arn,
        side,
        s['effect'] as effect,
        coalesce(s['conditions'], '') as conditions,
        s['condition_keys'] as condition_keys,
        s['kms_actions'] as kms_actions,
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
        sum(
            case
                when side = 'primary' then 0
                when s['root_delegation']
                    and s['conditions'] is null
                    and cardinality(s['principals']) = 1
                    and s['principal_accounts'][1] = split_part(key_arn, ':', 5)
                    then 1
                else 2
            end
        ) over (partition by event_id) = 1 as default_replica
    from (
        select
            *,
            unnest(
                parse_policy(
                    case side
                        when 'replica' then replica_policy
                        else primary_policy
                    end
                )
            ) as s
        from (
            select *, unnest(make_array('replica', 'primary')) as side
            from with_primary
        ) as sides
    ) as parsed
),

cells as (
    select
        *,
        case
            when regexp_like(party, '^[0-9]{12}$')
                then concat(
                    'arn:', split_part(key_arn, ':', 2), ':iam::', party,
                    ':root'
                )
            else party
        end as principal,
        unnest(kms_actions) as permission
    from (select *, unnest(principals) as party from statements) as parties
),

-- Allows of the replica that the primary lacks, and Denies the other way round.
beyond as (
    select
        a.event_id,
        a.effect,
        a.principal,
        a.permission,
        count(b.permission) > 0 as other_conditions
    from cells as a
    left join cells as b
        on b.event_id = a.event_id
        and b.side <> a.side
        and b.effect = a.effect
        and b.permission = a.permission
        and (b.principal = a.principal or b.principal = '*')
    where not a.default_replica
        and (
            (a.side = 'replica' and a.effect = 'Allow')
            or (a.side = 'primary' and a.effect = 'Deny')
        )
    group by
        a.event_id, a.effect, a.principal, a.permission, a.conditions
    having not coalesce(
        bool_or(
            b.conditions = a.conditions
            or b.conditions = ''
            or (
                a.effect = 'Allow'
                and array_has_all(a.condition_keys, b.condition_keys)
                and not array_has_all(b.condition_keys, a.condition_keys)
            )
        ),
        false
    )
),

defaults as (
    select event_id, bool_or(default_replica) as is_default
    from statements
    group by event_id
),

differences as (
    select
        event_id,
        array_agg(distinct difference order by difference) as differences
    from (
        select
            event_id,
            concat(
                case effect when 'Deny' then 'no Deny for ' else 'allows ' end,
                principal, ': ',
                array_to_string(
                    array_agg(distinct permission order by permission), ', '
                ),
                case when other_conditions then ' (other conditions)' end
            ) as difference
        from beyond
        group by event_id, effect, principal, other_conditions
    ) as told
    group by event_id
)

select
    min(r.event_time) as event_time,
    min(coalesce(r.key_account_id, r.recipient_account_id)) as account_id,
    min(r.aws_region) as region,
    first_value(r.actor order by r.event_time, r.event_id) as actor,
    min(r.key_arn) as key_arn,
    array_slice(
        array_agg(r.event_id order by r.event_time, r.event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(r.actor order by r.event_time, r.event_id),
        ' replicated ', min(r.key_arn), ' to ', min(r.replica_region), '; ',
        case
            when count(x.event_id) > 0 then concat(
                'its policy there is looser: ',
                last_value(x.differences[1] order by r.event_time, r.event_id)
            )
            when bool_or(d.is_default)
                then 'it has the default policy there'
            when count(d.event_id) = 0
                then 'its policy could not be compared'
            else 'its policy there allows no more'
        end
    ) as summary,
    case when count(x.event_id) > 0 then 'high' else 'medium' end as severity,
    count(*) as event_count,
    min(r.event_time) as first_time,
    max(r.event_time) as last_time,
    r.replica_key_arn,
    min(r.replica_region) as replica_region,
    last_value(x.differences order by r.event_time, r.event_id) as differences,
    coalesce(bool_or(d.is_default), false) as default_policy,
    count(d.event_id) > 0 as compared,
    last_value(r.policy order by r.event_time, r.event_id) as replica_policy,
    first_value(r.actor_kind order by r.event_time, r.event_id) as actor_kind,
    first_value(r.mfa order by r.event_time, r.event_id) as mfa,
    first_value(r.mfa_reason order by r.event_time, r.event_id) as mfa_reason
from replications as r
left join differences as x on x.event_id = r.event_id
left join defaults as d on d.event_id = r.event_id
group by r.replica_key_arn
order by event_time, r.replica_key_arn
