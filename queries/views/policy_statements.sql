-- One statement of one version of a key policy.
-- key_arn: key that the policy belongs to
-- account_id: account that owns the key
-- aws_region: Region of the key
-- version: number of the policy version, as in key_policies
-- set_time: when the policy was set
-- set_by: actor that set it
-- event_id: event that shows it
-- statement_index: position of the statement in the policy, from 0
-- sid: statement id
-- effect: Allow or Deny
-- principals: principals that the statement names
-- principal_accounts: accounts of its AWS principals
-- not_principals: principals that the statement leaves out
-- actions: actions as written
-- not_actions: actions left out, as written
-- kms_actions: KMS operations covered, wildcards expanded
-- resources: resources as written
-- conditions: conditions as JSON with sorted keys
-- condition_keys: condition keys in lower case
-- open_to_anyone: true when anyone may do this: Allow, principal *, and no condition on who
-- root_delegation: true when the statement hands decisions to IAM of an account
-- statement: the whole statement as JSON with sorted keys
-- error: why the policy could not be read; then every other parsed field is null
-- event_name: CreateKey, PutKeyPolicy or ReplicateKey
-- policy_origin: record or default (CreateKey without a policy)
select
    key_arn,
    account_id,
    aws_region,
    version,
    set_time,
    set_by,
    event_id,
    parsed['statement_index'] as statement_index,
    parsed['sid'] as sid,
    parsed['effect'] as effect,
    parsed['principals'] as principals,
    parsed['principal_accounts'] as principal_accounts,
    parsed['not_principals'] as not_principals,
    parsed['actions'] as actions,
    parsed['not_actions'] as not_actions,
    parsed['kms_actions'] as kms_actions,
    parsed['resources'] as resources,
    parsed['conditions'] as conditions,
    parsed['condition_keys'] as condition_keys,
    parsed['open_to_anyone'] as open_to_anyone,
    parsed['root_delegation'] as root_delegation,
    parsed['statement'] as statement,
    parsed['error'] as error,
    event_name,
    policy_origin
from (
    select
        key_arn,
        account_id,
        aws_region,
        version,
        set_time,
        set_by,
        event_id,
        event_name,
        policy_origin,
        unnest(parse_policy(policy)) as parsed
    from key_policies
    where policy is not null
) as statements
