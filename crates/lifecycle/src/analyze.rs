//! A finished experiment from a table of one row a unit, or a visit: broken rows, sample ratio, effect.
//!
//! One look at data that are complete. Units are analysed by the arm they were assigned to; what would
//! make that untrue is found first and set aside. Invariant: every row of the table is either analysed or
//! counted among the broken ones, once.

mod arms;
mod clean;
mod columns;
mod days;
mod effect;
mod outcome;
mod ratio;
mod tail;

pub use clean::{Broken, BrokenKind};
pub use columns::Columns;
pub use days::Day;
pub use effect::{Effect, Scale};
pub use ratio::SampleRatio;
pub use tail::Tail;

use crate::StageError;
use crate::sheet::Sheet;
use clean::Kept;
use domain::analysis::{Conclusion, Facts, conclude};
use outcome::Outcome;
use stats::multiplicity::{Adjustment, adjust};

/// What somebody said about the table; the rest is guessed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// The column of the unit.
    pub unit: Option<String>,
    /// The column of the arm.
    pub arm: Option<String>,
    /// The arm that the other is compared with.
    pub control: Option<String>,
    /// The other arm.
    pub treatment: Option<String>,
    /// The columns of outcomes.
    pub outcomes: Vec<String>,
    /// The column of what was shown.
    pub exposure: Option<String>,
    /// The column of the time.
    pub time: Option<String>,
    /// The intended shares of control and treatment, each above 0; even where they are not given.
    pub shares: Option<[f64; 2]>,
}

/// What the table says.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Rows of the table.
    pub rows: u64,
    /// Which column is what, and why.
    pub columns: Columns,
    /// The control and the treatment.
    pub arms: [String; 2],
    /// Why the first one is the control.
    pub control_because: String,
    /// Rows that were set aside, by kind.
    pub broken: Vec<Broken>,
    /// Units that were analysed, by arm.
    pub units: [u64; 2],
    /// The sample ratio where units were assigned, analysed, and labelled.
    pub sample_ratio: Vec<SampleRatio>,
    /// One an outcome.
    pub effects: Vec<Effect>,
    /// What may be said.
    pub conclusion: Conclusion,
}

/// Analyses a table.
pub fn analyze(sheet: &Sheet, asked: &Asked) -> Result<Analysis, StageError> {
    let columns = columns::columns(sheet, asked)?;
    let kept = clean::clean(sheet, &columns, asked)?;
    let units = kept.units();
    enough(sheet, &kept.arms, units, "units left after the broken rows were set aside")?;
    let outcomes: Vec<Outcome> =
        columns.outcomes.iter().map(|o| outcome::read(sheet, o, &kept)).collect::<Result<_, _>>()?;
    let effects = effects(sheet, &columns, &kept, &outcomes)?;
    let sample_ratio = ratio::all(&kept, &outcomes, asked.shares.unwrap_or([0.5, 0.5]))?;
    let facts = Facts {
        sample_ratio: sample_ratio.iter().map(|r| r.p).collect(),
        adjusted: effects.iter().map(|e| e.adjusted).collect(),
    };
    let of_outcomes = outcomes.into_iter().flat_map(|o| o.broken);
    Ok(Analysis {
        rows: sheet.rows() as u64,
        columns,
        arms: kept.arms,
        control_because: kept.control_because,
        broken: kept.broken.into_iter().chain(of_outcomes).collect(),
        units,
        sample_ratio,
        effects,
        conclusion: conclude(&facts),
    })
}

/// Two or more in each arm.
fn enough(sheet: &Sheet, arms: &[String; 2], units: [u64; 2], what: &str) -> Result<(), StageError> {
    match arms.iter().zip(units).find(|(_, units)| *units < 2) {
        None => Ok(()),
        Some((arm, units)) => {
            let hint = "two or more in each arm make a comparison; check which columns were taken";
            Err(sheet.error(format!("arm `{arm}` has {units} {what}"), hint))
        }
    }
}

fn effects(
    sheet: &Sheet,
    columns: &Columns,
    kept: &Kept,
    outcomes: &[Outcome],
) -> Result<Vec<Effect>, StageError> {
    let times = columns.time.as_ref().map(|time| clean::times(sheet, time)).transpose()?;
    let at = |row: usize| times.as_ref().and_then(|t| t[row]);
    let mut effects = Vec::new();
    for outcome in outcomes {
        let rows = outcome.arms.each_ref().map(|values| values.len() as u64);
        enough(sheet, &kept.arms, rows, &format!("rows with a value of {}", outcome.name))?;
        let one = || -> Result<Effect, stats::BadInput> {
            let effect = effect::effect(outcome)?;
            Ok(Effect {
                tail: tail::tail(sheet, outcome, &effect)?,
                days: days::days(outcome, &at)?,
                ..effect
            })
        };
        effects.push(
            one()
                .map_err(|why| StageError::Measure { metric: outcome.name.clone(), why: why.to_string() })?,
        );
    }
    adjusted(&mut effects)?;
    Ok(effects)
}

/// Holm over the outcomes that have a test.
fn adjusted(effects: &mut [Effect]) -> Result<(), StageError> {
    let p: Vec<f64> = effects.iter().filter_map(|e| e.p).collect();
    let adjusted = adjust(&p, Adjustment::Holm)
        .map_err(|why| StageError::Measure { metric: "p-values".into(), why: why.to_string() })?;
    let tested = effects.iter_mut().filter(|e| e.p.is_some());
    tested.zip(adjusted).for_each(|(effect, p)| effect.adjusted = Some(p));
    Ok(())
}

#[cfg(test)]
mod tests;
