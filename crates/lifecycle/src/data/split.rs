//! Which rows train and which rows judge.

use crate::StageError;
use domain::{Examples, Plan, Target};
use std::collections::BTreeMap;

/// Rows to train on and rows to judge on, none in both.
#[derive(Debug, Clone)]
pub struct Split {
    /// To train on.
    pub train: Examples,
    /// To judge on.
    pub test: Examples,
    /// How it was made, in words.
    pub how: String,
}

/// Splits as the plan says: the last rows judge where rows have a time, a stratified share otherwise.
pub fn split(plan: &Plan, examples: &Examples) -> Result<Split, StageError> {
    let share = plan.split.test;
    let (train, test, how) = match &examples.at {
        Some(at) => {
            let first = at.len() - ((at.len() as f64 * share).round() as usize).clamp(1, at.len());
            // No instant stands on both sides: the test begins with the first row of its instant.
            let start = at[first];
            let first = at.partition_point(|t| *t < start);
            let reach = domain::Timestamp(start.0 - plan.split.gap.0 - lead(plan, examples));
            let last = at.partition_point(|t| *t < reach);
            let how = format!("the last {} of {} rows, from {start}", at.len() - first, at.len());
            ((0..last).collect(), (first..at.len()).collect(), how)
        }
        None => {
            let (train, test): (Vec<usize>, Vec<usize>) = draw(examples, share, plan.train.seed);
            let how = format!("{} of {} rows drawn, every class alike", test.len(), examples.len());
            (train, test, how)
        }
    };
    check(plan, &train, &test)?;
    Ok(Split { train: examples.take(&train), test: examples.take(&test), how })
}

/// A window's target reaches past its origin: training windows must end before the test's first origin.
pub(crate) fn lead(plan: &Plan, examples: &Examples) -> i64 {
    let (Target::Path { horizon, .. }, Some(at)) = (&examples.target, &examples.at) else { return 0 };
    let steps = at.windows(2).map(|w| w[1].0 - w[0].0).filter(|d| *d > 0).min().unwrap_or(0);
    let step = steps / plan.forecast.step().max(1) as i64;
    step * (*horizon + plan.forecast.gap) as i64 - 1
}

fn check(plan: &Plan, train: &[usize], test: &[usize]) -> Result<(), StageError> {
    if train.len() >= 2 && !test.is_empty() {
        return Ok(());
    }
    let found = format!("{} rows to train on and {} to judge on are left", train.len(), test.len());
    Err(StageError::data(&plan.data.source, found, "lower split.test or split.gap, or bring more rows"))
}

/// Draws the same share of every class; rows of one entity stay together.
fn draw(examples: &Examples, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut strata: BTreeMap<u64, Vec<(u64, usize)>> = BTreeMap::new();
    for row in 0..examples.len() {
        let (stratum, unit) = match &examples.entity {
            Some(entity) => (0, entity[row]),
            None => (class_of(&examples.target, row), row as u64),
        };
        strata.entry(stratum).or_default().push((store::digest::mix64(seed, unit), row));
    }
    let mut test: Vec<usize> = strata.into_values().flat_map(|rows| lowest(rows, share)).collect();
    test.sort_unstable();
    let train = (0..examples.len()).filter(|row| test.binary_search(row).is_err()).collect();
    (train, test)
}

fn lowest(mut rows: Vec<(u64, usize)>, share: f64) -> Vec<usize> {
    rows.sort_unstable();
    let mut count = (rows.len() as f64 * share).round() as usize;
    while count > 0 && count < rows.len() && rows[count].0 == rows[count - 1].0 {
        count += 1;
    }
    rows.into_iter().take(count).map(|(_, row)| row).collect()
}

fn class_of(target: &Target, row: usize) -> u64 {
    match target {
        Target::Class { index, .. } => u64::from(index[row]),
        _ => 0,
    }
}
