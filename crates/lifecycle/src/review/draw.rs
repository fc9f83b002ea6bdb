//! One draw: the predictions since the last one, a coin each, and the drawn ones to the desk.
//!
//! Rows are those that were *answered* in a window of the wall clock, so that every prediction is in exactly one draw;
//! how many people can look at goes by the rows' own clock, as everything else does. Invariant: a draw reads no label,
//! except to find gold among rows that were drawn from before.

use super::line::Round;
use super::novelty::novelty;
use super::{Asked, Desk};
use crate::{Project, StageError, live};
use domain::review::{Candidate, Why};
use domain::time::{HOUR, SECOND};
use domain::{History, PredictionId, Source, Story, Timestamp, VersionId};
use serde_json::{Map, Value};

/// How much of the rows' own time lies between two draws...
const EVERY: i64 = HOUR;
/// ...and how many rows are enough for the first one.
const ENOUGH: usize = 500;
/// A prediction may take so long from its answer into the journal.
const SETTLED: i64 = 2 * SECOND;

/// What the journal has of one window.
#[derive(Default)]
struct Window {
    candidates: Vec<Candidate>,
    inputs: Vec<Map<String, Value>>,
    clock: Option<Timestamp>,
    first: Option<Timestamp>,
    /// Rows of the window before whose truth was observed.
    known: Vec<(PredictionId, String)>,
}

/// Draws where it is time; `clock` is the latest moment that any row speaks of. Tells how many items came.
pub fn draw(
    project: &Project,
    desk: &Desk,
    history: &History,
    clock: Option<Timestamp>,
) -> Result<Option<usize>, StageError> {
    let rules = &project.plan.review;
    let (number, last) = desk.last_round();
    let Some(clock) = clock.filter(|_| rules.daily > 0) else { return Ok(None) };
    if last.as_ref().is_some_and(|last| clock.0 < last.clock.0.saturating_add(EVERY)) {
        return Ok(None);
    }
    let to = Timestamp((project.now)().0 - SETTLED);
    let window = read(project, desk, history, last.as_ref(), to)?;
    let (Some(until), Some(first)) = (window.clock, window.first) else { return Ok(None) };
    if last.is_none() && window.candidates.len() < ENOUGH && until.0 - first.0 < EVERY {
        return Ok(None);
    }
    let elapsed = last.as_ref().map(|last| until.0 - last.clock.0);
    let from = last.as_ref().map_or(Timestamp(i64::MIN), |last| last.to);
    let salt = format!("review-{}-{number}", project.plan.train.seed);
    let round = toss(project, &window, elapsed, salt, (from, to), until);
    let items = round.items.len();
    desk.add(round)?;
    Ok(Some(items))
}

fn toss(
    project: &Project,
    window: &Window,
    elapsed: Option<i64>,
    salt: String,
    span: (Timestamp, Timestamp),
    clock: Timestamp,
) -> Round {
    let rules = &project.plan.review;
    let budget = domain::review::budget(rules, elapsed);
    let drawn = domain::review::draw(rules, budget, &salt, &window.candidates);
    let ids: Vec<PredictionId> = window.known.iter().map(|(id, _)| *id).collect();
    let golds = domain::review::golds(rules, &salt, &ids, drawn.items.len());
    let mut round = Round::new(&drawn, salt, span, clock);
    round.rows = window.candidates.len() as u64;
    let spread = round.items.last().map_or(0.0, |last| last.turn) / (golds.len() + 1) as f64;
    for (place, id) in golds.into_iter().enumerate() {
        let truth = window.known.iter().find(|(known, _)| *known == id).map(|(_, truth)| truth.clone());
        let turn = (place + 1) as f64 * spread;
        round.items.push(Asked {
            prediction: id.to_string(),
            why: Why::Gold,
            chance: 1.0,
            turn,
            needs: 1,
            truth,
        });
    }
    round.items.sort_by(|a, b| a.turn.total_cmp(&b.turn));
    round
}

fn read(
    project: &Project,
    desk: &Desk,
    history: &History,
    last: Option<&Round>,
    to: Timestamp,
) -> Result<Window, StageError> {
    let (begin, from) = last.map_or((Timestamp(i64::MIN), Timestamp(i64::MIN)), |last| (last.from, last.to));
    let mut window = Window::default();
    project.journal.stories(begin, to, &mut |story| {
        if story.prediction.at >= from {
            window.add(project, history, &story);
        } else if let Some(truth) = observed(&story).filter(|truth| desk.classes().contains(truth)) {
            let id = story.prediction.id;
            window.known.extend((!desk.holds(id)).then_some((id, truth)));
        }
    })?;
    let inputs: Vec<&Map<String, Value>> = window.inputs.iter().collect();
    let found = novelty(&inputs);
    window.candidates.iter_mut().zip(found).for_each(|(row, novelty)| row.novelty = novelty);
    Ok(window)
}

impl Window {
    fn add(&mut self, project: &Project, history: &History, story: &Story) {
        let Some(row) = live::row(&story.prediction, project.plan.data.time.as_deref()) else { return };
        self.clock = self.clock.max(Some(row.at));
        self.first = Some(self.first.map_or(row.at, |first| first.min(row.at)));
        self.candidates.push(Candidate {
            prediction: story.prediction.id,
            confidence: confidence(&row.output),
            abstained: project
                .plan
                .review
                .error
                .is_some()
                .then(|| !alone(history, row.version.as_ref(), story.prediction.at, confidence(&row.output))),
            novelty: 0.0,
        });
        self.inputs.push(row.input);
    }
}

/// The largest probability of an answer.
pub(super) fn confidence(output: &[f64]) -> f64 {
    output.iter().copied().fold(0.0, f64::max)
}

/// Whether an answer of this confidence was given alone.
pub(super) fn alone(history: &History, version: Option<&VersionId>, at: Timestamp, confidence: f64) -> bool {
    let threshold = version.and_then(|version| history.threshold(version, at));
    threshold.is_some_and(|threshold| confidence >= threshold)
}

/// What the world said of a prediction, where it did.
fn observed(story: &Story) -> Option<String> {
    let last = story.outcomes.iter().rfind(|outcome| outcome.source == Source::Observed);
    last.map(|outcome| outcome.value.clone())
}
