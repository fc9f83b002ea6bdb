//! What serves: one immutable picture of the intended version, the chain behind it and the floor.
//!
//! A request takes one `Arc` of it and keeps that to its end, so a swap neither waits for a request nor
//! disturbs one. Invariant: every link and the floor answer the same kind of output, so that a caller
//! cannot tell from the answer's shape who gave it.

use crate::deferral::Deferral;
use crate::engine::Refusal;
use crate::floor::Floor;
use crate::link::Link;
use crate::output::describe;
use crate::trial::Trial;
use domain::{OutputKind, VersionId};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// The share of the deadline that is kept for each link behind the one that is tried...
const RESERVE: f64 = 0.125;
/// ...and the most that is kept for all of them.
const MOST_RESERVED: f64 = 0.5;

/// What serves.
pub struct Snapshot {
    model: String,
    chain: Vec<Arc<Link>>,
    floor: Floor,
    deadline: Duration,
    trial: Option<Arc<Trial>>,
    deferral: Option<Deferral>,
}

/// Why links did not make a snapshot.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SnapshotError {
    /// There is nothing to serve.
    #[error("nothing to serve: the chain has no version")]
    Empty,
    /// A link or the floor answers something else than the first link.
    #[error("{who} answers {found}, expected {expected} like the intended version")]
    Disagrees {
        /// The version, or `the floor`.
        who: String,
        /// What it answers.
        found: String,
        /// What the intended version answers.
        expected: String,
    },
    /// No time to answer in.
    #[error("the deadline is zero")]
    NoTime,
}

impl Snapshot {
    /// The intended version first, then what to fall back on, and the floor under them. Every request is
    /// answered within `deadline` of its arrival.
    pub fn new(
        model: impl Into<String>,
        chain: Vec<Arc<Link>>,
        floor: Floor,
        deadline: Duration,
    ) -> Result<Snapshot, SnapshotError> {
        let first = chain.first().ok_or(SnapshotError::Empty)?;
        let expected = &first.signature().output;
        for link in &chain {
            agree(link.version().short(), &link.signature().output, expected)?;
        }
        agree("the floor", floor.kind(), expected)?;
        if deadline.is_zero() {
            return Err(SnapshotError::NoTime);
        }
        Ok(Snapshot { model: model.into(), chain, floor, deadline, trial: None, deferral: None })
    }

    /// The same with an experiment. Units that take no part in it are answered by the chain as before.
    pub fn with_trial(self, trial: Trial) -> Result<Snapshot, SnapshotError> {
        for chain in [trial.control(), trial.treatment()] {
            if chain.is_empty() {
                return Err(SnapshotError::Empty);
            }
            for link in chain {
                agree(link.version().short(), &link.signature().output, self.floor.kind())?;
            }
        }
        let trial = trial.hold_to(self.deadline);
        Ok(Snapshot { trial: Some(Arc::new(trial)), ..self })
    }

    /// The same, telling which answers are for people.
    pub fn with_deferral(self, deferral: Deferral) -> Snapshot {
        Snapshot { deferral: Some(deferral), ..self }
    }

    /// Which answers are given alone; `None` where all are.
    pub fn deferral(&self) -> Option<&Deferral> {
        self.deferral.as_ref()
    }

    /// The model's name, as in the plan.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The version that requests are meant for.
    pub fn intended(&self) -> &Arc<Link> {
        self.chain.first().expect("a snapshot is only made of a chain that has a version")
    }

    /// All links, the intended version first.
    pub fn chain(&self) -> &[Arc<Link>] {
        &self.chain
    }

    /// The experiment that runs, if one does.
    pub fn trial(&self) -> Option<&Arc<Trial>> {
        self.trial.as_ref()
    }

    /// The experiment that runs, before it is deployed.
    pub(crate) fn trial_mut(&mut self) -> Option<&mut Trial> {
        self.trial.as_mut().and_then(Arc::get_mut)
    }

    /// Every link, those of the experiment included; some may come twice.
    pub fn links(&self) -> impl Iterator<Item = &Arc<Link>> {
        let trial = self.trial.iter().flat_map(|trial| trial.treatment().iter().chain(trial.control()));
        self.chain.iter().chain(trial)
    }

    /// The constant answer under the chain.
    pub fn floor(&self) -> &Floor {
        &self.floor
    }

