//! `POST /v1/outcomes`: what turned out to be true of predictions, many at once, and safe to send again.

use super::body::Whole;
use super::error::ApiError;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{OutputKind, PredictionId, Source, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use serving::outcome::check_value;
use serving::{Claim, Noted};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    outcomes: Vec<Reported>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    prediction_id: String,
    value: Value,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    source: Option<String>,
}

/// Records outcomes: all of them or, when one cannot be read, none.
pub async fn note(State(app): State<Arc<App>>, whole: Whole) -> Result<(StatusCode, Json<Value>), ApiError> {
    let body: Body = serde_json::from_slice(&whole.body).map_err(|error| ApiError::json(&error))?;
    let snapshot = app.engine.snapshot();
    let kind = snapshot.as_ref().ok().map(|snapshot| snapshot.floor().kind());
    let claims = body.outcomes.iter().enumerate().map(|(place, reported)| {
        claim(reported, kind).map_err(|why| ApiError::bad(format!("outcome {place}: {why}")))
    });
    let claims = claims.collect::<Result<Vec<Claim>, ApiError>>()?;
    let noted = app.engine.note(claims).await?;
    Ok(report(&body, &noted))
}

fn claim(reported: &Reported, kind: Option<&OutputKind>) -> Result<Claim, String> {
    let id = &reported.prediction_id;
    let prediction = PredictionId::parse(id).ok_or_else(|| {
        format!("found prediction_id `{id}`, expected the 32 hex digits that the prediction came with")
    })?;
    let at = reported.at.as_deref().map(|text| {
        let wrong = || format!("found `at` {text}, expected a time such as 2026-11-24T13:30:00Z");
        Timestamp::parse(text).ok_or_else(wrong)
    });
    let source = match reported.source.as_deref() {
        None | Some("observed") => Source::Observed,
        Some("reviewer") => Source::Reviewer,
        Some(other) => return Err(format!("found source `{other}`, expected observed or reviewer")),
    };
    let value = match &reported.value {
        Value::String(text) => text.clone(),
        Value::Null => return Err("found value null, expected what turned out to be true".into()),
        other => other.to_string(),
    };
    kind.map_or(Ok(()), |kind| check_value(&value, kind))?;
    Ok(Claim { prediction, at: at.transpose()?, value, source })
}

fn report(body: &Body, noted: &[Noted]) -> (StatusCode, Json<Value>) {
    let count = |what: Noted| noted.iter().filter(|noted| **noted == what).count();
    let results =
        body.outcomes.iter().zip(noted).map(
            |(reported, noted)| json!({"prediction_id": reported.prediction_id, "status": name(*noted)}),
        );
    let results: Vec<Value> = results.collect();
    let unknown = count(Noted::Unknown);
    let mut answer = json!({
        "recorded": count(Noted::Recorded), "known": count(Noted::Known), "unknown": unknown, "results": results,
    });
    if unknown == noted.len() && unknown > 0 {
        answer["error"] = json!("none of these predictions is in the journal");
        return (StatusCode::NOT_FOUND, Json(answer));
    }
    (StatusCode::OK, Json(answer))
}

fn name(noted: Noted) -> &'static str {
    match noted {
        Noted::Recorded => "recorded",
        Noted::Known => "known",
        Noted::Unknown => "unknown",
    }
}
