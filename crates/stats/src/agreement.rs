//! How far people agree with each other beyond chance, and how right each of them is.
//!
//! Not who is right when they differ: that is [`crate::dawid_skene`]. The invariant: agreement is
//! 1 only when nobody ever differs, around 0 when labels are no better than chance, and undefined
//! (an error) when only one label was ever used, since then agreement says nothing.

use crate::estimate::Estimate;
use crate::input::{self, BadInput};
use crate::proportion::{Count, wilson};
use crate::sum::sum;
use std::collections::BTreeMap;

/// One person's label of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Annotation {
    /// The item.
    pub item: u64,
    /// The person.
    pub person: u64,
    /// The label, as a class index.
    pub label: usize,
}

/// What a disagreement costs in Cohen's kappa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// All alike: labels without an order.
    Nominal,
    /// The squared distance of the indices: labels in order.
    Quadratic,
}

/// Cohen's kappa of two people who labelled the same items, with class indices below `classes`.
///
/// - *What it answers.* How far do two people agree beyond what their label shares would give?
/// - *Assumptions.* Both labelled every item, independently.
/// - *When it misleads.* With one very common label it is low although nearly all agree.
/// - *Source.* Cohen 1960; weights 1968.
/// - *Checked against.* scikit-learn 1.9.1 `cohen_kappa_score`.
pub fn cohen_kappa(a: &[usize], b: &[usize], classes: usize, distance: Distance) -> Result<f64, BadInput> {
    let table = crate::confusion::Confusion::count(a, b, classes, None)?;
    let pairs = || (0..classes).flat_map(|i| (0..classes).map(move |j| (i, j)));
    let cost = |i: usize, j: usize| match distance {
        Distance::Nominal => f64::from(u8::from(i != j)),
        Distance::Quadratic => (i as f64 - j as f64).powi(2),
    };
    let n = a.len() as f64;
    let row = |i: usize| sum((0..classes).map(|k| table.cell(i, k)));
    let column = |j: usize| sum((0..classes).map(|k| table.cell(k, j)));
    let observed = sum(pairs().map(|(i, j)| cost(i, j) * table.cell(i, j)));
    let chance = sum(pairs().map(|(i, j)| cost(i, j) * row(i) * column(j))) / n;
    beyond_chance("kappa", observed, chance)
}

/// Fleiss' kappa; `counts[i][k]` is how many people gave item i label k, the same number of people
/// (two or more) for every item.
///
/// - *What it answers.* As Cohen's, for any number of people, not always the same ones.
/// - *Assumptions.* Every item has equally many labels; otherwise take [`krippendorff_alpha`].
/// - *When it misleads.* As Cohen's.
/// - *Source.* Fleiss 1971.
/// - *Checked against.* statsmodels 0.15.0 `fleiss_kappa`.
pub fn fleiss_kappa(counts: &[Vec<u64>]) -> Result<f64, BadInput> {
    input::at_least("items", counts.len(), 1)?;
    let people: u64 = counts[0].iter().sum();
    input::at_least("labels of an item", people as usize, 2)?;
    for item in counts {
        input::same_length("label counts of an item", item.len(), counts[0].len())?;
        input::same_length("labels of an item", item.iter().sum::<u64>() as usize, people as usize)?;
    }
    let (n, m) = (counts.len() as f64, people as f64);
    let share = |k: usize| sum(counts.iter().map(|item| item[k] as f64)) / (n * m);
    let agreeing = |item: &Vec<u64>| sum(item.iter().map(|&c| c as f64 * (c as f64 - 1.0))) / (m * (m - 1.0));
    let observed = 1.0 - sum(counts.iter().map(agreeing)) / n;
    let chance = 1.0 - sum((0..counts[0].len()).map(|k| share(k) * share(k)));
    beyond_chance("Fleiss' kappa", observed, chance)
}

