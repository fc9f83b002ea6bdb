//! Where everything stands: a fold of the events, and nothing else.
//!
//! The registry keeps events; stages, the incumbent, the ledger and the page's lines are all read off them
//! here, so that no second record can disagree with the first.

mod certified;
mod distilled;
mod release;
mod retraining;

pub use certified::Certified;
pub use distilled::Distilled;
pub use release::{Looked, Release};
pub use retraining::Retraining;

use crate::diagnosis::{self, Diagnosis};
use crate::event::{Event, Recorded, Score, TrainedOn};
use crate::gate::{Decision, Facts, Ledger, Verdict};
use crate::model::{Origin, Stage, VersionId};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What the events add up to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Every version, in the order of registration.
    pub versions: Vec<Standing>,
    /// What serves, and what stands behind it.
    pub deployment: Option<Deployment>,
    /// Every deployment, oldest first.
    pub deployments: Vec<Deployment>,
    /// Every verdict, oldest first.
    pub verdicts: Vec<Judged>,
    /// Live measurements, oldest first.
    pub measurements: Vec<Measurement>,
    /// The last end of each stage of `up`.
    pub stages: BTreeMap<String, StageDone>,
    /// Runs that something other than a person started, oldest first.
    pub triggers: Vec<Trigger>,
    /// Every release, oldest first.
    pub experiments: Vec<Release>,
    /// Every diagnosis that said something new, oldest first.
    pub diagnoses: Vec<Diagnosed>,
    /// Every decision to retrain or to refuse to, oldest first.
    pub retrains: Vec<Retraining>,
    /// Every certificate of which answers are given alone, oldest first.
    pub certificates: Vec<Certified>,
    /// Teachers whose students were compared, in order.
    pub distilled: Vec<Distilled>,
    /// When which version's breaker opened, oldest first.
    pub openings: Vec<(Timestamp, VersionId)>,
    /// Predictions that were answered but not logged.
    pub dropped: u64,
    /// The last event's sequence number; 0 where there is none.
    pub sequence: u64,
}

/// One version and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Which version.
    pub version: VersionId,
    /// Its number, counted from 1 in the order of registration.
    pub number: usize,
    /// The model that it is a version of.
    pub model: String,
    /// Where it came from.
    pub origin: Origin,
    /// The rows that it was trained on.
    pub trained_on: TrainedOn,
    /// How it did on rows that it did not see, last time it was scored; the primary metric first.
    pub scores: Vec<Score>,
    /// The hash of those rows.
    pub scored_on: String,
    /// When it was registered.
    pub at: Timestamp,
    /// Where it stands now.
    pub stage: Stage,
    /// Why it stands there.
    pub why: String,
}

/// What serves from some moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// From when on.
    pub at: Timestamp,
    /// What serves.
    pub incumbent: VersionId,
    /// What stands behind it, first to last.
    pub fallback: Vec<VersionId>,
}

/// One verdict of the gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its event's sequence number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What the gate was given.
    pub facts: Facts,
    /// The plan's gate section at that time.
    pub rules: serde_json::Value,
    /// What it said.
    pub verdict: Verdict,
}

/// One diagnosis of live traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosed {
    /// Its event's sequence number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What the rule was given.
    pub facts: diagnosis::Facts,
    /// The plan's watch section at that time.
    pub rules: serde_json::Value,
    /// What it said.
    pub diagnosis: Diagnosis,
}

/// One live measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which version.
    pub version: VersionId,
    /// Which metric.
    pub metric: String,
    /// From when on, inclusive.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub to: Timestamp,
    /// The value.
    pub value: f64,
    /// Its 95% interval.
    pub interval: (f64, f64),
    /// On how many rows.
    pub rows: u64,
}

/// The end of a stage of `up`.
#[derive(Debug, Clone, PartialEq)]
pub struct StageDone {
    /// When.
    pub at: Timestamp,
    /// The hash of what went in.
    pub inputs: String,
    /// What came out.
    pub summary: serde_json::Value,
}

/// A run that something other than a person started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// When.
    pub at: Timestamp,
    /// What was started.
    pub action: String,
    /// Why.
    pub why: String,
}

