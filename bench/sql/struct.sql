-- The projection of ingest, with the fields of a record declared: DuckDB parses
-- each document once, straight into columns. Requests and responses differ from
-- operation to operation; they stay JSON, and the fields wanted of them are
-- taken in one go. Unlike ingest this neither removes duplicates nor sorts, and
-- judges nobody (kind of actor, MFA).
-- {files} and {target} are filled in by compare.py; the filter is the keep list
-- of ingest/src/keep.rs.
copy (
    with records as (
        select unnest("Records") as r
        from read_json(
            {files},
            maximum_sample_files = 1,
            columns = {
                "Records": 'struct(
                    "eventVersion" varchar,
                    "userIdentity" struct(
                        "type" varchar,
                        "principalId" varchar,
                        "arn" varchar,
                        "accountId" varchar,
                        "accessKeyId" varchar,
                        "userName" varchar,
                        "invokedBy" varchar,
                        "sessionContext" struct(
                            "sessionIssuer" struct(
                                "type" varchar,
                                "principalId" varchar,
                                "arn" varchar,
                                "accountId" varchar
                            ),
                            "attributes" struct(
                                "creationDate" varchar,
                                "mfaAuthenticated" varchar
                            ),
                            "sourceIdentity" varchar
                        )
                    ),
                    "eventTime" varchar,
                    "eventSource" varchar,
                    "eventName" varchar,
                    "awsRegion" varchar,
                    "sourceIPAddress" varchar,
                    "userAgent" varchar,
                    "errorCode" varchar,
                    "errorMessage" varchar,
                    "requestParameters" json,
                    "responseElements" json,
                    "additionalEventData" json,
                    "serviceEventDetails" json,
                    "requestID" varchar,
                    "eventID" varchar,
                    "sharedEventID" varchar,
                    "readOnly" varchar,
                    "managementEvent" varchar,
                    "eventType" varchar,
                    "eventCategory" varchar,
                    "apiVersion" varchar,
                    "recipientAccountId" varchar,
                    "vpcEndpointId" varchar,
                    "vpcEndpointAccountId" varchar,
                    "sessionCredentialFromConsole" varchar,
                    "resources" struct("ARN" varchar, "accountId" varchar)[],
                    "tlsDetails" struct(
                        "tlsVersion" varchar,
                        "cipherSuite" varchar,
                        "clientProvidedHostHeader" varchar,
                        "keyExchange" varchar
                    ),
                    "addendum" struct("reason" varchar, "originalEventID" varchar)
                )[]'
            }
        )
    ),

    kept as (
        select r
        from records
        where r."eventSource" = 'kms.amazonaws.com'
            or r."eventSource" = 'cloudtrail.amazonaws.com'
                and r."eventName" in (
                    'CreateTrail', 'DeleteTrail', 'PutEventSelectors', 'PutInsightSelectors',
                    'StartLogging', 'StopLogging', 'UpdateTrail', 'DeleteEventDataStore',
                    'UpdateEventDataStore', 'StopEventDataStoreIngestion'
                )
            or r."eventSource" = 'sts.amazonaws.com'
                and r."eventName" in (
                    'AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity',
                    'AssumeRoot', 'GetFederationToken', 'GetSessionToken'
                )
                and r."userIdentity"."type" is distinct from 'AWSService'
            or r."eventSource" = 'signin.amazonaws.com'
                and r."eventName" in ('ConsoleLogin', 'SwitchRole')
            or r."eventSource" = 'iam.amazonaws.com'
                and r."eventName" in (
                    'AttachGroupPolicy', 'AttachRolePolicy', 'AttachUserPolicy', 'CreatePolicy',
                    'CreatePolicyVersion', 'DeleteGroupPolicy', 'DeletePolicy',
                    'DeletePolicyVersion', 'DeleteRolePermissionsBoundary', 'DeleteRolePolicy',
                    'DeleteUserPermissionsBoundary', 'DeleteUserPolicy', 'DetachGroupPolicy',
                    'DetachRolePolicy', 'DetachUserPolicy', 'PutGroupPolicy',
                    'PutRolePermissionsBoundary', 'PutRolePolicy',
                    'PutUserPermissionsBoundary', 'PutUserPolicy', 'SetDefaultPolicyVersion',
                    'UpdateAssumeRolePolicy'
                )
            or r."eventSource" = 'organizations.amazonaws.com'
                and r."eventName" in (
                    'AttachPolicy', 'CreatePolicy', 'DeletePolicy', 'DetachPolicy',
                    'DisablePolicyType', 'UpdatePolicy'
                )
            or r."eventSource" = 'ec2.amazonaws.com'
                and (
                    r."eventName" in ('DisableEbsEncryptionByDefault', 'ModifyEbsDefaultKmsKeyId')
                    or r."eventName" in ('CreateVpcEndpoint', 'DeleteVpcEndpoints', 'ModifyVpcEndpoint')
                        and contains(r."requestParameters"::varchar, 'kms')
                )
            or r."eventSource" = 's3.amazonaws.com'
                and (
                    r."eventName" in (
                        'DeleteBucket', 'DeleteBucketEncryption', 'DeleteBucketLifecycle',
                        'DeleteBucketPolicy', 'PutBucketEncryption', 'PutBucketLifecycle',
                        'PutBucketLifecycleConfiguration', 'PutBucketPolicy',
                        'PutBucketVersioning'
                    )
                    or r."eventName" in ('CopyObject', 'PutObject')
                        and contains(r."requestParameters"::varchar, 'aws:kms')
                )
    ),

    parsed as (
        select
            r,
            r."userIdentity" as who,
            r."userIdentity"."sessionContext"."sessionIssuer" as issuer,
            json_transform(r."requestParameters", '{
                "keyId": "VARCHAR",
                "encryptionContext": "MAP(VARCHAR, VARCHAR)",
                "sourceEncryptionContext": "MAP(VARCHAR, VARCHAR)",
                "destinationEncryptionContext": "MAP(VARCHAR, VARCHAR)",
                "destinationKeyId": "VARCHAR",
                "targetKeyId": "VARCHAR",
                "aliasName": "VARCHAR",
                "encryptionAlgorithm": "VARCHAR",
                "destinationEncryptionAlgorithm": "VARCHAR",
                "signingAlgorithm": "VARCHAR",
                "macAlgorithm": "VARCHAR",
                "dryRun": "VARCHAR",
                "keySpec": "VARCHAR",
                "keyUsage": "VARCHAR",
                "origin": "VARCHAR",
                "multiRegion": "VARCHAR",
                "pendingWindowInDays": "BIGINT",
                "rotationPeriodInDays": "BIGINT",
                "policy": "VARCHAR",
                "bypassPolicyLockoutSafetyCheck": "VARCHAR",
                "grantId": "VARCHAR",
                "name": "VARCHAR",
                "granteePrincipal": "VARCHAR",
                "retiringPrincipal": "VARCHAR",
                "operations": "VARCHAR[]",
                "constraints": "JSON",
                "bucketName": "VARCHAR",
                "roleArn": "VARCHAR",
                "policyArn": "VARCHAR",
                "serialNumber": "VARCHAR"
            }') as request,
            json_transform(r."responseElements", '{
                "keyId": "VARCHAR",
                "keyMetadata": {
                    "keySpec": "VARCHAR",
                    "keyUsage": "VARCHAR",
                    "origin": "VARCHAR",
                    "keyManager": "VARCHAR",
                    "keyState": "VARCHAR"
                },
                "keyState": "VARCHAR",
                "deletionDate": "VARCHAR",
                "grantId": "VARCHAR",
                "credentials": {"accessKeyId": "VARCHAR"}
            }') as response
        from kept
    )

    select
        r."eventTime"::timestamp as event_time,
        r."eventID" as event_id,
        r."sharedEventID" as shared_event_id,
        r."requestID" as request_id,
        r."eventVersion" as event_version,
        r."eventSource" as event_source,
        r."eventName" as event_name,
        r."eventType" as event_type,
        r."eventCategory" as event_category,
        r."managementEvent" = 'true' as management_event,
        r."readOnly" = 'true' as read_only,
        r."apiVersion" as api_version,
        r."awsRegion" as aws_region,
        r."recipientAccountId" as recipient_account_id,
        coalesce(issuer."arn", who."arn", who."invokedBy", who."accountId") as actor,
        who."type" as user_identity_type,
        who."arn" as user_identity_arn,
        who."principalId" as principal_id,
        who."accountId" as user_identity_account_id,
        who."userName" as user_name,
        who."accessKeyId" as access_key_id,
        who."invokedBy" as invoked_by,
        issuer."type" as session_issuer_type,
        issuer."arn" as session_issuer_arn,
        issuer."accountId" as session_issuer_account_id,
        issuer."principalId" as session_issuer_principal_id,
        who."sessionContext"."attributes"."creationDate"::timestamp as session_creation_date,
        who."sessionContext"."attributes"."mfaAuthenticated" = 'true' as session_mfa_authenticated,
        r."sessionCredentialFromConsole" = 'true' as session_credential_from_console,
        who."sessionContext"."sourceIdentity" as source_identity,
        r."sourceIPAddress" as source_ip_address,
        r."userAgent" as user_agent,
        r."vpcEndpointId" as vpc_endpoint_id,
        r."vpcEndpointAccountId" as vpc_endpoint_account_id,
        r."tlsDetails"."tlsVersion" as tls_version,
        r."tlsDetails"."cipherSuite" as tls_cipher_suite,
        r."tlsDetails"."clientProvidedHostHeader" as tls_host_header,
        r."tlsDetails"."keyExchange" as tls_key_exchange,
        r."errorCode" as error_code,
        r."errorMessage" as error_message,
        coalesce(
            list_filter(r."resources", lambda x: contains(x."ARN", ':key/'))[1]."ARN",
            response."keyId",
            request."keyId"
        ) as key_arn,
        request."keyId" as requested_key_id,
        coalesce(request."encryptionContext", request."sourceEncryptionContext") as encryption_context,
        request."destinationEncryptionContext" as destination_encryption_context,
        request."destinationKeyId" as destination_key_id,
        request."targetKeyId" as target_key_id,
        request."aliasName" as alias_name,
        coalesce(
            request."encryptionAlgorithm",
            request."destinationEncryptionAlgorithm",
            request."signingAlgorithm",
            request."macAlgorithm"
        ) as encryption_algorithm,
        request."dryRun" = 'true' as dry_run,
        coalesce(response."keyMetadata"."keySpec", request."keySpec") as key_spec,
        coalesce(response."keyMetadata"."keyUsage", request."keyUsage") as key_usage,
        coalesce(response."keyMetadata"."origin", request."origin") as key_origin,
        response."keyMetadata"."keyManager" as key_manager,
        coalesce(response."keyMetadata"."keyState", response."keyState") as key_state,
        request."multiRegion" = 'true' as multi_region,
        request."pendingWindowInDays" as pending_window_in_days,
        response."deletionDate" as deletion_date,
        request."rotationPeriodInDays" as rotation_period_in_days,
        request."policy" as policy,
        request."bypassPolicyLockoutSafetyCheck" = 'true' as bypass_policy_lockout_safety_check,
        coalesce(response."grantId", request."grantId") as grant_id,
        request."name" as grant_name,
        request."granteePrincipal" as grantee_principal,
        request."retiringPrincipal" as retiring_principal,
        request."operations" as grant_operations,
        request."constraints" as grant_constraint,
        request."bucketName" as bucket_name,
        request."roleArn" as role_arn,
        request."policyArn" as policy_arn,
        request."serialNumber" as mfa_serial_number,
        response."credentials"."accessKeyId" as issued_access_key_id,
        r."addendum"."reason" as addendum_reason,
        r."addendum"."originalEventID" as addendum_original_event_id,
        r."resources" as resources,
        r."requestParameters" as request_parameters,
        r."responseElements" as response_elements,
        r."additionalEventData" as additional_event_data,
        r."serviceEventDetails" as service_event_details
    from parsed
) to {target} (format parquet, compression zstd)
