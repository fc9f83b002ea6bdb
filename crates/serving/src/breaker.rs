//! The breaker: stops asking a version that mostly fails, and asks again after a while.
//!
//! A pure state machine: time is handed in. Closed, it watches the last calls; open, it lets none
//! through; half-open, it lets a few probes through and decides by them. Invariant: a call that was let
//! through in one state never counts in another, so an answer that limps in late cannot close or reopen
//! anything.

use std::collections::VecDeque;
use std::time::Duration;

/// When to open and when to try again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How many of the last calls are watched.
    pub window: usize,
    /// With fewer calls than this nothing is concluded.
    pub min_calls: usize,
    /// Opens when this share of the watched calls failed or were late, 0 to 1.
    pub open_at: f64,
    /// How long it stays open.
    pub open_for: Duration,
    /// How many probes decide whether it closes.
    pub probes: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { window: 100, min_calls: 20, open_at: 0.5, open_for: Duration::from_secs(60), probes: 10 }
    }
}

/// The state, for people and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls go through.
    Closed,
    /// No call goes through.
    Open,
    /// A few probes go through.
    HalfOpen,
}

/// The right to make one call; to be handed back through [`Breaker::settle`] or [`Breaker::cancel`].
#[derive(Debug)]
pub struct Pass {
    era: u64,
}

/// The machine.
#[derive(Debug)]
pub struct Breaker {
    settings: Settings,
    phase: Phase,
    /// Counts the changes of phase.
    era: u64,
    openings: u64,
}

#[derive(Debug)]
enum Phase {
    Closed { failed: VecDeque<bool> },
    Open { until: Duration },
    HalfOpen { out: usize, good: usize, bad: usize },
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: Settings) -> Breaker {
        Breaker { settings, phase: Phase::Closed { failed: VecDeque::new() }, era: 0, openings: 0 }
    }

    /// Whether a call may be made at `now`.
    pub fn enter(&mut self, now: Duration) -> Option<Pass> {
        if let Phase::Open { until } = self.phase
            && now >= until
        {
            self.change(Phase::HalfOpen { out: 0, good: 0, bad: 0 });
        }
        match &mut self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { .. } => return None,
            Phase::HalfOpen { out, good, bad } => {
                if *out + *good + *bad >= self.settings.probes {
                    return None;
                }
                *out += 1;
            }
        }
        Some(Pass { era: self.era })
    }

    /// Tells how the call went.
    pub fn settle(&mut self, pass: Pass, now: Duration, ok: bool) {
        if pass.era != self.era {
            return;
        }
        match &mut self.phase {
            Phase::Closed { failed } => {
                failed.push_back(!ok);
                if failed.len() > self.settings.window {
                    failed.pop_front();
                }
                let bad = failed.iter().filter(|f| **f).count();
                if failed.len() >= self.settings.min_calls
                    && too_many(bad, failed.len(), self.settings.open_at)
                {
                    self.open(now);
                }
            }
            Phase::HalfOpen { out, good, bad } => {
                *out -= 1;
                *if ok { good } else { bad } += 1;
                self.judge_probes(now);
            }
            Phase::Open { .. } => {}
        }
    }

    /// Hands a pass back unused: the caller went away, which says nothing about the version.
    pub fn cancel(&mut self, pass: Pass) {
        if let Phase::HalfOpen { out, .. } = &mut self.phase
            && pass.era == self.era
        {
            *out -= 1;
        }
    }

    /// The state at `now`.
    pub fn state(&self, now: Duration) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { until } if now < until => State::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// How often it opened.
    pub fn openings(&self) -> u64 {
        self.openings
    }

    fn judge_probes(&mut self, now: Duration) {
        let Phase::HalfOpen { good, bad, .. } = self.phase else { return };
        if too_many(bad, self.settings.probes, self.settings.open_at) {
            self.open(now);
        } else if good + bad >= self.settings.probes {
            self.change(Phase::Closed { failed: VecDeque::new() });
        }
    }

    fn open(&mut self, now: Duration) {
        self.openings += 1;
        self.change(Phase::Open { until: now + self.settings.open_for });
    }

    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.era += 1;
    }
}

