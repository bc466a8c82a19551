# What wakes it: the schedule, new log files, and calls that must not wait.

resource "aws_cloudwatch_event_rule" "scheduled_run" {
  name                = "${var.name}-scheduled-run"
  description         = "Lists the trail, judges how things stand, and delivers what is due."
  schedule_expression = var.schedule
  tags                = local.tags
}

resource "aws_sqs_queue" "notifications" {
  name                    = "${var.name}-notifications"
  sqs_managed_sse_enabled = true
  # Lambda asks for six times the function's timeout.
  visibility_timeout_seconds = 6 * var.timeout
  message_retention_seconds  = 345600
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 })
  tags                       = local.tags
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
  tags                      = local.tags
}

data "aws_iam_policy_document" "notifications_policy" {
  # S3, on behalf of the trail's bucket in the account that owns it.
  dynamic "statement" {
    for_each = var.notify_by == "bucket" ? [local.trail_bucket_arn] : []
    content {
      sid       = "FromTrailBucket"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.notifications.arn]
      principals {
        type        = "Service"
        identifiers = ["s3.amazonaws.com"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.trail_bucket_account == "" ? local.account_id : var.trail_bucket_account]
      }
    }
  }

  # SNS, on behalf of the topic given.
  dynamic "statement" {
    for_each = var.notify_by == "topic" ? [var.trail_topic_arn] : []
    content {
      sid       = "FromTrailTopic"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.notifications.arn]
      principals {
        type        = "Service"
        identifiers = ["sns.amazonaws.com"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }

  # EventBridge, on behalf of the rule below.
  dynamic "statement" {
    for_each = aws_cloudwatch_event_rule.new_objects[*].arn
    content {
      sid       = "FromObjectRule"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.notifications.arn]
      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }
}

resource "aws_sqs_queue_policy" "notifications_policy" {
  count     = var.notify_by == "schedule" ? 0 : 1
  queue_url = aws_sqs_queue.notifications.url
  policy    = data.aws_iam_policy_document.notifications_policy.json
}

resource "aws_sns_topic_subscription" "trail_subscription" {
  count     = var.notify_by == "topic" ? 1 : 0
  region    = split(":", var.trail_topic_arn)[3]
  topic_arn = var.trail_topic_arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.notifications.arn
}

resource "aws_cloudwatch_event_rule" "new_objects" {
  count       = var.notify_by == "event-bridge" ? 1 : 0
  name        = "${var.name}-new-objects"
  description = "New log files of the trail, if its bucket sends events to EventBridge."
  tags        = local.tags
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail = {
      bucket = { name = [var.trail_bucket] }
      object = { key = [{ prefix = "${var.trail_prefix}/" }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "new_objects" {
  count = var.notify_by == "event-bridge" ? 1 : 0
  rule  = aws_cloudwatch_event_rule.new_objects[0].name
  arn   = aws_sqs_queue.notifications.arn
}

resource "aws_lambda_event_source_mapping" "queued_runs" {
  # Without notifications no queue is polled; polling costs requests.
  count            = var.notify_by == "schedule" ? 0 : 1
  function_name    = aws_lambda_function.function.arn
  event_source_arn = aws_sqs_queue.notifications.arn
  # CloudTrail delivers in bursts, every five minutes or so: many files to a run.
  batch_size                         = 100
  maximum_batching_window_in_seconds = 20
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = local.tags

  scaling_config {
    maximum_concurrency = 2
  }

  # Lambda checks that the role may take messages.
  depends_on = [aws_iam_role_policy.function_role]
}

resource "aws_cloudwatch_event_rule" "key_calls" {
  count       = var.api_calls ? 1 : 0
  name        = "${var.name}-key-calls"
  description = "Calls that change KMS keys, their policies or grants."
  tags        = local.tags
  event_pattern = jsonencode({
    source        = ["aws.kms"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      # Encrypt, Decrypt and GenerateDataKey are reads to CloudTrail: they come with the log files. Services retire
      # their grants all day long, which no detection waits for.
      readOnly  = [false]
      eventName = [{ "anything-but" = ["RetireGrant"] }]
    }
  })
}

resource "aws_cloudwatch_event_rule" "access_calls" {
  count       = var.api_calls ? 1 : 0
  name        = "${var.name}-access-calls"
  description = "Calls that stop the trail, expose its bucket, or open another way to KMS."
  tags        = local.tags
  event_pattern = jsonencode({
    # IAM and Organizations send their events to us-east-1 only.
    source        = ["aws.cloudtrail", "aws.ec2", "aws.iam", "aws.organizations", "aws.s3"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      eventName = [
        # cloudtrail
        "DeleteTrail",
        "PutEventSelectors",
        "StopLogging",
        "UpdateTrail",
        "DeleteEventDataStore",
        "UpdateEventDataStore",
        "StopEventDataStoreIngestion",
        # ec2
        "DisableEbsEncryptionByDefault",
        "ModifyEbsDefaultKmsKeyId",
        "ModifyVpcEndpoint",
        "DeleteVpcEndpoints",
        # iam and organizations
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "AttachUserPolicy",
        "CreatePolicyVersion",
        "DeleteRolePermissionsBoundary",
        "DeleteUserPermissionsBoundary",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutUserPolicy",
        "SetDefaultPolicyVersion",
        "UpdateAssumeRolePolicy",
        "DeletePolicy",
        "DetachPolicy",
        "DisablePolicyType",
        "UpdatePolicy",
        # s3
        "DeleteBucket",
        "DeleteBucketEncryption",
        "DeleteBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "PutBucketAcl",
        "PutBucketEncryption",
        "PutBucketLifecycle",
        "PutBucketLifecycleConfiguration",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketReplication",
        "PutBucketVersioning",
      ]
    }
  })
}

# What the forwarders of other accounts and Regions chose (deploy/forwarder.yaml). Nobody can make up an event whose
# source begins with "aws.", so that what comes over this bus was written by CloudTrail.

resource "aws_cloudwatch_event_bus" "central_bus" {
  count       = var.organization_id == "" ? 0 : 1
  name        = "${var.name}-calls"
  description = "Takes what deploy/forwarder.yaml forwards from the accounts of the organization."
  tags        = local.tags
}

data "aws_iam_policy_document" "central_bus_policy" {
  count = var.organization_id == "" ? 0 : 1

  # Any principal, but of the organization only.
  statement {
    sid       = "FromOrganization"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.central_bus[0].arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "central_bus_policy" {
  count          = var.organization_id == "" ? 0 : 1
  event_bus_name = aws_cloudwatch_event_bus.central_bus[0].name
  policy         = data.aws_iam_policy_document.central_bus_policy[0].json
}

resource "aws_cloudwatch_event_rule" "forwarded_calls" {
  count          = var.organization_id == "" ? 0 : 1
  name           = "${var.name}-forwarded-calls"
  description    = "What the forwarders chose."
  event_bus_name = aws_cloudwatch_event_bus.central_bus[0].name
  tags           = local.tags
  event_pattern = jsonencode({
    source        = ["aws.kms", "aws.cloudtrail", "aws.ec2", "aws.iam", "aws.organizations", "aws.s3"]
    "detail-type" = ["AWS API Call via CloudTrail"]
  })
}

# Each of these rules calls the function, and may.

locals {
  calling_rules = merge(
    { scheduled_run = aws_cloudwatch_event_rule.scheduled_run },
    { for rule in aws_cloudwatch_event_rule.key_calls : "key_calls" => rule },
    { for rule in aws_cloudwatch_event_rule.access_calls : "access_calls" => rule },
    { for rule in aws_cloudwatch_event_rule.forwarded_calls : "forwarded_calls" => rule },
  )
}

resource "aws_cloudwatch_event_target" "calling_rules" {
  for_each       = local.calling_rules
  rule           = each.value.name
  event_bus_name = each.value.event_bus_name
  arn            = aws_lambda_function.function.arn
}

resource "aws_lambda_permission" "calling_rules" {
  for_each      = local.calling_rules
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function.function_name
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}
