//! One simulated split of traffic, and the sequential check of it.
//!
//! Not for weights other than half and half. The invariant: alarms are those of [`SequentialSrm`] after every
//! unit; for two equal weights it depends on the distance between the arms only, so the least distance that
//! alarms is worked out once for each total.

use super::SAMPLE_RATIO_ALPHA;
use crate::input::BadInput;
use crate::random;
use crate::srm::SequentialSrm;

/// A split that is meant to be half and half.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRatio {
    share: f64,
    /// Units in a run, at most.
    pub units: u64,
    least: Vec<u64>,
}

impl SampleRatio {
    /// A true `share` of the first arm, a prior of weight `prior`, and `units` units.
    pub fn new(share: f64, prior: f64, units: u64) -> Result<Self, BadInput> {
        let srm = SequentialSrm::new(&[0.5, 0.5], prior)?;
        let alarms = |total: u64, distance: u64| -> Result<bool, BadInput> {
            let counts = [(total + distance) / 2, (total - distance) / 2];
            Ok(srm.log_bayes_factor(&counts)? >= -SAMPLE_RATIO_ALPHA.ln())
        };
        let mut least = vec![u64::MAX];
        let mut distance = 0u64;
        for total in 1..=units {
            // It is odd where the total is, and grows with it, by at most 1 a unit.
            distance = if distance == 0 { total % 2 } else { distance - 1 + (distance - 1 + total) % 2 };
            while distance <= total && !alarms(total, distance)? {
                distance += 2;
            }
            least.push(if distance <= total { distance } else { u64::MAX });
            distance = distance.min(total);
        }
        Ok(SampleRatio { share, units, least })
    }

    /// Whether the split is as it is meant to be.
    pub fn sound(&self) -> bool {
        self.share == 0.5
    }

    /// The unit at which this run alarms.
    pub fn run(&self, seed: u64, run: u64) -> Option<u64> {
        let mut first = 0u64;
        (1..=self.units).find(|&total| {
            first += u64::from(random::unit(seed, run, total) < self.share);
            (2 * first).abs_diff(total) >= self.least[total as usize]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_those_of_the_bayes_factor_after_every_unit() {
        let ratio = SampleRatio::new(0.6, 100.0, 1_500).unwrap();
        let srm = SequentialSrm::new(&[0.5, 0.5], 100.0).unwrap();
        for run in 0..20 {
            let mut counts = [0, 0];
            let alarm = (1..=1_500).find(|&total| {
                counts[usize::from(random::unit(5, run, total) >= 0.6)] += 1;
                srm.log_bayes_factor(&counts).unwrap() >= -SAMPLE_RATIO_ALPHA.ln()
            });
            assert_eq!(ratio.run(5, run), alarm);
            assert!(alarm.is_some());
        }
    }
}