/// Krippendorff's alpha for labels without an order; `items[i]` holds the labels item i was given,
/// any number of them. Items with fewer than two do not count.
///
/// - *What it answers.* As the kappas, with missing labels: the default here.
/// - *Assumptions.* Labels are missing for reasons that have nothing to do with the item.
/// - *When it misleads.* Below 0.4 labels are unreliable and every model looks "similar"; with
///   one very common label it is low although nearly all agree.
/// - *Source.* Krippendorff 2011, nominal metric.
/// - *Checked against.* The coincidence matrix by hand.
pub fn krippendorff_alpha(items: &[Vec<usize>]) -> Result<f64, BadInput> {
    let mut totals: BTreeMap<usize, f64> = BTreeMap::new();
    let mut differing = Vec::new();
    for labels in items.iter().filter(|labels| labels.len() > 1) {
        let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
        labels.iter().for_each(|&label| *counts.entry(label).or_default() += 1.0);
        let m = labels.len() as f64;
        differing.push((m * m - sum(counts.values().map(|c| c * c))) / (m - 1.0));
        counts.into_iter().for_each(|(label, c)| *totals.entry(label).or_default() += c);
    }
    input::at_least("items with two labels or more", differing.len(), 1)?;
    let n = sum(totals.values().copied());
    let chance = (n * n - sum(totals.values().map(|c| c * c))) / (n - 1.0);
    beyond_chance("Krippendorff's alpha", sum(differing), chance)
}

/// The label of one item that most people gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// The item.
    pub item: u64,
    /// The winner; `None` when the first two have equally many.
    pub label: Option<usize>,
    /// The share of its votes.
    pub share: f64,
    /// All votes.
    pub votes: u64,
}

/// The majority vote of each item, in the order of item ids. Ties have no winner: they are for an
/// expert, not for a coin.
pub fn majority_vote(annotations: &[Annotation]) -> Vec<Vote> {
    by_item(annotations)
        .into_iter()
        .map(|(item, labels)| vote(item, labels.iter().map(|a| a.label)))
        .collect()
}

/// One person against the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonAccuracy {
    /// The person.
    pub person: u64,
    /// The accuracy with its Wilson interval; its rows are the items that had a truth.
    pub accuracy: Estimate,
}

/// The accuracy of each person, in the order of their ids, against a truth that leaves their own
/// vote out: the expert's label where `expert` has one, otherwise the majority of the *others*
/// (items on which the others tie do not count). People without any such item are left out.
///
/// - *What it answers.* How good are people at this task? The bar a model must meet.
/// - *Assumptions.* Items drawn at random from live traffic; people label independently.
/// - *When it misleads.* Where the majority is wrong, good people look bad: have an expert decide
///   every uncertain item. Including one's own vote would inflate the number.
/// - *Source.* Leave-one-out agreement, as in Dawid and Skene 1979, section 2.
/// - *Checked against.* Counts by hand.
pub fn person_accuracies(
    annotations: &[Annotation],
    expert: &BTreeMap<u64, usize>,
    level: f64,
) -> Result<Vec<PersonAccuracy>, BadInput> {
    let mut counts: BTreeMap<u64, Count> = BTreeMap::new();
    for (item, labels) in by_item(annotations) {
        for own in &labels {
            let others = labels.iter().filter(|other| other.person != own.person).map(|other| other.label);
            let truth = expert.get(&item).copied().or_else(|| vote(item, others).label);
            let Some(truth) = truth else { continue };
            let count = counts.entry(own.person).or_insert(Count { successes: 0, trials: 0 });
            count.trials += 1;
            count.successes += u64::from(own.label == truth);
        }
    }
    counts.into_iter().map(|(person, c)| Ok(PersonAccuracy { person, accuracy: wilson(c, level)? })).collect()
}

/// The labels of each item, people in order.
pub(crate) fn by_item(annotations: &[Annotation]) -> BTreeMap<u64, Vec<Annotation>> {
    let mut items: BTreeMap<u64, Vec<Annotation>> = BTreeMap::new();
    annotations.iter().for_each(|a| items.entry(a.item).or_default().push(*a));
    items.values_mut().for_each(|labels| labels.sort());
    items
}

