//! What a label may do: teach a version, and with which weight; or judge one.
//!
//! People are shown what the model doubts, so their labels are no sample: in training each stands for those that were
//! not drawn, by one over its chance, and nothing is judged by them. The audit is drawn alike from all rows: it judges,
//! and never teaches. The world's own outcomes do both, and come before people's word. Not here: which label that is.

use super::Why;
use crate::prediction::Source;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// No label weighs more in training, so that one that was drawn by a rare chance cannot decide a fit.
pub const MOST_WEIGHT: f64 = 20.0;

/// What one labelled row may do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Role {
    /// Its weight in training, above 0; `None` where it must not be trained on.
    pub weight: Option<f64>,
    /// Whether versions may be judged and measured on it, as on a row drawn alike from all.
    pub judges: bool,
}

/// What people's labels taught a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taught {
    /// How many rows were trained on that had been drawn for people, by why they were.
    pub labels: BTreeMap<Why, u64>,
    /// The name of the bytes that list them.
    pub list: String,
}

impl Taught {
    /// How many they are in all.
    pub fn total(&self) -> u64 {
        self.labels.values().sum()
    }
}

/// What a label may do, by who gave it, and why and with which chance its row was drawn for people, if it was.
///
/// | whose word | drawn as | teaches | judges |
/// | --- | --- | --- | --- |
/// | anybody's | audit | never | yes |
/// | the world's | anything else, or not | with weight 1: it comes whether or not people look | yes |
/// | a person's | abstained, doubted, novel | with weight min(1/chance, 20) | no: doubt was drawn more often |
/// | a person's | gold, or not | with weight 1 | no: nobody knows why this row has a label |
pub fn role(source: Source, drawn: Option<(Why, f64)>) -> Role {
    match (source, drawn) {
        (_, Some((Why::Audit, _))) => Role { weight: None, judges: true },
        (Source::Observed, _) => Role { weight: Some(1.0), judges: true },
        (Source::Reviewer, Some((why, chance))) if why.teaches() => {
            Role { weight: Some((1.0 / chance).clamp(1.0, MOST_WEIGHT)), judges: false }
        }
        (Source::Reviewer, _) => Role { weight: Some(1.0), judges: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_teaches_and_the_audit_judges() {
        let reviewed = |why, chance| role(Source::Reviewer, Some((why, chance)));
        assert_eq!(reviewed(Why::Doubted, 0.25), Role { weight: Some(4.0), judges: false });
        assert_eq!(reviewed(Why::Novel, 0.02).weight, Some(MOST_WEIGHT));
        assert_eq!(reviewed(Why::Abstained, 1.0).weight, Some(1.0));
        for source in [Source::Observed, Source::Reviewer] {
            let audit = role(source, Some((Why::Audit, 0.1)));
            assert_eq!(audit, Role { weight: None, judges: true }, "whoever says so");
        }
        let world = Role { weight: Some(1.0), judges: true };
        assert_eq!(role(Source::Observed, Some((Why::Doubted, 0.25))), world);
        assert_eq!(role(Source::Observed, None), world);
        assert_eq!(role(Source::Reviewer, None), Role { weight: Some(1.0), judges: false });
    }

    #[test]
    fn labels_that_taught_are_counted_by_why() {
        let taught = Taught { labels: [(Why::Doubted, 3), (Why::Novel, 2)].into(), list: "ab".into() };
        assert_eq!(taught.total(), 5);
        let json = serde_json::to_string(&taught).expect("plain data");
        assert_eq!(json, r#"{"labels":{"doubted":3,"novel":2},"list":"ab"}"#);
        assert_eq!(serde_json::from_str::<Taught>(&json).expect("the same"), taught);
    }
}
