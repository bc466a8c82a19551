# The lake. It outlives the module: destroying is refused while there is
# something in it.

resource "aws_s3_bucket" "lake_bucket" {
  bucket_prefix = "${var.name}-lake-"
  force_destroy = false
  tags          = local.tags
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake_bucket" {
  bucket = aws_s3_bucket.lake_bucket.id

  rule {
    # One data key serves many objects for a while: most requests to KMS fall away.
    bucket_key_enabled = var.lake_key_arn != ""

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.lake_key_arn == "" ? "AES256" : "aws:kms"
      kms_master_key_id = var.lake_key_arn == "" ? null : var.lake_key_arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "lake_bucket" {
  bucket = aws_s3_bucket.lake_bucket.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "lake_bucket" {
  bucket                  = aws_s3_bucket.lake_bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "lake_bucket" {
  count  = var.lake_versioning ? 1 : 0
  bucket = aws_s3_bucket.lake_bucket.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake_bucket" {
  bucket = aws_s3_bucket.lake_bucket.id

  # Killed runs leave unfinished uploads, which no listing shows. Nothing else expires: Delta decides which file is
  # needed, not its age.
  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }
}

data "aws_iam_policy_document" "lake_bucket_policy" {
  # Nobody, with any action, without TLS.
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.lake_bucket.arn, "${aws_s3_bucket.lake_bucket.arn}/*"]
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

resource "aws_s3_bucket_policy" "lake_bucket_policy" {
  bucket = aws_s3_bucket.lake_bucket.id
  policy = data.aws_iam_policy_document.lake_bucket_policy.json
}
