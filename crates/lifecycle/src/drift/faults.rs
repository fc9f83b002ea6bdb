//! What is broken in rows as they came: missing cells, values never seen, defaults, frozen columns.
//!
//! A fault is no drift: it has a shape that populations do not have. Each kind asks for an effect and for evidence.
//! Not here: columns that hold what another held ([`super::likeness`]); whether it is a source's fault or a population's, which depends on how it began ([`domain::diagnosis`]).

use super::dating::{date, standings};
use super::likeness::{scaled, swapped};
use super::profile::{Profile, Shape};
use domain::diagnosis::{DataFault, FaultKind};
use domain::{Table, Timestamp, Values};
use stats::drift::Ecdf;
use stats::proportion::{Count, two_proportion_z};
use std::collections::{BTreeMap, HashSet};

/// The smallest change of a share that counts.
const EFFECT: f64 = 0.01;
/// The chance taken of calling a change real, each time one is asked.
const ALPHA: f64 = 1e-5;
/// A number that stands in so many rows, and stood in a fifth of that before, is a spike...
const SPIKE: f64 = 0.02;
/// ...if it is so many times as frequent as any other.
const STANDS_OUT: f64 = 3.0;
/// A column's name, the reference's profile and the current one.
pub type Pair = (String, Profile, Profile);

/// What is broken in the current columns beside the reference's; not dated yet.
pub fn faults(pairs: &[Pair]) -> Vec<DataFault> {
    let mut found: Vec<DataFault> = pairs.iter().flat_map(of_column).collect();
    found.extend(crossed(pairs, &found));
    found
}

/// The columns that hold what another held, among those of which nothing was found yet.
pub(super) fn crossed(pairs: &[Pair], found: &[DataFault]) -> Vec<DataFault> {
    let unnamed = |pair: &&Pair| found.iter().all(|fault| fault.column != pair.0);
    swapped(&pairs.iter().filter(unnamed).collect::<Vec<_>>())
}

/// What one column tells without the others.
pub(super) fn of_column(pair: &Pair) -> Vec<DataFault> {
    let (name, reference, current) = pair;
    let fault =
        |kind, before, now| DataFault { column: name.into(), kind, before, now, since: None, step: true };
    let mut found = Vec::new();
    if rose((reference.missing, reference.rows), (current.missing, current.rows)) {
        found.push(fault(FaultKind::Missing, reference.missing_share(), current.missing_share()));
    }
    match (&reference.shape, &current.shape) {
        (Shape::Categories(before), Shape::Categories(now)) => {
            found.extend(
                unseen(before, now).map(|(example, share)| fault(FaultKind::Unseen { example }, 0.0, share)),
            );
            if let (Some(value), true) = (only(now), before.len() > 1) {
                found.push(fault(FaultKind::Frozen { value }, 0.0, 1.0));
            }
        }
        (Shape::Numbers(before), Shape::Numbers(now)) => {
            let more = frozen(before, now).or_else(|| spike(before, now));
            found.extend(more.map(|(kind, was, is)| fault(kind, was, is)));
            if found.is_empty() {
                // another unit says more than that it lies outside
                let outside = || out_of_range(before, now).map(|(kind, was, is)| fault(kind, was, is));
                found.extend(scaled(pair).or_else(outside));
            }
        }
        _ => {}
    }
    found
}

/// Whether a share rose by enough, and not by chance.
fn rose(before: (u64, u64), now: (u64, u64)) -> bool {
    let count = |(successes, trials): (u64, u64)| Count { successes, trials };
    if before.1 == 0 || now.1 == 0 || count(now).share() - count(before).share() < EFFECT {
        return false;
    }
    two_proportion_z(count(before), count(now)).is_ok_and(|test| test.is_some_and(|t| t.p_two_sided < ALPHA))
}

