//! `POST /v1/outcomes`: what turned out to be true of predictions, many at once, and safe to send again. A prediction is
//! named by its id, or as the latest of a unit at a time. What several outcomes of one prediction mean is said in
//! `serving::outcome`, and for users in the book's guide to outcomes.

use super::body::Whole;
use super::error::ApiError;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{OutputKind, PredictionId, Source, Timestamp};
use serde::Deserialize;
use serde_json::{Number, Value, json};
use serving::outcome::check_value;
use serving::{About, Claim, Noted, Receipt};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    outcomes: Vec<Reported>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    #[serde(default)]
    prediction_id: Option<String>,
    #[serde(default)]
    unit: Option<Value>,
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
        Value::Number(value) => number(value),
        other => other.to_string(),
    };
    kind.map_or(Ok(()), |kind| check_value(&value, kind))?;
    let (about, at) = (about(reported)?, at.transpose()?);
    if matches!(about, About::Unit(_)) && at.is_none() {
        return Err(
            "found a `unit` without `at`: a unit has many predictions, and the time tells which".into()
        );
    }
    Ok(Claim { about, at, value, source })
}

/// A prediction's own name says more than its unit, where both are given.
fn about(reported: &Reported) -> Result<About, String> {
    if let Some(id) = &reported.prediction_id {
        let wrong = || {
            format!("found prediction_id `{id}`, expected the 32 hex digits that the prediction came with")
        };
        return PredictionId::parse(id).map(About::Prediction).ok_or_else(wrong);
    }
    match &reported.unit {
        Some(Value::String(unit)) if !unit.is_empty() => Ok(About::Unit(unit.clone())),
        Some(Value::Number(unit)) => Ok(About::Unit(number(unit))),
        Some(other) => Err(format!("found unit {other}, expected the name of a customer, session or series")),
        None => Err("found neither `prediction_id` nor `unit`, expected one of them".into()),
    }
}

/// A number as text, the same for `3` and `3.0`: as units are read from a column of numbers, and as classes are named.
fn number(number: &Number) -> String {
    let whole = number.as_i64().map(|whole| whole.to_string());
    whole.or_else(|| number.as_f64().map(|x| x.to_string())).unwrap_or_else(|| number.to_string())
}

fn report(body: &Body, receipts: &[Receipt]) -> (StatusCode, Json<Value>) {
    let count = |what: Noted| receipts.iter().filter(|receipt| receipt.noted == what).count();
    let results = body.outcomes.iter().zip(receipts).map(|(reported, receipt)| {
        let id = receipt.prediction.map(|id| id.to_string());
        let mut result = json!({"prediction_id": id, "status": name(receipt.noted)});
        if let Some(unit) = &reported.unit {
            result["unit"] = unit.clone();
        }
        result
    });
    let results: Vec<Value> = results.collect();
    let mut answer = json!({ "results": results });
    for what in [Noted::Recorded, Noted::Corrected, Noted::Late, Noted::Known, Noted::Unknown] {
        answer[name(what)] = json!(count(what));
    }
    let unknown = count(Noted::Unknown);
    if unknown == receipts.len() && unknown > 0 {
        answer["error"] = json!("none of these predictions is in the journal");
        return (StatusCode::NOT_FOUND, Json(answer));
    }
    (StatusCode::OK, Json(answer))
}

fn name(noted: Noted) -> &'static str {
    match noted {
        Noted::Recorded => "recorded",
        Noted::Corrected => "corrected",
        Noted::Late => "late",
        Noted::Known => "known",
        Noted::Unknown => "unknown",
    }
}
