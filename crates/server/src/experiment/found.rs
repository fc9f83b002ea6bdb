//! What one guardrail or one sample ratio says, in a sign and a word that page and terminal share.

use domain::experiment::{Guardrail, SampleRatio};
use domain::plan::Release;
use std::fmt;

/// How something that is watched was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// As it should be.
    Fine(&'static str),
    /// Not known yet, or worth a look.
    Open(&'static str),
    /// Enough to stop the release.
    Bad(&'static str),
}

impl Found {
    /// The sign beside the word.
    pub fn sign(self) -> &'static str {
        match self {
            Found::Fine(_) => "✓",
            Found::Open(_) => "?",
            Found::Bad(_) => "✕",
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Found::Fine(word) | Found::Open(word) | Found::Bad(word)) = self;
        f.write_str(word)
    }
}

/// Whether a guardrail is broken, shown to be kept, or neither yet.
pub fn guardrail(guardrail: &Guardrail, rules: &Release) -> Found {
    if guardrail.log_evidence >= -rules.harm_alpha.ln() {
        Found::Bad("harm")
    } else if guardrail.high < guardrail.tolerance {
        Found::Fine("within tolerance")
    } else {
        Found::Open("not shown yet")
    }
}

/// Whether the arms have the sizes that were drawn.
pub fn sample_ratio(ratio: &SampleRatio, rules: &Release) -> Found {
    match (ratio.log_bayes_factor >= -rules.srm_alpha.ln(), ratio.blocks) {
        (false, _) => Found::Fine("as drawn"),
        (true, false) => Found::Open("mismatch: answers fell back"),
        (true, true) => Found::Bad("mismatch"),
    }
}

/// How near the evidence of harm has come to what stops a release: 0 none, 1 enough.
pub fn evidence_share(guardrail: &Guardrail, rules: &Release) -> f64 {
    (guardrail.log_evidence / -rules.harm_alpha.ln()).clamp(0.0, 1.0)
}

/// A Bayes factor from its logarithm, as people read it.
pub fn bayes_factor(log: f64) -> String {
    match log.exp() {
        _ if log > 9.0 => format!("10^{:.0}", log / std::f64::consts::LN_10),
        factor if factor >= 10.0 => format!("{factor:.0}"),
        factor if factor >= 0.001 => format!("{factor:.3}"),
        _ => "<0.001".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::experiment::Pairs;

    fn guarded(log_evidence: f64, high: f64) -> Guardrail {
        let (control, treatment, pairs) = ((1, 2_000), (2, 2_000), Pairs::default());
        Guardrail { name: "errors".into(), control, treatment, pairs, tolerance: 0.01, log_evidence, high }
    }

    #[test]
    fn a_guardrail_is_kept_broken_or_open() {
        let rules = testkit::release::rules();
        let limit = -rules.harm_alpha.ln();
        assert_eq!(guardrail(&guarded(-2.0, 0.009), &rules).sign(), "✓");
        assert_eq!(guardrail(&guarded(-2.0, 0.01), &rules).sign(), "?");
        assert_eq!(guardrail(&guarded(limit, 0.3), &rules).sign(), "✕");
        assert_eq!(evidence_share(&guarded(-3.0, 0.1), &rules), 0.0);
        assert!((evidence_share(&guarded(limit / 4.0, 0.1), &rules) - 0.25).abs() < 1e-12);
        assert_eq!(evidence_share(&guarded(2.0 * limit, 0.1), &rules), 1.0);
    }

    #[test]
    fn a_mismatch_among_the_exposed_is_only_worth_a_look() {
        let rules = testkit::release::rules();
        let found = |log_bayes_factor, blocks| {
            let (join, control, treatment, expected) = ("exposed".into(), 3_000, 2_500, 0.5);
            let ratio = SampleRatio { join, control, treatment, expected, log_bayes_factor, blocks };
            sample_ratio(&ratio, &rules).sign()
        };
        assert_eq!((found(6.0, true), found(7.0, false), found(7.0, true)), ("✓", "?", "✕"));
    }

    #[test]
    fn a_factor_keeps_the_digits_that_mean_something() {
        let shown: Vec<String> = [-9.0, -1.0, 3.0, 8.0, 27.6].map(bayes_factor).to_vec();
        assert_eq!(shown, ["<0.001", "0.368", "20", "2981", "10^12"]);
    }
}
