//! What a look at an experiment says: the one place that decides whether it may be looked at yet.
//!
//! Not a decision: shipping and stopping are rules of `domain`. The invariant: a look that is given
//! holds together with all other looks at the same stream, each bound with chance 1 − α; where the
//! normal approximation does not carry yet, there is no look.

use super::{Seen, asymptotic, planned};
use crate::input::{self, BadInput};

/// How the experiment is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peek {
    /// At any time, for as long as one likes; the planned units are only where it is sharpest.
    Any,
    /// At any time up to the planned units, where it ends: fewer units, a firm end.
    Planned,
}

/// A plan for looking at the mean of a stream of units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Monitor {
    planned: u64,
    alpha: f64,
    boundary: Boundary,
}

/// Events to plan for in each arm, so that 25 come in 99 experiments of 100.
const PLANNED_EVENTS: f64 = 40.0;

/// What does not change from look to look.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Boundary {
    Mixture {
        rho_squared: f64,
    },
    /// Of the sum of the values, in standard deviations of one.
    Constant {
        sum: f64,
    },
}

/// One look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Looked {
    /// Units.
    pub units: u64,
    /// The mean of their values.
    pub mean: f64,
    /// The standard deviation of one unit's value.
    pub sd: f64,
    /// The true mean is above it, at this and all other looks, except with chance α.
    pub low: f64,
    /// The true mean is below it, at this and all other looks, except with chance α; both bounds
    /// together hold except with chance 2α.
    pub high: f64,
}

impl Monitor {
    /// No look before this many units.
    pub const FIRST_UNITS: u64 = 200;

    /// No look at a yes-or-no outcome before this many of the rarer kind in each arm.
    pub const FIRST_EVENTS: u64 = 25;

    /// For `planned` units (200 or more), each bound at `alpha` (one-sided, below 1/2).
    pub fn new(planned: u64, alpha: f64, peek: Peek) -> Result<Self, BadInput> {
        let enough = planned >= Monitor::FIRST_UNITS;
        input::parameter("planned units", planned as f64, "200 or more", enough)?;
        input::open_unit("alpha", alpha)?;
        input::parameter("alpha of one bound", alpha, "below 1/2", alpha < 0.5)?;
        let boundary = match peek {
            Peek::Any => {
                Boundary::Mixture { rho_squared: asymptotic::rho_squared(2.0 * alpha, planned as f64) }
            }
            Peek::Planned => Boundary::Constant { sum: planned::boundary(alpha)? * (planned as f64).sqrt() },
        };
        Ok(Monitor { planned, alpha, boundary })
    }

    /// For as many units as show a mean of `effect` with chance `power`; `sd` is that of one unit's value.
    pub fn for_effect(effect: f64, sd: f64, alpha: f64, power: f64, peek: Peek) -> Result<Self, BadInput> {
        let units = match peek {
            Peek::Any => asymptotic::always_valid_rows(effect, sd, alpha, power)?,
            Peek::Planned => planned::planned_rows(effect, sd, alpha, power)?,
        };
        Monitor::new(units.max(Monitor::FIRST_UNITS), alpha, peek)
    }

    /// For a yes-or-no outcome at an even split: as many units as show the challenger's share above the
    /// incumbent's with chance `power`, and as bring events enough for a look.
    pub fn for_shares(
        incumbent: f64,
        challenger: f64,
        alpha: f64,
        power: f64,
        peek: Peek,
    ) -> Result<Self, BadInput> {
        input::open_unit("the incumbent's share", incumbent)?;
        input::open_unit("the challenger's share", challenger)?;
        let variance = incumbent * (1.0 - incumbent) + challenger * (1.0 - challenger);
        let enough =
            Monitor::for_effect(challenger - incumbent, (2.0 * variance).sqrt(), alpha, power, peek)?;
        let rarest = [incumbent, 1.0 - incumbent, challenger, 1.0 - challenger];
        let rarest = rarest.into_iter().fold(1.0, f64::min);
        let units = (2.0 * PLANNED_EVENTS / rarest).ceil() as u64;
        Monitor::new(enough.planned.max(units), alpha, peek)
    }

    /// The planned units.
    pub fn planned(&self) -> u64 {
        self.planned
    }

    /// The look at what has been seen; `None` where it is too early ([`Monitor::FIRST_UNITS`],
    /// [`Monitor::FIRST_EVENTS`]) or every unit has the same value, which leaves no measure of chance.
    ///
    /// - *What it answers.* Between what bounds is the mean, now?
    /// - *Assumptions.* As [`asymptotic::always_valid_bound_reach`] and [`planned::planned_reach`].
    ///   Where unit values are skewed, as with rare events at an uneven allocation, the bound on the
    ///   side that the normal approximation puts too near is moved away, by the first term of
    ///   Edgeworth's expansion for a mean over its own standard error.
    /// - *When it misleads.* Looking only when a sample-ratio check has failed, or at a part of the
    ///   units chosen by their outcome.
    /// - *Source.* As those; Hall 1992, section 2.6, for the expansion.
    /// - *Checked against.* False ships and power by simulation (`tests/simulation/monitor.rs`,
    ///   `tests/simulation/adjust.rs`, `incumbent experiment simulate`).
    ///
    /// # Errors
    ///
    /// A mean or deviation that is no number; more units than planned under [`Peek::Planned`]: hand in
    /// the first planned ones only.
    pub fn look(&self, seen: Seen) -> Result<Option<Looked>, BadInput> {
        input::parameter("mean", seen.mean, "a finite number", seen.mean.is_finite())?;
        input::parameter("skewness", seen.skewness, "a finite number", seen.skewness.is_finite())?;
        let good = seen.sd.is_finite() && seen.sd >= 0.0;
        input::parameter("standard deviation", seen.sd, "a finite number, 0 or more", good)?;
        let early = seen.units < Monitor::FIRST_UNITS
            || seen.events.is_some_and(|events| events < Monitor::FIRST_EVENTS);
        if early || seen.sd == 0.0 {
            return Ok(None);
        }
        let Seen { units, mean, sd, skewness, .. } = seen;
        let (reach, rows) = (self.reach(units)?, units as f64);
        let away = skewness * (2.0 * reach * reach * rows + 1.0) / (6.0 * rows);
        let low = mean - sd * (reach + (-away).max(0.0));
        let high = mean + sd * (reach + away.max(0.0));
        Ok(Some(Looked { units, mean, sd, low, high }))
    }

