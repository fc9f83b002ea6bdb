//! The labelling page: `GET /` for people, and what its script asks for, as JSON.
//!
//! | call | answer |
//! | --- | --- |
//! | `GET /api/label` | the target, the classes with their keys, and how far everybody is |
//! | `GET /api/label/next?person=ann&count=3` | up to `count` items for that person, with what is shown of them |
//! | `GET /api/label/picture/{item}/{column}` | a picture as PNG |
//! | `POST /api/label/answers` `{"person", "item", "label"}` | keeps a label; without `label` the item is passed on |
//! | `POST /api/label/undo` `{"person"}` | takes the last answer back, and gives its item again |
//!
//! Neither the truth nor a model's answer is in any of them. Posts must be `application/json`, which no other site's
//! page can send unasked.

use crate::http::error::ApiError;
use crate::listen::connections;
use crate::page::label as page;
use crate::state::Limits;
use crate::{http, page::CSS};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, extract::DefaultBodyLimit};
use domain::{Column, Kind, Table, Values};
use lifecycle::labelling::Desk;
use lifecycle::review::{DeskError, Refused};
use serde::Deserialize;
use serde_json::{Value, json};
use serving::image::encode_png;
use std::future::Future;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The most items that are given out at once.
pub(crate) const MOST: usize = 20;
/// An answer's JSON is far shorter.
const BODY_LIMIT: usize = 64 << 10;
/// The keys of the classes, in their order. `u` takes an answer back and `s` passes an item on.
pub const KEYS: &str = "1234567890abcdefghijklmnopqrtvwxyz";
/// Nothing from elsewhere, nothing inline, no frames; pictures come from here.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves the page until `shutdown` ends.
pub async fn serve(listener: TcpListener, desk: Arc<Desk>, shutdown: impl Future<Output = ()>) {
    connections(listener, router(desk), Limits::default(), shutdown).await;
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(document))
        .route("/ui/{file}", get(file))
        .route("/api/label", get(about))
        .route("/api/label/next", get(next))
        .route("/api/label/picture/{item}/{column}", get(picture))
        .route("/api/label/answers", post(answer))
        .route("/api/label/undo", post(undo))
        .fallback(async |request: Request| {
            ApiError::missing(format!("there is nothing at {}", request.uri().path()))
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(desk)
}

async fn document(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    let all = desk.progress();
    let sheet = page::Sheet {
        target: desk.target(),
        classes: desk.classes(),
        api: "/api/label",
        progress: (all.labels, all.needed),
        poll: None,
    };
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page::document(&sheet).into_string()))
}

async fn file(Path(file): Path<String>) -> Result<impl IntoResponse, ApiError> {
    let (kind, text) = match file.as_str() {
        "page.css" => ("text/css; charset=utf-8", CSS),
        "label.css" => ("text/css; charset=utf-8", page::CSS),
        "label.js" => ("text/javascript; charset=utf-8", page::SCRIPT),
        _ => return Err(ApiError::missing(format!("there is no file /ui/{file}"))),
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text))
}

async fn about(State(desk): State<Arc<Desk>>) -> Json<Value> {
    Json(told(desk.target(), desk.classes(), &desk.people(), &progress(&desk, None)))
}

/// What a page is told at first: the target, the classes with their keys, who labelled how much, and how far all are.
pub(crate) fn told(target: &str, classes: &[String], people: &[(String, usize)], progress: &Value) -> Value {
    let classes = classes.iter().zip(KEYS.chars()).map(|(name, key)| json!({"key": key, "name": name}));
    let people = people.iter().map(|(name, labels)| json!({"name": name, "labels": labels}));
    json!({
        "target": target, "classes": classes.collect::<Vec<_>>(), "people": people.collect::<Vec<_>>(),
        "progress": progress,
    })
}

/// How many labels a person gave.
pub(crate) fn own(people: &[(String, usize)], person: &str) -> usize {
    people.iter().find(|(name, _)| name == person.trim()).map_or(0, |(_, labels)| *labels)
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    pub person: String,
    #[serde(default = "one")]
    pub count: usize,
}

fn one() -> usize {
    1
}

async fn next(State(desk): State<Arc<Desk>>, Query(wanted): Query<Wanted>) -> Result<Json<Value>, ApiError> {
    Ok(Json(given(&desk, &wanted.person, wanted.count)?))
}

