//! What people reach on the same task: the baseline that automation has to match.
//!
//! Labels come as a table of `item`, `worker`, `label`; the truth as a column `truth` or a table of `item`,
//! `truth`; a model's answers as a column `model`. Items should be drawn at random from live traffic, and about a
//! thousand of them labelled by three people each.

use crate::StageError;
use crate::data::names;
use domain::baseline::{Automation, AutomationFacts, DEFAULT_MARGIN, automation, automation_published};
use domain::gate::Estimate;
use domain::{History, Table, VersionId};
use stats::agreement::{Annotation, krippendorff_alpha, majority_vote, person_accuracies};
use stats::dawid_skene::{Em, dawid_skene};
use stats::proportion::{Count, wilson};
use std::collections::{BTreeMap, BTreeSet};

/// What people's labels say.
#[derive(Debug, Clone)]
pub struct People {
    /// Items with at least one label.
    pub items: u64,
    /// People.
    pub workers: u64,
    /// Labels.
    pub labels: u64,
    /// Krippendorff's alpha, nominal.
    pub agreement: f64,
    /// The mean accuracy of one label against the truth; where there is none, against the other people.
    pub one_person: Estimate,
    /// Accuracy of the majority vote; a tie between k labels counts 1/k where one of them is right.
    pub majority: Option<Estimate>,
    /// Items whose vote is tied: the majority's accuracy depends on how they are broken.
    pub ties: u64,
    /// Accuracy of Dawid and Skene's labels.
    pub dawid_skene: Option<Estimate>,
    /// Items that an expert should decide: Dawid and Skene's posterior is below 0.9.
    pub for_expert: u64,
    /// Whether a model may take over, where the table has its answers and the truth.
    pub automation: Option<Automation>,
}

/// Reads people's labels.
pub fn people(labels: &Table, truth: Option<&Table>, file: &str) -> Result<People, StageError> {
    let bad = |why: stats::BadInput| StageError::Measure { metric: "people".into(), why: why.to_string() };
    let coded = Coded::read(labels, truth, file)?;
    let agreed = dawid_skene(&coded.annotations, coded.classes, Em::default()).map_err(bad)?;
    let by_item = coded.by_item();
    let agreement = krippendorff_alpha(&by_item.values().cloned().collect::<Vec<_>>()).map_err(bad)?;
    let workers: BTreeSet<u64> = coded.annotations.iter().map(|a| a.person).collect();
    let of_truth = |right: f64, items: u64| share(right, items).map_err(bad);
    let majority = coded.majority_right();
    let likely: Vec<(u64, usize, f64)> =
        agreed.items.iter().zip(&agreed.posterior).map(most_likely).collect();
    let agreed_right = likely.iter().filter(|(item, label, _)| coded.truth.get(item) == Some(label)).count();
    let known = coded.truth.len() as u64;
    Ok(People {
        items: by_item.len() as u64,
        workers: workers.len() as u64,
        labels: coded.annotations.len() as u64,
        agreement,
        ties: majority_vote(&coded.annotations).iter().filter(|v| v.label.is_none()).count() as u64,
        one_person: one_person(&coded).map_err(bad)?,
        majority: (known > 0).then(|| of_truth(majority, known)).transpose()?,
        dawid_skene: (known > 0).then(|| of_truth(agreed_right as f64, known)).transpose()?,
        for_expert: likely.iter().filter(|(_, _, p)| *p < stats::dawid_skene::CERTAIN).count() as u64,
        automation: coded.automation(agreement).transpose().map_err(bad)?,
    })
}

/// A published accuracy, `right` of `items`, with its Wilson interval.
pub fn published(right: u64, items: u64) -> Result<Estimate, StageError> {
    share(right as f64, items)
        .map_err(|why| StageError::Measure { metric: "accuracy".into(), why: why.to_string() })
}

/// The version that serves, beside a published accuracy of people; `None` where it has no accuracy.
pub fn beside_published(
    history: &History,
    right: u64,
    items: u64,
) -> Result<Option<(VersionId, Estimate, Automation)>, StageError> {
    let Some(incumbent) = history.incumbent() else { return Ok(None) };
    let Some(score) = incumbent.scores.iter().find(|score| score.metric == "accuracy") else {
        return Ok(None);
    };
    let rows = score.estimate.rows;
    let model = Count { successes: (score.estimate.value * rows as f64).round() as u64, trials: rows };
    let people = Count { successes: right, trials: items };
    let verdict = automation_published(model, people, DEFAULT_MARGIN)
        .map_err(|why| StageError::Measure { metric: "people".into(), why: why.to_string() })?;
    Ok(Some((incumbent.version.clone(), score.estimate, verdict)))
}

