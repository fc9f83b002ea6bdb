//! Where everything stands: the page for people, `/api/status`, `/api/history` and `/metrics` for machines.

use super::error::ApiError;
use crate::state::App;
use crate::{experiment, metrics, page};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse};
use domain::Arm;
use domain::history::{History, Judged, Measurement, Standing};
use serde_json::{Value, json};
use serving::breaker::State as Breaker;
use serving::failure::Reason;
use serving::{Link, Snapshot, Trial};
use std::sync::Arc;

/// Nothing from elsewhere, nothing inline, no frames.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /`
pub async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> impl IntoResponse {
    let document = page::document(&app, host(&headers)).into_string();
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(document))
}

/// `GET /api/page`: the parts of the page that change, for its script.
pub async fn fragment(State(app): State<Arc<App>>, headers: HeaderMap) -> impl IntoResponse {
    Html(page::parts(&app, host(&headers)).into_string())
}

/// `GET /ui/{file}`
pub async fn file(Path(file): Path<String>) -> Result<impl IntoResponse, ApiError> {
    let (kind, text) = match file.as_str() {
        "page.css" => ("text/css; charset=utf-8", page::CSS),
        "page.js" => ("text/javascript; charset=utf-8", page::SCRIPT),
        "label.css" => ("text/css; charset=utf-8", page::label::CSS),
        "label.js" => ("text/javascript; charset=utf-8", page::label::SCRIPT),
        _ => return Err(ApiError::missing(format!("there is no file /ui/{file}"))),
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text))
}

/// `GET /metrics`
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render(&app))
}

/// `GET /api/status`
pub async fn status(State(app): State<Arc<App>>) -> Json<Value> {
    let (about, history) = (app.source.about(), app.source.history());
    let progress = app.source.progress().map(|p| json!({"stage": p.stage, "share": p.share, "note": p.note}));
    let stages: Vec<Value> = history
        .stages
        .iter()
        .map(|(name, done)| json!({"stage": name, "at": done.at.to_string(), "summary": done.summary}))
        .collect();
    Json(json!({
        "model": about.model,
        "target": about.target,
        "metric": about.metric,
        "higher_is_better": about.higher_is_better,
        "ready": app.ready(),
        "serving": app.engine.snapshot().ok().map(|snapshot| serving(&app, &history, &snapshot)),
        "traffic": traffic(&app),
        "experiment": app.engine.trial().map(|trial| experiment(&app, &trial)),
        "progress": progress,
        "stages": stages,
    }))
}

/// `GET /api/history`
pub async fn history(State(app): State<Arc<App>>) -> Json<Value> {
    let history = app.source.history();
    let deployments = history
        .deployments
        .iter()
        .map(|d| json!({"at": d.at.to_string(), "incumbent": d.incumbent, "fallback": d.fallback}));
    let triggers =
        history.triggers.iter().map(|t| json!({"at": t.at.to_string(), "action": t.action, "why": t.why}));
    Json(json!({
        "versions": history.versions.iter().map(standing).collect::<Vec<_>>(),
        "deployments": deployments.collect::<Vec<_>>(),
        "verdicts": history.verdicts.iter().map(judged).collect::<Vec<_>>(),
        "measurements": history.measurements.iter().map(measurement).collect::<Vec<_>>(),
        "experiments": history.experiments.iter().map(|e| experiment::summary(&history, e)).collect::<Vec<_>>(),
        "triggers": triggers.collect::<Vec<_>>(),
        "dropped": history.dropped,
        "sequence": history.sequence,
    }))
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

fn serving(app: &App, history: &History, snapshot: &Snapshot) -> Value {
    let now = app.engine.now();
    let chain = snapshot.chain().iter().map(|link| {
        let (breaker, openings) = link.breaker(now);
        let breaker = match breaker {
            Breaker::Closed => "closed",
            Breaker::HalfOpen => "half_open",
            Breaker::Open => "open",
        };
        json!({
            "version": link.version(), "number": history.version(link.version()).map(|s| s.number),
            "rows": link.answered(), "late": link.late(), "overdue": link.overdue(),
            "breaker": breaker, "openings": openings,
        })
    });
    json!({
        "version": snapshot.intended().version(), "chain": chain.collect::<Vec<_>>(),
        "floor": snapshot.floor().answer(1).values, "deadline_ms": snapshot.deadline().as_secs_f64() * 1e3,
    })
}

/// The experiment under way, as this process sees it: what is decided by stands in the history.
fn experiment(app: &App, trial: &Trial) -> Value {
    let (phase, tally, counters) = (trial.phase(), trial.tally(), app.engine.counters());
    let arm = |arm: Arm, link: Option<&Arc<Link>>| {
        json!({
            "version": link.map(|link| link.version()), "rows": tally.rows(arm).get(),
            "fell_back": tally.fell_back(arm).get(),
        })
    };
    json!({
        "experiment": trial.experiment(),
        "phase": phase.to_string(), "step": phase.step, "treatment": phase.treatment,
        "arms": {
            "control": arm(Arm::Control, trial.control().first()),
            "treatment": arm(Arm::Treatment, trial.treatment().first()),
        },
        "without_unit": tally.without_unit.get(),
        "shadow": {
            "answered": tally.shadow_answered.get(), "failed": tally.shadow_failed.get(),
            "left_out": tally.shadow_left_out.get(), "durable": counters.shadows.get(),
            "dropped": counters.shadows_dropped.get(),
        },
        "stopped": trial.tripped().map(|tripped| tripped.guardrail),
    })
}

fn traffic(app: &App) -> Value {
    let (engine, c) = (&app.engine, app.engine.counters());
    let reasons =
        Reason::ALL.iter().map(|reason| (reason.name().to_owned(), json!(c.failures(*reason).get())));
    json!({
        "rows": {"intended": c.intended_rows.get(), "fallback": c.fallback_rows.get(), "floor": c.floor_rows.get()},
        "not_answered_by_reason": Value::Object(reasons.collect()),
        "out_of_domain_rows": c.out_of_domain_rows.get(),
        "review_rows": c.review_rows.get(),
        "overloaded_requests": c.overloaded.get(),
        "invalid_requests": c.invalid.get(),
        "in_flight": engine.in_flight(),
        "p50_at_most_seconds": c.latency.quantile_bound(0.5),
        "p99_at_most_seconds": c.latency.quantile_bound(0.99),
        "journal": {
            "waiting_rows": engine.queue_depth(), "durable": c.journaled.get(), "dropped": c.dropped(),
            "outcomes": c.outcomes.get(), "complaint": engine.complaint(),
        },
    })
}

fn standing(s: &Standing) -> Value {
    json!({
        "version": s.version, "number": s.number, "model": s.model, "origin": s.origin, "stage": s.stage,
        "why": s.why, "at": s.at.to_string(), "trained_on": s.trained_on, "scored_on": s.scored_on, "scores": s.scores,
    })
}

fn judged(j: &Judged) -> Value {
    json!({"sequence": j.sequence, "at": j.at.to_string(), "facts": j.facts, "rules": j.rules, "verdict": j.verdict})
}

fn measurement(m: &Measurement) -> Value {
    json!({
        "version": m.version, "metric": m.metric, "from": m.from.to_string(), "to": m.to.to_string(),
        "value": m.value, "interval": m.interval, "rows": m.rows,
    })
}
