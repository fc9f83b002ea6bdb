//! What a release's events say, in the form that the page, the JSON and the terminal share: its state, its track,
//! what it waits for.
//!
//! Not a rule: what is decided stands in `domain`, and everything here is read off the recorded looks.

mod found;
mod json;
mod track;

pub use found::{Found, bayes_factor, evidence_share, guardrail, sample_ratio};
pub use json::{full, look, summary};
pub use track::{Mark, Place, Visit, track, visits};

use domain::Timestamp;
use domain::experiment::{Decision, Look, Phase, Reason, Step};
use domain::history::{History, Looked, Release};
use domain::model::VersionId;
use domain::plan;
use std::fmt;

/// How a release stands, or how it came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// Under way in this phase.
    Running(Phase),
    /// Promoted; this share of the units still sees the version before it.
    HeldBack(f64),
    /// Promoted, and over.
    Promoted,
    /// Over without the challenger in front.
    Stopped(Reason),
}

/// What comes after the present phase, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// A phase, `a decision`, `the end`, or `the next step` where nobody has looked yet.
    pub what: String,
    /// The words of the rule.
    pub waits_for: String,
}

/// The release that is under way, or else the newest.
pub fn current(history: &History) -> Option<&Release> {
    history.experiment().or(history.experiments.last())
}

/// How a release stands. A challenger that harms while some units are held back is stopped although it had been
/// promoted.
pub fn state(release: &Release) -> State {
    let said = release.last().map(|look| &look.decision);
    match (release.ended, said) {
        (Some(_), Some(Decision::Stop { reason, .. })) if *reason != Reason::Done => State::Stopped(*reason),
        (Some(_), _) => State::Promoted,
        (None, _) if release.phase.step == Step::HoldBack => State::HeldBack(1.0 - release.phase.treatment),
        (None, _) => State::Running(release.phase),
    }
}

/// The plan's release section at a look; the defaults where a newer incumbent wrote what this one cannot read.
pub fn rules(look: &Looked) -> plan::Release {
    serde_json::from_value(look.rules.clone()).unwrap_or_default()
}

/// The look that says why it stands as it does: the last one at which something changed, and for a promoted release
/// the one that promoted it.
pub fn decided(release: &Release) -> Option<&Looked> {
    let promoted = state(release) == State::Promoted;
    release.looks.iter().rev().find(|look| match look.decision {
        Decision::Continue { .. } => false,
        Decision::Promote { .. } => true,
        _ => !promoted,
    })
}

/// The gain that a release stands on: of a promoted one the gain that promoted it, else the last that was looked at.
/// The few units that are held back are compared anew, and say less.
pub fn gain(release: &Release) -> Option<&Look> {
    let promoting = |look: &&Looked| matches!(look.decision, Decision::Promote { .. });
    let promoted = matches!(state(release), State::Promoted | State::HeldBack(_));
    let look = release.looks.iter().rev().find(promoting).filter(|_| promoted);
    look.or(release.last()).and_then(|look| look.facts.goal.as_ref())
}

/// What it waits for; `None` once it is over.
pub fn next(release: &Release) -> Option<Next> {
    if release.ended.is_some() {
        return None;
    }
    let behind = release.last().and_then(|look| release.phase.next(&rules(look)));
    let what = match behind {
        Some(phase) => phase.to_string(),
        // the rules stand in the looks
        None if release.looks.is_empty() => "the next step".into(),
        None if release.phase.step == Step::HoldBack => "the end".into(),
        None => "a decision".into(),
    };
    let waits_for = match release.last().map(|look| &look.decision) {
        Some(Decision::Continue { why }) => why.clone(),
        _ => format!("the first look at {}", release.phase),
    };
    Some(Next { what, waits_for })
}

/// When it ended, by the clock of its rows.
pub fn ended(release: &Release) -> Option<Timestamp> {
    release.ended.and_then(|_| release.last()).map(|look| look.facts.now)
}

/// `v5`, or the first digits of a version that is not registered here.
pub fn name(history: &History, version: &VersionId) -> String {
    history.version(version).map_or_else(|| version.to_string(), |s| format!("v{}", s.number))
}

impl State {
    /// One word for programs.
    pub fn word(self) -> &'static str {
        match self {
            State::Running(_) => "running",
            State::HeldBack(_) => "held_back",
            State::Promoted => "promoted",
            State::Stopped(_) => "stopped",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Running(phase) => write!(f, "{phase}"),
            State::HeldBack(share) => {
                write!(f, "promoted, {}% held back", (1000.0 * share).round() / 10.0)
            }
            State::Promoted => f.write_str("promoted"),
            State::Stopped(reason) => write!(f, "stopped: {reason}"),
        }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // "a decision waits for: a decision no earlier than ..." says it twice
        match self.waits_for.starts_with(&self.what) {
            true => f.write_str(&self.waits_for),
            false => write!(f, "{} waits for: {}", self.what, self.waits_for),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use domain::Recorded;
    use domain::time::DAY;
    use testkit::release::{Plot, release};

    /// A release of `b` over `a` that goes on for so many days.
    pub(crate) fn told(gain: f64, failing: f64, days: i64) -> Release {
        let id = |digit: &str| VersionId(digit.repeat(64));
        let (begin, until) = (Timestamp(0), Timestamp(days * DAY));
        let (incumbent, challenger, behind) = (id("a"), id("b"), vec![id("a")]);
        let plot =
            Plot { number: 1, incumbent, challenger, behind, begin, until, hourly: 4_000.0, gain, failing };
        let recorded = release(&plot).into_iter().zip(1..);
        let recorded: Vec<Recorded> =
            recorded.map(|((at, event), sequence)| Recorded { sequence, at, event }).collect();
        History::fold(&recorded).experiments.remove(0)
    }

    #[test]
    fn the_state_is_told_in_words() {
        let check = |release: &Release, word: &str, said: &str| {
            assert_eq!((state(release).word(), state(release).to_string()), (word, said.to_string()));
        };
        check(&told(0.004, 0.0, 0), "running", "shadow");
        check(&told(0.004, 0.0, 4), "running", "A/B at 50%");
        check(&told(0.004, 0.0, 40), "promoted", "promoted");
        check(&told(0.0, 0.2, 40), "stopped", "stopped: harm");
        check(&told(0.0, 0.0, 40), "stopped", "stopped: not better");
        check(&told(0.004, 0.0, 12), "held_back", "promoted, 5% held back");
    }

    #[test]
    fn the_telling_look_is_the_last_that_changed_something() {
        let told = |release: &Release| decided(release).map(|look| look.decision.to_string());
        assert_eq!(told(&super::tests::told(0.004, 0.0, 0)), None);
        assert_eq!(told(&super::tests::told(0.004, 0.0, 4)).as_deref(), Some("on to A/B at 50%"));
        assert_eq!(told(&super::tests::told(0.004, 0.0, 40)).as_deref(), Some("promote"));
        assert_eq!(told(&super::tests::told(0.0, 0.2, 40)).as_deref(), Some("stop: harm"));
    }

    #[test]
    fn what_it_waits_for_stands_beside_what_comes() {
        let first = next(&told(0.004, 0.0, 0)).expect("it runs");
        assert_eq!(first.to_string(), "the next step waits for: the first look at shadow");
        let half = next(&told(0.004, 0.0, 4)).expect("it runs");
        assert_eq!(half.what, "a decision");
        assert!(half.to_string().starts_with("a decision no earlier than 1970-01-"), "{half}");
        assert_eq!(next(&told(0.004, 0.0, 40)), None);
    }
}
