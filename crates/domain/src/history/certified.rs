//! Which answers of which version were given alone, and when.

use super::History;
use crate::model::VersionId;
use crate::review::{Certificate, DeferralFacts};
use crate::time::Timestamp;

/// One certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct Certified {
    /// Its event's sequence number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What the rule was given.
    pub facts: DeferralFacts,
    /// The plan's review section at that time.
    pub rules: serde_json::Value,
    /// What it said.
    pub certificate: Certificate,
}

impl History {
    /// All certificates of a version, oldest first.
    pub fn certificates_of(&self, version: &VersionId) -> impl DoubleEndedIterator<Item = &Certified> {
        self.certificates.iter().filter(move |certified| &certified.facts.version == version)
    }

    /// From which confidence on a version's answers were given alone at a moment; `None` where none were.
    pub fn threshold(&self, version: &VersionId, at: Timestamp) -> Option<f64> {
        let last = self.certificates_of(version).rfind(|certified| certified.at <= at);
        last.and_then(|certified| certified.certificate.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Recorded};
    use crate::review::Basis;

    #[test]
    fn a_later_certificate_takes_an_earlier_ones_place() {
        let version = VersionId("a".into());
        let certified = |threshold: Option<f64>| Event::Certified {
            facts: Box::new(DeferralFacts {
                version: version.clone(),
                basis: Basis::Test,
                since: Timestamp(0),
                attempt: 1,
                labels: 9,
                steps: vec![],
            }),
            rules: serde_json::json!({}),
            certificate: Certificate { threshold, share: 0.5, missing: None, why: String::new() },
        };
        let events = [certified(Some(0.9)), certified(None)];
        let recorded = (1..).zip(events).map(|(sequence, event)| Recorded {
            sequence,
            at: Timestamp(10 * sequence as i64),
            event,
        });
        let history = History::fold(&recorded.collect::<Vec<_>>());
        let at = |at| history.threshold(&version, Timestamp(at));
        assert_eq!([at(9), at(10), at(19), at(20)], [None, Some(0.9), Some(0.9), None]);
        assert_eq!(history.threshold(&VersionId("b".into()), Timestamp(99)), None);
        let json = serde_json::to_value(certified(Some(0.9))).expect("plain data");
        assert_eq!((&json["event"], &json["facts"]["basis"]), (&"certified".into(), &"test".into()));
    }
}
