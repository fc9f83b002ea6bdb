//! Logged answers beside what the version answers to the logged rows: what a wrong file, a permuted or rounded
//! output, or answers handed to other rows leave behind.
//!
//! Exact, not a statistic: one difference is a finding.

use domain::diagnosis::{AnswerFault, Exact};
use domain::{OutputKind, Outputs, VersionId};
use models::artifact::GOLDEN_TOLERANCE;

/// Rounding to more decimals than this is single precision, and no fault.
const DECIMALS: u32 = 4;
/// The share of wrong rows that a fault must explain to be named.
const EXPLAINS: f64 = 0.95;
/// How far answers may have slipped.
const REACH: i64 = 2;

/// How many logged answers are not the version's.
pub(crate) fn compare(logged: &Outputs, answered: &Outputs) -> Exact {
    let mut exact = Exact { rows: answered.rows() as u64, wrong: 0, worst: 0.0 };
    for row in 0..answered.rows() {
        let apart = apart(logged.row(row), answered.row(row));
        exact.wrong += u64::from(apart > GOLDEN_TOLERANCE);
        // an event holds no infinity
        exact.worst = exact.worst.max(apart).min(f64::MAX);
    }
    exact
}

/// The largest difference of two answers, relative to the larger of 1 and the number expected.
fn apart(found: &[f64], expected: &[f64]) -> f64 {
    let each = found.iter().zip(expected).map(|(x, y)| {
        let apart = (x - y).abs() / y.abs().max(1.0);
        if apart.is_nan() { f64::INFINITY } else { apart }
    });
    each.fold(0.0, f64::max)
}

/// The fault that explains the wrong rows, `others` being the answers of other versions to the same rows.
pub(crate) fn fault(
    logged: &Outputs,
    answered: &Outputs,
    others: &[(VersionId, Outputs)],
) -> Option<AnswerFault> {
    let wrong: Vec<usize> = (0..answered.rows())
        .filter(|&row| apart(logged.row(row), answered.row(row)) > GOLDEN_TOLERANCE)
        .collect();
    if wrong.is_empty() {
        return None;
    }
    let case = Case { logged, answered, wrong: &wrong };
    let other = others.iter().find(|(_, outputs)| case.explained(|row| outputs.row(row).to_vec()));
    let found = other
        .map(|(version, _)| AnswerFault::OtherVersion { version: version.clone() })
        .or_else(|| case.constant())
        .or_else(|| case.permuted())
        .or_else(|| case.shifted())
        .or_else(|| case.rounded());
    Some(found.unwrap_or(AnswerFault::Other))
}

struct Case<'a> {
    logged: &'a Outputs,
    answered: &'a Outputs,
    wrong: &'a [usize],
}

