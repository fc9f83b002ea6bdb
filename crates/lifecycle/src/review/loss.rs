//! How often the model is wrong on all live rows, from the labels of the few that people saw.

use super::Desk;
use super::draw::{alone, confidence};
use super::ledger::Item;
use crate::{Project, StageError, live};
use domain::gate::Estimate;
use domain::review::{Standing, Why};
use domain::{History, PredictionId};
use stats::label_sampling::{Coins, active_mean};
use stats::proportion::{Count, clopper_pearson};
use std::collections::HashMap;

/// The share of wrong answers among all live rows.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveLoss {
    /// From every label, weighted by one over its chance, with the model's own doubt as the guess. On few labels it may
    /// come out a little below 0: that is its noise, and cutting it off would bias it.
    pub all: Option<Estimate>,
    /// From the audit alone: a plain sample.
    pub audit: Option<Estimate>,
    /// Of the answers that the version which serves now gave alone, from the audit: what the plan's promise is about.
    pub alone: Option<Estimate>,
    /// The share among labelled rows as they are, which misleads: doubtful rows were drawn more often.
    pub naive: Option<f64>,
    /// Rows that the estimates speak for: those of draws none of whose items waits for people. Items on which people
    /// differ for good count as not labelled, which is a little too kind where those are the hard ones.
    pub rows: u64,
    /// Draws that wait for labels. People answer doubtful items first, so half of a draw's labels are no sample.
    pub waiting: usize,
}

/// The rows of finished draws; columns of one length.
#[derive(Default)]
struct Pool {
    wrong: Vec<Option<f64>>,
    chances: Vec<f64>,
    guessed: Vec<f64>,
    audited: Vec<Option<f64>>,
    audit: Vec<f64>,
    /// Audited answers given alone that were wrong, and all of them.
    alone: (u64, u64),
}

/// Measures every draw that is finished.
pub fn live_loss(project: &Project, desk: &Desk, history: &History) -> Result<LiveLoss, StageError> {
    let serving = history.deployment.as_ref().map(|deployment| &deployment.incumbent);
    let (items, rounds) = (desk.items(), desk.rounds());
    let by: HashMap<PredictionId, &Item> = items.iter().map(|item| (item.prediction, item)).collect();
    let waits = |item: &Item| item.asked.why != Why::Gold && item.standing == Standing::Open;
    let unfinished = |round: usize| items.iter().any(|item| item.round == round && waits(item));
    let (mut pool, mut waiting) = (Pool::default(), 0);
    for (number, round) in rounds.iter().enumerate() {
        if unfinished(number) {
            waiting += 1;
            continue;
        }
        project.journal.stories(round.from, round.to, &mut |story| {
            let Some(row) = live::row(&story.prediction, None) else { return };
            // gold was drawn from the rows of an earlier draw
            let item = by.get(&story.prediction.id).filter(|item| item.round == number);
            let own = row.version.as_ref().filter(|version| Some(*version) == serving);
            let given = alone(history, own, story.prediction.at, confidence(&row.output));
            pool.add(desk.classes(), &row.output, item.copied(), round.audit, given);
        })?;
    }
    Ok(LiveLoss {
        all: mean(&pool.wrong, &pool.chances, &pool.guessed),
        audit: mean(&pool.audited, &pool.audit, &pool.guessed),
        alone: pool.alone(),
        naive: pool.naive(),
        rows: pool.wrong.len() as u64,
        waiting,
    })
}

impl Pool {
    fn add(
        &mut self,
        classes: &[String],
        output: &[f64],
        item: Option<&Item>,
        audit: f64,
        given_alone: bool,
    ) {
        let best = stats::metric::most_probable(output, classes.len())[0];
        let label = item.filter(|item| item.asked.why != Why::Gold).and_then(Item::label);
        let wrong = label.map(|label| f64::from(u8::from(classes[best] != label)));
        self.wrong.push(wrong);
        // without a label a row's chance weighs nothing; it is at least the audit's
        self.chances.push(item.map_or(audit, |item| item.asked.chance));
        self.guessed.push(1.0 - confidence(output));
        let audited = wrong.filter(|_| item.is_some_and(|item| item.asked.why == Why::Audit));
        if let Some(wrong) = audited.filter(|_| given_alone) {
            self.alone = (self.alone.0 + wrong as u64, self.alone.1 + 1);
        }
        self.audited.push(audited);
        self.audit.push(audit);
    }

    /// With an interval that covers at least as often as it says, since a promise is held against it.
    fn alone(&self) -> Option<Estimate> {
        let (successes, trials) = self.alone;
        let found = clopper_pearson(Count { successes, trials }, 0.95).ok()?;
        Some(Estimate { value: found.value, low: found.low, high: found.high, rows: trials })
    }

    fn naive(&self) -> Option<f64> {
        let labelled: Vec<f64> = self.wrong.iter().flatten().copied().collect();
        (!labelled.is_empty()).then(|| labelled.iter().sum::<f64>() / labelled.len() as f64)
    }
}

/// With its 95% interval; `None` where there are fewer than two labels.
fn mean(losses: &[Option<f64>], probabilities: &[f64], guessed: &[f64]) -> Option<Estimate> {
    let found = active_mean(Coins { losses, probabilities }, guessed).ok()?;
    let estimate = found.estimate(0.95).ok()?;
    Some(Estimate { value: found.value, low: estimate.low, high: estimate.high, rows: found.labels })
}
