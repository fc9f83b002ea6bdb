//! Where the difference between promised and live loss comes from: other inputs, or other outcomes of the same inputs.
//!
//! *What it answers.* L(live) - L(reference) = what the reference's own relation would give on live inputs, minus
//! L(reference) (inputs), plus the rest (relation).
//! *Assumptions.* The expected loss of a row, learned by boosted trees from the reference's losses, holds between
//! reference rows; rows are independent.
//! *When it misleads.* Outside of what the reference has seen nothing is known of its relation: what live rows there
//! lose beyond the mean is counted to the inputs, and their share is told. A column that the model does not take,
//! and that moved, shows as relation.
//! *Source.* Cai, Namkoong and Yadlowsky 2023 (DISDE), with an outcome model in place of weights.
//! *Checked against.* Simulated shifts of inputs only, and of the relation only.

use crate::StageError;
use crate::drift::{Encoded, Together, date, square_error};
use domain::gate::Estimate;
use domain::{Column, Outputs, Table, Timestamp};
use models::trees::{self, Forest, Matrix, Objective, Params, Part};
use stats::stream::{RiskTracker, reference_upper};

/// Answers of more numbers than this are summed up by their largest and their spread.
const WIDE: usize = 8;
/// Two-sided 95%, and 99% for the question whether it is worse at all.
const Z95: f64 = 1.959_963_984_540_054;
const Z99: f64 = 2.575_829_303_548_900_4;

/// Rows with the model's answers and what they lost.
pub(crate) struct Lost<'a> {
    /// The rows, of the model's columns.
    pub rows: &'a Table,
    /// The model's answers.
    pub answers: &'a Outputs,
    /// One loss a row.
    pub losses: &'a [f64],
}

/// The difference and its parts.
pub(crate) struct Parts {
    /// Live minus reference, with a 99% interval.
    pub worse: Estimate,
    /// By other inputs.
    pub inputs: Estimate,
    /// By another relation.
    pub relation: Estimate,
    /// The share of live rows that are like none of the reference.
    pub unseen: f64,
}

/// The loss to be expected of a row, learned in two halves so that no row speaks of itself.
pub(crate) struct Expected {
    encoded: Encoded,
    halves: [Forest; 2],
    seed: u64,
}

impl Expected {
    /// Learns from the reference's losses.
    pub fn learn(reference: &Lost<'_>, seed: u64) -> Result<Expected, StageError> {
        let encoded = Encoded::learn(reference.rows);
        let grow = |side: u64| {
            let rows: Vec<usize> =
                (0..reference.losses.len()).filter(|&row| half(seed, row) != side).collect();
            let answers = crate::score::taken(reference.answers, &rows);
            let matrix = matrix(&encoded, &reference.rows.take(&rows), &answers)?;
            let target: Vec<f64> = rows.iter().map(|&row| reference.losses[row]).collect();
            let params = Params {
                rounds: 40,
                max_leaves: 8,
                min_data_in_leaf: 40,
                lambda_l2: 5.0,
                ..Params::default()
            };
            let part = Part { matrix: &matrix, target: &target, weight: None };
            trees::fit(part, None, Objective::Squared, &params, seed, &mut |_| true).map_err(|e| bad(&e))
        };
        Ok(Expected { halves: [grow(0)?, grow(1)?], encoded, seed })
    }

    /// Splits the difference. `together` tells which live rows are like none of the reference.
    pub fn parts(
        &self,
        reference: &Lost<'_>,
        live: &Lost<'_>,
        together: Option<&Together>,
    ) -> Result<Parts, StageError> {
        let (before, now) = (self.out_of_fold(reference)?, self.average(live)?);
        let unseen = together.map_or(Ok(vec![false; live.losses.len()]), |t| t.unseen(live.rows))?;
        // what the outcome model misses on its own rows is no change of the relation
        let residual: Vec<f64> = reference.losses.iter().zip(&before).map(|(loss, e)| loss - e).collect();
        let off = mean(&residual);
        let beyond = |row: usize| if unseen[row] { 0.0 } else { live.losses[row] - now[row] - off };
        let beyond: Vec<f64> = (0..live.losses.len()).map(beyond).collect();
        let total = mean(live.losses) - mean(reference.losses);
        let relation = mean(&beyond);
        let rows = live.losses.len() as u64;
        let around = |value: f64, z: f64, variance: f64| {
            let reach = z * variance.sqrt();
            Estimate { value, low: value - reach, high: value + reach, rows }
        };
        let error = |a: &[f64], b: &[f64]| square_error(a) + square_error(b);
        Ok(Parts {
            worse: around(total, Z99, error(live.losses, reference.losses)),
            inputs: around(total - relation, Z95, error(&now, &before)),
            relation: around(relation, Z95, error(&beyond, &residual)),
            unseen: unseen.iter().filter(|u| **u).count() as f64 / unseen.len().max(1) as f64,
        })
    }

