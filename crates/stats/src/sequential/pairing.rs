//! Matching units of two arms as they come, for the guardrails.
//!
//! Not random and not by outcome: the longest waiting unit of one arm goes with the next of the other.
//! The invariant: whether and with whom a unit is matched depends on the order of the arms only, so a
//! pair's two outcomes are compared fairly; and the waiting line is short, so that a pair's
//! units are near in time also where one arm gets 1% of the traffic.

use super::harm::HarmCounts;
use std::collections::VecDeque;

/// Units that may wait for a partner; beyond, the longest waiting is let go unmatched.
const WAITING: usize = 64;

/// Whose unit it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// The version that serves.
    Incumbent,
    /// The version on trial.
    Challenger,
}

/// Pairs made so far and units that wait for a partner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairing {
    counts: HarmCounts,
    waiting: VecDeque<bool>,
    waiting_arm: Option<Arm>,
}

impl Pairing {
    /// Goes on from pairs that an event recorded; units that waited then are not waited for.
    pub fn resume(counts: HarmCounts) -> Self {
        Pairing { counts, ..Pairing::default() }
    }

    /// Takes a unit of an arm and whether it went bad; returns the counts after it.
    pub fn observe(&mut self, arm: Arm, bad: bool) -> HarmCounts {
        if self.waiting_arm.is_some_and(|waiting| waiting != arm)
            && let Some(partner) = self.waiting.pop_front()
        {
            match (arm, bad, partner) {
                (_, mine, theirs) if mine == theirs => self.counts.same += 1,
                (Arm::Challenger, true, _) | (Arm::Incumbent, false, _) => self.counts.worse += 1,
                _ => self.counts.better += 1,
            }
            return self.counts;
        }
        self.waiting_arm = Some(arm);
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(bad);
        self.counts
    }

    /// The pairs so far.
    pub fn counts(&self) -> HarmCounts {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Arm::{Challenger, Incumbent};
    use proptest::prelude::*;

    fn of(units: &[(Arm, bool)]) -> HarmCounts {
        let mut pairing = Pairing::default();
        units.iter().for_each(|&(arm, bad)| {
            pairing.observe(arm, bad);
        });
        pairing.counts()
    }

    #[test]
    fn the_kth_of_one_arm_goes_with_the_kth_of_the_other() {
        let units = [
            (Incumbent, false),
            (Incumbent, true),
            (Challenger, true),
            (Challenger, false),
            (Challenger, true),
            (Incumbent, true),
            (Challenger, false),
        ];
        assert_eq!(of(&units), HarmCounts { worse: 1, same: 1, better: 1 });
    }

    #[test]
    fn a_rare_arm_is_matched_with_recent_units() {
        // Bad long ago, fine for the last 64 units: the challenger's fine unit is no better.
        let mut units = vec![(Incumbent, true); 500];
        units.extend(vec![(Incumbent, false); WAITING]);
        units.push((Challenger, false));
        assert_eq!(of(&units), HarmCounts { worse: 0, same: 1, better: 0 });
    }

    #[test]
    fn pairs_of_the_past_are_kept() {
        let counts = HarmCounts { worse: 3, same: 20, better: 1 };
        let mut pairing = Pairing::resume(counts);
        pairing.observe(Challenger, true);
        assert_eq!(pairing.counts(), counts);
        assert_eq!(pairing.observe(Incumbent, false).worse, 4);
    }

    proptest! {
        #[test]
        fn swapping_the_arms_swaps_the_counts(units in prop::collection::vec((any::<bool>(), any::<bool>()), 0..300)) {
            let as_arms = |swap: bool| -> Vec<(Arm, bool)> {
                units.iter().map(|&(first, bad)| (if first == swap { Incumbent } else { Challenger }, bad)).collect()
            };
            let (here, there) = (of(&as_arms(false)), of(&as_arms(true)));
            prop_assert_eq!((here.worse, here.same, here.better), (there.better, there.same, there.worse));
            prop_assert!(2 * here.pairs() <= units.len() as u64);
        }
    }
}
