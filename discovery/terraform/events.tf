# SPDX-License-Identifier: MIT
#
# What tells rollcall at once that it should look: EventBridge writes changes of tags, states and
# lifecycle actions into a queue, and every message means "look now". Goes with lifecycle.tf, whose
# role gets the rights of ../iam-events.json. A message reaches one reader only: each rollcall needs
# a queue of its own, and a rule can have five.
#
#     ec2 "main" {
#         events { queue-url = "https://sqs.eu-west-1.amazonaws.com/123456789012/rollcall-lb1" }
#     }

variable "queue_names" {
  description = "One queue for each rollcall, at most five; iam-events.json takes rollcall-*"
  type        = set(string)
  default     = ["rollcall-lb1", "rollcall-lb2"]
}

# What is older than some polls has been seen by a poll.
resource "aws_sqs_queue" "rollcall" {
  for_each                  = var.queue_names
  name                      = each.value
  message_retention_seconds = 300
}

resource "aws_cloudwatch_event_rule" "rollcall" {
  name = "rollcall"
  event_pattern = jsonencode({
    source = ["aws.ec2", "aws.autoscaling", "aws.tag"]
    detail-type = [
      "EC2 Instance State-change Notification",
      "EC2 Instance-launch Lifecycle Action",
      "EC2 Instance-terminate Lifecycle Action",
      "Tag Change on Resource",
    ]
  })
}

resource "aws_cloudwatch_event_target" "rollcall" {
  for_each = aws_sqs_queue.rollcall
  rule     = aws_cloudwatch_event_rule.rollcall.name
  arn      = each.value.arn
}

resource "aws_sqs_queue_policy" "rollcall" {
  for_each  = aws_sqs_queue.rollcall
  queue_url = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = each.value.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.rollcall.arn } }
    }]
  })
}

resource "aws_iam_role_policy" "rollcall_events" {
  name   = "rollcall-events"
  role   = aws_iam_role.rollcall.id
  policy = file("${path.module}/../iam-events.json")
}
