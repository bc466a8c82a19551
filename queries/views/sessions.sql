-- One set of temporary credentials that STS issued.
-- issued_access_key_id: access key of the credentials
-- issued_time: when they were issued
-- assumer: actor that asked for them
-- assumer_kind: kind of that actor
-- mfa: yes when a device was named in the request, else what the call itself showed
-- mfa_reason: device, or the reason of the call's own mfa
-- role_arn: role assumed; null for session and federation tokens
-- event_name: AssumeRole, AssumeRoleWithSAML, GetSessionToken, ...
select
    -- Both accounts log a role assumed across accounts: the caller's copy
    -- knows who it was. STS checks the device's code before it answers, so a
    -- device named in a call that succeeded was shown.
    issued_access_key_id,
    issued_time,
    assumer,
    assumer_kind,
    mfa,
    mfa_reason,
    role_arn,
    event_name
from (
    select
        issued_access_key_id,
        event_time as issued_time,
        actor as assumer,
        actor_kind as assumer_kind,
        case when mfa_serial_number is not null then 'yes' else mfa end as mfa,
        case
            when mfa_serial_number is not null then 'device' else mfa_reason
        end as mfa_reason,
        role_arn,
        event_name,
        row_number() over (
            partition by issued_access_key_id
            order by
                case
                    when recipient_account_id = actor_account_id then 0 else 1
                end,
                -- An amended record says more than the one it replaces.
                case
                    when addendum_original_event_id is not null then 0 else 1
                end,
                event_time,
                event_id
        ) as copy_rank
    from events
    where activity = 'manage'
        and event_source in ('sts.amazonaws.com', 'sts.amazonaws.com.cn')
        and error_code is null
        and issued_access_key_id is not null
) as ranked
where copy_rank = 1
