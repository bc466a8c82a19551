# KeyTrail as a module: a function, what wakes it, the lake it writes, and the
# topic it tells. The same resources as deploy/template.yaml, under the same
# names; deploy/lint compares them.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region
  dns_suffix = data.aws_partition.current.dns_suffix
  tags       = merge({ application = "keytrail" }, var.tags)

  trail_bucket_arn = "arn:${local.partition}:s3:::${var.trail_bucket}"

  # What the parameters amount to, as a keytrail.toml.
  sinks = concat(
    [{ name = "topic", kind = "sns", target = aws_sns_topic.alert_topic.arn }],
    var.slack_secret_arn == "" ? [] : [
      { name = "slack", kind = "slack", target_variable = "KEYTRAIL_SLACK_URL" }
    ],
    var.webhook_secret_arn == "" ? [] : [
      {
        name            = "webhook", kind = "webhook",
        target_variable = "KEYTRAIL_WEBHOOK_URL", secret_variable = "KEYTRAIL_WEBHOOK_SECRET"
      }
    ],
    var.security_hub ? [{ name = "security_hub", kind = "security_hub" }] : [],
  )
  config_text = join("\n", [
    for sink in local.sinks : join("\n", concat(
      ["[[sinks]]"],
      [for field, value in sink : "${field} = \"${value}\""],
      ["min_severity = \"${var.alert_min_severity}\""],
    ))
  ])

  # A variable that is null is not set.
  environment = {
    KEYTRAIL_LAKE           = "s3://${aws_s3_bucket.lake_bucket.bucket}/lake"
    KEYTRAIL_SOURCE         = "s3://${var.trail_bucket}/${var.trail_prefix}"
    KEYTRAIL_ROLE_ARN       = aws_iam_role.function_role.arn
    KEYTRAIL_ALERT_FROM     = coalesce(var.alert_from, terraform_data.first_deployed.output)
    KEYTRAIL_INGEST_FROM    = var.ingest_from
    KEYTRAIL_LOG            = var.log_level
    KEYTRAIL_SLACK_URL      = one(data.aws_secretsmanager_secret_version.slack[*].secret_string)
    KEYTRAIL_WEBHOOK_URL    = try(local.webhook["url"], null)
    KEYTRAIL_WEBHOOK_SECRET = try(local.webhook["secret"], null)
    KEYTRAIL_CONFIG         = var.config_key == "" ? null : "s3://${aws_s3_bucket.lake_bucket.bucket}/${var.config_key}"
    KEYTRAIL_CONFIG_TEXT    = var.config_key == "" ? local.config_text : null
    MALLOC_TRIM_THRESHOLD_  = "8000000"
  }
  webhook = try(jsondecode(one(data.aws_secretsmanager_secret_version.webhook[*].secret_string)), {})
}

# The time of the first apply, kept since: what is older is told of once, in a
# summary.
resource "terraform_data" "first_deployed" {
  input = timestamp()

  lifecycle {
    ignore_changes = [input]
  }
}

# The secrets are read at each apply, and are in the state: keep it encrypted.
data "aws_secretsmanager_secret_version" "slack" {
  count     = var.slack_secret_arn == "" ? 0 : 1
  secret_id = var.slack_secret_arn
}

data "aws_secretsmanager_secret_version" "webhook" {
  count     = var.webhook_secret_arn == "" ? 0 : 1
  secret_id = var.webhook_secret_arn
}

resource "aws_lambda_function" "function" {
  function_name                  = var.name
  description                    = "Reads new CloudTrail log files into the lake, judges what is new, and alerts."
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  architectures                  = [var.architecture]
  memory_size                    = var.memory
  timeout                        = var.timeout
  role                           = aws_iam_role.function_role.arn
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = local.tags

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function_log.name
  }

  environment {
    variables = { for name, value in local.environment : name => value if value != null && value != "" }
  }
}

resource "aws_cloudwatch_log_group" "function_log" {
  name              = "/keytrail/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

# A schedule or an event that fails three times is kept, not dropped. What it
# was about is not lost either way: the next run finds the log files.
resource "aws_lambda_function_event_invoke_config" "function_retries" {
  function_name                = aws_lambda_function.function.function_name
  qualifier                    = "$LATEST"
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }

  # Lambda checks that the role may send there.
  depends_on = [aws_iam_role_policy.function_role]
}
