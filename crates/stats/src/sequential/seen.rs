//! What has been seen of an experiment: the few numbers that a look needs.
//!
//! Not the look itself ([`crate::sequential::Monitor`]). The invariant: whatever the units are, their mean,
//! spread and skewness are per unit, so that one boundary fits all.

use crate::input::BadInput;
use crate::moments::Moments;

/// What has been seen of the stream: of differences within pairs ([`Seen::of`]), of adjusted differences
/// ([`crate::adjust::AdjustedStream::seen`]), or of two arms ([`Seen::two_arms`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Units.
    pub units: u64,
    /// The mean of their values.
    pub mean: f64,
    /// The standard deviation of one unit's value.
    pub sd: f64,
    /// The skewness of one unit's value; 0 where it is not known.
    pub skewness: f64,
    /// For yes-or-no outcomes the smallest count that the mean rests on: of the yes and of the no units
    /// of each arm; in pairs, of those that differ. `None` for other metrics.
    pub events: Option<u64>,
}

impl Seen {
    /// Before there is anything to see.
    pub const NOTHING: Seen = Seen { units: 0, mean: 0.0, sd: 0.0, skewness: 0.0, events: None };

    /// A stream of unit values.
    pub fn of(moments: &Moments) -> Self {
        let (units, skewness) = (moments.count(), moments.skewness());
        Seen { units, mean: moments.mean(), sd: moments.sd(), skewness, events: None }
    }

    /// The mean of the challenger's units minus that of the incumbent's, with Welch's standard error
    /// spread over the units of both. Only for a fixed allocation; where it changed, as in a ramp, use
    /// [`crate::adjust::AdjustedStream`]. No units are seen until both arms have two.
    pub fn two_arms(incumbent: &Moments, challenger: &Moments) -> Self {
        let units = incumbent.count() + challenger.count();
        if incumbent.count() < 2 || challenger.count() < 2 {
            return Seen::NOTHING;
        }
        let (n, mean) = (units as f64, challenger.mean() - incumbent.mean());
        let part = |arm: &Moments| arm.variance() / arm.count() as f64;
        let third = |arm: &Moments| arm.third() / (arm.count() as f64).powi(2);
        let sd = ((part(incumbent) + part(challenger)) * n).sqrt();
        let skewness =
            if sd > 0.0 { (third(challenger) - third(incumbent)) * n * n / sd.powi(3) } else { 0.0 };
        Seen { units, mean, sd, skewness, events: None }
    }

    /// The same, of a yes-or-no outcome, from (yes, units) of each arm.
    pub fn two_shares(incumbent: (u64, u64), challenger: (u64, u64)) -> Result<Self, BadInput> {
        let of = |(yes, units)| Moments::of_yes_no(yes, units);
        let seen = Seen::two_arms(&of(incumbent)?, &of(challenger)?);
        let rarer = |(yes, units): (u64, u64)| yes.min(units - yes);
        Ok(seen.with_events(rarer(incumbent).min(rarer(challenger))))
    }

    /// The same, knowing the events it rests on (see [`Seen::events`]).
    pub fn with_events(self, events: u64) -> Self {
        Seen { events: Some(events), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_shares_are_two_arms_of_ones_and_zeros() {
        let seen = Seen::two_shares((120, 1_000), (150, 1_000)).unwrap();
        assert_eq!((seen.units, seen.events), (2_000, Some(120)));
        // Welch's standard error of these shares, with n − 1.
        assert!((seen.mean - 0.03).abs() < 1e-15);
        assert!((seen.sd / 2_000f64.sqrt() - 0.015275252316519468).abs() < 1e-12);
        // Rare events in the smaller arm make the difference skewed: like the arm, per unit of both.
        let uneven = Seen::two_shares((900, 90_000), (10, 1_000)).unwrap();
        let alone = 0.98 / (0.01f64 * 0.99).sqrt() * (91_000f64 / 1_000.0).sqrt();
        assert!((uneven.skewness / alone - 1.0).abs() < 0.05, "{} {alone}", uneven.skewness);
        assert_eq!(Seen::two_shares((0, 0), (1, 5)).unwrap().units, 0);
        assert!(Seen::two_shares((6, 5), (1, 5)).is_err());
    }

    #[test]
    fn arms_of_one_unit_are_not_seen_yet() {
        let moments = |values: &[f64]| {
            let mut moments = Moments::default();
            values.iter().for_each(|&v| moments.observe(v).unwrap());
            moments
        };
        assert_eq!(Seen::two_arms(&moments(&[1.0, 2.0]), &moments(&[1.0])), Seen::NOTHING);
        let seen = Seen::two_arms(&moments(&[1.0, 1.0]), &moments(&[3.0, 3.0]));
        assert_eq!((seen.mean, seen.sd, seen.skewness), (2.0, 0.0, 0.0));
    }
}
