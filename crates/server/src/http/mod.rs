//! The routes. Each file is one protocol or resource: it decodes, calls the data plane, encodes.

pub mod body;
pub mod error;
mod experiment;
mod infer;
mod maintenance;
mod outcomes;
mod predict;
mod status;

use crate::grpc;
use crate::metrics::Kind;
use crate::state::App;
use crate::wire::picture;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::Schema;
use error::ApiError;
use serving::Snapshot;
use std::any::Any;
use std::sync::Arc;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

/// A body of fewer bytes than this is read in less time than it takes to hand it to another thread and
/// back a few times.
const SHORT: usize = 32 << 10;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(status::page))
        .route("/ui/{file}", get(status::file))
        .route("/api/page", get(status::fragment))
        .route("/experiments", get(experiment::newest))
        .route("/experiments/{id}", get(experiment::page))
        .route("/api/page/experiments", get(experiment::newest_fragment))
        .route("/api/page/experiments/{id}", get(experiment::fragment))
        .route("/api/experiments", get(experiment::list))
        .route("/api/experiments/{id}", get(experiment::one))
        .route("/maintenance", get(maintenance::document))
        .route("/api/page/maintenance", get(maintenance::fragment))
        .route("/api/maintenance", get(maintenance::about))
        .route("/api/status", get(status::status))
        .route("/api/history", get(status::history))
        .route("/metrics", get(status::metrics))
        .route("/v1/models/{target}", post(predict::predict))
        .route("/v1/outcomes", post(outcomes::note))
        .route("/v2", get(infer::server))
        .route("/v2/health/live", get(infer::live))
        .route("/v2/health/ready", get(infer::ready))
        .route("/v2/models/{name}", get(infer::model))
        .route("/v2/models/{name}/ready", get(infer::model_ready))
        .route("/v2/models/{name}/infer", post(infer::infer))
        .route("/v2/models/{name}/versions/{version}", get(infer::version))
        .route("/v2/models/{name}/versions/{version}/ready", get(infer::version_ready))
        .route("/v2/models/{name}/versions/{version}/infer", post(infer::infer_version))
        .merge(crate::review::routes())
        .merge(grpc::router(&app))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&app), count))
        .with_state(app)
}

async fn nothing_here(request: Request) -> Response {
    let path = request.uri().path();
    if grpc::spoken(request.headers()) {
        return grpc::nothing_here(path);
    }
    ApiError::missing(format!("there is nothing at {path}")).into_response()
}

async fn wrong_method(request: Request) -> ApiError {
    let message = format!("{} does not answer {}", request.uri().path(), request.method());
    ApiError { status: StatusCode::METHOD_NOT_ALLOWED, message }
}

async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = method(request.method());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    app.requests.count(Kind { route, method, status }, start.elapsed());
    response
}

/// A caller may invent methods; the metrics do not follow.
fn method(method: &Method) -> String {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ];
    if known.contains(method) { method.to_string() } else { "other".into() }
}

/// The snapshot, if it serves the model of this name.
pub fn serving_model(app: &App, name: &str) -> Result<Arc<Snapshot>, ApiError> {
    let snapshot = app.engine.snapshot()?;
    if snapshot.model() == name {
        return Ok(snapshot);
    }
    Err(ApiError::missing(format!("there is no model `{name}` here; `{}` serves", snapshot.model())))
}

/// The work of reading `bytes` for this schema, in bytes: a picture may ask for far more than its own.
pub fn weight(bytes: usize, schema: &Schema) -> usize {
    let pictures = schema.fields.iter().any(|field| picture::shape(&field.kind).is_some());
    if pictures { bytes.max(SHORT) } else { bytes }
}

/// Runs work that grows with `bytes`: at once where it is short, else where it holds up no other request.
pub async fn apart<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes < SHORT {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request handler panicked");
    let message = "the server met a fault of its own; the request was not answered".into();
    ApiError { status: StatusCode::INTERNAL_SERVER_ERROR, message }.into_response()
}
