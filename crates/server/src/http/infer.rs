//! The Open Inference Protocol, version 2, over REST, with the binary tensor extension.

use super::body::Whole;
use super::error::ApiError;
use super::{apart, serving_model, weight};
use crate::state::App;
use crate::wire::columns::table;
use crate::wire::infer::{Header, InferError, read, respond, tensors};
use crate::wire::metadata::metadata;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Table;
use serde_json::{Value, json};
use serving::{Link, Request, Snapshot};
use std::sync::Arc;

/// Tells where a body's JSON ends and its binary tensors begin.
const JSON_LENGTH: &str = "inference-header-content-length";

/// `GET /v2`
pub async fn server() -> Json<Value> {
    let (name, version) = ("incumbent", env!("CARGO_PKG_VERSION"));
    Json(json!({"name": name, "version": version, "extensions": ["binary_tensor_data"]}))
}

/// `GET /v2/health/live`
pub async fn live() -> Json<Value> {
    Json(json!({"live": true}))
}

/// `GET /v2/health/ready`
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    readiness(app.ready())
}

/// `GET /v2/models/{name}`
pub async fn model(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
    describe(&*serving_model(&app, &name)?, None)
}

/// `GET /v2/models/{name}/versions/{version}`
pub async fn version(
    State(app): State<Arc<App>>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    describe(&*serving_model(&app, &name)?, Some(&version))
}

/// `GET /v2/models/{name}/ready`
pub async fn model_ready(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    serving_model(&app, &name)?;
    Ok(readiness(app.ready()))
}

/// `GET /v2/models/{name}/versions/{version}/ready`
pub async fn version_ready(
    State(app): State<Arc<App>>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let snapshot = serving_model(&app, &name)?;
    snapshot.chain_for(Some(&version))?;
    Ok(readiness(app.ready()))
}

/// `POST /v2/models/{name}/infer`
pub async fn infer(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    whole: Whole,
) -> Result<Response, ApiError> {
    answer(&app, &name, None, whole).await
}

/// `POST /v2/models/{name}/versions/{version}/infer`
pub async fn infer_version(
    State(app): State<Arc<App>>,
    Path((name, version)): Path<(String, String)>,
    whole: Whole,
) -> Result<Response, ApiError> {
    answer(&app, &name, Some(version), whole).await
}

async fn answer(app: &App, name: &str, version: Option<String>, whole: Whole) -> Result<Response, ApiError> {
    let arrived = app.engine.now();
    let snapshot = serving_model(app, name)?;
    let meant = Arc::clone(&snapshot.chain_for(version.as_deref())?[0]);
    let bytes = whole.body.len();
    let (header, rows) =
        apart(weight(bytes, &meant.signature().inputs), move || decode(&whole, &meant)).await?;
    let request = Request { rows, version, units: vec![], arrived };
    let answer = app.engine.predict(&snapshot, request).await?;
    let name = name.to_owned();
    let response = apart(bytes, move || respond(&header, &name, &answer)).await?;
    let mut headers = HeaderMap::new();
    let kind = if response.json_length.is_some() { "application/octet-stream" } else { "application/json" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(length) = response.json_length {
        headers.insert(JSON_LENGTH, HeaderValue::from(length));
    }
    Ok((headers, response.body).into_response())
}

fn decode(whole: &Whole, meant: &Link) -> Result<(Header, Table), ApiError> {
    let (mut header, binary) = read(&whole.body, json_length(&whole.headers)?)?;
    let tensors = tensors(&mut header, &binary)?;
    let rows = table(tensors, &meant.signature().inputs).map_err(ApiError::bad)?;
    Ok((header, rows))
}

fn json_length(headers: &HeaderMap) -> Result<Option<usize>, ApiError> {
    let Some(value) = headers.get(JSON_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    let wrong =
        || ApiError::bad(format!("Inference-Header-Content-Length is {value:?}, expected a number of bytes"));
    length.map(Some).ok_or_else(wrong)
}

fn describe(snapshot: &Snapshot, version: Option<&str>) -> Result<Json<Value>, ApiError> {
    Ok(Json(metadata(snapshot, version)?.json()))
}

fn readiness(ready: bool) -> Response {
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": ready}))).into_response()
}

impl From<InferError> for ApiError {
    fn from(error: InferError) -> ApiError {
        match error {
            InferError::Json(error) => ApiError::json(&error),
            InferError::Content(message) => ApiError::bad(message),
        }
    }
}
