-- id = "key_store_disrupted"
-- title = "Custom key store disconnected, changed or deleted"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1486"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:SC-12", "NIST-800-53-r5:SC-12(6)", "NIST-800-53-r5:CM-3", "PCI-DSS-4.0.1:3.7.5"]
-- lookback = "0d"
-- entity = ["account_id", "region", "store"]
-- why = "While a custom key store is disconnected no key in it can be used, so a single call stops everything encrypted under all of them. A change can point the store at another proxy, or at credentials that somebody else holds."
-- benign = "Maintenance of the CloudHSM cluster or the external key manager, or the yearly change of the store's password: a disconnect, an update and a connect by the same actor, as the summary then says."
-- respond = "See first whether the store is connected now and what fails. Ask the caller and the owners of the cluster or the external key manager whether this was maintenance; if not, compare the proxy's address, its credentials and the cluster with what you know, before connecting it again."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/xks-connect-disconnect.html", "https://docs.aws.amazon.com/kms/latest/developerguide/key-store-overview.html"]
-- #
-- # Successful DisconnectCustomKeyStore, UpdateCustomKeyStore and
-- # DeleteCustomKeyStore, by whatever path. They name no key: calls with the same
-- # custom_key_store_id show which are touched. Passwords and credentials are not
-- # in the logs, so an update of them shows no changed field.
with changes as (
    select
        *,
        coalesce(custom_key_store_id, 'unknown') as store
    from kms_actions
    where activity = 'manage'
        and event_name in (
            'DisconnectCustomKeyStore', 'UpdateCustomKeyStore',
            'DeleteCustomKeyStore', 'ConnectCustomKeyStore'
        )
        and error_code is null
        and event_time >= $window_start
        and event_time < $window_end
),

matters as (
    select
        recipient_account_id as account_id,
        aws_region,
        store,
        min(event_time) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as first_time,
        max(event_time) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as last_time,
        max(event_time) filter (
            where event_name = 'ConnectCustomKeyStore'
        ) as connected_time,
        count(*) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as event_count,
        array_agg(event_id order by event_time, event_id) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as event_ids,
        array_agg(distinct event_name order by event_name) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as operations,
        array_agg(distinct actor order by actor) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as actors,
        first_value(actor order by event_time, event_id) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as actor,
        first_value(actor_kind order by event_time, event_id) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as actor_kind,
        first_value(mfa order by event_time, event_id) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as mfa,
        first_value(mfa_reason order by event_time, event_id) filter (
            where event_name <> 'ConnectCustomKeyStore'
        ) as mfa_reason,
        array_agg(request_parameters order by event_time, event_id) filter (
            where event_name = 'UpdateCustomKeyStore'
        ) as updates
    from changes
    group by recipient_account_id, aws_region, store
)

select
    first_time as event_time,
    account_id,
    aws_region as region,
    actor,
    cast(null as text) as key_arn,
    array_slice(event_ids, 1, 20) as event_ids,
    concat(
        actor, ' disrupted the custom key store ', store, ': ',
        array_to_string(operations, ', '),
        case
            when connected_time > last_time then concat(
                '; it was connected again at ',
                to_char(connected_time, '%Y-%m-%dT%H:%M:%SZ')
            )
            else ''
        end
    ) as summary,
    event_count,
    first_time,
    last_time,
    store,
    operations,
    actors,
    case
        when connected_time > last_time then connected_time
    end as connected_again_time,
    array_slice(updates, 1, 20) as updates,
    actor_kind,
    mfa,
    mfa_reason
from matters
where event_count > 0
order by first_time, account_id, region, store
