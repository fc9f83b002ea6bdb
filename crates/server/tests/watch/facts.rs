//! Hand-made facts of three days: one on which all is well, one with a source's bug, one with other customers.

use domain::diagnosis::{DataFault, Diagnosis, Exact, Facts, FaultKind, Labels, Loss, Replay, diagnose};
use domain::drift::{ColumnDrift, DriftKind, DriftRules, ToldApart};
use domain::gate::Estimate;
use domain::plan::Watch;
use domain::time::{DAY, HOUR};
use domain::{Column, Timestamp, Values, VersionId};
use lifecycle::drift::{Comparison, Pair, Profile, Side, compare, faults};

/// The last instant of the live rows.
pub const NOW: Timestamp = Timestamp(20_346 * DAY + 12 * HOUR);
const ROWS: usize = 2000;

fn around(value: f64, reach: f64) -> Estimate {
    Estimate { value, low: value - reach, high: value + reach, rows: 2000 }
}

/// Facts of a version without a fault.
pub fn healthy() -> Facts {
    let exact = Exact { rows: 2000, wrong: 0, worst: 0.0 };
    Facts {
        version: VersionId("f".repeat(64)),
        from: Timestamp(NOW.0 - 7 * DAY),
        to: NOW,
        rows: 4000,
        columns: 9,
        golden: exact,
        answers: exact,
        answer_fault: None,
        misbehaviour: vec![],
        replay: Some(Replay { rows: 2000, columns: vec![] }),
        faults: vec![],
        moved: vec![],
        told_apart: Some(ToldApart { auc: around(0.503, 0.02), by: vec![] }),
        loss: Some(loss(0.0, None)),
        labels: Labels { known: 2000, ..Labels::default() },
        kpi: None,
    }
}

/// A source that began to leave cells empty.
pub fn upstream() -> Facts {
    let fault = DataFault {
        column: "job".into(),
        kind: FaultKind::Missing,
        before: 0.0,
        now: 0.4,
        since: Some(Timestamp(NOW.0 - 2 * DAY)),
        step: true,
    };
    Facts { faults: vec![fault], ..healthy() }
}

/// Other customers than before, of whom the model knows less.
pub fn shifted() -> Facts {
    let mut age = moved("age", 0.62);
    (age.importance, age.loss) = (Some(0.021), Some(0.0312));
    Facts {
        moved: vec![age, ColumnDrift { importance: Some(0.0004), ..moved("city", 0.9) }],
        told_apart: Some(ToldApart {
            auc: around(0.71, 0.02),
            by: vec![("age".into(), 0.8), ("city".into(), 0.2)],
        }),
        loss: Some(loss(0.05, Some(Timestamp(NOW.0 - DAY)))),
        ..healthy()
    }
}

fn loss(inputs: f64, since: Option<Timestamp>) -> Loss {
    Loss {
        metric: "log_loss".into(),
        reference: around(0.3, 0.01),
        live: around(0.3 + inputs, 0.01),
        worse: around(inputs, 0.015),
        inputs: around(inputs, 0.005),
        relation: around(0.0, 0.01),
        unseen: 0.02,
        tolerance: 0.03,
        since,
        from_start: false,
        alarmed: None,
    }
}

fn moved(name: &str, distance: f64) -> ColumnDrift {
    ColumnDrift {
        column: name.into(),
        kind: DriftKind::Number,
        distance,
        largest: 0.2,
        p: 1e-12,
        adjusted_p: 3e-12,
        psi: 0.3,
        psi_noise: 0.01,
        missing: (0.0, 0.0),
        importance: None,
        loss: None,
        rows: (2000, 2000),
        moved: true,
    }
}

/// What the rule says to these facts.
pub fn said(facts: &Facts) -> Diagnosis {
    diagnose(&Watch::default(), facts)
}

/// Two sets of rows of these columns: a name, the reference's values, the current ones.
pub fn comparison(columns: Vec<(String, Values, Values)>) -> Comparison {
    let profile = |name: &str, values, like: Option<&Profile>| {
        Profile::of(&Column { name: name.into(), values }, like).expect("a column")
    };
    let pair = |(name, before, now): (String, Values, Values)| {
        let before = profile(&name, before, None);
        let now = profile(&name, now, Some(&before));
        (name, before, now)
    };
    let pairs: Vec<Pair> = columns.into_iter().map(pair).collect();
    let side = |name: &str, from: Option<Timestamp>| Side {
        name: name.into(),
        rows: ROWS as u64,
        from,
        to: from.map(|from| Timestamp(from.0 + 7 * DAY)),
    };
    let rules = DriftRules { effect: 0.1, alpha: 0.05 };
    Comparison {
        rules,
        reference: side("march.parquet", None),
        current: side("april.parquet", Some(Timestamp(NOW.0 - 7 * DAY))),
        columns: compare(&pairs, rules).expect("comparable"),
        left_out: vec![],
        faults: faults(&pairs),
        told_apart: None,
    }
}

/// Numbers spread evenly over a range, in an order of their own.
pub fn numbers(stride: usize, low: f64, high: f64) -> Values {
    let share = |row: usize| ((row * stride) % 997) as f64 / 997.0;
    Values::Number((0..ROWS).map(|row| low + (high - low) * share(row)).collect())
}

/// Words, of which each is half as frequent as the one before.
pub fn words(words: &[&str]) -> Values {
    let place = |row: usize| (row.trailing_ones() as usize).min(words.len() - 1);
    Values::Text((0..ROWS).map(|row| Some(words[place(row)].to_string())).collect())
}

/// Columns that stay as they were.
pub fn still() -> Vec<(String, Values, Values)> {
    vec![
        ("age".into(), numbers(7, 18.0, 68.0), numbers(11, 18.0, 68.0)),
        ("city".into(), words(&["London", "Paris", "Rome"]), words(&["London", "Paris", "Rome"])),
        ("balance".into(), numbers(13, -100.0, 4000.0), numbers(17, -100.0, 4000.0)),
    ]
}

/// An older population in other places, and a source that writes cents instead of whole coins.
pub fn changed() -> Comparison {
    let mut columns = still();
    columns[0].2 = numbers(11, 33.0, 83.0);
    columns[1].2 = words(&["Paris", "London", "Rome"]);
    columns.push(("price".into(), numbers(19, 5.0, 90.0), numbers(23, 500.0, 9000.0)));
    let by = vec![("price".into(), 0.7), ("age".into(), 0.3)];
    let told = ToldApart { auc: around(0.991, 0.004), by };
    let left_out = vec![("tax".into(), "it stands in march.parquet only".into())];
    Comparison { told_apart: Some(told), left_out, ..comparison(columns) }
}
