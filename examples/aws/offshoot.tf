# A role for the jobs of one repository on GitHub, with which offshoot makes machines for previews. No key is kept
# anywhere: GitHub signs who the job is.
#   terraform init && terraform apply -var github=acme/shop

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "github" {
  description = "The repository, such as acme/shop"
  type        = string
}

variable "subject" {
  description = "As GitHub's tokens name the repository; newer ones have numbers in it: acme@1234/shop@5678"
  type        = string
  default     = ""
}

variable "branch" {
  description = "The default branch: comments, the sweep and runs by hand are its jobs"
  type        = string
  default     = "main"
}

locals {
  subject = var.subject == "" ? var.github : var.subject
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "offshoot" {
  name = "offshoot-previews"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = [
          "repo:${local.subject}:pull_request",
          "repo:${local.subject}:ref:refs/heads/${var.branch}",
        ]
      } }
    }]
  })
}

# policy.json is what offshoot doctor --provider ec2 prints: the rights on what bears this repository's label.
resource "aws_iam_role_policy" "offshoot" {
  name   = "offshoot"
  role   = aws_iam_role.offshoot.id
  policy = replace(file("${path.module}/policy.json"), "REPOSITORY", "github.com/${var.github}")
}

output "role" {
  description = "The variable AWS_ROLE_ARN of the repository"
  value       = aws_iam_role.offshoot.arn
}
