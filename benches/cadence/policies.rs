//! Living through a stream by a fixed schedule, or by the rule of retraining with a measured cadence and alarms.

use crate::world::{Did, World};
use domain::VersionId;
use domain::ageing::Ageing;
use domain::cadence::{Cadence, Odds, recommend, span};
use domain::diagnosis::Cause;
use domain::plan::{CadenceSource, Retrain};
use domain::retrain::{RetrainDecision, RetrainFacts, retrain};
use domain::time::DAY;
use lifecycle::decay::curve::{Fitted, fit};
use lifecycle::decay::paired::{Backtests, How, paired};
use lifecycle::{Silent, trainers};
use std::error::Error;

/// While it lives, ageing is measured again once rows have grown by this factor, as `incumbent up` does.
const GROWN: f64 = 1.5;
/// Harm is a loss above the promised one by so much of the skill over the prior, as `watch.tolerance` has it...
const TOLERANCE: f64 = 0.2;
/// ...shown at 99%.
const Z: f64 = 2.576;

/// What came of a life.
pub struct Lived {
    pub retrains: usize,
    pub loss: f64,
    pub accuracy: f64,
    /// How many of the retrains an alarm had a part in, and models that were trained only to measure ageing.
    pub note: String,
}

/// Retrains each time so many microseconds have passed.
pub fn fixed(world: &mut World<'_>, every: i64) -> Result<Lived, Box<dyn Error>> {
    let mut due = |world: &mut World<'_>, step: usize, model: usize, _: &[Did]| {
        Ok(world.moment(step).0 - world.moment(model).0 >= every)
    };
    live(world, &mut due)
}

/// Retrains where the rule says so; a retrain costs `worth` of a month's loss.
pub fn ours(world: &mut World<'_>, worth: f64) -> Result<Lived, Box<dyn Error>> {
    let rules = Retrain { cadence: CadenceSource::Measured, ..world.stream.plan.retrain.clone() };
    let mut kept =
        Loop { rules, worth, ageing: None, measured_at: 0, extra: 0, alarms: 0, cadences: Vec::new() };
    let mut due =
        |world: &mut World<'_>, step: usize, model: usize, since: &[Did]| kept.due(world, step, model, since);
    let lived = live(world, &mut due)?;
    let Loop { alarms, extra, cadences, .. } = kept;
    let note = format!("{alarms} by alarm; {extra} models to measure ageing: {}", cadences.join(", then "));
    Ok(Lived { note, ..lived })
}

/// What keeps a model in order, as `incumbent up` does.
struct Loop {
    rules: Retrain,
    worth: f64,
    ageing: Option<Ageing>,
    /// How many rows were known when ageing was measured last.
    measured_at: usize,
    extra: usize,
    alarms: usize,
    /// The cadences that were recommended, in turn.
    cadences: Vec<String>,
}

impl Loop {
    fn due(
        &mut self,
        world: &World<'_>,
        step: usize,
        model: usize,
        since: &[Did],
    ) -> Result<bool, Box<dyn Error>> {
        self.measure(world, world.known(step))?;
        let new_rows = (world.known(step) - world.known(model)) as u64;
        let facts = RetrainFacts {
            incumbent: VersionId(model.to_string()),
            now: world.moment(step),
            last: world.moment(model),
            new_rows,
            since_last: new_rows,
            reviewed: 0,
            least_rows: world.stream.plan.gate.min_rows,
            recent: Vec::new(),
            cut_short: 0,
            cause: harm(world, since).then_some(Cause::ConceptDrift),
            ageing: self.ageing,
            odds: Odds::default(),
            release: None,
            under_way: false,
            by_hand: false,
        };
        let decision = retrain(&self.rules, &facts);
        let trains = matches!(decision, RetrainDecision::Train(_));
        self.alarms += usize::from(trains && decision.why().contains("alarm"));
        Ok(trains)
    }

