//! What a caller is told when there is no answer: a status and one sentence, always as
//! `{"error": "..."}`, in both protocols.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use serving::{OutcomeError, Refusal};

/// A refusal on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// What was found and what was expected.
    pub message: String,
}

impl ApiError {
    /// The request is wrong.
    pub fn bad(message: impl Into<String>) -> ApiError {
        ApiError { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// There is no such thing.
    pub fn missing(message: impl Into<String>) -> ApiError {
        ApiError { status: StatusCode::NOT_FOUND, message: message.into() }
    }

    /// The body is not the JSON that it should be; the position stands in the message.
    pub fn json(error: &serde_json::Error) -> ApiError {
        let what = if error.is_eof() { "the JSON ends too early" } else { "the JSON cannot be read" };
        ApiError::bad(format!("{what}: {error}"))
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        let status = match refusal {
            Refusal::Overloaded { .. } | Refusal::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::UnknownVersion(_) => StatusCode::NOT_FOUND,
            Refusal::Input(_) | Refusal::Units { .. } => StatusCode::BAD_REQUEST,
        };
        ApiError { status, message: refusal.to_string() }
    }
}

impl From<OutcomeError> for ApiError {
    fn from(error: OutcomeError) -> ApiError {
        ApiError { status: StatusCode::SERVICE_UNAVAILABLE, message: error.to_string() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.message }))).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