    /// How much less live rows would be expected to lose if this column held the reference's values; `None` where
    /// either side does not have it.
    pub fn of_column(
        &self,
        name: &str,
        reference: &Lost<'_>,
        live: &Lost<'_>,
        answer: &dyn Fn(&Table) -> Result<Outputs, StageError>,
    ) -> Result<Option<f64>, StageError> {
        let Some(before) = reference.rows.column(name).filter(|_| live.rows.column(name).is_some()) else {
            return Ok(None);
        };
        let rows = live.rows.rows();
        let drawn: Vec<usize> = (0..rows as u64)
            .map(|row| stats::random::below(reference.rows.rows(), self.seed, 0, row))
            .collect();
        let columns = live.rows.columns().iter().map(|c| match c.name == name {
            true => Column { name: c.name.clone(), values: before.values.take(&drawn) },
            false => c.clone(),
        });
        let back = Table::new(columns.collect()).expect("equally long as before");
        let answers = answer(&back)?;
        let put_back = Lost { rows: &back, answers: &answers, losses: live.losses };
        Ok(Some(mean(&self.average(live)?) - mean(&self.average(&put_back)?)))
    }

    fn out_of_fold(&self, rows: &Lost<'_>) -> Result<Vec<f64>, StageError> {
        let [first, second] = self.both(rows)?;
        let of = |row: usize| if half(self.seed, row) == 0 { first[row] } else { second[row] };
        Ok((0..rows.losses.len()).map(of).collect())
    }

    /// What rows would be expected to lose, their own losses not looked at.
    pub fn average(&self, rows: &Lost<'_>) -> Result<Vec<f64>, StageError> {
        let [first, second] = self.both(rows)?;
        Ok(first.iter().zip(second).map(|(a, b)| (a + b) / 2.0).collect())
    }

    fn both(&self, rows: &Lost<'_>) -> Result<[Vec<f64>; 2], StageError> {
        let matrix = matrix(&self.encoded, rows.rows, rows.answers)?;
        Ok([self.halves[0].predict(&matrix), self.halves[1].predict(&matrix)])
    }
}

/// The loss over a whole deployment.
pub(crate) struct Course {
    /// When it rose.
    pub since: Option<Timestamp>,
    /// Whether it was too high before it rose, or all the time.
    pub from_start: bool,
    /// When the always-valid alarm went off.
    pub alarmed: Option<Timestamp>,
}

impl Course {
    /// Of losses in the order of time.
    pub fn of(
        losses: &[f64],
        at: &[Timestamp],
        reference: &[f64],
        tolerance: f64,
        delta: f64,
    ) -> Result<Course, StageError> {
        let dated = date(losses, at).filter(|d| d.after > d.before);
        // a slow rise is under way long before the row that splits it best
        let first = dated.map_or(losses.len() / 3, |d| d.row.min(losses.len() / 5));
        let from_start = first > 0 && mean(&losses[..first]) - mean(reference) > tolerance;
        let alarmed = alarm(losses, reference, tolerance, delta)?.map(|row| at[row]);
        Ok(Course { since: dated.map(|d| d.since), from_start, alarmed })
    }
}

