output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.function.function_name
}

output "function_role_arn" {
  description = "Role of the function, for the policies of a bucket, topic or key in another account."
  value       = aws_iam_role.function_role.arn
}

output "function_log_group" {
  description = "Log group of the function."
  value       = aws_cloudwatch_log_group.function_log.name
}

output "lake" {
  description = "The lake, for KEYTRAIL_LAKE and --lake."
  value       = "s3://${aws_s3_bucket.lake_bucket.bucket}/lake"
}

output "lake_bucket" {
  description = "Bucket of the lake, for keytrail.toml below config/."
  value       = aws_s3_bucket.lake_bucket.bucket
}

output "alert_topic_arn" {
  description = "Topic of the alerts."
  value       = aws_sns_topic.alert_topic.arn
}

output "notifications_arn" {
  description = "Queue that the trail's bucket notifies (notify_by = bucket)."
  value       = aws_sqs_queue.notifications.arn
}

output "dead_letters_url" {
  description = "Queue of what failed again and again."
  value       = aws_sqs_queue.dead_letters.url
}

output "central_bus_arn" {
  description = "Bus that forwarders send to, for deploy/forwarder.yaml; null without organization_id."
  value       = one(aws_cloudwatch_event_bus.central_bus[*].arn)
}
