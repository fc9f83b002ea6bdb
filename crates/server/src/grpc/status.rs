//! What a caller is told in gRPC when there is no answer: HTTP's words with a gRPC code.

use crate::http::error::ApiError;
use axum::http::StatusCode;
use serving::Refusal;
use tonic::{Code, Status};

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Status {
        let code = match error.status {
            StatusCode::BAD_REQUEST => Code::InvalidArgument,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::REQUEST_TIMEOUT => Code::DeadlineExceeded,
            StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::Unimplemented,
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            _ => Code::Internal,
        };
        Status::new(code, error.message)
    }
}

/// HTTP says the same of an overloaded server and of one that has nothing to serve; gRPC has a code for each.
pub fn refused(refusal: Refusal) -> Status {
    match refusal {
        Refusal::Overloaded { .. } => Status::resource_exhausted(refusal.to_string()),
        other => ApiError::from(other).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serving::validate::InputError;

    #[test]
    fn every_refusal_has_its_code_and_the_words_of_http() {
        let check = |refusal: Refusal, code: Code| {
            let words = refusal.to_string();
            let status = refused(refusal);
            assert_eq!((status.code(), status.message()), (code, words.as_str()));
        };
        check(Refusal::Overloaded { limit: 3 }, Code::ResourceExhausted);
        check(Refusal::NotReady, Code::Unavailable);
        check(Refusal::UnknownVersion("abc".into()), Code::NotFound);
        check(Refusal::Input(InputError::NoRows), Code::InvalidArgument);
        check(Refusal::Units { found: 1, rows: 2 }, Code::InvalidArgument);
    }
}
