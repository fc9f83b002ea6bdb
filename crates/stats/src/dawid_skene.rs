//! What an item most likely is, when people differ and some are better than others.
//!
//! An EM estimate of each item's label together with each person's habits. The invariant: the
//! posterior of every item sums to 1, and the result does not depend on the order of annotations.

use crate::agreement::{Annotation, by_item, majority_vote};
use crate::input::{self, BadInput};
use std::collections::BTreeMap;

/// A person with fewer labels has habits that cannot be told; then the majority vote is used.
pub const LEAST_LABELS: u64 = 20;

/// An item less certain than this goes to an expert.
pub const CERTAIN: f64 = 0.9;

/// No probability falls below this, so that one surprising label cannot rule a class out forever.
const FLOOR: f64 = 1e-10;

/// How to run EM.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Em {
    /// At most this many steps.
    pub steps: u32,
    /// Stop earlier when no posterior moves by more than this.
    pub tolerance: f64,
    /// A Dirichlet prior: this much is added to every count of who calls what what, and of how
    /// common each class is. 0 for none.
    pub smoothing: f64,
}

impl Default for Em {
    fn default() -> Self {
        Em { steps: 100, tolerance: 1e-6, smoothing: 0.01 }
    }
}

/// What EM found.
#[derive(Debug, Clone, PartialEq)]
pub struct DawidSkene {
    /// The items, in order.
    pub items: Vec<u64>,
    /// For each item, the probability of each class.
    pub posterior: Vec<Vec<f64>>,
    /// How common each class is.
    pub prior: Vec<f64>,
    /// For each person, `[truth][answer]`: how often they give that answer when this is the truth.
    pub habits: BTreeMap<u64, Vec<Vec<f64>>>,
    /// Steps taken.
    pub steps: u32,
}

/// Dawid and Skene's estimate from labels with class indices below `classes`.
///
/// - *What it answers.* What is each item, and how does each person err?
/// - *Assumptions.* Given the truth people label independently; a person's habits are the same on
///   all items; some overlap between people, and most are better than chance.
/// - *When it misleads.* With few labels a person (see [`consensus`]); when items are hard for
///   everybody in the same way, it is certain and wrong.
/// - *Source.* Dawid and Skene 1979, equations 2.3 to 2.5; started from the vote shares.
/// - *Checked against.* crowd-kit 1.4.2 `DawidSkene`.
pub fn dawid_skene(annotations: &[Annotation], classes: usize, em: Em) -> Result<DawidSkene, BadInput> {
    check(annotations, classes, em)?;
    let by_item = by_item(annotations);
    let items: Vec<u64> = by_item.keys().copied().collect();
    let labels: Vec<Vec<Annotation>> = by_item.into_values().collect();
    let mut posterior: Vec<Vec<f64>> = labels.iter().map(|labels| vote_shares(labels, classes)).collect();
    let (mut prior, mut habits) = learn(&labels, &posterior, classes, em.smoothing);
    let mut steps = 0;
    while steps < em.steps {
        let next: Vec<Vec<f64>> = labels.iter().map(|labels| infer(labels, &prior, &habits)).collect();
        let moved = largest_move(&posterior, &next);
        posterior = next;
        (prior, habits) = learn(&labels, &posterior, classes, em.smoothing);
        steps += 1;
        if moved < em.tolerance {
            break;
        }
    }
    Ok(DawidSkene { items, posterior, prior, habits, steps })
}

/// The agreed label of one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreed {
    /// The item.
    pub item: u64,
    /// The most likely label; `None` when votes tie.
    pub label: Option<usize>,
    /// Its probability, or its share of the votes.
    pub certainty: f64,
}

/// Labels agreed on by [`dawid_skene`], or by majority vote when someone has fewer than
/// [`LEAST_LABELS`] labels. Those below [`CERTAIN`] are for an expert.
pub fn consensus(annotations: &[Annotation], classes: usize, em: Em) -> Result<Vec<Agreed>, BadInput> {
    check(annotations, classes, em)?;
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    annotations.iter().for_each(|a| *counts.entry(a.person).or_default() += 1);
    if counts.values().any(|&labels| labels < LEAST_LABELS) {
        let agreed = |v: crate::agreement::Vote| Agreed { item: v.item, label: v.label, certainty: v.share };
        return Ok(majority_vote(annotations).into_iter().map(agreed).collect());
    }
    let found = dawid_skene(annotations, classes, em)?;
    let agreed = |(&item, p): (&u64, &Vec<f64>)| {
        let label = crate::metric::most_probable(p, classes)[0];
        Agreed { item, label: Some(label), certainty: p[label] }
    };
    Ok(found.items.iter().zip(&found.posterior).map(agreed).collect())
}

type Habits = BTreeMap<u64, Vec<Vec<f64>>>;

