//! An experiment through the door: arms told, outcomes of units taken, counts shown, harm stopped.

mod common;

use common::{Running, run};
use domain::experiment::{Phase, Step};
use domain::{Arm, ExperimentId, OutputKind, VersionId};
use serde_json::{Value, json};
use server::Limits;
use serving::faults::{Fake, Fault};
use serving::trial::{Rules, Setup, Trial};
use serving::{Floor, Limits as LinkLimits, Settings, Snapshot};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3_600);
const AB: Phase = Phase { step: Step::Ab, treatment: 0.5 };
const SHADOW: Phase = Phase { step: Step::Shadow, treatment: 0.0 };

fn experiment() -> ExperimentId {
    ExperimentId("1-old-new".into())
}

/// A server of `old`, which answers `x + 1`, with `new` on trial, which answers `x + 10`.
fn server(phase: Phase, fault: Fault) -> Running {
    let old = vec![Arc::new(Fake::answering(1.0).link("old", LinkLimits::default()))];
    let new = Arc::new(Fake::answering(10.0).with(fault).link("new", LinkLimits::default()));
    let rules = Rules {
        unit_column: Some("customer".into()),
        slo: LONG,
        patience: None,
        shadow_permits: 8,
        errors: 0.01,
        slow: 0.01,
        harm_alpha: 0.01,
    };
    let treatment = [vec![new], old.clone()].concat();
    let (experiment, control) = (experiment(), old.clone());
    let trial = Trial::new(Setup { experiment, phase, control, treatment, rules });
    let snapshot = Snapshot::new("fake", old, Floor::ignorant(OutputKind::Value), LONG).expect("alike");
    run(snapshot.with_trial(trial).expect("alike"), Settings::default(), Limits::default())
}

fn ask(server: &Running, body: &Value) -> Vec<Value> {
    let reply = server.post_json("/v1/models/fake:predict", body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["predictions"].as_array().expect("one a row").clone()
}

fn arm(unit: &str) -> Arm {
    AB.allocation().assign(&experiment(), unit).expect("everybody takes part at the half").arm
}

#[test]
fn callers_are_told_their_arm_and_always_fall_into_the_same() {
    let server = server(AB, Fault::None);
    let units: Vec<String> = (0..40).map(|i| format!("customer {i}")).collect();
    let rows = vec![json!({"x": 1}); units.len()];
    let by_row: Vec<Value> = units.iter().map(|unit| json!({"x": 1, "customer": unit})).collect();
    let named = ask(&server, &json!({"rows": rows, "units": units}));
    let in_a_column = ask(&server, &json!({"rows": by_row}));
    for (unit, (named, in_a_column)) in units.iter().zip(named.iter().zip(&in_a_column)) {
        let (value, version) = if arm(unit) == Arm::Treatment { (11.0, "new") } else { (2.0, "old") };
        for said in [named, in_a_column] {
            assert_eq!((&said["value"], &said["version"]), (&json!(value), &json!(version)));
            assert_eq!(said["arm"], arm(unit).to_string());
            assert_eq!((&said["experiment"], &said["served_by"]), (&json!("1-old-new"), &json!("intended")));
        }
    }
    let nobody = ask(&server, &json!({"rows": [{"x": 1}]}));
    assert_eq!((&nobody[0]["value"], nobody[0].get("arm")), (&json!(2.0), None));
}

#[test]
fn tensors_are_answered_by_arm_too() {
    let server = server(AB, Fault::None);
    let unit = ["a", "b", "c", "d", "e", "f"].into_iter().find(|unit| arm(unit) == Arm::Treatment);
    let infer = |customers: &[&str]| {
        let rows = customers.len();
        let inputs = json!([
            {"name": "x", "shape": [rows], "datatype": "FP64", "data": vec![1.0; rows]},
            {"name": "customer", "shape": [rows], "datatype": "BYTES", "data": customers},
        ]);
        server.post_json("/v2/models/fake/infer", &json!({ "inputs": inputs })).json()
    };
    let said = infer(&[unit.expect("one of six is treated")]);
    assert_eq!((&said["model_version"], &said["outputs"][0]["data"]), (&json!("new"), &json!([11.0])));
    assert_eq!(
        said["parameters"],
        json!({"served_by": "intended", "experiment": "1-old-new", "arm": "treatment"})
    );
    let said = infer(&["a", "b", "c", "d", "e", "f"]);
    assert_eq!((&said["model_version"], &said["parameters"]["arm"]), (&json!("old"), &json!("mixed")));
}

#[test]
fn an_outcome_finds_its_prediction_by_unit_and_time() {
    let server = server(AB, Fault::None);
    let said = ask(&server, &json!({"rows": [{"x": 1, "customer": "anna"}]}));
    let later = "2100-01-01T00:00:00Z";
    let note = |body: Value| server.post_json("/v1/outcomes", &json!({"outcomes": [body]}));
    let refused = |body: Value| note(body).refusal(400);
    assert_eq!(
        refused(json!({"unit": "anna", "value": 3})),
        "outcome 0: found a `unit` without `at`: a unit has many predictions, and the time tells which"
    );
    assert_eq!(
        refused(json!({"value": 3})),
        "outcome 0: found neither `prediction_id` nor `unit`, expected one of them"
    );
    let too_late = note(json!({"unit": "anna", "value": 3, "at": later}));
    assert_eq!(too_late.status, 404, "no plan waits so long");
    let found = note(json!({"unit": "anna", "value": 3, "at": now(&server)})).json();
    assert_eq!(
        found["results"][0],
        json!({"prediction_id": said[0]["prediction_id"], "unit": "anna", "status": "recorded"})
    );
    let by_id = |value: f64, at: Option<&str>| {
        let id = &said[0]["prediction_id"];
        note(json!({"prediction_id": id, "value": value, "at": at})).json()["results"][0]["status"].clone()
    };
    assert_eq!(by_id(3.0, None), "known", "`3.0` is `3`");
    assert_eq!(by_id(4.0, Some(later)), "corrected");
    assert_eq!(by_id(4.0, Some(later)), "known");
}

fn now(server: &Running) -> String {
    server.engine.wall().to_string()
}

#[test]
fn metrics_and_status_tell_of_the_experiment() {
    let server = server(AB, Fault::Error);
    let units: Vec<String> = (0..20).map(|i| format!("customer {i}")).collect();
    let treated = units.iter().filter(|unit| arm(unit) == Arm::Treatment).count();
    ask(&server, &json!({"rows": vec![json!({"x": 1}); 20], "units": units}));
    ask(&server, &json!({"rows": [{"x": 1}, {"x": 2}]}));
    let status = server.get("/api/status").json()["experiment"].clone();
    let told = (&status["experiment"], &status["phase"], &status["stopped"], &status["without_unit"]);
    assert_eq!(told, (&json!("1-old-new"), &json!("A/B at 50%"), &Value::Null, &json!(2)));
    let treatment = json!({"version": "new", "rows": treated, "fell_back": treated});
    assert_eq!(status["arms"]["treatment"], treatment);
    assert_eq!(status["arms"]["control"], json!({"version": "old", "rows": 20 - treated, "fell_back": 0}));
    let metrics = server.get("/metrics").text();
    let labels = "{experiment=\"1-old-new\",arm=\"treatment\"}";
    for line in [
        format!("incumbent_experiment_rows_total{labels} {treated}"),
        format!("incumbent_experiment_fallback_rows_total{labels} {treated}"),
        "incumbent_experiment_without_unit_rows_total{experiment=\"1-old-new\"} 2".into(),
        "incumbent_experiment_stopped_ratio{experiment=\"1-old-new\"} 0".into(),
        "incumbent_version_breaker_open_ratio{version=\"new\"} 0".into(),
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line} in\n{metrics}");
    }
}