fn too_many(bad: usize, of: usize, share: f64) -> bool {
    bad as f64 >= share * of as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn call(breaker: &mut Breaker, now: Duration, ok: bool) -> bool {
        match breaker.enter(now) {
            Some(pass) => {
                breaker.settle(pass, now, ok);
                true
            }
            None => false,
        }
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(Settings::default());
        (0..20).for_each(|_| {
            call(&mut breaker, Duration::ZERO, false);
        });
        breaker
    }

    #[test]
    fn nineteen_failures_conclude_nothing_and_the_twentieth_opens() {
        let mut breaker = Breaker::new(Settings::default());
        for _ in 0..19 {
            assert!(call(&mut breaker, Duration::ZERO, false));
        }
        assert_eq!(breaker.state(Duration::ZERO), State::Closed);
        call(&mut breaker, Duration::ZERO, false);
        assert_eq!(breaker.state(Duration::ZERO), State::Open);
        assert!(!call(&mut breaker, MINUTE / 2, true));
    }

    #[test]
    fn just_under_half_stays_closed_and_half_opens() {
        let mut breaker = Breaker::new(Settings::default());
        (0..99).for_each(|i| {
            call(&mut breaker, Duration::ZERO, i < 50);
        });
        assert_eq!(breaker.openings(), 0, "49 of 99");
        call(&mut breaker, Duration::ZERO, false);
        assert_eq!(breaker.openings(), 1, "50 of 100");
    }

    #[test]
    fn only_the_last_hundred_calls_count() {
        let mut breaker = Breaker::new(Settings::default());
        (0..149).for_each(|i| {
            call(&mut breaker, Duration::ZERO, i < 100);
        });
        assert_eq!(breaker.openings(), 0, "49 of the last 100");
        call(&mut breaker, Duration::ZERO, false);
        assert_eq!(breaker.openings(), 1, "50 of the last 100");
    }

    #[test]
    fn good_probes_close_it() {
        let mut breaker = opened();
        for _ in 0..10 {
            assert!(call(&mut breaker, MINUTE, true));
        }
        assert_eq!(breaker.state(MINUTE), State::Closed);
    }

    #[test]
    fn bad_probes_open_it_for_another_minute() {
        let mut breaker = opened();
        for _ in 0..5 {
            assert!(call(&mut breaker, MINUTE, false));
        }
        assert_eq!(breaker.state(MINUTE), State::Open);
        assert!(!call(&mut breaker, MINUTE * 2 - Duration::from_millis(1), true));
        assert!(call(&mut breaker, MINUTE * 2, true));
        assert_eq!(breaker.openings(), 2);
    }

    #[test]
    fn at_most_ten_probes_are_out_and_a_cancelled_one_comes_back() {
        let mut breaker = opened();
        let mut out: Vec<Pass> = (0..10).filter_map(|_| breaker.enter(MINUTE)).collect();
        assert_eq!(out.len(), 10);
        assert!(breaker.enter(MINUTE).is_none());
        breaker.cancel(out.pop().expect("ten are out"));
        assert!(breaker.enter(MINUTE).is_some());
    }

    #[test]
    fn a_call_from_before_the_opening_counts_for_nothing_after_it() {
        let mut breaker = Breaker::new(Settings::default());
        let slow = breaker.enter(Duration::ZERO).expect("closed");
        (0..20).for_each(|_| {
            call(&mut breaker, Duration::ZERO, false);
        });
        breaker.settle(slow, MINUTE, true);
        assert_eq!(breaker.state(MINUTE), State::HalfOpen);
        for _ in 0..10 {
            assert!(call(&mut breaker, MINUTE, true), "the late answer took no probe's place");
        }
    }

    proptest! {
        #[test]
        fn a_version_that_recovers_is_always_asked_again(calls in prop::collection::vec((0u64..30, any::<bool>()), 0..400)) {
            let mut breaker = Breaker::new(Settings::default());
            let mut now = Duration::ZERO;
            for (pause, ok) in calls {
                now += Duration::from_secs(pause);
                call(&mut breaker, now, ok);
            }
            // failures from before may still open it once; after that minute only successes are known
            for _ in 0..200 {
                now += Duration::from_secs(1);
                call(&mut breaker, now, true);
            }
            prop_assert!(call(&mut breaker, now, true));
            prop_assert_eq!(breaker.state(now), State::Closed);
        }
    }
}