/// The row at which live loss is surely above what was promised and the tolerance, however often one looks.
///
/// Losses have no bound, and the tracker needs one: they are cut where one reference row in a thousand lies beyond, so
/// that a few rows of any loss do not carry the alarm alone.
fn alarm(losses: &[f64], reference: &[f64], tolerance: f64, delta: f64) -> Result<Option<usize>, StageError> {
    let mut sorted = reference.to_vec();
    sorted.sort_by(f64::total_cmp);
    let most = 2.0 * stats::sum::quantile_sorted(&sorted, 0.999);
    if most <= tolerance || reference.len() < 2 {
        return Ok(None);
    }
    let unit = |loss: &f64| (loss / most).clamp(0.0, 1.0);
    let scaled: Vec<f64> = reference.iter().map(unit).collect();
    let upper = reference_upper(&scaled, delta / 2.0).map_err(|e| bad(&e))?;
    if upper + tolerance / most >= 1.0 {
        return Ok(None);
    }
    let mut tracker = RiskTracker::new(upper, tolerance / most, delta).map_err(|e| bad(&e))?;
    for (row, loss) in losses.iter().map(unit).enumerate() {
        if tracker.observe(loss).map_err(|e| bad(&e))?.is_some() {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Which half a reference row belongs to.
fn half(seed: u64, row: usize) -> u64 {
    store::digest::mix64(seed, row as u64) % 2
}

fn matrix(encoded: &Encoded, rows: &Table, answers: &Outputs) -> Result<Matrix, StageError> {
    let width = answers.kind.width();
    let mut more: Vec<Vec<f32>> = Vec::new();
    if width <= WIDE {
        more.extend(
            (0..width).map(|place| (0..answers.rows()).map(|row| answers.row(row)[place] as f32).collect()),
        );
    } else {
        let largest = |row: usize| answers.row(row).iter().copied().fold(f64::MIN, f64::max) as f32;
        let spread = |row: usize| stats::sum::variance(answers.row(row)) as f32;
        more.push((0..answers.rows()).map(largest).collect());
        more.push((0..answers.rows()).map(spread).collect());
    }
    encoded.matrix(rows, &more).map_err(|e| bad(&e))
}

/// A mean with its 95% interval.
pub(crate) fn estimate(losses: &[f64]) -> Estimate {
    let (value, reach) = (mean(losses), Z95 * square_error(losses).sqrt());
    Estimate { value, low: value - reach, high: value + reach, rows: losses.len() as u64 }
}

fn mean(values: &[f64]) -> f64 {
    stats::sum::sum(values.iter().copied()) / values.len().max(1) as f64
}

fn bad(why: &dyn std::fmt::Display) -> StageError {
    StageError::Measure { metric: "the expected loss".into(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, OutputKind, Values};

    /// Rows `x` drawn around `middle`; the loss is `x²` and noise, and `more` beyond.
    fn lost(rows: u64, seed: u64, middle: f64, more: f64) -> (Table, Outputs, Vec<f64>) {
        let draw =
            |row: u64, place: u64| store::digest::mix64(seed, 2 * row + place) as f64 / u64::MAX as f64;
        let x: Vec<f64> = (0..rows).map(|row| middle + draw(row, 0) - 0.5).collect();
        let losses = x.iter().zip(0..).map(|(x, row)| x * x + 0.2 * draw(row, 1) + more).collect();
        let answers = Outputs { kind: OutputKind::Value, values: x.clone() };
        let table =
            Table::new(vec![Column { name: "x".into(), values: Values::Number(x) }]).expect("one column");
        (table, answers, losses)
    }

    #[track_caller]
    fn check(middle: f64, more: f64) -> Parts {
        let (before, now) = (lost(2000, 1, 0.3, 0.0), lost(2000, 2, middle, more));
        let together = crate::drift::together(&before.0, &now.0, 5).expect("numbers");
        let reference = Lost { rows: &before.0, answers: &before.1, losses: &before.2 };
        let live = Lost { rows: &now.0, answers: &now.1, losses: &now.2 };
        let expected = Expected::learn(&reference, 5).expect("numbers");
        let parts = expected.parts(&reference, &live, together.as_ref()).expect("numbers");
        assert!((parts.inputs.value + parts.relation.value - parts.worse.value).abs() < 1e-12);
        parts
    }

    #[test]
    fn no_change_has_no_parts() {
        let parts = check(0.3, 0.0);
        assert!(parts.worse.low < 0.0 && parts.worse.high > 0.0 && parts.unseen == 0.0);
        assert!(parts.relation.value.abs() < 0.01 && parts.inputs.value.abs() < 0.01);
    }

    #[test]
    fn moved_inputs_are_not_another_relation() {
        let parts = check(0.55, 0.0);
        assert!(parts.inputs.low > 0.1, "{:?}", parts.inputs);
        assert!(parts.relation.value.abs() < 0.02, "{:?}", parts.relation);
        assert!(parts.unseen > 0.1, "a quarter lies beyond all that was seen: {}", parts.unseen);
    }

    #[test]
    fn another_relation_is_not_moved_inputs() {
        let parts = check(0.3, 0.2);
        assert!((parts.relation.value - 0.2).abs() < 0.02 && parts.relation.low > 0.15);
        assert!(parts.inputs.value.abs() < 0.02, "{:?}", parts.inputs);
    }
}
