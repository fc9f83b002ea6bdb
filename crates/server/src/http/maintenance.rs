//! Maintenance: the page for people, `/api/maintenance` for machines.

use super::status::POLICY;
use crate::maintenance::twin;
use crate::page::maintenance as page;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use serde_json::Value;
use std::sync::Arc;

/// `GET /maintenance`
pub async fn document(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page::document(&app).into_string()))
}

/// `GET /api/page/maintenance`: the parts of the page that change, for its script.
pub async fn fragment(State(app): State<Arc<App>>) -> Html<String> {
    Html(page::parts(&app).into_string())
}

/// `GET /api/maintenance`
pub async fn about(State(app): State<Arc<App>>) -> Json<Value> {
    Json(twin(&app))
}