impl Case<'_> {
    /// Whether this is what was logged, in nearly all wrong rows.
    fn explained(&self, of: impl Fn(usize) -> Vec<f64>) -> bool {
        let same = |row: &&usize| apart(self.logged.row(**row), &of(**row)) <= GOLDEN_TOLERANCE;
        self.wrong.iter().filter(same).count() as f64 >= EXPLAINS * self.wrong.len() as f64
    }

    fn constant(&self) -> Option<AnswerFault> {
        let first = self.logged.row(self.wrong[0]).to_vec();
        let vary = self.wrong.windows(2).any(|w| self.answered.row(w[0]) != self.answered.row(w[1]));
        (self.wrong.len() > 2 && vary && self.explained(|_| first.clone())).then_some(AnswerFault::Constant)
    }

    fn permuted(&self) -> Option<AnswerFault> {
        let width = self.answered.kind.width();
        let several = matches!(self.answered.kind, OutputKind::Probabilities { .. }) && width <= 64;
        // a row whose numbers all differ tells which went where
        let apart = |row: &&usize| {
            let mut numbers = self.answered.row(**row).to_vec();
            numbers.sort_by(f64::total_cmp);
            numbers.windows(2).all(|pair| pair[1] - pair[0] > 10.0 * GOLDEN_TOLERANCE)
        };
        let telling = *self.wrong.iter().find(apart).filter(|_| several && width > 1)?;
        let (logged, answered) = (self.logged.row(telling), self.answered.row(telling));
        let place = |x: &f64| answered.iter().position(|y| (x - y).abs() <= GOLDEN_TOLERANCE);
        let places: Vec<usize> = logged.iter().map(place).collect::<Option<_>>()?;
        let of = |row: usize| places.iter().map(|&place| self.answered.row(row)[place]).collect();
        self.explained(of).then_some(AnswerFault::Permuted { places: places.clone() })
    }

    fn shifted(&self) -> Option<AnswerFault> {
        let rows = self.answered.rows() as i64;
        let of = |by: i64| {
            move |row: usize| self.answered.row((row as i64 + by).rem_euclid(rows) as usize).to_vec()
        };
        let by = (-REACH..=REACH).find(|&by| by != 0 && self.explained(of(by)))?;
        Some(AnswerFault::Shifted { rows: by })
    }

    fn rounded(&self) -> Option<AnswerFault> {
        let of = |decimals: u32| {
            let unit = 10f64.powi(decimals as i32);
            move |row: usize| self.answered.row(row).iter().map(|x| (x * unit).round() / unit).collect()
        };
        let decimals = (0..=DECIMALS).rev().find(|&decimals| self.explained(of(decimals)))?;
        Some(AnswerFault::Rounded { decimals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Outputs {
        let kind = OutputKind::Probabilities { classes: vec!["a".into(), "b".into(), "c".into()] };
        let row = |i: i32| {
            let x = 0.1 + f64::from(i % 17) / 40.0;
            [x, 0.6 * (1.0 - x), 0.4 * (1.0 - x)]
        };
        Outputs { kind, values: (0..100).flat_map(row).collect() }
    }

    #[track_caller]
    fn check(change: impl Fn(&Outputs, usize) -> Vec<f64>, expected: &AnswerFault) {
        let answered = answers();
        let values = (0..answered.rows()).flat_map(|row| change(&answered, row)).collect();
        let logged = Outputs { kind: answered.kind.clone(), values };
        assert!(compare(&logged, &answered).broken());
        assert_eq!(fault(&logged, &answered, &[]).as_ref(), Some(expected));
    }

    #[test]
    fn each_fault_leaves_its_mark() {
        let (places, decimals) = (vec![2, 0, 1], 1);
        check(|a, row| vec![a.row(row)[2], a.row(row)[0], a.row(row)[1]], &AnswerFault::Permuted { places });
        check(|a, row| a.row((row + 1) % 100).to_vec(), &AnswerFault::Shifted { rows: 1 });
        check(
            |a, row| a.row(row).iter().map(|x| (x * 10.0).round() / 10.0).collect(),
            &AnswerFault::Rounded { decimals },
        );
        check(|_, _| vec![0.2, 0.3, 0.5], &AnswerFault::Constant);
        check(|a, row| a.row(row).iter().map(|x| x * x).collect(), &AnswerFault::Other);
        check(|_, _| vec![f64::NAN; 3], &AnswerFault::Other);
    }

    #[test]
    fn another_versions_answers_are_recognised() {
        let answered = answers();
        let mut logged = answered.clone();
        logged.values.iter_mut().for_each(|x| *x = 0.5 * *x + 1.0 / 6.0);
        let other = VersionId("b".repeat(64));
        let found = fault(&logged, &answered, &[(other.clone(), logged.clone())]);
        assert_eq!(found, Some(AnswerFault::OtherVersion { version: other }));
    }

    #[test]
    fn single_precision_is_no_fault() {
        let answered = answers();
        let mut logged = answered.clone();
        logged.values.iter_mut().for_each(|x| *x = f64::from(*x as f32));
        assert!(!compare(&logged, &answered).broken());
        assert_eq!(fault(&logged, &answered, &[]), None);
    }
}