    /// From a request's arrival to its answer, at most.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The part of a chain that starts at a version, named by its hash or the hash's first digits (8 or more);
    /// the whole own chain where no version is named. It is never empty. An experiment's versions may be named
    /// too, by those who want to see one of them.
    pub fn chain_for(&self, name: Option<&str>) -> Result<&[Arc<Link>], Refusal> {
        let Some(name) = name else { return Ok(&self.chain) };
        let from = |chain: &'_ [Arc<Link>]| chain.iter().position(|link| is_named(link.version(), name));
        let trial = self.trial.iter().flat_map(|trial| [trial.treatment(), trial.control()]);
        let mut chains = std::iter::once(self.chain.as_slice()).chain(trial);
        let found = chains.find_map(|chain| from(chain).map(|place| &chain[place..]));
        found.ok_or_else(|| Refusal::UnknownVersion(name.into()))
    }

    /// Until when the link may be waited for that is called at `now` with `behind` links behind it, in a
    /// request that arrived at `arrived`.
    pub(crate) fn until(&self, link: &Link, behind: usize, arrived: Duration, now: Duration) -> Duration {
        let reserved = (behind as f64 * RESERVE).min(MOST_RESERVED);
        let until = arrived + self.deadline.mul_f64(1.0 - reserved);
        link.limits().patience.map_or(until, |patience| until.min(now + patience))
    }
}

fn is_named(version: &VersionId, name: &str) -> bool {
    version.0 == name || (name.len() >= 8 && version.0.starts_with(name))
}

fn agree(who: &str, found: &OutputKind, expected: &OutputKind) -> Result<(), SnapshotError> {
    if found == expected {
        return Ok(());
    }
    let name = |kind: &OutputKind| match kind {
        OutputKind::Probabilities { classes } => format!("probabilities of {}", classes.join(", ")),
        other => describe(other),
    };
    Err(SnapshotError::Disagrees { who: who.into(), found: name(found), expected: name(expected) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Fake, Fault};
    use crate::link::Limits;

    fn link(name: &str, limits: Limits) -> Arc<Link> {
        Arc::new(Fake::answering(0.5).with(Fault::None).link(name, limits))
    }

    fn floor() -> Floor {
        Floor::ignorant(OutputKind::Value)
    }

    #[test]
    fn every_link_must_answer_alike() {
        let chain = vec![link("a", Limits::default())];
        let floor = Floor::ignorant(OutputKind::Path { horizon: 2 });
        let error = Snapshot::new("m", chain, floor, Duration::from_millis(1)).err();
        let error = error.expect("a path is not a value").to_string();
        assert_eq!(
            error,
            "the floor answers a path of 2 steps, expected one value like the intended version"
        );
        assert_eq!(
            Snapshot::new("m", vec![], self::floor(), Duration::from_millis(1)).err(),
            Some(SnapshotError::Empty)
        );
    }

    #[test]
    fn a_version_is_found_by_its_first_digits() {
        let chain = vec![link("0123456789", Limits::default()), link("abcdefabcdef", Limits::default())];
        let snapshot = Snapshot::new("m", chain, floor(), Duration::from_millis(1)).expect("alike");
        assert_eq!(snapshot.chain_for(Some("abcdefab")).map(<[_]>::len), Ok(1));
        assert_eq!(snapshot.chain_for(Some("0123456789")).map(<[_]>::len), Ok(2));
        assert!(snapshot.chain_for(Some("0123")).is_err(), "too short to be meant");
        assert_eq!(snapshot.chain_for(None).map(<[_]>::len), Ok(2));
    }

    #[test]
    fn each_link_leaves_time_for_those_behind_it() {
        let ms = Duration::from_millis;
        let quick = Limits { patience: Some(ms(10)), ..Limits::default() };
        let chain = vec![link("a", Limits::default()), link("b", quick)];
        let snapshot = Snapshot::new("m", chain, floor(), ms(80)).expect("alike");
        let (a, b) = (&snapshot.chain()[0], &snapshot.chain()[1]);
        assert_eq!(snapshot.until(a, 1, ms(100), ms(100)), ms(170));
        assert_eq!(snapshot.until(a, 9, ms(100), ms(100)), ms(140));
        assert_eq!(snapshot.until(b, 0, ms(100), ms(120)), ms(130));
        assert_eq!(snapshot.until(b, 0, ms(100), ms(175)), ms(180));
    }
}
