//! The least careful setting whose expected loss stays within a limit.
//!
//! Not with high probability: over many calibration sets the loss is within the limit on average, and one
//! set may miss it. Where a plan promises, use [`super::certify`]. The invariant: losses only grow as
//! settings become less careful, which is checked row by row.

use crate::input::{self, BadInput};
use crate::sum::sum;

/// What each setting is bound by, and which is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskControl {
    /// The bound of each setting, the most careful first: n/(n + 1) · mean loss + largest/(n + 1).
    pub bounds: Vec<f64>,
    /// The index of the least careful setting within the limit; `None` when not even the first is.
    pub chosen: Option<usize>,
}

/// Chooses among `settings` ordered from the most careful to the least; `losses` is row-major, `settings`
/// numbers a row, each from 0 to `largest` and never falling along its row.
///
/// - *What it answers.* How careless may the model be while its expected loss on a new row is at most
///   `alpha`?
/// - *Assumptions.* Calibration rows and the new row are exchangeable; each row's loss falls or stays as
///   settings become more careful; no loss is above `largest`.
/// - *When it misleads.* The error share among rows answered alone is *not* such a loss: it may rise as
///   fewer are answered. Use [`super::certify`] for it. Under drift it promises nothing.
/// - *Source.* Angelopoulos et al. 2022 (Conformal risk control), theorem 1.
/// - *Checked against.* The vector `conformal_risk_control` of the reference file; the limit by simulation.
///
/// # Errors
/// No rows or settings, a ragged table, losses outside [0, `largest`] or falling along a row, an `alpha` or
/// a `largest` that is not above 0 and finite.
pub fn conformal_risk_control(
    losses: &[f64],
    settings: usize,
    largest: f64,
    alpha: f64,
) -> Result<RiskControl, BadInput> {
    for (what, value) in [("largest loss", largest), ("limit of the loss", alpha)] {
        input::parameter(what, value, "a finite number above 0", value > 0.0 && value.is_finite())?;
    }
    check(losses, settings, largest)?;
    let rows = losses.len() / settings;
    let bound = |setting: usize| {
        let total = sum(losses.iter().skip(setting).step_by(settings).copied());
        (total + largest) / (rows as f64 + 1.0)
    };
    let bounds: Vec<f64> = (0..settings).map(bound).collect();
    let chosen = bounds.iter().rposition(|&bound| bound <= alpha);
    Ok(RiskControl { bounds, chosen })
}

fn check(losses: &[f64], settings: usize, largest: f64) -> Result<(), BadInput> {
    input::at_least("settings", settings, 1)?;
    input::at_least("losses", losses.len(), settings)?;
    input::same_length("losses", losses.len(), losses.len() / settings * settings)?;
    for (row, losses) in losses.chunks(settings).enumerate() {
        let bad = losses.iter().find(|loss| !(0.0..=largest).contains(*loss));
        let falling = losses.windows(2).find(|pair| pair[1] < pair[0]).map(|pair| &pair[1]);
        let rules =
            [(bad, "from 0 to the largest loss"), (falling, "at least the loss of the setting before")];
        for (found, expected) in rules {
            if let Some(&found) = found {
                return Err(BadInput::Value { what: "losses", row: Some(row), found, expected });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_that_is_none_is_refused_by_row() {
        let of = |losses: &[f64]| conformal_risk_control(losses, 2, 1.0, 0.1).unwrap_err().to_string();
        assert_eq!(
            of(&[0.0, 0.5, 0.5, 0.4]),
            "losses, row 1: found 0.4, expected at least the loss of the setting before"
        );
        assert_eq!(of(&[0.0, f64::NAN]), "losses, row 0: found NaN, expected from 0 to the largest loss");
        assert!(of(&[0.0, 0.1, 0.2]).starts_with("losses: found 3 rows"));
        assert!(conformal_risk_control(&[0.0], 1, f64::INFINITY, 0.1).is_err());
        assert!(conformal_risk_control(&[0.0], 0, 1.0, 0.1).is_err());
    }

    #[test]
    fn too_few_rows_choose_nothing() {
        let found = conformal_risk_control(&[0.0; 8], 1, 1.0, 0.1).unwrap();
        assert_eq!((found.chosen, found.bounds), (None, vec![1.0 / 9.0]));
        assert_eq!(conformal_risk_control(&[0.0; 9], 1, 1.0, 0.1).unwrap().chosen, Some(0));
    }

    proptest! {
        #[test]
        fn bounds_rise_and_the_last_within_the_limit_is_chosen(
            rows in prop::collection::vec([0.0..0.3f64, 0.0..0.3f64, 0.0..0.3f64], 1..30), alpha in 0.05..1.0f64,
        ) {
            let losses: Vec<f64> =
                rows.iter().flat_map(|r| [r[0], r[0] + r[1], r[0] + r[1] + r[2]]).collect();
            let found = conformal_risk_control(&losses, 3, 1.0, alpha).unwrap();
            prop_assert!(found.bounds.windows(2).all(|pair| pair[0] <= pair[1]));
            let within = found.bounds.iter().filter(|&&bound| bound <= alpha).count();
            prop_assert_eq!(found.chosen, within.checked_sub(1));
        }
    }
}
