//! What an **error of AWS** means: what to mend, and whether to try again.
//!
//! A missing permission or queue is an error of configuration, which people mend
//! while alerts wait; so only what the service will never take is given up.

use std::error::Error;

use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use super::DeliveryError;
use crate::alert::format::bounded::line;

/// Longest message of AWS's that is passed on. It may quote what was sent.
const MESSAGE_BYTES_MAX: usize = 300;

/// What a request was for.
#[derive(Debug, Clone)]
pub(super) struct Purpose {
    /// The sink's target, as people know it.
    pub(super) place: String,
    /// IAM action that it needs.
    pub(super) action: &'static str,
}

/// Kinds of errors that are told apart, by AWS's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Denied,
    Unsubscribed,
    Credentials,
    Key,
    Missing,
    Elsewhere,
    Busy,
    Malformed,
    Unknown,
}

impl Purpose {
    /// A request that failed as a whole.
    pub(super) fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> DeliveryError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(refusal) => {
                let status = refusal.raw().status().as_u16();
                let code = refusal.err().code().unwrap_or_default();
                self.explain(meaning(code, Some(status)), code, refusal.err().message())
            }
            SdkError::TimeoutError(_) => self.error("no answer in time", true),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                self.error("no answer in time", true)
            }
            other => self.unsent(other),
        }
    }

    /// One of several entries of a request that was refused.
    pub(super) fn refused(
        &self,
        code: &str,
        message: Option<&str>,
        senders_fault: bool,
    ) -> DeliveryError {
        let meaning = match meaning(code, None) {
            Meaning::Unknown if senders_fault => Meaning::Malformed,
            meaning => meaning,
        };
        self.explain(meaning, code, message)
    }

    /// An error in words of our own.
    pub(super) fn error(&self, reason: &str, retry: bool) -> DeliveryError {
        DeliveryError { retry, ..DeliveryError::passing(format!("{}: {reason}", self.place)) }
    }

    fn explain(&self, meaning: Meaning, code: &str, message: Option<&str>) -> DeliveryError {
        let action = self.action;
        let code = line(code, 100);
        let said = line(message.unwrap_or_default(), MESSAGE_BYTES_MAX);
        let reason = match meaning {
            Meaning::Denied => match key_action(&said) {
                Some(key_action) => format!("access denied: allow {key_action} on its KMS key"),
                None => format!("access denied: allow {action}"),
            },
            Meaning::Unsubscribed => {
                format!("access denied: enable Security Hub there, and allow {action}")
            }
            // The message may quote the request, and with it a session's token.
            Meaning::Credentials => format!("AWS does not accept the credentials ({code})"),
            Meaning::Key => format!("its KMS key cannot be used ({code}): {}", key_needs(&said)),
            Meaning::Missing => format!("does not exist ({code})"),
            Meaning::Elsewhere => "is in another Region: set `region`".to_owned(),
            Meaning::Busy => format!("cannot take more now ({code})"),
            Meaning::Malformed => format!("does not take the alert ({code}: {said})"),
            Meaning::Unknown => format!("refused the request ({code}: {said})"),
        };
        self.error(&reason, meaning != Meaning::Malformed)
    }

    /// A request that got no answer, or none that could be read.
    fn unsent(&self, error: &(dyn Error + 'static)) -> DeliveryError {
        let mut cause = Some(error);
        let mut signs = String::new();
        while let Some(found) = cause {
            if let Some(refusal) = found.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>() {
                return self.unassumed(refusal);
            }
            signs.push_str(&found.to_string());
            cause = found.source();
        }
        let no_credentials = ["credential", "identity"].iter().any(|sign| signs.contains(sign));
        let reason = if no_credentials {
            "no AWS credentials found: set a profile or AWS_ACCESS_KEY_ID"
        } else {
            "cannot connect, or the connection broke off"
        };
        self.error(reason, true)
    }

    fn unassumed(&self, error: &SdkError<AssumeRoleError, HttpResponse>) -> DeliveryError {
        let SdkError::ServiceError(refusal) = error else {
            return self.error("the role cannot be assumed: STS did not answer", true);
        };
        let code = refusal.err().code().unwrap_or_default();
        let reason = match meaning(code, Some(refusal.raw().status().as_u16())) {
            Meaning::Denied => "the role cannot be assumed: allow sts:AssumeRole on it, and name \
                                the caller in its trust policy"
                .to_owned(),
            Meaning::Credentials => {
                format!("AWS does not accept the credentials ({})", line(code, 100))
            }
            _ => format!("the role cannot be assumed ({})", line(code, 100)),
        };
        self.error(&reason, true)
    }
}

/// The action of KMS that a message names.
fn key_action(message: &str) -> Option<&'static str> {
    ["kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt"]
        .into_iter()
        .find(|action| message.contains(action))
}

