# SPDX-License-Identifier: MIT
#
# What rollcall's lifecycle needs around one Auto Scaling group: the two hooks, and a role with the
# rights of ../iam-lifecycle.json for the instances that rollcall runs on. An example to copy: the
# group itself is yours.
#
# The names of the hooks stand in rollcall.conf as well:
#
#     ec2 "main" {
#         groups = {"prod-*"}
#         lifecycle { launch-hook = "srvCreation" terminate-hook = "srvTermination" drain = 60s }
#     }

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 4.0"
    }
  }
}

variable "group_name" {
  description = "Auto Scaling group that rollcall serves; iam-lifecycle.json takes prod-*"
  type        = string
}

variable "drain_s" {
  description = "drain in rollcall.conf, in seconds"
  type        = number
  default     = 60
}

# Nobody is served before rollcall has tagged it, and it tags only while the hook waits. An instance
# that it did not come to in an hour is ended and replaced, rather than kept and never served.
resource "aws_autoscaling_lifecycle_hook" "launch" {
  name                   = "srvCreation"
  autoscaling_group_name = var.group_name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
  heartbeat_timeout      = 3600
  default_result         = "ABANDON"
}

# Longer than the drain by some looks, so that no heartbeat is needed; at least what AWS takes.
resource "aws_autoscaling_lifecycle_hook" "terminate" {
  name                   = "srvTermination"
  autoscaling_group_name = var.group_name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = max(300, var.drain_s + 120)
  default_result         = "CONTINUE"
}

resource "aws_iam_role" "rollcall" {
  name = "rollcall"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "rollcall" {
  name   = "rollcall-lifecycle"
  role   = aws_iam_role.rollcall.id
  policy = file("${path.module}/../iam-lifecycle.json")
}

# For the launch template or instance that runs rollcall.
resource "aws_iam_instance_profile" "rollcall" {
  name = "rollcall"
  role = aws_iam_role.rollcall.name
}