#[test]
fn shadow_answers_are_counted_and_shown_to_nobody() {
    let server = server(SHADOW, Fault::None);
    let said = ask(&server, &json!({"rows": [{"x": 1, "customer": "anna"}]}));
    assert_eq!((&said[0]["value"], said[0].get("arm")), (&json!(2.0), None));
    let shadow = || server.get("/api/status").json()["experiment"]["shadow"].clone();
    while shadow()["durable"] != 1 {
        std::thread::yield_now();
    }
    assert_eq!((&shadow()["answered"], &shadow()["left_out"]), (&json!(1), &json!(0)));
}

#[test]
fn a_challenger_that_does_harm_is_stopped_and_no_answer_fails() {
    let server = server(AB, Fault::Panic);
    let mut treated = 0;
    for request in 0..1_000 {
        let said = ask(&server, &json!({"rows": [{"x": 1}], "units": [format!("customer {request}")]}));
        assert_eq!(said[0]["value"], 2.0, "the incumbent answers for it");
        treated += u64::from(said[0]["arm"] == "treatment");
        if server.engine.tripped().is_some() {
            break;
        }
    }
    assert!(treated <= 100, "{treated}");
    let unit = (0..).map(|i| format!("u{i}")).find(|unit| arm(unit) == Arm::Treatment);
    let said = ask(&server, &json!({"rows": [{"x": 1}], "units": [unit]}));
    assert_eq!((&said[0]["served_by"], &said[0]["why"]), (&json!("fallback"), &json!("stopped")));
    let stopped = server.get("/api/status").json()["experiment"]["stopped"].clone();
    assert_eq!((&stopped["name"], &stopped["treatment"][0]), (&json!("errors"), &json!(treated)));
    let link = server.engine.link(&VersionId("new".into())).expect("on trial");
    assert_eq!(link.calls(), (treated, treated), "from then on it is not asked");
}
