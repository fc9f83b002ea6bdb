//! Both versions on the same rows, by unit: for answers that do not change what turns out to be true.
//!
//! In shadow the challenger answered beside the incumbent. In an A/B the version of the other arm is asked again for each
//! logged row, which is what it would have answered then: versions are immutable, and the journal keeps rows as they came.
//! Invariant: a row that fell back has the answer that its unit really got, on its own side.

use super::{Measured, Values};
use crate::StageError;
use crate::experiment::collect::Row;
use crate::live::{self, LiveRow};
use crate::version::{Version, open};
use domain::history::Release;
use domain::{Arm, Examples, Outputs};
use stats::moments::Moments;
use stats::sequential::Seen;
use std::collections::BTreeMap;

/// The look at rows whose shadow answers are known.
pub fn shadowed(
    values: &Values<'_>,
    release: &Release,
    rows: &[&Row],
    examples: &Examples,
) -> Result<Measured, StageError> {
    let control = super::given(rows, &values.kind);
    // who did not answer would have fallen back, to the answer that was given
    let other = |row: &&Row| {
        row.shadow.as_ref().and_then(|s| s.answer.as_ref().ok()).unwrap_or(&row.live.output).clone()
    };
    let treatment = Outputs { kind: values.kind.clone(), values: rows.iter().flat_map(other).collect() };
    look(values, release, rows, examples, &control, &treatment)
}

/// The look at rows of both arms, each beside what the other arm's version answers.
pub fn asked_again(
    values: &Values<'_>,
    release: &Release,
    rows: &[&Row],
    examples: &Examples,
) -> Result<Measured, StageError> {
    let live: Vec<&LiveRow> = rows.iter().map(|row| &row.live).collect();
    let answer = |version: &Version| version.answer(&live::inputs(&live, &version.model.signature().inputs));
    let incumbent = answer(&open(values.project, &release.incumbent)?)?;
    let challenger = answer(&open(values.project, &release.challenger)?)?;
    let side = |arm: Arm, other: &Outputs| {
        let of = |(place, row): (usize, &&Row)| {
            if row.in_arm(arm) { row.live.output.clone() } else { other.row(place).to_vec() }
        };
        Outputs { kind: values.kind.clone(), values: rows.iter().enumerate().flat_map(of).collect() }
    };
    let (control, treatment) = (side(Arm::Control, &incumbent), side(Arm::Treatment, &challenger));
    look(values, release, rows, examples, &control, &treatment)
}

fn look(
    values: &Values<'_>,
    release: &Release,
    rows: &[&Row],
    examples: &Examples,
    control: &Outputs,
    treatment: &Outputs,
) -> Result<Measured, StageError> {
    let (control, treatment) = (values.of(control, examples)?, values.of(treatment, examples)?);
    let mut gains = gains(rows, &control, &treatment);
    values.cut(release, &mut gains);
    let mut moments = Moments::default();
    gains.iter().try_for_each(|gain| moments.observe(*gain)).map_err(|why| values.bad(&why))?;
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let means = [mean(&control), mean(&treatment)];
    let look = values.look(release, Seen::of(&moments), "both versions on the same rows", means[0])?;
    Ok(Measured { look, means: means.map(Some) })
}

/// The mean gain of each unit, in the order of the units' first request.
fn gains(rows: &[&Row], control: &[f64], treatment: &[f64]) -> Vec<f64> {
    let mut units: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let at = *units.entry(&row.unit).or_insert(sums.len());
        if at == sums.len() {
            sums.push((0.0, 0.0));
        }
        let (sum, rows) = &mut sums[at];
        (*sum, *rows) = (*sum + control[place] - treatment[place], *rows + 1.0);
    }
    sums.into_iter().map(|(sum, rows)| sum / rows).collect()
}
