//! What a finished experiment's numbers allow one to say.
//!
//! For a table that is complete: one look, fixed sizes. An experiment that still runs is decided
//! elsewhere, by evidence that may be watched. Invariant: an experiment whose sample ratio is off
//! says nothing, however small its other p-values are.

/// Below this the sample ratio is taken as broken. A final report looks once, so that the plain
/// chi-square test is valid; 0.01 rather than 0.05, since an alarm throws the whole experiment away.
pub const SAMPLE_RATIO_ALPHA: f64 = 0.01;
/// At or below this, adjusted for the number of outcomes, a difference is taken as shown.
pub const EFFECT_ALPHA: f64 = 0.05;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The p-value of the sample ratio at each join: assigned, analysed, labelled.
    pub sample_ratio: Vec<f64>,
    /// The p-value of each outcome, adjusted for all of them; `None` where there was no test.
    pub adjusted: Vec<Option<f64>>,
}

/// What may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// The arms did not get the units that they were meant to get: nothing else may be read.
    NotTrustworthy,
    /// At least one outcome differs between the arms.
    Difference,
    /// No outcome was shown to differ; an effect too small for these sizes may be there.
    NoEffect,
}

/// Asks the rule.
pub fn conclude(facts: &Facts) -> Conclusion {
    if facts.sample_ratio.iter().any(|p| *p < SAMPLE_RATIO_ALPHA) {
        Conclusion::NotTrustworthy
    } else if facts.adjusted.iter().flatten().any(|p| *p <= EFFECT_ALPHA) {
        Conclusion::Difference
    } else {
        Conclusion::NoEffect
    }
}

impl Conclusion {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Conclusion::NotTrustworthy => "not_trustworthy",
            Conclusion::Difference => "difference",
            Conclusion::NoEffect => "no_effect",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sample_ratio: &[f64], adjusted: &[Option<f64>], expected: Conclusion) {
        let facts = Facts { sample_ratio: sample_ratio.to_vec(), adjusted: adjusted.to_vec() };
        assert_eq!(conclude(&facts), expected, "{facts:?}");
    }

    #[test]
    fn a_broken_ratio_silences_every_effect() {
        check(&[0.0086], &[Some(1e-9)], Conclusion::NotTrustworthy);
        check(&[0.5, 0.001], &[Some(1e-9)], Conclusion::NotTrustworthy);
        check(&[0.01], &[Some(1e-9)], Conclusion::Difference);
    }

    #[test]
    fn one_outcome_is_enough_and_no_test_is_none() {
        check(&[0.4], &[Some(0.3), Some(0.05)], Conclusion::Difference);
        check(&[0.4], &[Some(0.051), None], Conclusion::NoEffect);
        check(&[0.4], &[], Conclusion::NoEffect);
    }
}
