//! A year in the life of a model, as events: a baseline, challengers of all three verdicts, what was measured, and
//! three releases: one promoted, one stopped for harm, one under way.

use domain::event::{Score, TrainedOn};
use domain::gate::{Check, Comparison, Decision, Estimate, Facts, Ledger, Margin, Verdict};
use domain::history::History;
use domain::time::DAY;
use domain::{Event, Origin, Recorded, Stage, Timestamp, VersionId};
use serde_json::json;
use testkit::release::{Plot, release};

const START: i64 = 20_000 * DAY;

/// The digit that a version's hash consists of.
pub fn id(digit: char) -> VersionId {
    VersionId(digit.to_string().repeat(64))
}

/// The whole year.
pub fn history() -> History {
    let mut events = vec![
        (0, done("data", json!({"rows": 41_188, "columns": 19, "split": "the last fifth in time"}))),
        (0, registered('b', Origin::Baseline { name: "prior".into() }, 26_000)),
        (0, scored('b', 0.352)),
        (0, done("baseline", json!({"name": "prior", "rows": 26_000}))),
        (0, deployed('b', "")),
    ];
    events.extend(challenger(1, 'c', "logistic", 'b', 0.291, Decision::Pass));
    events.push((1, deployed('c', "b")));
    events.extend(challenger(2, 'a', "trees", 'c', 0.268, Decision::Pass));
    events.push((2, deployed('a', "cb")));
    events.push((2, done("train trees", json!({"rows": 26_000}))));
    events.extend(challenger(120, 'd', "trees", 'a', 0.266, Decision::Inconclusive));
    events.extend(challenger(200, 'e', "text", 'a', 0.301, Decision::Fail));
    events.extend(challenger(262, 'f', "trees", 'a', 0.247, Decision::Pass));
    events.extend(challenger(300, '7', "trees", 'f', 0.245, Decision::Pass));
    events.extend(challenger(338, '8', "text", 'f', 0.246, Decision::Pass));
    for week in 0..50 {
        let (served, loss) = if week < 40 { ('a', 0.262 + 0.0009 * f64::from(week)) } else { ('f', 0.249) };
        let wave = 0.008 * (f64::from(week) * 0.9).sin();
        events.push((7 * i64::from(week) + 7, measured(served, week, loss + wave)));
        events.push((7 * i64::from(week) + 7, measured('b', week, 0.352 + wave / 2.0)));
    }
    let on_days = events.into_iter().map(|(day, event)| (Timestamp(START + day * DAY), event));
    let mut events: Vec<(Timestamp, Event)> = on_days.chain(releases()).collect();
    events.sort_by_key(|(at, _)| *at);
    let recorded = events.into_iter().zip(1..);
    let recorded = recorded.map(|((at, event), sequence)| Recorded { sequence, at, event });
    History::fold(&recorded.collect::<Vec<_>>())
}

/// The releases of the story, in its order.
fn releases() -> Vec<(Timestamp, Event)> {
    let plot = |number, incumbent, challenger, from: i64, to: i64| Plot {
        number,
        incumbent: id(incumbent),
        challenger: id(challenger),
        behind: vec![id(incumbent), id('b')],
        begin: Timestamp(START + from * DAY),
        until: Timestamp(START + to * DAY),
        hourly: 4_000.0,
        gain: 0.004,
        failing: 0.0,
    };
    let promoted = plot(1, 'a', 'f', 263, 300);
    let stopped = Plot { failing: 0.2, ..plot(2, 'f', '7', 301, 330) };
    let running = Plot { gain: 0.0022, ..plot(3, 'f', '8', 340, 346) };
    [promoted, stopped, running].iter().flat_map(release).collect()
}

