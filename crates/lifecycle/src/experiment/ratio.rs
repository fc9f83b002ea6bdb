//! Whether the arms have the sizes that were drawn: among the units assigned, those that saw their arm's version, and
//! those whose outcome came.

use super::collect::{Row, Traffic};
use crate::StageError;
use domain::Arm;
use domain::experiment::SampleRatio;
use stats::srm::SequentialSrm;
use std::collections::BTreeSet;

/// A join: its name, whether a mismatch there makes the experiment worthless, and which rows are in it.
type Join = (&'static str, bool, fn(&Row) -> bool);

/// From so many units on, a prior that finds smaller mismatches.
const MANY_UNITS: u64 = 100_000;

/// The sample ratio at each join. `control` is the share of the units in the experiment that control was to have.
pub fn sample_ratios(traffic: &Traffic, control: f64) -> Result<Vec<SampleRatio>, StageError> {
    let joins: [Join; 3] = [
        ("assigned", true, |_| true),
        ("exposed", false, |row| row.intended),
        ("labelled", true, |row| row.labelled),
    ];
    let ratio = |(join, blocks, holds): Join| {
        let counts = [Arm::Control, Arm::Treatment].map(|arm| units(traffic, arm, holds));
        let log_bayes_factor = evidence(counts, control)
            .map_err(|why| StageError::Measure { metric: "sample ratio".into(), why: why.to_string() })?;
        let [control_units, treatment] = counts;
        Ok(SampleRatio {
            join: join.into(),
            control: control_units,
            treatment,
            expected: control,
            log_bayes_factor,
            blocks,
        })
    };
    joins.into_iter().map(ratio).collect()
}

/// Units of an arm with a row for which this holds.
pub fn units(traffic: &Traffic, arm: Arm, holds: impl Fn(&Row) -> bool) -> u64 {
    let rows = traffic.rows.iter().filter(|row| row.in_arm(arm));
    rows.filter(|row| holds(row)).map(|row| row.unit.as_str()).collect::<BTreeSet<_>>().len() as u64
}

fn evidence(counts: [u64; 2], control: f64) -> Result<f64, stats::BadInput> {
    let prior = if counts.iter().sum::<u64>() > MANY_UNITS { 1_000.0 } else { 100.0 };
    SequentialSrm::new(&[control, 1.0 - control], prior)?.log_bayes_factor(&counts)
}
