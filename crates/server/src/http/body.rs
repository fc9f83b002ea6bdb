//! Reading a request's body, up to the limit.
//!
//! A body over the limit is read on and thrown away for a while before the refusal is sent: a client that
//! is still writing would otherwise see a broken connection instead of the reason.

use super::error::ApiError;
use crate::state::App;
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How much of a body that is too large is read and thrown away.
const MOST_DRAINED: usize = 256 << 20;
/// How long it is read for.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// How a body's size and pace are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimit {
    /// The most bytes.
    pub bytes: usize,
    /// From its first byte to its last.
    pub time: Duration,
}

/// A request's headers and its whole body.
pub struct Whole {
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

enum Cut {
    TooLarge,
    Broken(String),
}

impl FromRequest<Arc<App>> for Whole {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Whole, ApiError> {
        let (parts, body) = request.into_parts();
        let body = read(&parts.headers, body, app.limits.body).await?;
        Ok(Whole { headers: parts.headers, body })
    }
}

/// Reads a body, up to the limit.
pub async fn read(headers: &HeaderMap, mut body: Body, limit: BodyLimit) -> Result<Bytes, ApiError> {
    if let Some(coding) = headers.get(header::CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let message = format!("content-encoding {coding:?} is not read here; send the body as it is");
        return Err(ApiError { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, message });
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    let collected = if announced.is_some_and(|length| length > limit.bytes) {
        Err(Cut::TooLarge)
    } else {
        let collected = tokio::time::timeout(limit.time, collect(&mut body, limit.bytes)).await;
        collected.map_err(|_| too_slow(limit))?
    };
    match collected {
        Ok(bytes) => Ok(bytes),
        Err(Cut::Broken(why)) => Err(ApiError::bad(format!("the body could not be read: {why}"))),
        Err(Cut::TooLarge) => {
            // whether it was drained to its end or not, the refusal is the same
            let _ = tokio::time::timeout(DRAIN_TIME, drain(&mut body)).await;
            Err(too_large(announced, limit))
        }
    }
}

fn too_slow(limit: BodyLimit) -> ApiError {
    let message = format!("the body did not arrive within {} s", limit.time.as_secs());
    ApiError { status: StatusCode::REQUEST_TIMEOUT, message }
}

fn too_large(announced: Option<usize>, limit: BodyLimit) -> ApiError {
    let found = announced.map_or_else(|| "more".into(), |length| format!("{length} bytes"));
    let limit = limit.bytes;
    let message = format!(
        "the body is too large: found {found}, expected at most {limit} bytes; \
         send fewer rows a request, or raise `serve.body_limit_mb`"
    );
    ApiError { status: StatusCode::PAYLOAD_TOO_LARGE, message }
}

async fn collect(body: &mut Body, limit: usize) -> Result<Bytes, Cut> {
    let mut collected = BytesMut::new();
    while let Some(data) = next(body).await? {
        if collected.len() + data.len() > limit {
            return Err(Cut::TooLarge);
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

async fn drain(body: &mut Body) {
    let mut drained = 0;
    while let Ok(Some(data)) = next(body).await {
        drained += data.len();
        if drained > MOST_DRAINED {
            return;
        }
    }
}

/// The next piece of data; trailers are skipped.
async fn next(body: &mut Body) -> Result<Option<Bytes>, Cut> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Err(error)) => return Err(Cut::Broken(error.to_string())),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
