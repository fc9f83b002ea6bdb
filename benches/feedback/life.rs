//! One life: a model of few labels, and rounds in which people are asked and it learns from what they say.

use crate::world::{World, truth};
use domain::plan::Review;
use domain::review::{self, Basis, Candidate, DeferralFacts, Step, Why};
use domain::{Examples, PredictionId, Target, Timestamp, VersionId};
use models::neural::Cnn;
use models::onnx::OnnxModel;
use models::{Fit, Predict, Seed};
use stats::deferral::{MOST_STEPS, confidence_grid};
use stats::random::bits;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

/// Labels to begin with...
const FIRST: usize = 500;
/// ...one in so many of which measures, as audit rows do, and is never trained on.
const MEASURE: usize = 5;
/// Labels of each round.
const ROUND: f64 = 400.0;
/// The most that one label weighs.
const MOST_WEIGHT: f64 = 20.0;
/// How often a network looks at each picture: fewer than a real fit, since there are over a hundred.
const EPOCHS: usize = 15;

/// What people are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// What the model doubts, with an audit beside it, as the product does.
    Doubt,
    /// Pictures drawn alike from all.
    Chance,
}

impl fmt::Display for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Asking::Doubt { "doubt" } else { "chance" })
    }
}

/// Where a life stands after a round.
#[derive(Debug, Clone, Copy)]
pub struct Stood {
    /// Labels that people gave so far.
    pub labels: usize,
    /// Share of right answers to the pictures that judge.
    pub accuracy: f64,
    /// Share of them that is answered alone.
    pub alone: f64,
    /// Share of wrong answers among those; 0 where there are none.
    pub wrong: f64,
}

/// A label, and what it is for.
struct Label {
    picture: usize,
    class: u32,
    weight: f64,
    measures: bool,
}

/// A picture that people are asked about, the weight of its label, and whether that measures.
type Question = (usize, f64, bool);

/// One life.
pub struct Life<'w> {
    world: &'w World,
    asking: Asking,
    seed: u64,
    rules: Review,
    labels: Vec<Label>,
    /// Pictures that nobody was asked about.
    left: BTreeSet<usize>,
    model: OnnxModel,
    threshold: Option<f64>,
}