    fn measure(&mut self, world: &World<'_>, known: usize) -> Result<(), Box<dyn Error>> {
        if (known as f64) < GROWN * self.measured_at as f64 {
            return Ok(());
        }
        self.measured_at = known;
        if let Some((backtests, fitted)) = measure(world, known)? {
            self.extra += backtests.origins.len();
            self.rules = priced(&self.rules, &backtests, self.worth);
            self.cadences.push(match recommend(&self.rules, &fitted.ageing, Odds::default()).cadence {
                Cadence::Every { days, .. } => span(days),
                Cadence::Never | Cadence::Unknown => "no cadence".into(),
            });
            self.ageing = Some(fitted.ageing);
        }
        Ok(())
    }
}

type Due<'d> = &'d mut dyn FnMut(&mut World<'_>, usize, usize, &[Did]) -> Result<bool, Box<dyn Error>>;

fn live(world: &mut World<'_>, due: Due<'_>) -> Result<Lived, Box<dyn Error>> {
    let (mut model, mut retrains) = (0, 0);
    let mut since: Vec<Did> = Vec::new();
    let (mut loss, mut wrong, mut rows) = (0.0, 0.0, 0.0);
    for step in 0..world.steps.len() {
        if step > 0 && due(world, step, model, &since)? {
            (model, retrains) = (step, retrains + 1);
            since.clear();
        }
        let did = world.did(model, step)?;
        loss += did.losses.iter().sum::<f64>();
        wrong += did.wrong;
        rows += did.losses.len() as f64;
        since.push(did);
    }
    Ok(Lived { retrains, loss: loss / rows, accuracy: 1.0 - wrong / rows, note: String::new() })
}

/// How the trainer ages by the rows known so far; `None` while they are too few.
pub fn measure(world: &World<'_>, known: usize) -> Result<Option<(Backtests, Fitted)>, Box<dyn Error>> {
    let stream = world.stream;
    let how = How {
        loss: "log_loss".into(),
        blocks: lifecycle::decay::BLOCKS,
        window: stream.plan.retrain.window.0,
        delay: stream.plan.retrain.label_delay.0,
        least_rows: stream.plan.gate.min_rows as usize,
        seed: 1,
    };
    let trainer = trainers::embedded(&stream.plan, stream.trainer)?;
    match paired(&world.rows(0..known), trainer.as_ref(), &how, stream.name, &mut Silent) {
        Ok(backtests) => {
            let fitted = fit(&backtests, 1)?;
            Ok(Some((backtests, fitted)))
        }
        Err(lifecycle::StageError::Data { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A unit of loss costs 1 a day, and a retrain this share of what a fresh model loses in 30 days.
pub fn priced(rules: &Retrain, backtests: &Backtests, worth: f64) -> Retrain {
    let losses = backtests.origins.iter().map(|origin| origin.fresh_loss);
    let fresh = losses.sum::<f64>() / backtests.origins.len() as f64;
    Retrain { cost: Some(worth * 30.0 * fresh), loss_cost: Some(1.0), ..rules.clone() }
}

/// Whether the last week shows harm beside the first week of the same model.
fn harm(world: &World<'_>, since: &[Did]) -> bool {
    let week = (7 * DAY / world.stream.step).max(1) as usize;
    if since.len() < 2 * week {
        return false;
    }
    let losses = |steps: &[Did]| -> Vec<f64> { steps.iter().flat_map(|did| did.losses.clone()).collect() };
    let before = moments(&losses(&since[..week]));
    let after = moments(&losses(&since[since.len() - week..]));
    let worse = after.0 - before.0;
    let skill = (prior_loss(world) - before.0).max(0.0);
    worse > TOLERANCE * skill && worse > Z * (before.1 + after.1).sqrt()
}

/// The mean, and the square of its error.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n * (n - 1.0).max(1.0)))
}

/// What the shares of the classes in the first third lose there.
fn prior_loss(world: &World<'_>) -> f64 {
    let domain::Target::Class { classes, index } = &world.stream.examples.target else { return 0.0 };
    let first = &index[..world.steps[0].start];
    let share =
        |class: usize| first.iter().filter(|i| **i as usize == class).count() as f64 / first.len() as f64;
    (0..classes.len()).map(share).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum()
}
