//! The arms against each other, by unit: for answers that change what turns out to be true.
//!
//! What the incumbent expects of a row, which was fixed before anybody saw an arm, takes its share of the variance away.
//! Invariants: a unit counts once, in the arm that it was assigned to, whoever answered; the order of units is that of
//! their first request.

use super::{Measured, Values};
use crate::StageError;
use crate::experiment::collect::Row;
use domain::history::Release;
use domain::{Arm, Examples};
use stats::adjust::{AdjustedStream, StreamUnit};
use std::collections::BTreeMap;

/// One unit's labelled rows together.
struct Sum {
    arm: Arm,
    propensity: f64,
    total: f64,
    rows: f64,
    expected: f64,
}

/// The look by arms; `expected` is what the incumbent expects of each row.
pub fn look(
    values: &Values<'_>,
    release: &Release,
    rows: &[&Row],
    examples: &Examples,
    expected: &[f64],
) -> Result<Measured, StageError> {
    let given = values.of(&super::given(rows, &values.kind), examples)?;
    let mut sums = sums(rows, &given, expected);
    values.cut(release, &mut sums);
    let total = |of: fn(&Sum) -> f64| sums.iter().map(of).sum::<f64>();
    let ratio = total(|s| s.total) / total(|s| s.rows);
    let rows_each = total(|s| s.rows) / sums.len() as f64;
    let mut stream = AdjustedStream::new(1);
    for sum in &sums {
        // a ratio of sums, made linear in the unit: the delta method
        let outcome = values.direction() * (ratio + (sum.total - ratio * sum.rows) / rows_each);
        let (challenger, covariates) = (sum.arm == Arm::Treatment, &[sum.expected]);
        let unit = StreamUnit { challenger, propensity: sum.propensity, outcome, covariates };
        stream.observe(unit).map_err(|why| values.bad(&why))?;
    }
    let mean = |arm: Arm| {
        let of = || sums.iter().filter(move |s| s.arm == arm);
        let rows = of().map(|s| s.rows).sum::<f64>();
        (rows > 0.0).then(|| of().map(|s| s.total).sum::<f64>() / rows)
    };
    let means = [mean(Arm::Control), mean(Arm::Treatment)];
    let look =
        values.look(release, stream.seen(), "by unit, adjusted by what the incumbent expects", ratio)?;
    Ok(Measured { look, means })
}

/// The labelled rows of each unit, in the order of the units' first request.
fn sums(rows: &[&Row], given: &[f64], expected: &[f64]) -> Vec<Sum> {
    let mut units: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sums: Vec<Sum> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let Some((arm, chance)) = row.place else { continue };
        let at = *units.entry(&row.unit).or_insert(sums.len());
        if at == sums.len() {
            let treated = arm == Arm::Treatment;
            let propensity = if treated { chance } else { 1.0 - chance };
            sums.push(Sum { arm, propensity, total: 0.0, rows: 0.0, expected: 0.0 });
        }
        let sum = &mut sums[at];
        sum.total += given[place];
        sum.rows += 1.0;
        sum.expected += (expected[place] - sum.expected) / sum.rows;
    }
    sums
}