impl<'w> Life<'w> {
    /// Labels the first pictures, and trains on them.
    pub fn begin(world: &'w World, asking: Asking, seed: u64) -> Result<Life<'w>, Box<dyn Error>> {
        let mut order: Vec<usize> = (0..world.pool.len()).collect();
        order.sort_by_key(|&picture| bits(seed, picture as u64, 0));
        let (_, classes) = truth(&world.pool);
        // drawn alike from all, so with this chance each
        let weight = (world.pool.len() as f64 / FIRST as f64).min(MOST_WEIGHT);
        let said = |(place, &picture): (usize, &usize)| {
            let class = world.people.label(picture, classes[picture], seed)?;
            Some(Label { picture, class, weight, measures: place.is_multiple_of(MEASURE) })
        };
        let labels: Vec<Label> = order[..FIRST].iter().enumerate().filter_map(said).collect();
        let left = order[FIRST..].iter().copied().collect();
        let rules = Review { error: Some(world.promise), floor: 0.0, ..Review::default() };
        let model = train(world, &labels, seed)?;
        let mut life = Life { world, asking, seed, rules, labels, left, model, threshold: None };
        life.certify()?;
        Ok(life)
    }

    /// Asks people, and trains on all that they said so far.
    pub fn ask(&mut self, round: usize) -> Result<(), Box<dyn Error>> {
        let pictures: Vec<usize> = self.left.iter().copied().collect();
        let asked = match self.asking {
            Asking::Doubt => self.doubted(&pictures, round)?,
            Asking::Chance => self.by_chance(&pictures, round),
        };
        let (_, classes) = truth(&self.world.pool);
        for (picture, weight, measures) in asked {
            self.left.remove(&picture);
            if let Some(class) = self.world.people.label(picture, classes[picture], self.seed) {
                self.labels.push(Label { picture, class, weight, measures });
            }
        }
        self.model = train(self.world, &self.labels, self.seed + 1000 * round as u64)?;
        self.certify()
    }

    /// What the product's own draw asks about: each picture with its weight, and whether it measures.
    fn doubted(&self, pictures: &[usize], round: usize) -> Result<Vec<Question>, Box<dyn Error>> {
        let rows = self.world.pool.rows.take(pictures);
        let outputs = self.model.predict(&rows)?;
        let novelty = self.world.novelty(pictures);
        let candidate = |(row, &picture): (usize, &usize)| {
            let confidence = outputs.row(row).iter().copied().fold(0.0, f64::max);
            Candidate {
                prediction: PredictionId(picture as u128),
                confidence,
                abstained: Some(self.threshold.is_none_or(|threshold| confidence < threshold)),
                novelty: novelty[row],
            }
        };
        let candidates: Vec<Candidate> = pictures.iter().enumerate().map(candidate).collect();
        let drawn = review::draw(&self.rules, ROUND, &format!("{}-{round}", self.seed), &candidates);
        let of = |item: review::Drawn| {
            let weight = (1.0 / item.chance).min(MOST_WEIGHT);
            (item.prediction.0 as usize, weight, item.why == Why::Audit)
        };
        Ok(drawn.items.into_iter().map(of).collect())
    }

    /// As many pictures drawn alike from all, of which as many measure.
    fn by_chance(&self, pictures: &[usize], round: usize) -> Vec<Question> {
        let mut order = pictures.to_vec();
        order.sort_by_key(|&picture| bits(self.seed, picture as u64, round as u64));
        order.truncate(ROUND as usize);
        let measures = |place: usize| (place as f64) < self.rules.audit * ROUND;
        order.into_iter().enumerate().map(|(place, picture)| (picture, 1.0, measures(place))).collect()
    }

    /// Asks the rule from which confidence on the new model answers alone, by the labels that measure.
    fn certify(&mut self) -> Result<(), Box<dyn Error>> {
        let measuring: Vec<&Label> = self.labels.iter().filter(|label| label.measures).collect();
        let rows = self.world.pool.rows.take(&measuring.iter().map(|l| l.picture).collect::<Vec<_>>());
        let outputs = self.model.predict(&rows)?;
        let judged: Vec<(f64, bool)> = measuring
            .iter()
            .enumerate()
            .map(|(row, label)| {
                let (best, confidence) = best(outputs.row(row));
                (confidence, best != label.class)
            })
            .collect();
        let sure: Vec<f64> = judged.iter().map(|(confidence, _)| *confidence).collect();
        let step = |threshold: f64| {
            let above = || judged.iter().filter(move |(confidence, _)| *confidence >= threshold);
            let accepted = above().count() as u64;
            Step {
                threshold,
                traffic: accepted,
                accepted,
                wrong: above().filter(|(_, wrong)| *wrong).count() as u64,
            }
        };
        let facts = DeferralFacts {
            version: VersionId(format!("{} labels", self.labels.len())),
            basis: Basis::Audit,
            since: Timestamp(0),
            attempt: 1,
            labels: judged.len() as u64,
            steps: confidence_grid(&sure, MOST_STEPS)?.into_iter().map(step).collect(),
        };
        self.threshold = review::certify(&self.rules, &facts).threshold;
        Ok(())
    }

    /// How the model does on pictures that nobody trained or measured on.
    pub fn stands(&self) -> Result<Stood, Box<dyn Error>> {
        let test = &self.world.test;
        let outputs = self.model.predict(&test.rows)?;
        let (_, classes) = truth(test);
        let (mut right, mut alone, mut wrong) = (0.0, 0.0, 0.0_f64);
        for (row, &class) in classes.iter().enumerate() {
            let (best, confidence) = best(outputs.row(row));
            right += f64::from(u8::from(best == class));
            if self.threshold.is_some_and(|threshold| confidence >= threshold) {
                alone += 1.0;
                wrong += f64::from(u8::from(best != class));
            }
        }
        let all = classes.len() as f64;
        Ok(Stood {
            labels: self.labels.len(),
            accuracy: right / all,
            alone: alone / all,
            wrong: wrong / alone.max(1.0),
        })
    }
}

/// Trains on the labels that teach.
fn train(world: &World, labels: &[Label], seed: u64) -> Result<OnnxModel, Box<dyn Error>> {
    let teach: Vec<&Label> = labels.iter().filter(|label| !label.measures).collect();
    let rows = world.pool.rows.take(&teach.iter().map(|label| label.picture).collect::<Vec<_>>());
    let target = Target::Class {
        classes: truth(&world.pool).0.to_vec(),
        index: teach.iter().map(|label| label.class).collect(),
    };
    let weight = Some(teach.iter().map(|label| label.weight).collect());
    let data = Examples { rows, target, weight, at: None, entity: None };
    let artifact = Cnn { mirror: world.mirror, epochs: Some(EPOCHS), ..Cnn::default() }.fit(
        &data,
        Seed(seed),
        &mut |_| true,
    )?;
    Ok(OnnxModel::load(&artifact)?)
}

/// The most probable class, and how probable it is.
fn best(row: &[f64]) -> (u32, f64) {
    let best = stats::metric::most_probable(row, row.len())[0];
    (best as u32, row[best])
}
