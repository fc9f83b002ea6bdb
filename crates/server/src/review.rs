//! The review page, in the server that serves: `GET /review` for people, and what its script asks for, as JSON.
//!
//! | call | answer |
//! | --- | --- |
//! | `GET /api/review` | the target, the classes with their keys, how far everybody is, agreement and gold |
//! | `GET /api/review/next?person=ann&count=3` | up to `count` items, that person's for the plan's lease |
//! | `GET /api/review/picture/{item}/{column}` | a picture as PNG |
//! | `POST /api/review/answers` `{"person", "item", "label"}` | keeps a label; without `label` the item is passed on |
//! | `POST /api/review/undo` `{"person"}` | takes the last answer back, and gives its item again |
//! | `POST /api/review/import` `{"answers": [{"prediction_id", "worker", "label"}]}` | answers that were given elsewhere |
//!
//! What the model said is in none of them, nor why an item was drawn. Posts must be `application/json`, which no other
//! site's page can send unasked.

use crate::http::apart;
use crate::http::error::ApiError;
use crate::label::{MOST, POLICY, Undo, Wanted, cells, kept, own, png, read, told};
use crate::page::label as page;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use lifecycle::review::desk::Reply;
use lifecycle::review::{Desk, DeskError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// After so many seconds the page asks again, which also keeps what it has.
const POLL: u64 = 20;

/// The routes.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/review", get(document))
        .route("/api/review", get(about))
        .route("/api/review/next", get(next))
        .route("/api/review/picture/{item}/{column}", get(picture))
        .route("/api/review/answers", post(answer))
        .route("/api/review/undo", post(undo))
        .route("/api/review/import", post(import))
}

fn desk(app: &App) -> Result<Arc<Desk>, ApiError> {
    let none = || {
        ApiError::missing(
            "there is nothing to review here: the answers are no classes, or nothing serves yet",
        )
    };
    app.source.review().ok_or_else(none)
}

async fn document(State(app): State<Arc<App>>) -> Result<impl IntoResponse, ApiError> {
    let (desk, api) = (desk(&app)?, "/api/review");
    let all = desk.progress();
    let (target, classes, progress) = (desk.target(), desk.classes(), (all.settled + all.aside, all.items));
    let sheet = page::Sheet { target, classes, api, progress, poll: Some(POLL) };
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page::document(&sheet).into_string())))
}

async fn about(State(app): State<Arc<App>>) -> Result<Json<Value>, ApiError> {
    let desk = desk(&app)?;
    let mut told = told(desk.target(), desk.classes(), &desk.people(), &progress(&desk, None));
    let (right, of) = desk.gold(None);
    told["gold"] = json!({"right": right, "of": of});
    Ok(Json(told))
}

async fn next(State(app): State<Arc<App>>, Query(wanted): Query<Wanted>) -> Result<Json<Value>, ApiError> {
    let desk = desk(&app)?;
    kept(move || given(&app, &desk, &wanted.person, wanted.count)).await
}

async fn picture(
    State(app): State<Arc<App>>,
    Path((item, column)): Path<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let desk = desk(&app)?;
    let (of, name) = (item.clone(), column.clone());
    let found =
        apart(usize::MAX, move || desk.item(&of).map(|row| row.and_then(|row| png(&row, &name)))).await;
    found
        .map_err(DeskError::from)?
        .ok_or_else(|| ApiError::missing(format!("there is no picture `{column}` of item {item}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    person: String,
    item: String,
    #[serde(default)]
    label: Option<String>,
}

async fn answer(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let (desk, answer): (_, Answer) = (desk(&app)?, read(&headers, body)?);
    kept(move || {
        desk.answer(&answer.person, &answer.item, answer.label.as_deref())?;
        given(&app, &desk, &answer.person, page::AHEAD)
    })
    .await
}

async fn undo(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let (desk, asked): (_, Undo) = (desk(&app)?, read(&headers, body)?);
    kept(move || {
        let item = desk.undo(&asked.person)?;
        let item = item.map(|item| shown(&app, &desk, &item)).transpose()?.flatten();
        Ok(json!({"item": item, "progress": progress(&desk, Some(&asked.person))}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    answers: Vec<Given>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    prediction_id: String,
    worker: String,
    #[serde(default)]
    label: Option<String>,
}

async fn import(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let (desk, asked): (_, Import) = (desk(&app)?, read(&headers, body)?);
    let reply = |given: Given| {
        let Given { prediction_id: prediction, worker, label } = given;
        Reply { prediction, worker, label }
    };
    let replies: Vec<Reply> = asked.answers.into_iter().map(reply).collect();
    kept(move || {
        let told = desk.import(&replies)?;
        Ok(json!({"taken": told.taken, "known": told.known, "unknown": told.unknown, "refused": told.refused}))
    })
    .await
}

fn given(app: &App, desk: &Desk, person: &str, count: usize) -> Result<Value, DeskError> {
    let mut items = Vec::new();
    for item in desk.next(person, count.min(MOST))? {
        items.extend(shown(app, desk, &item)?);
    }
    Ok(json!({"items": items, "progress": progress(desk, Some(person))}))
}

/// An item's cells: those of columns that moved are told, and the words that an answer hangs on.
fn shown(app: &App, desk: &Desk, item: &str) -> Result<Option<Value>, DeskError> {
    let Some(row) = desk.item(item)? else { return Ok(None) };
    let watched = app.source.watched();
    let moved = |name: &str| {
        let columns = watched.iter().flat_map(|found| &found.facts.moved);
        columns.into_iter().any(|column| column.column == name)
    };
    let mut cells = cells(&row, &format!("/api/review/picture/{item}"));
    for cell in &mut cells {
        let name = cell["column"].as_str().unwrap_or_default().to_owned();
        if moved(&name) {
            cell["moved"] = json!(true);
        }
        let long = cell["value"].as_str().is_some_and(|text| text.split_whitespace().nth(3).is_some());
        if cell["kind"] == "text" && long {
            cell["marks"] = json!(desk.marks(&row, &name));
        }
    }
    Ok(Some(json!({"item": item, "cells": cells})))
}

fn progress(desk: &Desk, person: Option<&str>) -> Value {
    let all = desk.progress();
    let own = person.map(|person| own(&desk.people(), person));
    let done = all.settled + all.aside;
    let (agreement, doubles) = desk.agreement();
    let note = agreement.map(|alpha| format!("agreement {alpha:.2} on {doubles} items"));
    json!({
        "items": all.items, "finished": done, "labels": done, "needed": all.items, "own": own,
        "given": all.labels, "aside": all.aside, "noted": all.noted,
        "agreement": agreement, "doubles": doubles, "note": note,
    })
}
