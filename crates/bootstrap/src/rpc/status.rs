//! Refusals as gRPC statuses: the one mapping, from the one kind of refusal there is.
//!
//! The details carry `google.rpc.ErrorInfo` (reason: our stable code, domain `streetwise`), `BadRequest` with each
//! fault, and `RetryInfo` where waiting helps.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::door::{Fault, Problem};

/// Names whose codes they are.
const DOMAIN: &str = "streetwise";

/// Most faults of one status: details travel in a header, which common clients take up to 8 KiB of.
const FAULTS_MAX: usize = 16;
/// Most bytes of their texts, for the same reason: in the header they take a third more.
const FAULT_BYTES_MAX: usize = 4 * 1024;

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let (code, retry_after) = (code_of(problem.status().as_u16()), problem.retry_after_s());
        let document = problem.into_document();
        let mut details = ErrorDetails::with_error_info(document.code, DOMAIN, HashMap::new());
        let (faults, mut bytes) = (document.errors.len(), 0);
        for (n, fault) in document.errors.into_iter().enumerate() {
            let description = described(&fault);
            bytes += fault.pointer.len() + description.len();
            if n == FAULTS_MAX || bytes > FAULT_BYTES_MAX {
                let more = format!("and {} more; mend these and send it again", faults - n);
                details.add_bad_request_violation("", more);
                break;
            }
            details.add_bad_request_violation(fault.pointer, description);
        }
        if let Some(seconds) = retry_after {
            details.set_retry_info(Some(Duration::from_secs(seconds.into())));
        }
        let told = [Some(document.title), document.detail, Some(document.hint)];
        let message =
            told.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" — ");
        Status::with_error_details(code, message, details)
    }
}

/// `code: text`, and the place where there is one: a violation has no fields for it.
fn described(Fault { code, detail, line, column, .. }: &Fault) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("{code}: {detail} (line {line}, column {column})"),
        _ => format!("{code}: {detail}"),
    }
}

/// By the meaning of the HTTP status (google.rpc.Code's own table, read backwards); a stale version is `ABORTED`,
/// as that page asks for failed test-and-set.
const fn code_of(status: u16) -> Code {
    match status {
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        408 | 504 => Code::DeadlineExceeded,
        409 => Code::FailedPrecondition,
        412 => Code::Aborted,
        413 | 429 => Code::ResourceExhausted,
        405 | 501 => Code::Unimplemented,
        502 | 503 => Code::Unavailable,
        400..=499 => Code::InvalidArgument,
        _ => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_its_faults_and_its_wait() {
        let fault = Fault::new("/place/lon", "out-of-range", "超出范围");
        let status = Status::from(Problem::validation_failed([fault]));
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "validation-failed");
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "/place/lon");
        let placed = Fault::new("/spec", "unknown-field", "没有该字段").at(3, 5);
        let details = Status::from(Problem::validation_failed([placed])).get_error_details();
        let said = &details.bad_request().unwrap().field_violations[0].description;
        assert_eq!(said, "unknown-field: 没有该字段 (line 3, column 5)");
        let status = Status::from(Problem::quota_exceeded(7));
        assert_eq!(status.code(), Code::ResourceExhausted);
        let delay = status.get_error_details().retry_info().unwrap().retry_delay;
        assert_eq!(delay, Some(Duration::from_secs(7)));
    }

    #[test]
    fn every_refusal_of_the_doors_has_its_code() {
        for (problem, code) in [
            (Problem::malformed_body(), Code::InvalidArgument),
            (Problem::unauthenticated(), Code::Unauthenticated),
            (Problem::forbidden(), Code::PermissionDenied),
            (Problem::not_found(), Code::NotFound),
            (Problem::invalid_transition(), Code::FailedPrecondition),
            (Problem::precondition_failed(), Code::Aborted),
            (Problem::payload_too_large(), Code::ResourceExhausted),
            (Problem::idempotency_key_reused(), Code::InvalidArgument),
            (Problem::unavailable(1), Code::Unavailable),
            (Problem::internal(), Code::Internal),
        ] {
            assert_eq!(Status::from(problem).code(), code);
        }
    }
}
