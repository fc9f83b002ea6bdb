//! One simulated experiment of two arms, looked at after every unit by several methods at once.
//!
//! Not the product's loop: no labels are late, no unit is lost. The invariant: all methods see the same
//! units, so their shares may be compared run by run.

use super::{ALPHA, Metric};
use crate::adjust::{AdjustedStream, StreamUnit};
use crate::distribution::normal_quantile;
use crate::input::BadInput;
use crate::moments::Moments;
use crate::random;
use crate::sequential::{Bettor, Monitor, Peek, Seen};
use std::collections::VecDeque;

/// Looks of the naive method start when both arms have this many units.
const NAIVE_FROM: u64 = 50;

/// A rule for shipping, at one-sided 5%.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The ordinary z-test after every unit: the trap.
    EveryLook,
    /// [`Peek::Any`].
    Any,
    /// [`Peek::Planned`].
    Planned,
    /// Bets on pairs of the two arms.
    Betting,
    /// The ordinary z-test once, at the end.
    OneLook,
}

impl Method {
    /// All of them, in the order of [`super::Stops`].
    pub const ALL: [Method; 5] =
        [Method::EveryLook, Method::Any, Method::Planned, Method::Betting, Method::OneLook];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Method::EveryLook => "z-test at every look",
            Method::Any => "peek = any",
            Method::Planned => "peek = planned",
            Method::Betting => "betting",
            Method::OneLook => "one look at the end",
        }
    }
}

/// Who gets how much of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// Half each.
    Even,
    /// 5%, 20% and 50% for the challenger, a third of the units each.
    Ramp,
}

/// The arms and the methods that look at them.
#[derive(Debug, Clone, PartialEq)]
pub struct Arms {
    incumbent: Metric,
    challenger: Metric,
    allocation: Allocation,
    methods: Vec<Method>,
    any: Monitor,
    planned: Monitor,
    bettor: Bettor,
}

impl Arms {
    /// `units` units of these metrics, judged by `methods`; betting hopes for a mean better by `hoped`.
    pub fn new(
        (incumbent, challenger): (Metric, Metric),
        allocation: Allocation,
        units: u64,
        hoped: f64,
        methods: &[Method],
    ) -> Result<Self, BadInput> {
        let range = 2.0 * incumbent.range();
        let variance = (incumbent.variance() + challenger.variance()) / (range * range);
        Ok(Arms {
            incumbent,
            challenger,
            allocation,
            methods: methods.to_vec(),
            any: Monitor::new(units, ALPHA, Peek::Any)?,
            planned: Monitor::new(units, ALPHA, Peek::Planned)?,
            bettor: Bettor::new(0.5)?.with_fixed_bet(0.5 + hoped / range, variance)?,
        })
    }

    /// Units in a run.
    pub fn units(&self) -> u64 {
        self.planned.planned()
    }

    /// Who looks.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The unit at which each method ships in this run.
    pub fn run(&self, seed: u64, run: u64) -> Result<super::Stops, BadInput> {
        let mut watch = Watch::new(self);
        for unit in 0..self.units() {
            let propensity = self.propensity(unit);
            let challenger = random::unit(seed, run, 2 * unit) < propensity;
            let metric = if challenger { &self.challenger } else { &self.incumbent };
            let outcome = metric.draw(random::unit(seed, run, 2 * unit + 1));
            watch.take(StreamUnit { challenger, propensity, outcome, covariates: &[] })?;
            if watch.all_ended() {
                break;
            }
        }
        Ok(watch.stops)
    }

    fn propensity(&self, unit: u64) -> f64 {
        match self.allocation {
            Allocation::Even => 0.5,
            Allocation::Ramp => [0.05, 0.2, 0.5][(3 * unit / self.units()) as usize],
        }
    }
}

/// A run on its way.
struct Watch<'a> {
    arms: &'a Arms,
    units: u64,
    both: [Moments; 2],
    stream: AdjustedStream,
    pairs: Pairs,
    yes: [u64; 2],
    critical: f64,
    waiting: [bool; Method::ALL.len()],
    stops: super::Stops,
}