fn challenger(
    day: i64,
    who: char,
    trainer: &str,
    against: char,
    loss: f64,
    said: Decision,
) -> Vec<(i64, Event)> {
    let origin = Origin::Trained { trainer: trainer.into() };
    let facts = facts(who, against, loss);
    let gain = facts.primary.gain;
    let found = format!(
        "the gain is {:.4}, its 95% interval {:.4} to {:.4}; the margin is 0.005",
        gain.value, gain.low, gain.high
    );
    let primary = Check {
        rule: "primary".into(),
        decision: said,
        warning: false,
        found,
        missing_rows: (said == Decision::Inconclusive).then_some(3_120),
        hint: (said != Decision::Pass)
            .then(|| "collect outcomes, or widen gate.margin if less is enough".into()),
    };
    let fine = |rule: &str, found: &str| Check {
        rule: rule.into(),
        decision: Decision::Pass,
        warning: false,
        found: found.into(),
        missing_rows: None,
        hint: None,
    };
    let checks = vec![
        fine("leakage", "no column, row or time tells the answer"),
        primary,
        fine("guardrail accuracy", "not worse by more than 0.01"),
        fine("slice job=student", "not shown to be harmed: 875 rows"),
    ];
    let verdict = Verdict { decision: said, checks };
    let stage = match said {
        Decision::Pass => Stage::Passed,
        Decision::Fail => Stage::Failed,
        Decision::Inconclusive => Stage::Registered,
    };
    vec![
        (day, registered(who, origin, 26_000 + 20 * day as u64)),
        (day, scored(who, loss)),
        (day, Event::Judged { facts: Box::new(facts), rules: json!({"alpha": 0.05}), verdict }),
        (day, Event::Moved { version: id(who), stage, why: "the gate".into() }),
    ]
}

fn facts(who: char, against: char, loss: f64) -> Facts {
    let other = match against {
        'b' => 0.352,
        'c' => 0.291,
        'f' => 0.247,
        _ => 0.268,
    };
    Facts {
        challenger: id(who),
        incumbent: id(against),
        baseline: id('b'),
        data: "rows".into(),
        time_forward: true,
        rows: 8_238,
        identical: false,
        margin: Margin { value: 0.005, from: "the plan".into() },
        costs: Vec::new(),
        primary: comparison(other, loss),
        against_baseline: (against != 'b').then(|| comparison(0.352, loss)),
        guardrails: vec![],
        slices: vec![],
        leaks: vec![],
        ledger: Ledger::default(),
    }
}

fn comparison(other: f64, loss: f64) -> Comparison {
    Comparison {
        metric: "log_loss".into(),
        method: "paired t".into(),
        incumbent: around(other, 0.009),
        challenger: around(loss, 0.009),
        gain: around(other - loss, 0.0042),
        se: 0.0021,
        df: Some(8_237.0),
        p_superior: None,
        sd: 0.19,
        units: 8_238,
        disagreement: 0.08,
        margin: 0.005,
    }
}

fn around(value: f64, reach: f64) -> Estimate {
    Estimate { value, low: value - reach, high: value + reach, rows: 8_238 }
}

fn registered(who: char, origin: Origin, rows: u64) -> Event {
    let trained_on = TrainedOn { data: "rows".into(), rows, until: None, reviewed: None };
    Event::Registered { version: id(who), model: "bank".into(), origin, trained_on }
}

fn scored(who: char, loss: f64) -> Event {
    let scores = vec![Score { metric: "log_loss".into(), estimate: around(loss, 0.009) }];
    Event::Scored { version: id(who), data: "rows".into(), scores }
}

fn deployed(who: char, behind: &str) -> Event {
    Event::Deployed { incumbent: id(who), fallback: behind.chars().map(id).collect() }
}

fn done(stage: &str, summary: serde_json::Value) -> Event {
    Event::StageDone { stage: stage.into(), inputs: "hash".into(), summary }
}

fn measured(who: char, week: i32, value: f64) -> Event {
    let from = START + i64::from(week) * 7 * DAY;
    Event::Measured {
        version: id(who),
        metric: "log_loss".into(),
        from: Timestamp(from),
        to: Timestamp(from + 7 * DAY),
        value,
        interval: (value - 0.014, value + 0.016),
        rows: 640,
    }
}
