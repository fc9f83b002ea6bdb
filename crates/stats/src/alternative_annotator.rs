//! May a model take the place of people when there is no truth, only other people's labels?
//!
//! The alternative-annotator test. Not for tasks with a truth: there compare accuracies
//! ([`crate::bonett_price`]). The invariant: a person is never compared with their own label.

use crate::distribution::t_upper;
use crate::input::{self, BadInput};
use crate::multiplicity::{Adjustment, adjust};
use crate::sum::{mean, variance};
use crate::wilcoxon::wilcoxon_signed_rank;

/// Which paired test compares the model with one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairedTest {
    /// The t-test.
    T,
    /// Wilcoxon's signed ranks, for fewer than 30 items.
    Wilcoxon,
}

/// The model against one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgainstPerson {
    /// The share of items on which the model agrees with the others at least as well as the person.
    pub model: f64,
    /// The share on which the person agrees with them at least as well as the model.
    pub person: f64,
    /// The test's statistic: below 0 in the model's favour.
    pub statistic: f64,
    /// The p-value of "the person is better by more than the allowance or as much".
    pub p: f64,
    /// On how many items.
    pub items: u64,
}

/// The model against everybody.
#[derive(Debug, Clone, PartialEq)]
pub struct AlternativeAnnotator {
    /// Person by person, in the order given.
    pub people: Vec<AgainstPerson>,
    /// The share of people against whom the model wins, after Benjamini and Yekutieli.
    pub winning_rate: f64,
    /// The mean share of items on which the model is at least as good.
    pub advantage: f64,
}

impl AlternativeAnnotator {
    /// Whether the model wins against at least half of the people.
    pub fn replaces_people(&self) -> bool {
        self.winning_rate >= 0.5
    }
}

/// The alternative-annotator test. `people[j][i]` is person j's label of item i, if any;
/// `model[i]` the model's. `allowance` is ε: 0.2 against experts, 0.15 against skilled people, 0.1
/// against a crowd.
///
/// - *What it answers.* Is it better to ask the model than one more of these people?
/// - *Assumptions.* At least three people, independent items; agreement with others is quality.
/// - *When it misleads.* If people agree with each other little, any model wins: look at
///   [`crate::agreement::krippendorff_alpha`] first. With all item differences alike the variance
///   is 0 and p is 0 or 1 by which side of the allowance they lie, as in the paper's code.
/// - *Source.* Calderon, Reichart and Dror 2025, section 3.
/// - *Checked against.* The formula.
pub fn alternative_annotator(
    people: &[Vec<Option<usize>>],
    model: &[usize],
    allowance: f64,
    test: PairedTest,
    alpha: f64,
) -> Result<AlternativeAnnotator, BadInput> {
    input::at_least("people", people.len(), 2)?;
    input::open_unit("alpha", alpha)?;
    input::parameter("allowance", allowance, "a number in [0, 1)", (0.0..1.0).contains(&allowance))?;
    for labels in people {
        input::same_length("a person's labels", labels.len(), model.len())?;
    }
    let against = |person| against_person(people, model, person, allowance, test);
    let rows: Vec<AgainstPerson> = (0..people.len()).map(against).collect::<Result<_, _>>()?;
    let p: Vec<f64> = rows.iter().map(|row| row.p).collect();
    let wins = adjust(&p, Adjustment::BenjaminiYekutieli)?.into_iter().filter(|&p| p <= alpha).count();
    let advantage = rows.iter().map(|row| row.model).sum::<f64>() / rows.len() as f64;
    Ok(AlternativeAnnotator { winning_rate: wins as f64 / rows.len() as f64, advantage, people: rows })
}

fn against_person(
    people: &[Vec<Option<usize>>],
    model: &[usize],
    person: usize,
    allowance: f64,
    test: PairedTest,
) -> Result<AgainstPerson, BadInput> {
    let (mut model_wins, mut person_wins) = (Vec::new(), Vec::new());
    for (item, &said) in model.iter().enumerate() {
        let Some(own) = people[person][item] else { continue };
        let others: Vec<usize> =
            (0..people.len()).filter(|&j| j != person).filter_map(|j| people[j][item]).collect();
        if others.is_empty() {
            continue;
        }
        let agreeing = |label: usize| others.iter().filter(|&&other| other == label).count();
        let (m, p) = (agreeing(said), agreeing(own));
        model_wins.push(f64::from(u8::from(m >= p)));
        person_wins.push(f64::from(u8::from(p >= m)));
    }
    input::at_least("items a person shares with others", model_wins.len(), 2)?;
    let excess: Vec<f64> = person_wins.iter().zip(&model_wins).map(|(p, m)| p - m - allowance).collect();
    let (statistic, p) = match test {
        PairedTest::T => below_zero(&excess),
        PairedTest::Wilcoxon => {
            let ranks = wilcoxon_signed_rank(&excess)?;
            (ranks.result.statistic, 1.0 - ranks.result.p_greater)
        }
    };
    let items = model_wins.len() as u64;
    Ok(AgainstPerson { model: mean(&model_wins), person: mean(&person_wins), statistic, p, items })
}

/// The one-sided t-test of "the mean is 0 or more" against "below 0".
fn below_zero(values: &[f64]) -> (f64, f64) {
    let (n, centre, spread) = (values.len() as f64, mean(values), variance(values));
    if spread <= f64::EPSILON * f64::EPSILON {
        return if centre < 0.0 { (f64::NEG_INFINITY, 0.0) } else { (f64::INFINITY, 1.0) };
    }
    let t = centre / (spread / n).sqrt();
    (t, t_upper(-t, n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn people(skill: f64, count: u64, items: u64) -> Vec<Vec<Option<usize>>> {
        let label = |person: u64, item: u64| {
            let truth = usize::from(item.is_multiple_of(3));
            let wrong = random::unit(5, item, person) > skill;
            (random::unit(6, item, person) < 0.9).then_some((truth + usize::from(wrong)) % 2)
        };
        (0..count).map(|p| (0..items).map(|i| label(p, i)).collect()).collect()
    }

    fn truth(items: u64) -> Vec<usize> {
        (0..items).map(|item| usize::from(item.is_multiple_of(3))).collect()
    }

    #[test]
    fn a_model_that_is_right_replaces_people_and_a_coin_does_not() {
        let people = people(0.85, 4, 200);
        for test in [PairedTest::T, PairedTest::Wilcoxon] {
            let run = |model: &[usize]| alternative_annotator(&people, model, 0.15, test, 0.05).unwrap();
            let good = run(&truth(200));
            assert!(good.replaces_people() && good.advantage > 0.9, "{good:?}");
            let coin: Vec<usize> = (0..200).map(|i| random::below(2, 9, i, 0)).collect();
            assert_eq!(run(&coin).winning_rate, 0.0);
        }
    }

    #[test]
    fn one_person_has_nobody_to_agree_with() {
        let alone = people(0.9, 1, 20);
        assert!(alternative_annotator(&alone, &truth(20), 0.15, PairedTest::T, 0.05).is_err());
    }
}
