//! `POST /v1/models/{name}:predict`: named columns as JSON, one object a row back.

use super::body::Whole;
use super::error::ApiError;
use super::{apart, serving_model, weight};
use crate::state::App;
use crate::wire::answer::predictions;
use crate::wire::rows::{Body, from_columns, from_rows};
use axum::Json;
use axum::extract::{Path, State};
use domain::Table;
use serde_json::Value;
use serving::{Refusal, Request, Snapshot};
use std::sync::Arc;

/// Answers rows of named columns.
pub async fn predict(
    State(app): State<Arc<App>>,
    Path(target): Path<String>,
    whole: Whole,
) -> Result<Json<Value>, ApiError> {
    let arrived = app.engine.now();
    let name = target.strip_suffix(":predict").ok_or_else(|| {
        ApiError::missing(format!("there is nothing at /v1/models/{target}; POST to /v1/models/NAME:predict"))
    })?;
    let snapshot = serving_model(&app, name)?;
    let (bytes, read_by) = (whole.body.len(), Arc::clone(&snapshot));
    let heaviest = snapshot.links().map(|link| weight(bytes, &link.signature().inputs)).max();
    let (body, rows) = apart(heaviest.unwrap_or(bytes), move || decode(&whole, &read_by)).await?;
    let request = Request { rows, version: body.version, units: body.units, arrived };
    let answer = app.engine.predict(&snapshot, request).await?;
    let name = name.to_owned();
    Ok(Json(apart(bytes, move || predictions(&name, &answer)).await))
}

fn decode(whole: &Whole, snapshot: &Snapshot) -> Result<(Body, Table), ApiError> {
    let body: Body = serde_json::from_slice(&whole.body).map_err(|error| ApiError::json(&error))?;
    let schema = &snapshot.chain_for(body.version.as_deref())?[0].signature().inputs;
    let also = |name: &str| snapshot.links().find_map(|link| link.signature().inputs.field(name));
    let rows = match (&body.rows, &body.columns) {
        (Some(rows), None) => from_rows(rows, schema, &also),
        (None, Some(columns)) => from_columns(columns, schema, &also),
        _ => {
            let expected = "expected either `rows`, an array of objects, or `columns`, an object of arrays";
            return Err(ApiError::bad(expected));
        }
    };
    Ok((body, rows.map_err(Refusal::Input)?))
}
