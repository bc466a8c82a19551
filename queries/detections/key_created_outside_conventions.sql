-- id = "key_created_outside_conventions"
-- title = "KMS key created outside conventions"
-- kind = "event"
-- severity = "info"
-- confidence = "high"
-- attack = []
-- controls = ["NIST-800-53-r5:CM-6", "NIST-800-53-r5:SC-12", "PCI-DSS-4.0.1:3.6.1.4"]
-- lookback = "1h"
-- entity = ["key_arn"]
-- why = "Conventions are how others recognise a key: whose it is, what it is for, and which rules govern it. A key outside them is missed by inventories, by permissions that go by tag or alias, and by whoever cleans up."
-- benign = "A pipeline that tags or names its keys later than an hour after making them, or a use that truly needs another spec or several Regions."
-- respond = "Ask the creator what the key is for and show the convention. Tags and aliases can be added at once; spec and multi-Region cannot be changed, so decide with the owner whether the key stays before data depends on it."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/create-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html", "https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html"]
-- [parameters]
-- specs = ["SYMMETRIC_DEFAULT", "RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_NIST_EDWARDS25519", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"] # allowed; SYMMETRIC_DEFAULT alone is stricter
-- multi_region = "allowed" # "forbidden": multi-Region keys are found
-- required_tags = [] # tag keys that every key must have
-- alias = "optional" # "required": keys without an alias are found
-- settled_within = "1h" # for tags and alias; as long as lookback
-- #
-- # Conventions are yours, so only specs that few need (of cryptocurrencies, and
-- # SM2) are found until the parameters are set. Tags and alias are judged once
-- # their time is over: event_time is then the end of it. Keys that AWS manages,
-- # replicas (whose primary was judged) and failed calls are left out.
with creations as (
    select
        *,
        event_time + $settled_within as settled_time
    from kms_actions
    where activity = 'manage'
        and event_name = 'CreateKey'
        and error_code is null
        and event_time >= $window_start - $settled_within
        and event_time < $window_end
        and key_arn is not null
        and coalesce(key_manager, 'CUSTOMER') <> 'AWS'
        and not coalesce(
            regexp_like(
                response_elements, '"multiRegionKeyType"\s*:\s*"REPLICA"'
            ),
            false
        )
),

-- tags and aliases that each key got in time
additions as (
    select
        c.key_arn,
        m.tags,
        m.alias_name
    from creations as c
    inner join kms_actions as m
        on m.event_time >= c.event_time
        and m.event_time <= c.settled_time
        and coalesce(m.key_account_id, m.recipient_account_id)
        = c.key_account_id
        and (
            m.key_arn = c.key_arn
            or (
                m.aws_region = c.aws_region
                and regexp_replace(m.target_key_id, '^.*key/', '')
                = split_part(c.key_arn, ':key/', 2)
            )
        )
    where m.activity = 'manage'
        and m.event_name in (
            'CreateKey', 'TagResource', 'CreateAlias', 'UpdateAlias'
        )
        and m.error_code is null
        and m.event_time >= $window_start - $settled_within
        and m.event_time < $window_end
),

tagged as (
    select key_arn, array_agg(distinct tag order by tag) as tags
    from (
        select key_arn, unnest(map_keys(tags)) as tag
        from additions
    ) as tags
    group by key_arn
),

aliased as (
    select distinct key_arn
    from additions
    where alias_name is not null
),

faults as (
    select
        c.*,
        c.event_time as judged_time,
        concat('spec ', c.key_spec) as fault
    from creations as c
    where not array_has($specs, c.key_spec)
    union all
    select
        c.*,
        c.event_time as judged_time,
        'multi-Region' as fault
    from creations as c
    where $multi_region = 'forbidden'
        and c.multi_region
    union all
    select
        c.*,
        c.settled_time as judged_time,
        'no alias' as fault
    from creations as c
    left join aliased as a on a.key_arn = c.key_arn
    where $alias = 'required'
        and a.key_arn is null
    union all
    select
        c.*,
        c.settled_time as judged_time,
        concat('without tag ', r.tag) as fault
    from creations as c
    cross join (select unnest($required_tags) as tag) as r
    left join tagged as t on t.key_arn = c.key_arn
    where not coalesce(array_has(t.tags, r.tag), false)
)

select
    min(judged_time) as event_time,
    min(key_account_id) as account_id,
    min(aws_region) as region,
    min(actor) as actor,
    key_arn,
    array_agg(distinct event_id order by event_id) as event_ids,
    concat(
        min(actor), ' created ', key_arn, ' outside conventions: ',
        array_to_string(array_agg(distinct fault order by fault), ', ')
    ) as summary,
    count(distinct action_id) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    array_agg(distinct fault order by fault) as faults,
    min(key_spec) as key_spec,
    bool_or(multi_region) as multi_region,
    min(actor_kind) as actor_kind,
    min(invoked_by) as invoked_by
from faults
where judged_time >= $window_start
    and judged_time < $window_end
group by key_arn
order by event_time, key_arn
