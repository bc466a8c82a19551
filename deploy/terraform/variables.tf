# The names are those of deploy/template.yaml's parameters, in snake_case.

variable "name" {
  description = "Name of the function, and beginning of the other names."
  type        = string
  default     = "keytrail"
}

variable "package" {
  description = "Path of the zip that deploy/package made."
  type        = string
}

variable "tags" {
  description = "Tags for everything, beside application = keytrail."
  type        = map(string)
  default     = {}
}

# The trail.

variable "trail_bucket" {
  description = "Name of the bucket that CloudTrail delivers to, in the Region of the provider."
  type        = string
}

variable "trail_prefix" {
  description = "Folder of the log files in it, up to and with AWSLogs, without a slash at either end."
  type        = string
  default     = "AWSLogs"

  validation {
    condition     = can(regex("^([^/ ,*?]+/)*AWSLogs(/[^/ ,*?]+)*$", var.trail_prefix))
    error_message = "The folder AWSLogs must be in it, with no slash at either end."
  }
}

variable "trail_key_arn" {
  description = "ARN of the KMS key that the log files are encrypted with; empty if there is none."
  type        = string
  default     = ""
}

variable "trail_bucket_account" {
  description = "Account that owns the bucket; empty for this account."
  type        = string
  default     = ""
}

variable "notify_by" {
  description = <<-EOT
    How new log files are told of. schedule = not at all, the bucket is listed and nothing changes on it; bucket = it
    notifies the queue of this module; topic = trail_topic_arn does; event-bridge = it sends events to EventBridge.
  EOT
  type        = string
  default     = "schedule"

  validation {
    condition     = contains(["schedule", "bucket", "topic", "event-bridge"], var.notify_by)
    error_message = "It is schedule, bucket, topic or event-bridge."
  }
  validation {
    condition     = var.notify_by != "topic" || var.trail_topic_arn != ""
    error_message = "notify_by = topic needs trail_topic_arn."
  }
}

variable "trail_topic_arn" {
  description = "For notify_by = topic, the topic that the trail or its bucket publishes to."
  type        = string
  default     = ""
}

# When it runs.

variable "schedule" {
  description = "How often the bucket is listed and conditions are judged, also when nothing was notified."
  type        = string
  default     = "rate(10 minutes)"
}

variable "api_calls" {
  description = "Whether calls that change keys or the trail in this account and Region are judged within seconds."
  type        = bool
  default     = true
}

variable "organization_id" {
  description = "With the id of an organization, its accounts may forward such calls; see deploy/forwarder.yaml."
  type        = string
  default     = ""
}

variable "alert_from" {
  description = "Time (ISO 8601, UTC) from which matters are alerted on; the time of the first apply if empty."
  type        = string
  default     = ""
}

variable "ingest_from" {
  description = "Log files delivered before this time (ISO 8601, UTC) are not read; empty reads all there are."
  type        = string
  default     = ""
}

# The lake.

variable "lake_key_arn" {
  description = "ARN of the KMS key to encrypt the lake with, through an S3 Bucket Key; empty for keys of S3."
  type        = string
  default     = ""
}

variable "lake_versioning" {
  description = "Whether the bucket keeps what keytrail vacuum deletes."
  type        = bool
  default     = false
}

# Alerts.

variable "alert_email" {
  description = "Address to subscribe to the alerts; it gets a mail to confirm. Empty for none."
  type        = string
  default     = ""
}

variable "alert_min_severity" {
  description = "The mildest severity that is sent, if config_key is empty."
  type        = string
  default     = "medium"

  validation {
    condition     = contains(["info", "low", "medium", "high", "critical"], var.alert_min_severity)
    error_message = "It is info, low, medium, high or critical."
  }
}

variable "alert_key_arn" {
  description = "ARN of the KMS key to encrypt the alert topic with; cloudwatch.amazonaws.com must be let use it."
  type        = string
  default     = ""
}

variable "slack_secret_arn" {
  description = "ARN of the secret whose text is a Slack webhook address; empty for none."
  type        = string
  default     = ""
}

variable "webhook_secret_arn" {
  description = "ARN of the secret whose JSON has the url of a webhook and the secret to sign with; empty for none."
  type        = string
  default     = ""
}

variable "security_hub" {
  description = "Whether findings are imported into Security Hub of this account and Region, where it must be on."
  type        = bool
  default     = false
}

variable "sink_policy_arn" {
  description = "ARN of a policy to give the function for sinks that your own configuration names; empty for none."
  type        = string
  default     = ""
}

variable "config_key" {
  description = "Key below config/ in the lake's bucket of your keytrail.toml; empty for one made from the above."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(config/.+)?$", var.config_key))
    error_message = "The function may read below config/ only."
  }
}

# The function.

variable "architecture" {
  description = "What deploy/package built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "It is x86_64 or arm64."
  }
}

variable "memory" {
  description = "MiB. 1769 is one whole processor; three quarters of it bound what an ingest holds."
  type        = number
  default     = 1769
}

variable "timeout" {
  description = "Seconds. A run stops by itself before, and the next one goes on."
  type        = number
  default     = 300

  validation {
    condition     = var.timeout >= 60 && var.timeout <= 900
    error_message = "It is between 60 and 900."
  }
}

variable "reserved_concurrency" {
  description = "Runs at once, at most: 5 or more with notifications; 0 stops KeyTrail; -1 reserves nothing."
  type        = number
  default     = -1
}

variable "log_retention_days" {
  description = "Days that the function's log is kept. Findings in it are kept in the lake, too."
  type        = number
  default     = 90
}

variable "log_level" {
  description = "How much the function logs: error, warn, info or debug."
  type        = string
  default     = "info"
}

# Watching KeyTrail itself.

variable "operations_topic_arn" {
  description = "Topic that alarms about KeyTrail itself go to; empty for the alert topic."
  type        = string
  default     = ""
}

variable "lag_alarm_seconds" {
  description = "Seconds between an event and its ingest above which an alarm is raised."
  type        = number
  default     = 3600
}
