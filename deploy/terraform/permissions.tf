# What the function may do. It deletes nothing.

data "aws_iam_policy_document" "function_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function_role" {
  name_prefix        = "${var.name}-"
  description        = "What the KeyTrail function may do. It deletes nothing."
  assume_role_policy = data.aws_iam_policy_document.function_trust.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "function_role" {
  name   = "keytrail"
  role   = aws_iam_role.function_role.id
  policy = data.aws_iam_policy_document.function_role.json
}

resource "aws_iam_role_policy_attachment" "sinks" {
  count      = var.sink_policy_arn == "" ? 0 : 1
  role       = aws_iam_role.function_role.name
  policy_arn = var.sink_policy_arn
}

data "aws_iam_policy_document" "function_role" {
  # Its own log, and no other.
  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function_log.arn}:*"]
  }

  # List the trail. No condition on s3:prefix: requests for an object do not carry it, and S3 then answers 403 in
  # place of 404, so that a deleted log file would look like a forbidden one.
  statement {
    sid       = "ListTrail"
    actions   = ["s3:ListBucket"]
    resources = [local.trail_bucket_arn]
  }

  # Read log files, and nothing else in that bucket.
  statement {
    sid       = "ReadTrail"
    actions   = ["s3:GetObject"]
    resources = ["${local.trail_bucket_arn}/${var.trail_prefix}/*"]
  }

  # Read log files that are encrypted with a KMS key: through S3 only, never by itself.
  dynamic "statement" {
    for_each = var.trail_key_arn == "" ? [] : [var.trail_key_arn]
    content {
      sid       = "DecryptTrail"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${local.dns_suffix}"]
      }
    }
  }

  # List the lake. For the reason above without a condition: Delta must see that a log entry is not there.
  statement {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.lake_bucket.arn]
  }

  # Read and add to the lake. No s3:DeleteObject: keytrail vacuum has a role of its own (deploy/iam).
  statement {
    sid       = "ReadAndAddToLake"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.lake_bucket.arn}/lake/*"]
  }

  # Read the configuration, which it cannot change.
  statement {
    sid       = "ReadConfiguration"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.lake_bucket.arn}/config/*"]
  }

  # The lake under a KMS key: data keys to write, decryption to read and to end multipart uploads.
  dynamic "statement" {
    for_each = var.lake_key_arn == "" ? [] : [var.lake_key_arn]
    content {
      sid       = "UseLakeKey"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${local.dns_suffix}"]
      }
    }
  }

  # Tell. This topic only.
  statement {
    sid       = "PublishAlerts"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alert_topic.arn]
  }

  # Tell under a KMS key: SNS asks for both on behalf of whoever publishes.
  dynamic "statement" {
    for_each = var.alert_key_arn == "" ? [] : [var.alert_key_arn]
    content {
      sid       = "UseAlertKey"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["sns.${local.region}.${local.dns_suffix}"]
      }
    }
  }

  # Import findings as the account's own product, not as somebody else's.
  dynamic "statement" {
    for_each = var.security_hub ? [local.account_id] : []
    content {
      sid     = "ImportFindings"
      actions = ["securityhub:BatchImportFindings"]
      resources = [
        "arn:${local.partition}:securityhub:${local.region}:${statement.value}:product/${statement.value}/default"
      ]
    }
  }

  # Lambda takes messages out of the queue with the function's permissions.
  statement {
    sid = "TakeNotifications"
    actions = [
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:ChangeMessageVisibility",
      "sqs:GetQueueAttributes",
    ]
    resources = [aws_sqs_queue.notifications.arn]
  }

  # Lambda keeps events that failed again and again with the function's permissions.
  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
}
