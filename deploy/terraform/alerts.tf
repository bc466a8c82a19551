# Whom it tells, and who watches the watcher.

resource "aws_sns_topic" "alert_topic" {
  name              = "${var.name}-alerts"
  display_name      = "KeyTrail"
  kms_master_key_id = var.alert_key_arn == "" ? null : var.alert_key_arn
  tags              = local.tags
}

data "aws_iam_policy_document" "alert_topic_policy" {
  # The alarms below. The function publishes with its own permissions.
  statement {
    sid       = "FromAlarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alert_topic.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }

  # Nobody without TLS.
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alert_topic.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "alert_topic_policy" {
  arn    = aws_sns_topic.alert_topic.arn
  policy = data.aws_iam_policy_document.alert_topic_policy.json
}

resource "aws_sns_topic_subscription" "alert_mail" {
  count     = var.alert_email == "" ? 0 : 1
  topic_arn = aws_sns_topic.alert_topic.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

locals {
  operations_topic = var.operations_topic_arn == "" ? aws_sns_topic.alert_topic.arn : var.operations_topic_arn
  of_function      = { FunctionName = aws_lambda_function.function.function_name }
}

# The metrics of namespace KeyTrail are written by the function itself.

resource "aws_cloudwatch_metric_alarm" "no_successful_run" {
  alarm_name          = "${var.name}-no-successful-run"
  alarm_description   = "No run of KeyTrail succeeded for an hour. Nobody is watching the keys. See the function's log."
  namespace           = "KeyTrail"
  metric_name         = "RunsSucceeded"
  dimensions          = local.of_function
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  # A function that does not run writes no metric.
  treat_missing_data = "breaching"
  alarm_actions      = [local.operations_topic]
  ok_actions         = [local.operations_topic]
  tags               = local.tags
}

resource "aws_cloudwatch_metric_alarm" "lag_rising" {
  alarm_name          = "${var.name}-lag-rising"
  alarm_description   = "Events reach the lake late. CloudTrail is slow, or there is more than KeyTrail can read."
  namespace           = "KeyTrail"
  metric_name         = "LagSeconds"
  dimensions          = local.of_function
  statistic           = "Maximum"
  period              = 900
  evaluation_periods  = 4
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.lag_alarm_seconds
  # Where no key is used nothing arrives.
  treat_missing_data = "notBreaching"
  alarm_actions      = [local.operations_topic]
  tags               = local.tags
}

resource "aws_cloudwatch_metric_alarm" "notifications_waiting" {
  alarm_name          = "${var.name}-notifications-waiting"
  alarm_description   = "A notification of a new log file waits for an hour or longer."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.notifications.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3600
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.operations_topic]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters_waiting" {
  alarm_name          = "${var.name}-dead-letters-waiting"
  alarm_description   = "A notification or event failed again and again, and lies in the dead-letter queue."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.operations_topic]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "alerts_undelivered" {
  alarm_name          = "${var.name}-alerts-undelivered"
  alarm_description   = "An alert could not be delivered and is not tried again. See keytrail alerts."
  namespace           = "KeyTrail"
  metric_name         = "AlertsDead"
  dimensions          = local.of_function
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.operations_topic]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "function_fails" {
  alarm_name          = "${var.name}-function-fails"
  alarm_description   = "The function fails in most of a quarter of an hour. A single failure is tried again."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = local.of_function
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 6
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.operations_topic]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "function_throttled" {
  alarm_name          = "${var.name}-function-throttled"
  alarm_description   = "The function is throttled for half an hour. More must run at once, or less often."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = local.of_function
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 6
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.operations_topic]
  tags                = local.tags
}
