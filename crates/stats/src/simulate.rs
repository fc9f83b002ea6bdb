//! What the methods of experiments do, by simulation: false ships, power, harm, sample ratio.
//!
//! Not a proof, a check on the code that decides: the runs go through the same [`crate::sequential`],
//! [`crate::adjust`] and [`crate::srm`] as production. The invariant: run number r of a trial depends on the
//! seed and r only, so the caller may spread runs over threads as it likes.

mod arms;
mod guardrail;
mod metric;
mod sample_ratio;
mod study;

pub use arms::{Allocation, Arms, Method};
pub use guardrail::Guardrail;
pub use metric::Metric;
pub use sample_ratio::SampleRatio;
pub use study::trials;

use crate::bonett_price::bonett_price;
use crate::estimate::Estimate;
use crate::input::BadInput;
use crate::mcnemar::PairedCounts;
use crate::proportion::{Count, wilson};
use crate::random;

/// The promised chance of shipping an equal.
pub const ALPHA: f64 = 0.05;

/// The promised chance of stopping a challenger that is within its tolerance.
pub const HARM_DELTA: f64 = 0.01;

/// The promised chance that a sound sample ratio alarms.
pub const SAMPLE_RATIO_ALPHA: f64 = 0.001;

/// At which unit each method ended a run; `None` for not at all. Trials of one method use the first place.
pub type Stops = [Option<u64>; Method::ALL.len()];

/// One question, to be simulated many times.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The question in words.
    pub name: String,
    number: u64,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// Equal arms: every method that runs should seldom ship.
    Equals(Arms),
    /// A true effect at the size that was planned for this method and power.
    Effect(Arms, Method),
    /// A guardrail: stops promised within so many requests of the challenger (median), or seldom.
    Harm(Guardrail, Option<u64>),
    SampleRatio(SampleRatio),
}

/// What may be at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The share of runs that end.
    Share(f64),
    /// How far the share is below that of one look at the same number of units.
    Gap(f64),
    /// The median unit at which runs end.
    Median(u64),
}

/// What one method came to in one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The trial's question.
    pub trial: String,
    /// The method's name.
    pub method: &'static str,
    /// Units in a run, at most.
    pub units: u64,
    /// The share of runs that the method ended (shipped, stopped, alarmed), with its 95% interval.
    pub share: Estimate,
    /// For power: how far the share is below that of one look at the same units, with its interval.
    pub gap: Option<Estimate>,
    /// The median unit at which runs ended, where half of them did.
    pub median: Option<u64>,
    /// What is promised.
    pub limit: Option<Limit>,
    /// Whether the promise is broken by more than the simulation's own noise (at 99.9%).
    pub broken: bool,
}

impl Trial {
    /// Run number `run`, from a seed that all trials share.
    pub fn run(&self, seed: u64, run: u64) -> Result<Stops, BadInput> {
        let seed = random::bits(seed, self.number, 0);
        let alone = |stop| std::array::from_fn(|place| if place == 0 { stop } else { None });
        match &self.kind {
            Kind::Equals(arms) | Kind::Effect(arms, _) => arms.run(seed, run),
            Kind::Harm(guardrail, _) => guardrail.run(seed, run).map(alone),
            Kind::SampleRatio(ratio) => Ok(alone(ratio.run(seed, run))),
        }
    }

    /// What all runs came to, one row a method.
    pub fn rows(&self, runs: &[Stops]) -> Result<Vec<Row>, BadInput> {
        match &self.kind {
            Kind::Equals(arms) => {
                let promised = |method: Method| !matches!(method, Method::EveryLook | Method::OneLook);
                let limit = |method: Method| promised(method).then_some(Limit::Share(ALPHA));
                let row = |&method: &Method| {
                    self.row(runs, method as usize, method.name(), arms.units(), limit(method))
                };
                arms.methods().iter().map(row).collect()
            }
            Kind::Effect(arms, method) => {
                let limit = Some(Limit::Gap(0.1));
                Ok(vec![self.row(runs, *method as usize, method.name(), arms.units(), limit)?])
            }
            Kind::Harm(guardrail, within) => {
                let limit = within.map_or(Limit::Share(HARM_DELTA), Limit::Median);
                Ok(vec![self.row(runs, 0, "bets on pairs", guardrail.requests, Some(limit))?])
            }
            Kind::SampleRatio(ratio) => {
                let limit = ratio.sound().then_some(Limit::Share(SAMPLE_RATIO_ALPHA));
                Ok(vec![self.row(runs, 0, "Bayes factor", ratio.units, limit)?])
            }
        }
    }

