//! gRPC: the Open Inference Protocol, health and reflection, on the same port and with the same limits as HTTP.
//!
//! A request's body is read as HTTP reads it and only then handed to the service; what rows mean is decided in
//! `wire` for both doors. Invariant: what HTTP refuses is refused here with the same words, and a gRPC code.

mod health;
mod infer;
#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::unwrap_used, reason = "made from the .proto")]
pub mod proto;
mod status;

use crate::http::body::read;
use crate::http::error::ApiError;
use crate::state::App;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use proto::grpc_inference_service_server::GrpcInferenceServiceServer;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_health::pb::health_server::HealthServer;
use tower_http::catch_panic::CatchPanicLayer;

/// What the `.proto` says, for reflection.
const DESCRIPTORS: &[u8] = include_bytes!("../../proto/open_inference.bin");

/// The methods of the protocol; each has a route, so that the metrics tell them apart.
const METHODS: [&str; 6] =
    ["ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"];

/// The routes of every service.
pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    inference(app)
        .merge(health(app))
        .merge(reflection())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(grpc_only))
        .layer(from_fn_with_state(Arc::clone(app), count))
}

/// The answer where there is no such method.
pub fn nothing_here(path: &str) -> Response {
    Status::unimplemented(format!("there is no method {path}")).into_http()
}

/// Whether a request speaks gRPC.
pub fn spoken(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| {
        kind.strip_prefix("application/grpc")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
    })
}

fn inference(app: &Arc<App>) -> Router<Arc<App>> {
    let service = infer::Door(Arc::clone(app));
    // a body that was let in is decoded, however long: its limit is that of HTTP
    let service = GrpcInferenceServiceServer::new(service).max_decoding_message_size(usize::MAX);
    let path = |method: &str| format!("/inference.GRPCInferenceService/{method}");
    let routes = METHODS
        .iter()
        .fold(Router::new(), |routes, method| routes.route_service(&path(method), service.clone()));
    routes.layer(from_fn_with_state(Arc::clone(app), whole))
}

fn health(app: &Arc<App>) -> Router<Arc<App>> {
    let service = HealthServer::new(health::Health(Arc::clone(app)));
    Router::new()
        .route_service("/grpc.health.v1.Health/Check", service.clone())
        .route_service("/grpc.health.v1.Health/Watch", service)
}

/// Both versions that clients ask for: grpcurl knows the newer one, older tools the alpha.
fn reflection() -> Router<Arc<App>> {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let whole = "the committed descriptors are whole: a test compares them with the .proto";
    Router::new()
        .route_service(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            builder().build_v1().expect(whole),
        )
        .route_service(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            builder().build_v1alpha().expect(whole),
        )
}

/// Reads the request's body, up to the limit, and answers within the time that the caller gives.
async fn whole(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let allowed = allowed(request.headers());
    let answered = async {
        let (parts, body) = request.into_parts();
        match read(&parts.headers, body, app.limits.body).await {
            Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
            Err(error) => Status::from(error).into_http(),
        }
    };
    let Some(allowed) = allowed else { return answered.await };
    let late =
        |_| Status::deadline_exceeded("the answer was not ready in the time that was given").into_http();
    tokio::time::timeout(allowed, answered).await.unwrap_or_else(late)
}

/// The time that a caller gives: up to eight digits and a unit.
fn allowed(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

async fn grpc_only(request: Request, next: Next) -> Response {
    if spoken(request.headers()) {
        return next.run(request).await;
    }
    let found = request.headers().get(header::CONTENT_TYPE);
    let message = format!(
        "{} speaks gRPC: found content-type {found:?}, expected application/grpc",
        request.uri().path()
    );
    ApiError { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, message }.into_response()
}

async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let method = request.uri().path().to_owned();
    let response = next.run(request).await;
    // a refusal stands in the headers; whoever answers has the code OK behind the answer
    let code =
        response.headers().get("grpc-status").map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
    app.requests.count_grpc(method, code);
    response
}

fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    tracing::error!("a gRPC handler panicked");
    Status::internal("the server met a fault of its own; the request was not answered").into_http()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        [(header::HeaderName::from_static(name), header::HeaderValue::from_static(value))]
            .into_iter()
            .collect()
    }

    #[test]
    fn a_callers_time_is_read_in_its_unit() {
        let check = |text, expect: Option<Duration>| {
            assert_eq!(allowed(&headers("grpc-timeout", text)), expect, "{text}")
        };
        check("1H", Some(Duration::from_secs(3600)));
        check("250m", Some(Duration::from_millis(250)));
        check("99999999S", Some(Duration::from_secs(99_999_999)));
        for odd in ["", "m", "5", "-5m", "999999999S", "5d"] {
            check(odd, None);
        }
    }

    #[test]
    fn grpc_is_known_by_its_content_type() {
        let says = |kind| spoken(&headers("content-type", kind));
        assert!(says("application/grpc") && says("application/grpc+proto"));
        assert!(!says("application/json") && !says("application/grpc-web"));
    }
}