fn vote(item: u64, labels: impl Iterator<Item = usize>) -> Vote {
    let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
    labels.for_each(|label| *counts.entry(label).or_default() += 1);
    let votes: u64 = counts.values().sum();
    let most = counts.values().copied().max().unwrap_or(0);
    let mut winners = counts.iter().filter(|(_, c)| **c == most).map(|(label, _)| *label);
    let label = winners.next().filter(|_| winners.next().is_none());
    let share = if votes == 0 { 0.0 } else { most as f64 / votes as f64 };
    Vote { item, label, share, votes }
}

/// 1 − observed / chance disagreement.
fn beyond_chance(what: &'static str, observed: f64, chance: f64) -> Result<f64, BadInput> {
    if chance <= 0.0 {
        let why = "only one label was ever used, so agreement says nothing";
        return Err(BadInput::Undefined { what, why });
    }
    Ok(1.0 - observed / chance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label(item: u64, person: u64, label: usize) -> Annotation {
        Annotation { item, person, label }
    }

    #[test]
    fn a_single_label_makes_agreement_meaningless() {
        assert!(cohen_kappa(&[1, 1], &[1, 1], 2, Distance::Nominal).is_err());
        assert!(krippendorff_alpha(&[vec![0, 0], vec![0, 0, 0]]).is_err());
        let error = fleiss_kappa(&[vec![3, 0], vec![2, 0]]).unwrap_err();
        assert_eq!(error.to_string(), "labels of an item: found 2 rows, expected 3");
    }

    #[test]
    fn a_tie_has_no_winner() {
        let votes =
            majority_vote(&[label(7, 1, 0), label(7, 2, 1), label(3, 1, 2), label(3, 2, 2), label(3, 3, 0)]);
        let third = 2.0 / 3.0;
        assert_eq!(votes[0], Vote { item: 3, label: Some(2), share: third, votes: 3 });
        assert_eq!(votes[1], Vote { item: 7, label: None, share: 0.5, votes: 2 });
    }

    #[test]
    fn nobody_is_measured_by_their_own_vote() {
        // Person 1 differs from two agreeing others on item 0; on item 1 the expert sides with them.
        let all =
            [label(0, 1, 1), label(0, 2, 0), label(0, 3, 0), label(1, 1, 1), label(1, 2, 0), label(2, 1, 0)];
        let found = person_accuracies(&all, &BTreeMap::from([(1, 1)]), 0.95).unwrap();
        let shares: Vec<(u64, f64, u64)> =
            found.iter().map(|p| (p.person, p.accuracy.value, p.accuracy.rows)).collect();
        // Item 2 has nobody else, and on item 0 the others of persons 2 and 3 tie.
        assert_eq!(shares, [(1, 0.5, 2), (2, 0.0, 1)]);
    }

    proptest! {
        #[test]
        fn agreement_is_at_most_one_and_order_does_not_matter(
            items in prop::collection::vec(prop::collection::vec(0usize..3, 0..5), 1..20),
        ) {
            let Ok(alpha) = krippendorff_alpha(&items) else { return Ok(()) };
            prop_assert!(alpha <= 1.0);
            let mut turned = items.clone();
            turned.reverse();
            turned.iter_mut().for_each(|labels| labels.reverse());
            prop_assert!((alpha - krippendorff_alpha(&turned).unwrap()).abs() < 1e-12);
        }

        #[test]
        fn kappa_is_symmetric(rows in prop::collection::vec((0usize..4, 0usize..4), 2..40)) {
            let (a, b): (Vec<usize>, Vec<usize>) = rows.into_iter().unzip();
            for distance in [Distance::Nominal, Distance::Quadratic] {
                let Ok(here) = cohen_kappa(&a, &b, 4, distance) else { return Ok(()) };
                prop_assert!((-1.0 - 1e-12..=1.0).contains(&here));
                prop_assert!((here - cohen_kappa(&b, &a, 4, distance).unwrap()).abs() < 1e-12);
                if a != b {
                    prop_assert!(here < cohen_kappa(&a, &a, 4, distance).unwrap_or(2.0));
                }
            }
        }
    }
}
