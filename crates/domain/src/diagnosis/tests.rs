//! The decision table, row by row.

use super::*;
use crate::drift::{ColumnDrift, DriftKind, ToldApart};
use crate::gate::Estimate;
use crate::model::VersionId;
use crate::time::Timestamp;

fn around(value: f64, reach: f64) -> Estimate {
    Estimate { value, low: value - reach, high: value + reach, rows: 2000 }
}

fn healthy() -> Facts {
    let exact = Exact { rows: 2000, wrong: 0, worst: 0.0 };
    Facts {
        version: VersionId("a".repeat(64)),
        from: Timestamp(0),
        to: Timestamp(1),
        rows: 4000,
        columns: 9,
        golden: exact,
        answers: exact,
        answer_fault: None,
        misbehaviour: vec![],
        replay: Some(Replay { rows: 2000, columns: vec![] }),
        faults: vec![],
        moved: vec![],
        told_apart: Some(ToldApart { auc: around(0.5, 0.01), by: vec![] }),
        loss: Some(loss(0.0, 0.0)),
        labels: Labels { known: 2000, ..Labels::default() },
        kpi: None,
    }
}

fn loss(inputs: f64, relation: f64) -> Loss {
    Loss {
        metric: "log_loss".into(),
        reference: around(0.3, 0.01),
        live: around(0.3 + inputs + relation, 0.01),
        worse: around(inputs + relation, 0.02),
        inputs: around(inputs, 0.005),
        relation: around(relation, 0.01),
        unseen: 0.0,
        tolerance: 0.03,
        since: None,
        from_start: false,
        alarmed: None,
    }
}

fn column(name: &str) -> ColumnDrift {
    ColumnDrift {
        column: name.into(),
        kind: DriftKind::Number,
        distance: 0.5,
        largest: 0.2,
        p: 0.0,
        adjusted_p: 0.0,
        psi: 0.3,
        psi_noise: 0.01,
        missing: (0.0, 0.0),
        importance: None,
        loss: None,
        rows: (2000, 2000),
        moved: true,
    }
}

fn fault(column: &str, step: bool) -> DataFault {
    let column = column.to_string();
    DataFault { column, kind: FaultKind::Missing, before: 0.0, now: 0.4, since: Some(Timestamp(1)), step }
}

#[track_caller]
fn check(change: impl Fn(&mut Facts), cause: Cause, action: Action, alarm: bool) {
    let mut facts = healthy();
    change(&mut facts);
    let found = diagnose(&Watch::default(), &facts);
    assert_eq!((found.cause, found.action, found.alarm), (cause, action, alarm), "{}", found.why);
    assert_eq!(found.findings.len(), 9);
}

#[test]
fn nothing_wrong_is_silent() {
    check(|_| {}, Cause::Healthy, Action::None, false);
    check(|f| f.loss = None, Cause::Healthy, Action::None, false);
}

#[test]
fn exact_checks_come_before_statistics() {
    let drifted = |f: &mut Facts| {
        f.moved = vec![column("x")];
        f.loss = Some(loss(0.0, 0.3));
    };
    let wrong = Exact { rows: 2000, wrong: 3, worst: 0.2 };
    let serving = |change: &dyn Fn(&mut Facts)| {
        let both = |f: &mut Facts| {
            drifted(f);
            change(f);
        };
        check(both, Cause::ServingBug, Action::RollBack, true);
    };
    serving(&|f| f.golden = wrong);
    serving(&|f| f.answers = wrong);
    serving(&|f| f.misbehaviour = vec![Misbehaviour::Unsteady { rows: 1 }]);
    let skewed = |f: &mut Facts| {
        drifted(f);
        let example = ("3.28".into(), "1".into());
        let fingerprint = Fingerprint::Ratio { by: 3.28 };
        let mismatch = Mismatch { column: "height".into(), share: 1.0, fingerprint, example };
        f.replay = Some(Replay { rows: 2000, columns: vec![mismatch] });
        f.faults = vec![fault("height", true)];
    };
    check(skewed, Cause::PreprocessingMismatch, Action::FixTransform, true);
}