    fn reach(&self, units: u64) -> Result<f64, BadInput> {
        let rows = units as f64;
        match self.boundary {
            Boundary::Mixture { rho_squared } => Ok(asymptotic::bound_reach(rows, rho_squared, self.alpha)),
            Boundary::Constant { sum } => {
                let good = units <= self.planned;
                input::parameter("units", rows, "at most the planned units", good)?;
                Ok(sum / rows)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEEN: Seen = Seen { units: 1_000, mean: 0.1, sd: 1.0, ..Seen::NOTHING };

    fn monitor(peek: Peek) -> Monitor {
        Monitor::new(2_000, 0.05, peek).unwrap()
    }

    #[test]
    fn there_is_no_look_before_its_time() {
        for peek in [Peek::Any, Peek::Planned] {
            let look = |seen| monitor(peek).look(seen).unwrap();
            assert_eq!(look(Seen { units: 199, ..SEEN }), None);
            assert!(look(Seen { units: 200, ..SEEN }).is_some());
            assert_eq!(look(SEEN.with_events(24)), None);
            assert!(look(SEEN.with_events(25)).is_some());
            assert_eq!(look(Seen { sd: 0.0, ..SEEN }), None);
        }
    }

    #[test]
    fn a_firm_end_is_sharper_at_the_end_and_duller_early() {
        let low = |peek, units| monitor(peek).look(Seen { units, ..SEEN }).unwrap().unwrap().low;
        assert!(low(Peek::Planned, 2_000) > low(Peek::Any, 2_000));
        assert!(low(Peek::Planned, 300) < low(Peek::Any, 300));
        assert!(monitor(Peek::Planned).look(Seen { units: 2_001, ..SEEN }).is_err());
        assert!(monitor(Peek::Any).look(Seen { units: 2_001, ..SEEN }).is_ok());
    }

    #[test]
    fn skewed_values_move_one_bound_away_and_none_nearer() {
        let look = |skewness| monitor(Peek::Planned).look(Seen { skewness, ..SEEN }).unwrap().unwrap();
        let (left, even, right) = (look(-3.0), look(0.0), look(3.0));
        assert!(left.low < even.low && left.high == even.high);
        assert!(right.high > even.high && right.low == even.low);
        assert!(monitor(Peek::Any).look(Seen { skewness: f64::NAN, ..SEEN }).is_err());
    }

    #[test]
    fn a_small_plan_is_made_large_enough_for_a_first_look() {
        let planned = |effect| Monitor::for_effect(effect, 1.0, 0.05, 0.9, Peek::Planned).unwrap().planned();
        assert_eq!(planned(3.0), Monitor::FIRST_UNITS);
        assert!(planned(0.01) > 90_000);
        assert!(Monitor::new(199, 0.05, Peek::Any).is_err());
        // 40 of 1,000 in each arm, although the effect would show with a hundred.
        let rare = Monitor::for_shares(0.04, 0.4, 0.05, 0.9, Peek::Planned).unwrap();
        assert_eq!(rare.planned(), 2_000);
        assert!(Monitor::for_shares(0.2, 0.1, 0.05, 0.9, Peek::Planned).is_err());
    }

    #[test]
    fn its_bounds_are_those_of_the_boundaries() {
        let reach = |peek| monitor(peek).look(SEEN).unwrap().unwrap().high - SEEN.mean;
        let any = asymptotic::always_valid_bound_reach(1_000.0, 2_000.0, 0.05).unwrap();
        let planned = planned::planned_reach(1_000.0, 2_000.0, 0.05).unwrap();
        assert!((reach(Peek::Any) - any).abs() < 1e-15 && (reach(Peek::Planned) - planned).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn bounds_enclose_the_mean_and_narrow_with_alpha(
            units in 200u64..2_000, mean in -5.0..5.0f64, sd in 0.01..5.0f64,
        ) {
            for peek in [Peek::Any, Peek::Planned] {
                let look = |alpha| {
                    let seen = Seen { units, mean, sd, ..Seen::NOTHING };
                    Monitor::new(2_000, alpha, peek).unwrap().look(seen).unwrap().unwrap()
                };
                let (strict, loose) = (look(0.01), look(0.1));
                prop_assert!(strict.low < loose.low && loose.low < mean);
                prop_assert!(mean < loose.high && loose.high < strict.high);
            }
        }
    }
}
