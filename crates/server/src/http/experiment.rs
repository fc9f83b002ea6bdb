//! Releases: the page of one for people, `/api/experiments` for machines.

use super::error::ApiError;
use super::status::POLICY;
use crate::experiment::{current, full, summary};
use crate::page::experiment as page;
use crate::state::App;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse};
use domain::history::{History, Release};
use maud::Markup;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /experiments`: the release under way, or else the newest.
pub async fn newest(State(app): State<Arc<App>>) -> impl IntoResponse {
    let history = app.source.history();
    let found = current(&history).map(|release| page::document(&app, &history, release));
    document(found.unwrap_or_else(|| page::empty(&app)))
}

/// `GET /experiments/{id}`
pub async fn page(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let history = app.source.history();
    let release = find(&history, &id)?;
    Ok(document(page::document(&app, &history, release)))
}

/// `GET /api/page/experiments`: the parts of the page that change, while nothing was released.
pub async fn newest_fragment(State(app): State<Arc<App>>) -> Html<String> {
    let (history, model) = (app.source.history(), app.source.about().model);
    let found = current(&history).map(|release| page::parts(&model, &history, release));
    Html(found.unwrap_or_else(|| page::no_parts(&model)).into_string())
}

/// `GET /api/page/experiments/{id}`: the parts of the page that change, for its script.
pub async fn fragment(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Html<String>, ApiError> {
    let history = app.source.history();
    let release = find(&history, &id)?;
    Ok(Html(page::parts(&app.source.about().model, &history, release).into_string()))
}

/// `GET /api/experiments`: every release with its last look, oldest first.
pub async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let history = app.source.history();
    let all = history.experiments.iter().map(|release| summary(&history, release));
    Json(json!({"experiments": all.collect::<Vec<_>>()}))
}

/// `GET /api/experiments/{id}`: one release with every look.
pub async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    let history = app.source.history();
    let release = find(&history, &id)?;
    Ok(Json(full(&history, release)))
}

fn find<'a>(history: &'a History, id: &str) -> Result<&'a Release, ApiError> {
    let found = history.experiments.iter().find(|release| release.id.0 == id);
    found.ok_or_else(|| {
        ApiError::missing(format!(
            "there is no experiment `{id}`; /api/experiments lists those that there are"
        ))
    })
}

fn document(page: Markup) -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page.into_string()))
}