impl History {
    /// Adds up events, which must be in order.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> History {
        let mut history = History::default();
        for recorded in events {
            history.add(recorded);
        }
        history
    }

    /// Adds the next event.
    pub fn add(&mut self, recorded: &Recorded) {
        self.sequence = recorded.sequence;
        let at = recorded.at;
        match recorded.event.clone() {
            Event::StageDone { stage, inputs, summary } => {
                self.stages.insert(stage, StageDone { at, inputs, summary });
            }
            Event::Registered { version, model, origin, trained_on } => {
                self.register(at, version, model, origin, trained_on);
            }
            Event::Scored { version, data, scores } => self.score(&version, data, scores),
            Event::Judged { facts, rules, verdict } => {
                let sequence = recorded.sequence;
                self.verdicts.push(Judged { sequence, at, facts: *facts, rules, verdict });
            }
            Event::Moved { version, stage, why } => self.stand(&version, stage, &why),
            Event::Deployed { incumbent, fallback } => self.deploy(at, incumbent, fallback),
            Event::Triggered { action, why } => self.triggers.push(Trigger { at, action, why }),
            Event::Measured { version, metric, from, to, value, interval, rows } => {
                self.measurements.push(Measurement { version, metric, from, to, value, interval, rows });
            }
            Event::Started { experiment, incumbent, challenger, phase, since, why } => {
                let started = release::Started { experiment, incumbent, challenger, phase, since, why };
                self.experiments.push(Release::begin(recorded.sequence, at, started));
            }
            Event::Decided { facts, rules, mode, decision } => {
                let looked = Looked { sequence: recorded.sequence, at, facts: *facts, rules, mode, decision };
                let found = self.experiments.iter_mut().find(|e| e.id == looked.facts.experiment);
                found.into_iter().for_each(|experiment| experiment.look(looked.clone()));
            }
            Event::Diagnosed { facts, rules, diagnosis } => {
                let sequence = recorded.sequence;
                self.diagnoses.push(Diagnosed { sequence, at, facts: *facts, rules, diagnosis });
            }
            Event::RetrainDecided { facts, rules, decision } => {
                let sequence = recorded.sequence;
                self.retrains.push(Retraining { sequence, at, facts: *facts, rules, decision });
            }
            Event::Certified { facts, rules, certificate } => {
                let sequence = recorded.sequence;
                self.certificates.push(Certified { sequence, at, facts: *facts, rules, certificate });
            }
            Event::Distilled { facts, decision } => {
                self.distilled.push(Distilled { sequence: recorded.sequence, at, facts: *facts, decision });
            }
            Event::BreakerOpened { version } => self.openings.push((at, version)),
            Event::Dropped { predictions, .. } => self.dropped += predictions,
        }
    }

    /// The release that is under way.
    pub fn experiment(&self) -> Option<&Release> {
        self.experiments.iter().rev().find(|e| e.ended.is_none())
    }

    /// The version that serves.
    pub fn incumbent(&self) -> Option<&Standing> {
        self.deployment.as_ref().and_then(|d| self.version(&d.incumbent))
    }

    /// The first baseline that was registered: the last answer of every fallback chain.
    pub fn baseline(&self) -> Option<&Standing> {
        self.versions.iter().find(|s| matches!(s.origin, Origin::Baseline { .. }))
    }

    /// One version.
    pub fn version(&self, id: &VersionId) -> Option<&Standing> {
        self.versions.iter().find(|s| &s.version == id)
    }

    /// The versions whose id begins with these digits, or whose number this is.
    pub fn find(&self, name: &str) -> Vec<&Standing> {
        let number = name.strip_prefix('v').unwrap_or(name).parse::<usize>().ok();
        let by_number = self.versions.iter().filter(|s| Some(s.number) == number);
        let found: Vec<&Standing> = by_number.collect();
        if !found.is_empty() {
            return found;
        }
        self.versions.iter().filter(|s| s.version.0.starts_with(name)).collect()
    }

    /// The last verdict on a version.
    pub fn verdict(&self, id: &VersionId) -> Option<&Judged> {
        self.verdicts.iter().rev().find(|j| &j.facts.challenger == id)
    }

    /// The ledger as the next decision on these rows finds it. The same challenger judged again on the
    /// same rows against the same incumbent is the same decision, and counts once.
    pub fn ledger(&self, challenger: &VersionId, incumbent: &VersionId, data: &str) -> Ledger {
        let asked = |f: &Facts| (f.challenger.clone(), f.incumbent.clone(), f.data.clone());
        let this = (challenger.clone(), incumbent.clone(), data.to_string());
        let mut seen = std::collections::BTreeMap::new();
        for judged in self.verdicts.iter().filter(|j| asked(&j.facts) != this) {
            seen.insert(asked(&judged.facts), judged.verdict.decision == Decision::Pass);
        }
        let queries = seen.keys().filter(|(_, _, rows)| rows == data).count() as u64;
        let passed = seen.values().filter(|&&p| p).count() as u64;
        Ledger { decisions: seen.len() as u64, passed, queries }
    }

    fn register(
        &mut self,
        at: Timestamp,
        version: VersionId,
        model: String,
        origin: Origin,
        trained_on: TrainedOn,
    ) {
        if self.version(&version).is_some() {
            return;
        }
        let number = self.versions.len() + 1;
        let (stage, why) = (Stage::Registered, String::new());
        let (scores, scored_on) = (Vec::new(), String::new());
        let standing =
            Standing { version, number, model, origin, trained_on, scores, scored_on, at, stage, why };
        self.versions.push(standing);
    }

    fn score(&mut self, version: &VersionId, data: String, scores: Vec<Score>) {
        if let Some(standing) = self.versions.iter_mut().find(|s| &s.version == version) {
            (standing.scores, standing.scored_on) = (scores, data);
        }
    }

    fn stand(&mut self, version: &VersionId, stage: Stage, why: &str) {
        if let Some(standing) = self.versions.iter_mut().find(|s| &s.version == version) {
            standing.stage = stage;
            standing.why = why.to_string();
        }
    }

    fn deploy(&mut self, at: Timestamp, incumbent: VersionId, fallback: Vec<VersionId>) {
        for standing in &mut self.versions {
            if standing.version == incumbent {
                standing.stage = Stage::Incumbent;
            } else if fallback.contains(&standing.version) {
                standing.stage = Stage::Previous;
            } else if matches!(standing.stage, Stage::Incumbent | Stage::Previous) {
                standing.stage = Stage::Retired;
            }
        }
        let deployment = Deployment { at, incumbent, fallback };
        self.deployments.push(deployment.clone());
        self.deployment = Some(deployment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> VersionId {
        VersionId(name.repeat(64))
    }

    fn registered(name: &str) -> Event {
        let origin = Origin::Baseline { name: "prior".into() };
        Event::Registered {
            version: id(name),
            model: "m".into(),
            origin,
            trained_on: TrainedOn { data: "rows".into(), rows: 9, until: None, reviewed: None },
        }
    }

    fn history(events: Vec<Event>) -> History {
        let record = |(i, event)| Recorded { sequence: i as u64 + 1, at: Timestamp(i as i64), event };
        History::fold(&events.into_iter().enumerate().map(record).collect::<Vec<_>>())
    }

    #[test]
    fn a_deployment_moves_every_version_it_touches() {
        let deployed = |incumbent: &str, fallback: &[&str]| Event::Deployed {
            incumbent: id(incumbent),
            fallback: fallback.iter().map(|f| id(f)).collect(),
        };
        let events = vec![
            registered("a"),
            registered("b"),
            registered("c"),
            deployed("a", &[]),
            deployed("b", &["a"]),
            deployed("c", &["b"]),
        ];
        let history = history(events);
        let stages: Vec<Stage> = history.versions.iter().map(|s| s.stage).collect();
        assert_eq!(stages, [Stage::Retired, Stage::Previous, Stage::Incumbent]);
        assert_eq!(history.incumbent().map(|s| s.number), Some(3));
    }

    #[test]
    fn registering_twice_changes_nothing() {
        assert_eq!(history(vec![registered("a"), registered("a")]).versions.len(), 1);
    }

    #[test]
    fn versions_are_found_by_number_and_by_prefix() {
        let history = history(vec![registered("a"), registered("b")]);
        assert_eq!(history.find("v2")[0].version, id("b"));
        assert_eq!(history.find("aaaa")[0].version, id("a"));
        assert!(history.find("zz").is_empty());
    }
}