/// Labels, workers and items as the statistics take them.
struct Coded {
    annotations: Vec<Annotation>,
    classes: usize,
    truth: BTreeMap<u64, usize>,
    model: BTreeMap<u64, usize>,
}

impl Coded {
    fn read(labels: &Table, truth: Option<&Table>, file: &str) -> Result<Coded, StageError> {
        let (items, workers, said) =
            (names(labels, "item", file)?, names(labels, "worker", file)?, names(labels, "label", file)?);
        let mut classes: BTreeSet<String> = said.iter().cloned().collect();
        let of = |table: &Table, column: &str| -> Result<Vec<(String, String)>, StageError> {
            Ok(names(table, "item", file)?.into_iter().zip(names(table, column, file)?).collect())
        };
        let truth = match truth {
            Some(table) => of(table, "truth")?,
            None if labels.column("truth").is_some() => of(labels, "truth")?,
            None => Vec::new(),
        };
        let model = if labels.column("model").is_some() { of(labels, "model")? } else { Vec::new() };
        classes.extend(truth.iter().chain(&model).map(|(_, label)| label.clone()));
        let classes: Vec<String> = classes.into_iter().collect();
        let class = |label: &String| classes.partition_point(|c| c < label);
        let place = places(&items);
        let person = places(&workers);
        let rows = items.iter().zip(&workers).zip(&said);
        let annotations = rows
            .map(|((i, w), l)| Annotation { item: place[i], person: person[w], label: class(l) })
            .collect();
        let by_item = |pairs: &[(String, String)]| {
            let known = pairs.iter().filter(|(_, label)| !label.is_empty());
            known.filter_map(|(item, label)| Some((*place.get(item)?, class(label)))).collect()
        };
        Ok(Coded { annotations, classes: classes.len(), truth: by_item(&truth), model: by_item(&model) })
    }

    fn by_item(&self) -> BTreeMap<u64, Vec<usize>> {
        let mut items: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        self.annotations.iter().for_each(|a| items.entry(a.item).or_default().push(a.label));
        items
    }

    fn majority_right(&self) -> f64 {
        let items = self.by_item();
        self.truth.iter().filter_map(|(item, truth)| Some(credit(items.get(item)?, *truth))).sum()
    }

    /// The majority against the model on the items where both and the truth are known.
    fn automation(&self, agreement: f64) -> Option<Result<Automation, stats::BadInput>> {
        let votes: BTreeMap<u64, Option<usize>> =
            majority_vote(&self.annotations).into_iter().map(|v| (v.item, v.label)).collect();
        let mut facts = AutomationFacts {
            both_right: 0,
            model_only: 0,
            people_only: 0,
            both_wrong: 0,
            agreement,
            margin: DEFAULT_MARGIN,
        };
        for (item, model) in &self.model {
            let Some(truth) = self.truth.get(item) else { continue };
            let people = votes.get(item).copied().flatten() == Some(*truth);
            match (model == truth, people) {
                (true, true) => facts.both_right += 1,
                (true, false) => facts.model_only += 1,
                (false, true) => facts.people_only += 1,
                (false, false) => facts.both_wrong += 1,
            }
        }
        let compared = facts.both_right + facts.model_only + facts.people_only + facts.both_wrong;
        (compared > 0).then(|| automation(&facts))
    }
}

/// One label drawn at random: right labels over labels, against a truth without the person's own vote.
fn one_person(coded: &Coded) -> Result<Estimate, stats::BadInput> {
    let each = person_accuracies(&coded.annotations, &coded.truth, 0.95)?;
    let labels: u64 = each.iter().map(|p| p.accuracy.rows).sum();
    let right: f64 = each.iter().map(|p| p.accuracy.value * p.accuracy.rows as f64).sum();
    share(right, labels)
}

fn most_likely((item, posterior): (&u64, &Vec<f64>)) -> (u64, usize, f64) {
    let label = stats::metric::most_probable(posterior, posterior.len())[0];
    (*item, label, posterior[label])
}

fn credit(labels: &[usize], truth: usize) -> f64 {
    let count = |label: usize| labels.iter().filter(|l| **l == label).count();
    let most = labels.iter().map(|l| count(*l)).max().unwrap_or(0);
    let winners: BTreeSet<usize> = labels.iter().copied().filter(|l| count(*l) == most).collect();
    if winners.contains(&truth) { 1.0 / winners.len() as f64 } else { 0.0 }
}

fn share(right: f64, items: u64) -> Result<Estimate, stats::BadInput> {
    let e = wilson(Count { successes: right.round() as u64, trials: items }, 0.95)?;
    Ok(Estimate { value: right / items as f64, low: e.low, high: e.high, rows: items })
}

fn places(names: &[String]) -> BTreeMap<&String, u64> {
    let distinct: BTreeSet<&String> = names.iter().collect();
    distinct.into_iter().zip(0..).collect()
}