#[test]
fn a_step_in_few_columns_is_a_source_and_many_are_a_population() {
    let broken = |f: &mut Facts| f.faults = vec![fault("x", true)];
    check(broken, Cause::UpstreamDataBug, Action::TellTheSource, true);
    let gradual = |f: &mut Facts| {
        f.faults = vec![fault("x", false)];
        f.moved = vec![column("x")];
    };
    check(gradual, Cause::PopulationShift, Action::KeepWatching, false);
    let many = |f: &mut Facts| {
        f.faults = ["a", "b", "c", "d"].map(|name| fault(name, true)).to_vec();
        f.moved = ["a", "b", "c", "d"].map(column).to_vec();
    };
    check(many, Cause::PopulationShift, Action::KeepWatching, false);
}

#[test]
fn harm_is_given_to_the_larger_part() {
    let with = |inputs: f64, relation: f64| move |f: &mut Facts| f.loss = Some(loss(inputs, relation));
    check(with(0.0, 0.2), Cause::ConceptDrift, Action::RetrainOnRecentLabels, true);
    check(with(0.2, 0.02), Cause::CovariateShift, Action::RetrainOnNewInputs, true);
    check(with(0.02, 0.2), Cause::ConceptDrift, Action::RetrainOnRecentLabels, true);
    // worse, but by less than anybody minds
    check(with(0.0, 0.025), Cause::Healthy, Action::None, false);
    let vague = |f: &mut Facts| {
        let mut vague = loss(0.04, 0.04);
        (vague.inputs, vague.relation) = (around(0.04, 0.05), around(0.04, 0.05));
        f.loss = Some(vague);
    };
    check(vague, Cause::Unknown, Action::KeepWatching, true);
}

#[test]
fn worse_from_the_first_day_on_was_promised_wrongly() {
    let early = |f: &mut Facts| f.loss = Some(Loss { from_start: true, ..loss(0.0, 0.2) });
    check(early, Cause::OfflineEstimateWrong, Action::JudgeAgain, true);
    let moved_too = |f: &mut Facts| {
        early(f);
        f.moved = vec![column("x")];
    };
    check(moved_too, Cause::ConceptDrift, Action::RetrainOnRecentLabels, true);
}

#[test]
fn labels_are_doubted_before_the_model() {
    let change = |before, now| Some(Change { before, now, p: 1e-9, since: None });
    let disputed = |f: &mut Facts| {
        f.loss = Some(loss(0.0, 0.2));
        f.labels.agreement = change(0.95, 0.7);
    };
    check(disputed, Cause::LabelProcessChanged, Action::AuditLabels, true);
    let late = |f: &mut Facts| f.labels.arrival = change(0.9, 0.4);
    check(late, Cause::LabelProcessChanged, Action::AuditLabels, true);
    let noise = |f: &mut Facts| f.labels.arrival = change(0.9, 0.88);
    check(noise, Cause::Healthy, Action::None, false);
}

#[test]
fn moved_inputs_without_labels_are_not_explained_away() {
    let blind = |f: &mut Facts| {
        f.moved = vec![column("x")];
        f.loss = None;
        f.labels.missing = Some(300);
    };
    check(blind, Cause::Unknown, Action::Label, false);
    let together = |f: &mut Facts| f.told_apart = Some(ToldApart { auc: around(0.7, 0.02), by: vec![] });
    check(together, Cause::PopulationShift, Action::KeepWatching, false);
}

#[test]
fn a_business_that_counts_less_is_not_the_model() {
    let less = |f: &mut Facts| f.kpi = Some(Change { before: 12.0, now: 10.0, p: 1e-6, since: None });
    check(less, Cause::NotTheModel, Action::AskTheProduct, false);
    let more = |f: &mut Facts| f.kpi = Some(Change { before: 10.0, now: 12.0, p: 1e-6, since: None });
    check(more, Cause::Healthy, Action::None, false);
}
