-- id = "reencrypt_to_foreign_key"
-- title = "Data re-encrypted to a key outside your accounts"
-- kind = "event"
-- severity = "critical"
-- confidence = "high"
-- attack = ["T1537"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:AC-3", "NIST-800-53-r5:SI-4", "PCI-DSS-4.0.1:3.7.2", "SOC-2:CC6.7"]
-- lookback = "0d"
-- entity = ["actor", "destination_key_arn"]
-- why = "One ReEncrypt hands a secret to the owner of another account's key: the plaintext is never seen, no data leaves through the network, and yet the other account can now read it without you."
-- benign = "Handing data, snapshots or images over to a partner. Name its account in trusted_accounts."
-- respond = "Find out whose account the destination key is in, and ask the actor what was handed over. Look for the copies that came of it (snapshots, objects, ciphertexts in tables), and treat what was re-encrypted as disclosed until somebody vouches for the account."
-- see = ["https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-reencrypt.html"]
-- #
-- # Calls that a service made count, too: copying an encrypted snapshot under a
-- # foreign key is such a call. Denied calls changed nothing.

with moved as (
    select
        *,
        -- an alias of another account may be all that names the destination
        coalesce(
            destination_key_arn,
            regexp_match(
                request_parameters,
                '"destinationKeyId" *: *"(arn:[a-z-]+:kms:[^"]+)"'
            )[1]
        ) as destination
    from kms_actions
    where activity = 'use'
        and event_name = 'ReEncrypt'
        and event_time >= $window_start
        and event_time < $window_end
        and error_code is null
),

foreign_moves as (
    select
        moved.*,
        split_part(moved.destination, ':', 5) as foreign_account_id
    from moved
    left join own_accounts as own
        on own.account_id = split_part(moved.destination, ':', 5)
    left join trusted_accounts as trusted
        on trusted.account_id = split_part(moved.destination, ':', 5)
    where split_part(moved.destination, ':', 5) <> ''
        and own.account_id is null
        and trusted.account_id is null
),

origin as (
    select max(origin) as own_accounts
    from own_accounts
)

select
    min(moves.event_time) as event_time,
    first_value(
        coalesce(moves.key_account_id, moves.recipient_account_id)
        order by moves.event_time, moves.event_id
    ) as account_id,
    first_value(
        moves.aws_region order by moves.event_time, moves.event_id
    ) as region,
    moves.actor,
    case
        when count(distinct moves.key_arn) = 1 then min(moves.key_arn)
    end as key_arn,
    array_slice(
        array_agg(moves.event_id order by moves.event_time, moves.event_id),
        1, 20
    ) as event_ids,
    concat(
        moves.actor, ' re-encrypted data under ',
        cast(count(distinct moves.key_arn) as text),
        case
            when count(distinct moves.key_arn) = 1 then ' key' else ' keys'
        end,
        ' to ', moves.destination, ' of account ',
        moves.foreign_account_id,
        ', neither yours nor trusted; calls: ', cast(count(*) as text)
    ) as summary,
    count(*) as event_count,
    min(moves.event_time) as first_time,
    max(moves.event_time) as last_time,
    moves.destination as destination_key_arn,
    moves.foreign_account_id,
    array_slice(
        array_agg(distinct moves.key_arn order by moves.key_arn), 1, 20
    ) as source_key_arns,
    array_agg(distinct moves.invoked_by order by moves.invoked_by)
        filter (where moves.invoked_by is not null) as services,
    count(*) filter (where moves.direct_call) as direct_calls,
    array_slice(
        array_agg(distinct moves.source_ip_address
            order by moves.source_ip_address),
        1, 20
    ) as source_ip_addresses,
    min(origin.own_accounts) as own_accounts
from foreign_moves as moves
cross join origin
group by moves.actor, moves.destination, moves.foreign_account_id
order by event_time, moves.actor, moves.destination
