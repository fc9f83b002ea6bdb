//! Which unit sees which arm: two salted hashes, so that anybody can draw them again.
//!
//! SHA-256, because every warehouse has it and 100 ns are nothing beside a model; 53 bits, because a remainder of
//! 10,000 would leave shares that are off by 0.01%. Exposure and arm have salts of their own: what decides who takes
//! part must not tell which arm they see.

use super::{Arm, ExperimentId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Between salt and unit: a byte that stands in neither.
const SEPARATOR: u8 = 0x1F;

/// How units are drawn: who takes part, and who of them is in control.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// The share of all units that take part; the others see the incumbent and are no part of the comparison.
    pub exposure: f64,
    /// Of those, the share in control.
    pub control: f64,
}

/// One unit's place in an experiment, as it is logged with every prediction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Which experiment.
    pub experiment: ExperimentId,
    /// Which arm.
    pub arm: Arm,
    /// The chance with which a unit that takes part falls into this arm.
    pub propensity: f64,
    /// The chance with which a unit takes part.
    pub exposure: f64,
}

/// A number in [0, 1) from a salt and a unit: the first 8 bytes of SHA-256(salt ‖ 0x1F ‖ unit) as a big-endian
/// number, its upper 53 bits.
pub fn uniform(salt: &str, unit: &str) -> f64 {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update([SEPARATOR]);
    hash.update(unit.as_bytes());
    let digest = hash.finalize();
    let first: [u8; 8] = digest[..8].try_into().expect("a digest has 32 bytes");
    (u64::from_be_bytes(first) >> 11) as f64 * (0.5_f64).powi(53)
}

impl Allocation {
    /// The unit's place; `None` where it takes no part. Widening `exposure` moves nobody to another arm, and
    /// neither does lowering `control` move anybody out of treatment.
    pub fn assign(&self, experiment: &ExperimentId, unit: &str) -> Option<Assignment> {
        if self.exposure <= 0.0 || uniform(&format!("{experiment}:exposure"), unit) >= self.exposure {
            return None;
        }
        let control = uniform(&format!("{experiment}:arm"), unit) < self.control;
        let (arm, propensity) =
            if control { (Arm::Control, self.control) } else { (Arm::Treatment, 1.0 - self.control) };
        Some(Assignment { experiment: experiment.clone(), arm, propensity, exposure: self.exposure })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn vector(name: &str) -> Value {
        let file: Value = serde_json::from_str(include_str!("../../tests/assignment.json")).expect("golden");
        let all = file.as_array().expect("a list");
        all.iter().find(|v| v["name"] == name).expect("the vector").clone()
    }

    #[test]
    fn units_fall_where_any_sha_256_puts_them() {
        let vector = vector("assignment_sha256");
        let salt = vector["input"]["salt"].as_str().expect("a salt");
        let units = vector["input"]["units"].as_array().expect("units").iter();
        let expected = vector["expected"]["u"].as_array().expect("numbers").iter();
        let pairs = units.zip(expected);
        pairs.for_each(|(unit, u)| {
            assert_eq!(uniform(salt, unit.as_str().expect("text")), u.as_f64().expect("u"))
        });
    }

    #[test]
    fn shares_are_those_of_the_reference() {
        let expected = &vector("assignment_uniformity")["expected"];
        let below = |salts: &[&str]| {
            let units = (0..100_000).filter(|i| salts.iter().all(|salt| uniform(salt, &i.to_string()) < 0.5));
            units.count() as u64
        };
        assert_eq!(Some(below(&["s1"])), expected["count_below_0.5_s1"].as_u64());
        assert_eq!(Some(below(&["s2"])), expected["count_below_0.5_s2"].as_u64());
        assert_eq!(Some(below(&["s1", "s2"])), expected["both"].as_u64());
    }

    proptest! {
        #[test]
        fn widening_the_exposure_moves_nobody(unit in ".{0,12}", narrow in 0.0..1.0f64, wide in 0.0..1.0f64) {
            let id = ExperimentId("7".into());
            let (narrow, wide) = if narrow < wide { (narrow, wide) } else { (wide, narrow) };
            let at = |exposure| Allocation { exposure, control: 0.5 }.assign(&id, &unit).map(|a| a.arm);
            if let Some(arm) = at(narrow) {
                prop_assert_eq!(at(wide), Some(arm));
            }
            let held_back = Allocation { exposure: 1.0, control: 0.05 }.assign(&id, &unit).map(|a| a.arm);
            if at(1.0) == Some(Arm::Treatment) {
                prop_assert_eq!(held_back, Some(Arm::Treatment));
            }
        }
    }
}