async fn picture(
    State(desk): State<Arc<Desk>>,
    Path((item, column)): Path<(u64, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let missing = || ApiError::missing(format!("there is no picture `{column}` of item {item}"));
    let table = desk.item(item).ok_or_else(missing)?;
    png(&table, &column).ok_or_else(missing)
}

/// The picture in a column of the only row, as a response.
pub(crate) fn png(table: &Table, column: &str) -> Option<impl IntoResponse + use<>> {
    let Some(Values::Tensor { shape, data }) = table.column(column).map(|c| &c.values) else { return None };
    let shape = crate::wire::picture::shape(&Kind::Tensor(shape.clone()))?;
    let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=3600")];
    Some((headers, encode_png(data, shape)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    person: String,
    item: u64,
    #[serde(default)]
    label: Option<String>,
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let answer: Answer = read(&headers, body)?;
    kept(move || {
        desk.answer(&answer.person, answer.item, answer.label.as_deref())?;
        given(&desk, &answer.person, page::AHEAD)
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undo {
    pub person: String,
}

async fn undo(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    let asked: Undo = read(&headers, body)?;
    kept(move || {
        let item = desk.undo(&asked.person)?.and_then(|item| shown(&desk, item));
        Ok(json!({"item": item, "progress": progress(&desk, Some(&asked.person))}))
    })
    .await
}

/// Runs what waits for the disk where it holds up no other request.
pub(crate) async fn kept(
    work: impl FnOnce() -> Result<Value, DeskError> + Send + 'static,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(http::apart(usize::MAX, work).await?))
}

/// The body of a post, which has to say that it is JSON.
pub(crate) fn read<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("none");
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        let message = format!("found content-type {kind}, expected application/json");
        return Err(ApiError { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, message });
    }
    let body = body.map_err(|why| ApiError { status: why.status(), message: why.body_text() })?;
    serde_json::from_slice(&body).map_err(|error| ApiError::json(&error))
}

fn given(desk: &Desk, person: &str, count: usize) -> Result<Value, DeskError> {
    let items = desk.next(person, count.min(MOST))?;
    let items: Vec<Value> = items.into_iter().filter_map(|item| shown(desk, item)).collect();
    Ok(json!({"items": items, "progress": progress(desk, Some(person))}))
}

/// What is shown of an item.
fn shown(desk: &Desk, item: u64) -> Option<Value> {
    let cells = cells(&desk.item(item)?, &format!("/api/label/picture/{item}"));
    Some(json!({"item": item, "cells": cells}))
}

/// The columns of the only row in order, pictures by their address below `pictures`.
pub(crate) fn cells(table: &Table, pictures: &str) -> Vec<Value> {
    let cell = |column: &Column| {
        let (kind, value) = match &column.values {
            Values::Number(cells) => ("number", json!(cells[0])),
            Values::Text(cells) => ("text", json!(cells[0])),
            Values::Time(cells) => ("text", json!(cells[0].map(|at| at.to_string()))),
            block => match crate::wire::picture::shape(&block.kind()) {
                Some(_) => ("picture", json!(format!("{pictures}/{}", escaped(&column.name)))),
                None => ("text", json!(format!("{}", block.kind()))),
            },
        };
        json!({"column": column.name, "kind": kind, "value": value})
    };
    table.columns().iter().map(cell).collect()
}

/// A column's name as a part of an address; whatever is not plain in it is escaped.
fn escaped(column: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    column.bytes().map(escaped).collect()
}

fn progress(desk: &Desk, person: Option<&str>) -> Value {
    let all = desk.progress();
    let own = person.map(|person| own(&desk.people(), person));
    json!({
        "items": all.items, "finished": all.finished, "labels": all.labels, "needed": all.needed, "own": own,
    })
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> ApiError {
        let status = match &error {
            DeskError::Name(_) | DeskError::Class(..) => StatusCode::BAD_REQUEST,
            DeskError::Refused(Refused::Unknown(_)) => StatusCode::NOT_FOUND,
            DeskError::Refused(Refused::Twice(_) | Refused::Counts(_)) => StatusCode::CONFLICT,
            DeskError::Refused(Refused::Held(_) | Refused::Closed(_)) => StatusCode::GONE,
            DeskError::Kept(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        ApiError { status, message: error.to_string() }
    }
}
