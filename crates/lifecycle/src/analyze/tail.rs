//! Heavy tails: whether single units carry the difference of a mean.
//!
//! A description and a second opinion, never a silent correction: the difference reported is that of all
//! units. Invariant: the cut is the same for both arms.

use super::effect::{Effect, LEVEL, Scale};
use super::outcome::Outcome;
use crate::sheet::Sheet;
use domain::gate::Estimate;
use stats::BadInput;
use stats::sum::{quantile_sorted, sum};
use stats::welch::welch;

/// The largest unit and what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// The unit furthest from 0.
    pub largest: f64,
    /// Its row's number in the file.
    pub row: u64,
    /// Its share of the total; `None` where values below 0 leave no share.
    pub share: Option<f64>,
    /// The difference without it.
    pub without: Estimate,
    /// Where values are cut: the 99.9% quantile of both arms together.
    pub cut: f64,
    /// The difference with values above the cut set to it.
    pub winsorised: Estimate,
    /// Whether leaving out this one unit moves the difference by half a standard error or more.
    pub heavy: bool,
}

const CUT: f64 = 0.999;
/// In standard errors of the difference.
const MUCH: f64 = 0.5;

/// Looks at the tail of a mean; `None` for shares, and where an arm would be left with fewer than two units.
pub(super) fn tail(sheet: &Sheet, outcome: &Outcome, effect: &Effect) -> Result<Option<Tail>, BadInput> {
    if effect.scale == Scale::Share {
        return Ok(None);
    }
    let everyone =
        || (0..2).flat_map(|arm| outcome.arms[arm].iter().map(move |(row, value)| (arm, *row, *value)));
    let Some((arm, row, largest)) = everyone().max_by(|a, b| a.2.abs().total_cmp(&b.2.abs())) else {
        return Ok(None);
    };
    if outcome.arms[arm].len() < 3 {
        return Ok(None);
    }
    let whole = welch(&outcome.values(0), &outcome.values(1))?;
    let left =
        |a: usize| outcome.arms[a].iter().filter(|(r, _)| *r != row).map(|(_, v)| *v).collect::<Vec<_>>();
    let without = welch(&left(0), &left(1))?;
    let mut sorted: Vec<f64> = everyone().map(|(.., value)| value).collect();
    sorted.sort_by(f64::total_cmp);
    let cut = quantile_sorted(&sorted, CUT);
    let capped = |a: usize| outcome.values(a).into_iter().map(|v| v.min(cut)).collect::<Vec<_>>();
    let total = sum(sorted.iter().copied());
    Ok(Some(Tail {
        largest,
        row: sheet.row(row),
        share: (sorted[0] >= 0.0 && total > 0.0).then(|| largest / total),
        without: Estimate::from(without.estimate(LEVEL)?),
        cut,
        winsorised: Estimate::from(welch(&capped(0), &capped(1))?.estimate(LEVEL)?),
        heavy: (whole.mean - without.mean).abs() >= MUCH * whole.se && whole.se > 0.0,
    }))
}