/// The M step: class shares, and each person's answers given the truth.
fn learn(
    labels: &[Vec<Annotation>],
    posterior: &[Vec<f64>],
    classes: usize,
    smoothing: f64,
) -> (Vec<f64>, Habits) {
    let mut prior = vec![smoothing; classes];
    let mut habits = Habits::new();
    for (labels, p) in labels.iter().zip(posterior) {
        prior.iter_mut().zip(p).for_each(|(total, p)| *total += p);
        for a in labels {
            let habit = habits.entry(a.person).or_insert_with(|| vec![vec![smoothing; classes]; classes]);
            habit.iter_mut().zip(p).for_each(|(answers, p)| answers[a.label] += p);
        }
    }
    normalise(&mut prior);
    habits.values_mut().flatten().for_each(|answers| normalise(answers));
    (prior, habits)
}

/// The E step for one item.
fn infer(labels: &[Annotation], prior: &[f64], habits: &Habits) -> Vec<f64> {
    let log = |truth: usize| {
        let said = labels.iter().map(|a| habits[&a.person][truth][a.label].ln());
        prior[truth].ln() + said.sum::<f64>()
    };
    let logs: Vec<f64> = (0..prior.len()).map(log).collect();
    let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut p: Vec<f64> = logs.iter().map(|l| (l - highest).exp()).collect();
    normalise(&mut p);
    p
}

fn vote_shares(labels: &[Annotation], classes: usize) -> Vec<f64> {
    let mut shares = vec![0.0; classes];
    labels.iter().for_each(|a| shares[a.label] += 1.0 / labels.len() as f64);
    shares
}

/// Sums to 1, with nothing below the floor.
fn normalise(values: &mut [f64]) {
    values.iter_mut().for_each(|v| *v = v.max(FLOOR));
    let total: f64 = values.iter().sum();
    values.iter_mut().for_each(|v| *v = (*v / total).max(FLOOR));
}

fn largest_move(before: &[Vec<f64>], after: &[Vec<f64>]) -> f64 {
    let pairs = before.iter().flatten().zip(after.iter().flatten());
    pairs.map(|(b, a)| (b - a).abs()).fold(0.0, f64::max)
}

fn check(annotations: &[Annotation], classes: usize, em: Em) -> Result<(), BadInput> {
    input::at_least("annotations", annotations.len(), 1)?;
    input::at_least("classes", classes, 2)?;
    let good = em.smoothing.is_finite() && em.smoothing >= 0.0;
    input::parameter("smoothing", em.smoothing, "a finite number, 0 or more", good)?;
    let labels: Vec<f64> = annotations.iter().map(|a| a.label as f64).collect();
    input::all("label", &labels, "a class index below the number of classes", |l| l < classes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    /// Persons 0 to 3 are right with these chances; wrong answers are the next class.
    fn simulate(items: u64, skill: &[f64]) -> (Vec<Annotation>, Vec<usize>) {
        let truth: Vec<usize> = (0..items).map(|item| random::below(3, 1, item, 0)).collect();
        let label = |item: u64, person: u64| {
            let right = random::unit(2, item, person) < skill[person as usize];
            let label = (truth[item as usize] + usize::from(!right)) % 3;
            Annotation { item, person, label }
        };
        let people = skill.len() as u64;
        let all =
            (0..items).flat_map(|i| (0..people).map(move |p| (i, p))).map(|(i, p)| label(i, p)).collect();
        (all, truth)
    }

    fn right(labels: impl Iterator<Item = Option<usize>>, truth: &[usize]) -> usize {
        labels.zip(truth).filter(|(l, t)| *l == Some(**t)).count()
    }

    #[test]
    fn one_expert_outvotes_a_noisy_crowd() {
        let (all, truth) = simulate(400, &[0.97, 0.5, 0.5, 0.5]);
        let agreed = consensus(&all, 3, Em::default()).unwrap();
        let smart = right(agreed.iter().map(|a| a.label), &truth);
        let plain = right(majority_vote(&all).iter().map(|v| v.label), &truth);
        assert!(smart > plain + 40, "{smart} and {plain} of 400");
        let found = dawid_skene(&all, 3, Em::default()).unwrap();
        let expert: f64 = (0..3).map(|k| found.habits[&0][k][k]).sum::<f64>() / 3.0;
        assert!((expert - 0.97).abs() < 0.04, "{expert}");
    }

    #[test]
    fn few_labels_fall_back_to_the_vote() {
        let (all, _) = simulate(10, &[0.9, 0.9]);
        let agreed = consensus(&all, 3, Em::default()).unwrap();
        assert!(agreed.iter().all(|a| (a.label.is_none() && a.certainty == 0.5) || a.certainty == 1.0));
    }

    #[test]
    fn order_does_not_matter_and_posteriors_sum_to_one() {
        let (mut all, _) = simulate(40, &[0.9, 0.7, 0.6]);
        let here = dawid_skene(&all, 3, Em::default()).unwrap();
        all.reverse();
        assert_eq!(here, dawid_skene(&all, 3, Em::default()).unwrap());
        assert!(here.posterior.iter().all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-9));
    }

    #[test]
    fn a_label_beyond_the_classes_is_named() {
        let error =
            dawid_skene(&[Annotation { item: 0, person: 0, label: 2 }], 2, Em::default()).unwrap_err();
        assert!(error.to_string().starts_with("label, row 0: found 2"), "{error}");
    }
}