impl<'a> Watch<'a> {
    fn new(arms: &'a Arms) -> Self {
        Watch {
            arms,
            units: 0,
            both: [Moments::default(); 2],
            stream: AdjustedStream::new(0),
            pairs: Pairs {
                bettor: arms.bettor,
                range: arms.incumbent.range(),
                waiting: VecDeque::new(),
                arm: false,
            },
            yes: [0; 2],
            critical: normal_quantile(1.0 - ALPHA),
            waiting: Method::ALL.map(|method| arms.methods.contains(&method)),
            stops: [None; Method::ALL.len()],
        }
    }

    fn all_ended(&self) -> bool {
        self.waiting == [false; Method::ALL.len()]
    }

    fn take(&mut self, unit: StreamUnit<'_>) -> Result<(), BadInput> {
        self.units += 1;
        let arm = usize::from(unit.challenger);
        self.both[arm].observe(unit.outcome)?;
        self.yes[arm] += u64::from(unit.outcome == 1.0);
        // What nobody waits for any more is not worked out.
        let seen = if self.waits(Method::Any) || self.waits(Method::Planned) {
            self.stream.observe(unit)?;
            self.seen()
        } else {
            Seen::NOTHING
        };
        if self.waits(Method::Betting) {
            self.pairs.take(unit.challenger, unit.outcome)?;
        }
        for &method in &self.arms.methods {
            if self.waits(method) && self.ships(method, seen)? {
                self.stops[method as usize] = Some(self.units);
                self.waiting[method as usize] = false;
            }
        }
        Ok(())
    }

    fn waits(&self, method: Method) -> bool {
        self.waiting[method as usize]
    }

    fn ships(&self, method: Method, seen: Seen) -> Result<bool, BadInput> {
        // A bound above 0 lies below a mean above 0.
        let look =
            |monitor: &Monitor| Ok(seen.mean > 0.0 && monitor.look(seen)?.is_some_and(|look| look.low > 0.0));
        match method {
            Method::EveryLook => Ok(self.fewest() >= NAIVE_FROM && self.plain_test()),
            Method::OneLook => Ok(self.units == self.arms.units() && self.plain_test()),
            Method::Any => look(&self.arms.any),
            Method::Planned => look(&self.arms.planned),
            Method::Betting => Ok(self.pairs.bettor.log_e_value() >= -ALPHA.ln()),
        }
    }

    /// As in production: the adjusted stream, and for yes and no the events it rests on.
    fn seen(&self) -> Seen {
        let seen = self.stream.seen();
        if !self.arms.incumbent.is_yes_no() {
            return seen;
        }
        let rarer = |arm: usize| self.yes[arm].min(self.both[arm].count() - self.yes[arm]);
        seen.with_events(rarer(0).min(rarer(1)))
    }

    fn fewest(&self) -> u64 {
        self.both[0].count().min(self.both[1].count())
    }

    fn plain_test(&self) -> bool {
        let [incumbent, challenger] = &self.both;
        let better = challenger.mean() - incumbent.mean();
        let part = |arm: &Moments| arm.variance() / arm.count() as f64;
        better > 0.0 && better > self.critical * (part(incumbent) + part(challenger)).sqrt()
    }
}

/// The k-th unit of one arm with the k-th of the other.
struct Pairs {
    bettor: Bettor,
    range: f64,
    waiting: VecDeque<f64>,
    arm: bool,
}

impl Pairs {
    fn take(&mut self, challenger: bool, outcome: f64) -> Result<(), BadInput> {
        if self.arm == challenger || self.waiting.is_empty() {
            self.arm = challenger;
            self.waiting.push_back(outcome);
            return Ok(());
        }
        let partner = self.waiting.pop_front().unwrap_or(outcome);
        let better = if challenger { outcome - partner } else { partner - outcome };
        self.bettor.observe_difference((better / self.range).clamp(-1.0, 1.0))?;
        Ok(())
    }
}