    fn row(
        &self,
        runs: &[Stops],
        place: usize,
        method: &'static str,
        units: u64,
        limit: Option<Limit>,
    ) -> Result<Row, BadInput> {
        let ended = runs.iter().filter(|stops| stops[place].is_some()).count() as u64;
        let count = Count { successes: ended, trials: runs.len() as u64 };
        let gap = match limit {
            Some(Limit::Gap(_)) => Some(gap(runs, place)),
            _ => None,
        };
        let median = median(runs, place);
        let broken = match limit {
            Some(Limit::Share(most)) => wilson(count, 0.998)?.low > most,
            Some(Limit::Gap(most)) => {
                gap.map(|gap| bonett_price(gap)?.lower_bound(0.001)).transpose()? > Some(most)
            }
            Some(Limit::Median(most)) => median.is_none_or(|median| median > most),
            None => false,
        };
        let gap = gap.map(|gap| bonett_price(gap)?.estimate(0.95)).transpose()?;
        let share = wilson(count, 0.95)?;
        Ok(Row { trial: self.name.clone(), method, units, share, gap, median, limit, broken })
    }
}

/// Runs that only one look, or only the method in this place, has ended.
fn gap(runs: &[Stops], place: usize) -> PairedCounts {
    let mut counts = PairedCounts::default();
    for stops in runs {
        match (stops[Method::OneLook as usize].is_some(), stops[place].is_some()) {
            (true, true) => counts.both_right += 1,
            (true, false) => counts.challenger_only += 1,
            (false, true) => counts.incumbent_only += 1,
            (false, false) => counts.both_wrong += 1,
        }
    }
    counts
}

/// The median over all runs, those without an end being last; none where it falls on one of them.
fn median(runs: &[Stops], place: usize) -> Option<u64> {
    let mut stops: Vec<u64> = runs.iter().map(|stops| stops[place].unwrap_or(u64::MAX)).collect();
    stops.sort_unstable();
    stops.get(stops.len() / 2).copied().filter(|&stop| stop < u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(kind: Kind) -> Trial {
        Trial { name: "a trial".into(), number: 0, kind }
    }

    fn harm(within: Option<u64>) -> Trial {
        let guardrail =
            Guardrail { incumbent: 0.0, challenger: 1.0, tolerance: 0.0, allocation: 0.5, requests: 100 };
        trial(Kind::Harm(guardrail, within))
    }

    fn stops(units: &[Option<u64>]) -> Vec<Stops> {
        units.iter().map(|&unit| [unit, None, None, None, None]).collect()
    }

    #[test]
    fn a_median_counts_the_runs_without_an_end_as_last() {
        let row = |units: &[Option<u64>]| harm(Some(10)).rows(&stops(units)).unwrap().remove(0);
        let found = row(&[Some(9), None, Some(3)]);
        assert_eq!((found.median, found.broken), (Some(9), false));
        assert_eq!(
            (row(&[Some(11), None, Some(3)]).broken, row(&[None, None, Some(3)]).broken),
            (true, true)
        );
    }

    #[test]
    fn a_limit_is_broken_by_more_than_noise_only() {
        let row = |ended: usize| {
            let mut runs = vec![Some(5); ended];
            runs.resize(1_000, None);
            harm(None).rows(&stops(&runs)).unwrap().remove(0)
        };
        // The promise is 1%.
        assert!(!row(9).broken && !row(14).broken && row(30).broken);
        assert_eq!(row(9).limit, Some(Limit::Share(HARM_DELTA)));
    }

    #[test]
    fn power_is_compared_with_one_look_run_by_run() {
        let arms = Arms::new(
            (Metric::YesNo(0.5), Metric::YesNo(0.6)),
            Allocation::Even,
            800,
            0.1,
            &[Method::Any, Method::OneLook],
        );
        let any = |unit| [None, unit, None, None, Some(800)];
        let runs: Vec<Stops> = (0..100).map(|run| any((run < 80).then_some(300))).collect();
        let row = trial(Kind::Effect(arms.unwrap(), Method::Any)).rows(&runs).unwrap().remove(0);
        let gap = row.gap.unwrap();
        assert!((gap.value - 0.2).abs() < 1e-12 && gap.low < 0.2 && 0.2 < gap.high);
        assert_eq!((row.share.value, row.median, row.units), (0.8, Some(300), 800));
    }

    #[test]
    fn a_run_depends_on_its_seed_and_number_only() {
        let trials = trials().unwrap();
        let (first, last) = (&trials[0], &trials[trials.len() - 1]);
        assert_eq!(first.run(1, 7), first.run(1, 7));
        let runs = |seed| (0..20).map(|run| last.run(seed, run).unwrap()).collect::<Vec<_>>();
        assert_ne!(runs(1), runs(2));
    }
}
