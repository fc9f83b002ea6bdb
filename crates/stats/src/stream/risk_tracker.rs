//! The risk tracker: is the live loss higher than the reference loss by more than is tolerated?
//!
//! It alarms on harm, not on change, and needs labels: losses of an audit sample. The invariant: over a
//! stream of any length, looked at after every row, it alarms falsely with chance at most δ, half of which
//! is spent on the reference and half on the stream.

use crate::distribution::beta_quantile;
use crate::input::{self, BadInput};
use crate::sequential::Bettor;
use crate::sum::{mean, variance};

/// When, and with what evidence, the tracker alarmed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alarm {
    /// How many rows it had seen, that one included.
    pub rows: u64,
    /// The log of the e-value then.
    pub log_e_value: f64,
}

/// Bets against "the live mean loss is at most the reference's bound plus the tolerance".
///
/// - *What it answers.* Is the model doing harm now, compared with when it was accepted?
/// - *Assumptions.* Losses in [0, 1], and labels of rows drawn by chance, not by the queue of doubtful ones.
///   No independence, no distribution. The null is about each row's expected loss given the past.
/// - *When it misleads.* No alarm is not evidence of health, least of all with few labels. A bad week after
///   a good year alarms late, since the capital was spent; start afresh with each release.
/// - *Source.* Podkopaev and Ramdas 2022; the bets of Waudby-Smith and Ramdas 2024.
/// - *Checked against.* Its false alarms and its delay by simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskTracker {
    limit: f64,
    alarm_at: f64,
    bettor: Bettor,
    alarm: Option<Alarm>,
}

impl RiskTracker {
    /// Against an upper bound of the reference loss that fails with chance `delta`/2 (see
    /// [`reference_upper`]) plus `tolerance` (0 or more), together strictly between 0 and 1.
    pub fn new(reference_upper: f64, tolerance: f64, delta: f64) -> Result<Self, BadInput> {
        let good = (0.0..=1.0).contains(&reference_upper);
        input::parameter("bound of the reference loss", reference_upper, "a number in [0, 1]", good)?;
        let good = (0.0..1.0).contains(&tolerance);
        input::parameter("tolerance", tolerance, "a number in [0, 1)", good)?;
        input::open_unit("delta", delta)?;
        let limit = reference_upper + tolerance;
        input::open_unit("the bound of the reference loss plus the tolerance", limit)?;
        Ok(RiskTracker { limit, alarm_at: (2.0 / delta).ln(), bettor: Bettor::new(limit)?, alarm: None })
    }

    /// Takes a loss in [0, 1]; the alarm, from the row on that raised it.
    pub fn observe(&mut self, loss: f64) -> Result<Option<Alarm>, BadInput> {
        let log_e_value = self.bettor.observe(loss)?;
        if self.alarm.is_none() && log_e_value >= self.alarm_at {
            self.alarm = Some(Alarm { rows: self.bettor.rows(), log_e_value });
        }
        Ok(self.alarm)
    }

    /// What the live loss is held against.
    pub fn limit(&self) -> f64 {
        self.limit
    }

    /// The log of the e-value so far; it alarms at ln(2/δ).
    pub fn log_e_value(&self) -> f64 {
        self.bettor.log_e_value()
    }

    /// Rows seen.
    pub fn rows(&self) -> u64 {
        self.bettor.rows()
    }

    /// The alarm, once raised.
    pub fn alarm(&self) -> Option<Alarm> {
        self.alarm
    }
}

/// An upper bound of the mean of losses in [0, 1], two rows or more, that fails with chance at most `miss`:
/// for the tracker, δ/2.
///
/// - *What it answers.* How high may the reference loss really be?
/// - *Assumptions.* Independent rows, one fixed look.
/// - *When it misleads.* Rows that chose the model, or trained it, make the bound too low and the tracker
///   too quick.
/// - *Source.* Clopper and Pearson 1934 where all losses are 0 or 1; else Maurer and Pontil 2009, theorem 4.
/// - *Checked against.* Its coverage by simulation.
pub fn reference_upper(losses: &[f64], miss: f64) -> Result<f64, BadInput> {
    input::at_least("losses", losses.len(), 2)?;
    input::all_unit("losses", losses)?;
    input::open_unit("chance to miss", miss)?;
    let n = losses.len() as f64;
    if losses.iter().all(|&l| l == 0.0 || l == 1.0) {
        let errors: f64 = losses.iter().sum();
        return Ok(if errors == n { 1.0 } else { beta_quantile(1.0 - miss, errors + 1.0, n - errors) });
    }
    let log = (2.0 / miss).ln();
    let reach = (2.0 * variance(losses) * log / n).sqrt() + 7.0 * log / (3.0 * (n - 1.0));
    Ok((mean(losses) + reach).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_break_alarms_within_rows_and_the_alarm_stays() {
        let mut tracker = RiskTracker::new(0.1, 0.05, 0.05).unwrap();
        let first = (1..200).find(|_| tracker.observe(1.0).unwrap().is_some()).unwrap();
        assert!(first <= 10, "{first}");
        assert_eq!(tracker.alarm().unwrap().rows, first);
        (0..500).for_each(|_| assert_eq!(tracker.observe(0.0).unwrap().unwrap().rows, first));
        assert!(tracker.log_e_value() < tracker.alarm().unwrap().log_e_value);
        assert_eq!(tracker.rows(), first + 500);
    }

    #[test]
    fn limits_that_leave_no_room_and_losses_beyond_them_are_refused() {
        let error = RiskTracker::new(0.9, 0.2, 0.05).unwrap_err();
        assert!(
            error.to_string().starts_with("the bound of the reference loss plus the tolerance: found 1.1")
        );
        let mut tracker = RiskTracker::new(0.2, 0.0, 0.05).unwrap();
        assert!(tracker.observe(f64::NAN).is_err() && tracker.observe(1.2).is_err());
        assert_eq!(tracker.rows(), 0);
    }

    #[test]
    fn the_reference_bound_is_exact_for_errors_and_above_the_mean_for_losses() {
        // The rule of three: no error in 100 rows bounds the rate by about 3%.
        assert!((reference_upper(&[0.0; 100], 0.05).unwrap() - 0.0295).abs() < 1e-4);
        assert_eq!(reference_upper(&[1.0; 5], 0.05), Ok(1.0));
        let losses: Vec<f64> = (0..1_000).map(|i| f64::from(i % 10) / 30.0).collect();
        let upper = reference_upper(&losses, 0.025).unwrap();
        assert!(upper > 0.15 && upper < 0.19, "{upper}");
    }
}