/// The share of rows whose category the reference does not have, beyond what its own rare ones let expect (Good 1953).
fn unseen(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Option<(String, f64)> {
    let (all_before, all_now) = (before.values().sum::<u64>(), now.values().sum::<u64>());
    let strange: Vec<(&String, &u64)> = now.iter().filter(|(name, _)| !before.contains_key(*name)).collect();
    let rows: u64 = strange.iter().map(|(_, rows)| **rows).sum();
    let once = before.values().filter(|&&rows| rows == 1).count() as u64;
    let most = strange.iter().max_by_key(|(_, rows)| **rows)?;
    rose((once, all_before), (rows, all_now)).then(|| (most.0.clone(), rows as f64 / all_now as f64))
}

fn only(counts: &BTreeMap<String, u64>) -> Option<String> {
    let (name, rows) = counts.iter().next()?;
    (counts.len() == 1 && *rows >= 50).then(|| name.clone())
}

type Found = (FaultKind, f64, f64);

fn frozen(before: &Ecdf, now: &Ecdf) -> Option<Found> {
    let still = now.min() == now.max() && now.len() >= 50 && before.min() < before.max();
    still.then(|| (FaultKind::Frozen { value: now.min().to_string() }, 0.0, 1.0))
}

/// Numbers farther outside of the reference's range than half of its width: a unit or a code, not a tail.
fn out_of_range(before: &Ecdf, now: &Ecdf) -> Option<Found> {
    let room = (before.max() - before.min()) / 2.0;
    let (low, high) = (before.min() - room, before.max() + room);
    let below = now.below(low);
    let above = now.len() - now.below(high.next_up());
    if !rose((0, before.len()), (below + above, now.len())) {
        return None;
    }
    let example = if below > above { now.min() } else { now.max() };
    Some((FaultKind::OutOfRange { example }, 0.0, (below + above) as f64 / now.len() as f64))
}

/// One number that stands out now and did not before.
fn spike(before: &Ecdf, now: &Ecdf) -> Option<Found> {
    let ((value, rows), second) = frequent(now);
    let share = rows as f64 / now.len() as f64;
    let rows_before = before.below(value.next_up()) - before.below(value);
    let share_before = rows_before as f64 / before.len() as f64;
    let out = share >= SPIKE && share >= 5.0 * share_before && rows as f64 >= STANDS_OUT * second as f64;
    let real = rose((rows_before, before.len()), (rows, now.len()));
    (out && real).then_some((FaultKind::Spike { value }, share_before, share))
}

/// The most frequent value with its rows, and the rows of the second, as far as they matter to a spike: what is no
/// such multiple of the rest is not looked for.
fn frequent(ecdf: &Ecdf) -> ((f64, u64), u64) {
    let (mut first, mut second) = ((ecdf.min(), 0), 0);
    for (value, rows) in ecdf.frequent(SPIKE / STANDS_OUT) {
        if rows > first.1 {
            second = first.1;
            first = (value, rows);
        } else if rows > second {
            second = rows;
        }
    }
    (first, second)
}

/// The share of rows that equal an earlier one in every column, before and now; `None` where it did not rise.
pub fn repeated(reference: &Table, current: &Table) -> Option<DataFault> {
    let count = |rows: &Table| repeats(rows).iter().filter(|r| **r > 0.0).count() as u64;
    let (before, now) = (count(reference), count(current));
    let (all_before, all_now) = (reference.rows() as u64, current.rows() as u64);
    rose((before, all_before), (now, all_now)).then(|| DataFault {
        column: String::new(),
        kind: FaultKind::Repeated,
        before: before as f64 / all_before as f64,
        now: now as f64 / all_now as f64,
        since: None,
        step: true,
    })
}

/// 1 for each row that equals an earlier one.
fn repeats(rows: &Table) -> Vec<f64> {
    let mut seen = HashSet::new();
    let cell = |values: &Values, row: usize| match values {
        Values::Number(v) => v[row].to_bits().to_string(),
        Values::Text(v) => v[row].clone().unwrap_or_default(),
        Values::Time(v) => v[row].map(|t| t.0.to_string()).unwrap_or_default(),
        Values::Tensor { .. } => format!("{:?}", values.take(&[row])),
    };
    let line = |row: usize| -> u64 {
        let cells: Vec<String> = rows.columns().iter().map(|c| cell(&c.values, row)).collect();
        store::digest::hash64(&cells.join("\u{1f}"))
    };
    (0..rows.rows()).map(|row| f64::from(!seen.insert(line(row)))).collect()
}

/// The same fault with the moment it began, from all live rows in the order of their time.
pub fn dated(fault: &DataFault, reference: &Profile, rows: &Table, at: &[Timestamp]) -> DataFault {
    let signal = match fault.kind {
        FaultKind::Repeated => repeats(rows),
        _ => {
            rows.column(&fault.column).map(|c| signal(&fault.kind, reference, &c.values)).unwrap_or_default()
        }
    };
    let Some(found) = date(&signal, at) else {
        // it was so in all rows there are: since the first
        return DataFault { since: at.first().copied(), ..fault.clone() };
    };
    DataFault { since: Some(found.since), step: found.step, ..fault.clone() }
}

/// What rises, or moves, in the rows of a fault.
fn signal(kind: &FaultKind, reference: &Profile, values: &Values) -> Vec<f64> {
    match (kind, values) {
        (FaultKind::Missing, Values::Number(v)) => v.iter().map(|x| f64::from(x.is_nan())).collect(),
        (FaultKind::Missing, Values::Text(v)) => v.iter().map(|x| f64::from(x.is_none())).collect(),
        (FaultKind::Missing, Values::Time(v)) => v.iter().map(|x| f64::from(x.is_none())).collect(),
        (FaultKind::Spike { value }, Values::Number(v)) => v.iter().map(|x| f64::from(x == value)).collect(),
        (FaultKind::Frozen { value }, Values::Text(v)) => {
            v.iter().map(|x| f64::from(x.as_ref() == Some(value))).collect()
        }
        (_, Values::Text(v)) => match &reference.shape {
            Shape::Categories(known) => {
                v.iter().flatten().map(|x| f64::from(!known.contains_key(x))).collect()
            }
            _ => Vec::new(),
        },
        (_, Values::Number(v)) => match &reference.shape {
            Shape::Numbers(ecdf) => standings(ecdf, v),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Column;

    fn draw(seed: u64, row: u64) -> f64 {
        store::digest::mix64(seed, row) as f64 / u64::MAX as f64
    }

    fn numbers(seed: u64, value: impl Fn(u64, f64) -> f64) -> Profile {
        let values = Values::Number((0..2000).map(|row| value(row, draw(seed, row))).collect());
        Profile::of(&Column { name: "x".into(), values }, None).expect("numbers")
    }

    #[track_caller]
    fn check(current: Profile, expected: &[FaultKind]) {
        let pairs = [("x".to_string(), numbers(1, |_, u| 1.5 + u), current)];
        let found: Vec<FaultKind> = faults(&pairs).into_iter().map(|fault| fault.kind).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_fault_has_its_shape() {
        check(numbers(2, |_, u| 1.5 + u), &[]);
        // a population that moved by a deviation is not broken
        check(numbers(2, |_, u| 1.8 + u), &[]);
        check(
            numbers(2, |row, u| if row.is_multiple_of(5) { f64::NAN } else { 1.5 + u }),
            &[FaultKind::Missing],
        );
        check(numbers(2, |_, _| 2.0), &[FaultKind::Frozen { value: "2".into() }]);
        check(
            numbers(2, |row, u| if row.is_multiple_of(20) { 2.0 } else { 1.5 + u }),
            &[FaultKind::Spike { value: 2.0 }],
        );
        check(
            numbers(2, |row, u| if row.is_multiple_of(20) { 90.0 + u } else { 1.5 + u }),
            &[FaultKind::OutOfRange {
                example: numbers(2, |row, u| if row.is_multiple_of(20) { 90.0 + u } else { 0.0 })
                    .shape
                    .largest(),
            }],
        );
        check(numbers(2, |_, u| (1.5 + u) / 1.609_344), &[FaultKind::Scaled { by: 1.0 / 1.609_344 }]);
    }

    impl Shape {
        fn largest(&self) -> f64 {
            match self {
                Shape::Numbers(ecdf) => ecdf.max(),
                _ => f64::NAN,
            }
        }
    }

    #[test]
    fn crossed_columns_are_found() {
        let (a, b) = (|_: u64, u: f64| u, |_: u64, u: f64| u * u * u);
        let pairs = [
            ("a".to_string(), numbers(1, a), numbers(3, b)),
            ("b".to_string(), numbers(2, b), numbers(4, a)),
        ];
        let found: Vec<FaultKind> = faults(&pairs).into_iter().map(|fault| fault.kind).collect();
        assert_eq!(found, [FaultKind::Swapped { with: "b".into() }, FaultKind::Swapped { with: "a".into() }]);
    }

    #[test]
    fn a_fault_is_dated() {
        let cells = (0..2000u64)
            .map(|row| if row >= 1400 && row.is_multiple_of(3) { f64::NAN } else { draw(1, row) });
        let column = Column { name: "x".into(), values: Values::Number(cells.collect()) };
        let rows = Table::new(vec![column]).expect("one column");
        let at: Vec<Timestamp> = (0..2000).map(Timestamp).collect();
        let fault = DataFault {
            column: "x".into(),
            kind: FaultKind::Missing,
            before: 0.0,
            now: 0.3,
            since: None,
            step: false,
        };
        let found = dated(&fault, &numbers(1, |_, u| u), &rows, &at);
        assert!(found.step && (found.since.expect("dated").0 - 1400).abs() < 60, "{found:?}");
    }

    #[test]
    fn rows_that_repeat_others_are_counted() {
        let table = |every: u64| {
            let cells = (0..1000u64)
                .map(|row| draw(1, if row.is_multiple_of(every) { row } else { row - row % every }));
            let column = Column { name: "x".into(), values: Values::Number(cells.collect()) };
            Table::new(vec![column]).expect("one column")
        };
        assert_eq!(repeated(&table(1), &table(1)), None);
        assert_eq!(repeated(&table(1), &table(2)).map(|fault| fault.now), Some(0.5));
    }
}
