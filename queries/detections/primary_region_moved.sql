-- id = "primary_region_moved"
-- title = "Primary Region of a multi-Region KMS key moved"
-- kind = "event"
-- severity = "high"
-- confidence = "high"
-- attack = ["T1098"]
-- attack_version = "18.1"
-- controls = ["NIST-800-53-r5:CM-6", "NIST-800-53-r5:SC-12", "PCI-DSS-4.0.1:10.2.1"]
-- lookback = "0d"
-- entity = ["request_id"]
-- why = "The primary key decides on rotation and replicas of all its Regions, and cannot be deleted while it has replicas. Moved to a Region that nobody watches, it is under the policy of the replica there, and the key left behind can be scheduled for deletion at once."
-- benign = "A planned move of an application, or a drill for the loss of a Region."
-- respond = "Ask the actor and the key's owner whether the move was planned. Read the policy of the new primary, and look for key deletions, replications and rotation changes of the same key since then. Moving back is one call, once you know that the Region's policy and logs are as they should be."
-- see = ["https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html", "https://docs.aws.amazon.com/kms/latest/developerguide/ct-update-primary-region.html"]
-- #
-- # KMS logs one call in both Regions, with one request id and different event
-- # ids; the second copy is made by kms.amazonaws.com and may show no key. The
-- # caller's own record tells who and which, if it is there.
with moves as (
    select
        *,
        coalesce(request_id, action_id) as move_id
    from kms_actions
    where activity = 'manage'
        and event_time >= $window_start
        and event_time < $window_end
        and event_name = 'UpdatePrimaryRegion'
        and error_code is null
)

select
    min(event_time) as event_time,
    first_value(
        coalesce(key_account_id, recipient_account_id)
        order by direct_call desc, event_time, event_id
    ) as account_id,
    first_value(
        aws_region order by direct_call desc, event_time, event_id
    ) as region,
    first_value(
        actor order by direct_call desc, event_time, event_id
    ) as actor,
    first_value(
        key_arn order by
            key_arn is null, direct_call desc, event_time, event_id
    ) as key_arn,
    array_slice(
        array_agg(event_id order by event_time, event_id), 1, 20
    ) as event_ids,
    concat(
        first_value(actor order by direct_call desc, event_time, event_id),
        ' made ', min(primary_region), ' the primary Region of ',
        coalesce(
            first_value(
                key_arn order by
                    key_arn is null, direct_call desc, event_time, event_id
            ),
            'a key that the record does not show'
        )
    ) as summary,
    cast(1 as bigint) as event_count,
    min(event_time) as first_time,
    max(event_time) as last_time,
    move_id as request_id,
    min(primary_region) as primary_region,
    array_agg(distinct aws_region order by aws_region) as logged_in,
    first_value(
        actor_kind order by direct_call desc, event_time, event_id
    ) as actor_kind,
    first_value(
        mfa order by direct_call desc, event_time, event_id
    ) as mfa,
    first_value(
        mfa_reason order by direct_call desc, event_time, event_id
    ) as mfa_reason
from moves
group by move_id
order by event_time, request_id
