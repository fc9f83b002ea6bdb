//! What the journal tells of a release: its rows, with the arm that was drawn, who answered, and what became known
//! within the label window.

use crate::live::{self, LiveRow};
use crate::review::Register;
use crate::{Project, StageError};
use domain::history::Release;
use domain::{Arm, Assignment, Outcome, ServedBy, ShadowAnswer, Story, Timestamp};

/// One row of the release's traffic.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who it is about; its own name where nobody was named.
    pub unit: String,
    /// When it was answered, by the clock on the wall.
    pub wall: Timestamp,
    /// The arm with the chance of its draw; `None` where it takes no part.
    pub place: Option<(Arm, f64)>,
    /// Whether the version that was meant answered.
    pub intended: bool,
    /// From arrival to answer, in microseconds.
    pub latency_us: u64,
    /// The row, the answer and, where it is known in time, the truth; else an empty text.
    pub live: LiveRow,
    /// Whether the label window is over and the truth is known.
    pub labelled: bool,
    /// What the challenger would have answered.
    pub shadow: Option<ShadowAnswer>,
}

/// The release's traffic, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Rows that take part, or were shadowed.
    pub rows: Vec<Row>,
    /// The rows' own clock.
    pub now: Option<Timestamp>,
    /// Rows that name no unit.
    pub without_unit: u64,
}

impl Row {
    /// Whether it was assigned to this arm.
    pub fn in_arm(&self, arm: Arm) -> bool {
        self.place.is_some_and(|place| place.0 == arm)
    }
}

/// Reads the release's traffic: everything answered since it began. Labels of rows that people were shown for doubt are
/// left out: each arm's own doubt would choose its rows.
pub fn read(project: &Project, release: &Release) -> Result<Traffic, StageError> {
    let mut stories = Vec::new();
    let register = Register::read(project)?;
    project.journal.stories(release.at, Timestamp(i64::MAX), &mut |mut story| {
        register.keep_judging(&mut story.outcomes);
        stories.push(story);
    })?;
    let time = project.plan.data.time.as_deref();
    let unit = project.plan.release.unit.as_deref();
    let window = project.plan.release.label_window().0;
    let read: Vec<(Story, LiveRow)> = stories
        .into_iter()
        .filter_map(|story| {
            let live = live::row(&story.prediction, time)?;
            Some((story, live))
        })
        .collect();
    let now = read.iter().map(|(_, live)| live.at).max();
    let mut traffic = Traffic { now, ..Traffic::default() };
    for (story, live) in read {
        let named = story.prediction.unit.is_some()
            || unit.is_some_and(|column| live.input.get(column).is_some_and(|value| !value.is_null()));
        traffic.without_unit += u64::from(!named);
        traffic.rows.extend(row(release, story, live, window, now));
    }
    traffic.rows.sort_by(|a, b| (a.wall, &a.unit).cmp(&(b.wall, &b.unit)));
    Ok(traffic)
}

/// The row, where it takes part in this release or was shadowed by its challenger.
fn row(release: &Release, story: Story, live: LiveRow, window: i64, now: Option<Timestamp>) -> Option<Row> {
    let Story { prediction, outcomes, shadows } = story;
    let ours = |a: &Assignment| (a.experiment == release.id).then_some((a.arm, a.propensity));
    let place = prediction.assignment.as_ref().and_then(ours);
    let shadow = shadows.into_iter().rev().find(|s| s.version == release.challenger);
    if place.is_none() && shadow.is_none() {
        return None;
    }
    let truth = known(&outcomes, live.at, window);
    let mature = now.is_some_and(|now| live.at.0.saturating_add(window) <= now.0);
    Some(Row {
        unit: prediction.unit.unwrap_or_else(|| prediction.id.to_string()),
        wall: prediction.at,
        place,
        intended: prediction.served_by == ServedBy::Intended,
        latency_us: prediction.latency_us,
        labelled: mature && truth.is_some(),
        live: LiveRow { truth: truth.unwrap_or_default(), ..live },
        shadow,
    })
}

/// The last outcome that came within the window; what comes later is kept, and left out here, so that neither arm
/// gains from waiting. A window of nothing is open for ever.
fn known(outcomes: &[Outcome], at: Timestamp, window: i64) -> Option<String> {
    let in_time = |o: &&Outcome| window == 0 || o.at.0 <= at.0.saturating_add(window);
    outcomes.iter().rev().find(in_time).map(|o| o.value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{PredictionId, Source};

    fn outcome(at: i64, value: &str) -> Outcome {
        let (prediction, at) = (PredictionId(1), Timestamp(at));
        Outcome { prediction, at, value: value.into(), source: Source::Observed }
    }

    #[test]
    fn the_last_outcome_in_time_counts() {
        let told = [outcome(5, "no"), outcome(9, "yes"), outcome(30, "no")];
        assert_eq!(known(&told, Timestamp(0), 10).as_deref(), Some("yes"));
        assert_eq!(known(&told, Timestamp(0), 4), None);
        assert_eq!(known(&told, Timestamp(0), 0).as_deref(), Some("no"), "no window is open for ever");
    }
}