fn key_needs(message: &str) -> String {
    let action = key_action(message).unwrap_or("kms:GenerateDataKey and kms:Decrypt");
    format!("allow {action} on it, and see that it is enabled")
}

fn meaning(code: &str, status: Option<u16>) -> Meaning {
    // SQS writes `KmsAccessDenied`, SNS `KMSAccessDeniedException`.
    let of_key = code.starts_with("KMS") || code.starts_with("Kms");
    let code = code.rsplit(['#', '.']).next().unwrap_or(code);
    let code = code.strip_suffix("Exception").unwrap_or(code);
    if of_key {
        return if code.contains("Throttl") { Meaning::Busy } else { Meaning::Key };
    }
    match code {
        "AccessDenied"
        | "AllAccessDisabled"
        | "AuthorizationError"
        | "InvalidSecurity"
        | "NotAuthorized"
        | "NotAuthorizedForDetailType"
        | "NotAuthorizedForSource" => Meaning::Denied,
        "InvalidAccess" => Meaning::Unsubscribed,
        "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient" => Meaning::Credentials,
        "NoSuchBucket" | "NonExistentQueue" | "NotFound" | "QueueDoesNotExist"
        | "ResourceNotFound" => Meaning::Missing,
        "AuthorizationHeaderMalformed" | "IllegalLocationConstraint" | "PermanentRedirect" => {
            Meaning::Elsewhere
        }
        "BatchRequestTooLong"
        | "EntityTooLarge"
        | "InvalidArgument"
        | "InvalidAttributeValue"
        | "InvalidInput"
        | "InvalidMessageContents"
        | "InvalidParameter"
        | "InvalidParameterValue"
        | "MalformedDetail"
        | "Validation"
        | "ValidationError" => Meaning::Malformed,
        "Internal"
        | "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "LimitExceeded"
        | "OverLimit"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestTimeout"
        | "ServiceUnavailable"
        | "SlowDown"
        | "Throttled"
        | "Throttling"
        | "TooManyRequests" => Meaning::Busy,
        _ => status.map_or(Meaning::Unknown, by_status),
    }
}

/// What the status says when the code says nothing.
fn by_status(status: u16) -> Meaning {
    match status {
        301 => Meaning::Elsewhere,
        403 => Meaning::Denied,
        408 | 429 | 500.. => Meaning::Busy,
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose() -> Purpose {
        Purpose { place: "queue alerts".to_owned(), action: "sqs:SendMessage" }
    }

    #[track_caller]
    fn says(code: &str, message: &str, reason: &str, retry: bool) {
        let error = purpose().refused(code, Some(message), false);
        assert_eq!(error.reason, format!("queue alerts: {reason}"));
        assert_eq!(error.retry, retry, "{code}");
    }

    #[test]
    fn missing_permissions_are_named_and_tried_again() {
        let lacks = |action: &str| format!("User: x is not authorized to perform: {action}");
        says(
            "AccessDenied",
            &lacks("sqs:sendmessage"),
            "access denied: allow sqs:SendMessage",
            true,
        );
        says(
            "AccessDeniedException",
            &lacks("kms:GenerateDataKey on resource: k"),
            "access denied: allow kms:GenerateDataKey on its KMS key",
            true,
        );
        says(
            "KmsAccessDenied",
            "",
            "its KMS key cannot be used (KmsAccessDenied): allow kms:GenerateDataKey and kms:Decrypt \
             on it, and see that it is enabled",
            true,
        );
        says(
            "InvalidAccessException",
            "not subscribed",
            "access denied: enable Security Hub there, and allow sqs:SendMessage",
            true,
        );
    }

    #[test]
    fn what_can_be_mended_is_tried_again_and_what_cannot_is_not() {
        says(
            "AWS.SimpleQueueService.NonExistentQueue",
            "",
            "does not exist (AWS.SimpleQueueService.NonExistentQueue)",
            true,
        );
        says("ThrottlingException", "slow", "cannot take more now (ThrottlingException)", true);
        says(
            "InvalidMessageContents",
            "bad",
            "does not take the alert (InvalidMessageContents: bad)",
            false,
        );
        says("Strange", "odd", "refused the request (Strange: odd)", true);
        assert!(!purpose().refused("Strange", None, true).retry);
    }

    #[test]
    fn a_message_that_quotes_the_request_is_not_passed_on() {
        let quoted = "The Canonical String should have been 'x-amz-security-token:SECRET'";
        let error = purpose().refused("SignatureDoesNotMatch", Some(quoted), true);
        assert!(!error.reason.contains("SECRET"), "{error}");
        assert!(error.retry);
    }

    #[test]
    fn a_message_is_one_short_line() {
        let long = "a\nb\u{1b}".repeat(1_000);
        let error = purpose().refused("Strange", Some(&long), false);
        assert!(error.reason.len() < 400 && !error.reason.contains(char::is_control), "{error}");
    }
}
