//! Which answers are given alone, and which are for people to look at: by a threshold for each version, in memory.
//!
//! Not here: how a threshold was come by. Invariant: an answer is given alone only where its version was certified;
//! answers of the floor, and of versions that nobody certified, never are.

use crate::answer::Part;
use domain::VersionId;
use std::collections::HashMap;

/// From which confidence on each version's answers are given alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deferral {
    thresholds: HashMap<VersionId, f64>,
}

impl Deferral {
    /// With the thresholds of the versions that were certified.
    pub fn new(thresholds: impl IntoIterator<Item = (VersionId, f64)>) -> Deferral {
        Deferral { thresholds: thresholds.into_iter().collect() }
    }

    /// Whether a row's answer, the probabilities of its classes, is for people.
    pub fn defers(&self, part: &Part, probabilities: &[f64]) -> bool {
        let threshold = part.answered_by().and_then(|version| self.thresholds.get(version));
        let confidence = probabilities.iter().copied().fold(0.0, f64::max);
        threshold.is_none_or(|threshold| confidence < *threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ServedBy;
    use std::time::Duration;

    #[test]
    fn only_a_certified_version_answers_alone() {
        let part = |served_by| {
            let version = VersionId("a".into());
            Part { version, served_by, assignment: None, latency: Duration::ZERO }
        };
        let deferral = Deferral::new([(VersionId("a".into()), 0.8)]);
        let own = part(ServedBy::Intended);
        let defers = |numbers: [f64; 2]| deferral.defers(&own, &numbers);
        assert_eq!([defers([0.2, 0.8]), defers([0.21, 0.79])], [false, true]);
        let behind = part(ServedBy::Fallback { version: VersionId("b".into()), why: "error".into() });
        assert!(deferral.defers(&behind, &[1.0, 0.0]), "nobody certified it");
        assert!(deferral.defers(&part(ServedBy::Floor { why: "error".into() }), &[1.0, 0.0]));
        assert!(Deferral::default().defers(&own, &[1.0, 0.0]), "nothing is certified yet");
    }
}
