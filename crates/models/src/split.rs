//! Which training rows a trainer holds back for its own choices: a penalty, when to stop.
//!
//! Not the gate's split: those rows never reach a trainer. Invariant: every row of a held-back part is as new
//! to the rest as a served row will be: later in time where rows have an instant, and of other entities where
//! they have an entity. The same examples and seed give the same split.

use crate::contract::Seed;
use domain::{Examples, Target};
use stats::random;
use std::collections::BTreeMap;

/// Rows to learn from and rows to choose by; both ascend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub learn: Vec<usize>,
    /// To choose by.
    pub choose: Vec<usize>,
}

/// Splits that each hold back another part, about `1 / parts` of the rows: the last one only where rows have
/// an instant, else each in turn, with the classes spread evenly. Splits without rows on both sides are left
/// out, so there may be none.
pub fn splits(data: &Examples, parts: usize, seed: Seed) -> Vec<Split> {
    let both_sides = |s: &Split| !s.learn.is_empty() && !s.choose.is_empty();
    if let Some(at) = &data.at {
        let order = by_instant(at);
        let cut = data.len() - data.len() / parts;
        // Rows of one instant stay together, so the cut moves back to where the instant begins.
        let first = order.get(cut).map_or(cut, |&row| order.partition_point(|&r| at[r] < at[row]));
        return vec![sorted(&order[..first], &order[first..])].into_iter().filter(both_sides).collect();
    }
    let part = match &data.entity {
        Some(entity) => entity.iter().map(|&e| random::below(parts, seed.0, e, 0)).collect(),
        None => spread(&data.target, parts, seed),
    };
    let split = |held: usize| {
        let (choose, learn) = (0..data.len()).partition(|&row| part[row] == held);
        Split { learn, choose }
    };
    (0..parts).map(split).filter(both_sides).collect()
}

/// The one fold index of an ensemble: for each row the number, below `parts`, of the fold that it is held out in.
/// Entities stay together; else rows with an instant are cut into blocks of time, so that neighbours in time stand
/// together, though a later block does teach an earlier one; else classes are spread evenly.
pub fn folds(data: &Examples, parts: usize, seed: Seed) -> Vec<usize> {
    if let Some(entity) = &data.entity {
        return entity.iter().map(|&e| random::below(parts, seed.0, e, 1)).collect();
    }
    let Some(at) = &data.at else { return spread(&data.target, parts, seed) };
    let mut fold = vec![0; data.len()];
    let order = by_instant(at);
    for (place, &row) in order.iter().enumerate() {
        let before = place.checked_sub(1).map(|p| order[p]);
        // Rows of one instant stay together.
        fold[row] = match before.filter(|&b| at[b] == at[row]) {
            Some(same) => fold[same],
            None => place * parts / data.len(),
        };
    }
    fold
}

fn by_instant(at: &[domain::Timestamp]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..at.len()).collect();
    order.sort_by_key(|&row| at[row]);
    order
}

fn sorted(learn: &[usize], choose: &[usize]) -> Split {
    let mut split = Split { learn: learn.to_vec(), choose: choose.to_vec() };
    split.learn.sort_unstable();
    split.choose.sort_unstable();
    split
}

/// Deals the rows of each class out in a random order, one to each part in turn.
fn spread(target: &Target, parts: usize, seed: Seed) -> Vec<usize> {
    let mut strata: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for row in 0..target.len() {
        strata.entry(stratum(target, row)).or_default().push(row);
    }
    let mut part = vec![0; target.len()];
    let mut dealt = 0;
    for rows in strata.values_mut() {
        rows.sort_by_key(|&row| random::bits(seed.0, row as u64, 0));
        for &row in rows.iter() {
            part[row] = dealt % parts;
            dealt += 1;
        }
    }
    part
}

fn stratum(target: &Target, row: usize) -> u32 {
    match target {
        Target::Class { index, .. } => index[row],
        Target::Soft { classes, probability } => {
            let row = &probability[row * classes.len()..(row + 1) * classes.len()];
            (0..).zip(row).fold((0, f64::MIN), |best, (i, &p)| if p > best.1 { (i, p) } else { best }).0
        }
        Target::Number(_) | Target::Path { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Table, Timestamp, Values};

    fn examples(classes: usize, rows: usize) -> Examples {
        let values = Values::Number((0..rows).map(|i| i as f64).collect());
        let rows_table = Table::new(vec![Column { name: "x".into(), values }]).expect("one column");
        let index = (0..rows).map(|i| u32::from(i % 10 < classes - 1)).collect();
        let target = Target::Class { classes: vec!["a".into(), "b".into()], index };
        Examples { rows: rows_table, target, weight: None, at: None, entity: None }
    }

    #[test]
    fn every_row_is_held_back_once_and_classes_are_even() {
        let data = examples(2, 300);
        let splits = splits(&data, 3, Seed(1));
        let mut held: Vec<usize> = splits.iter().flat_map(|s| s.choose.clone()).collect();
        held.sort_unstable();
        assert_eq!(held, (0..300).collect::<Vec<_>>());
        for split in &splits {
            assert_eq!(split.choose.iter().filter(|&&row| row % 10 < 1).count(), 10);
        }
    }

    #[test]
    fn folds_hold_every_row_once_and_do_not_tear() {
        let mut data = examples(2, 300);
        let fold = folds(&data, 3, Seed(1));
        assert!((0..3).all(|f| fold.iter().filter(|&&x| x == f).count() == 100));
        data.at = Some((0..300).map(|i| Timestamp(i / 7)).collect());
        let fold = folds(&data, 3, Seed(1));
        assert!(fold.is_sorted() && fold[0] == 0 && fold[299] == 2);
        assert!((0..300).all(|i| i % 7 == 0 || fold[i] == fold[i - 1]));
        data.entity = Some((0..300).map(|row| row % 40).collect());
        let fold = folds(&data, 3, Seed(1));
        assert!((40..300).all(|row| fold[row] == fold[row - 40]));
    }

    #[test]
    fn later_rows_are_held_back_and_one_instant_is_not_torn() {
        let mut data = examples(2, 10);
        data.at = Some([0, 1, 2, 3, 4, 5, 6, 7, 7, 7].map(Timestamp).to_vec());
        let splits = splits(&data, 5, Seed(1));
        assert_eq!(splits, [Split { learn: (0..7).collect(), choose: vec![7, 8, 9] }]);
    }

    #[test]
    fn one_instant_alone_cannot_be_split() {
        let mut data = examples(2, 10);
        data.at = Some(vec![Timestamp(5); 10]);
        assert_eq!(splits(&data, 5, Seed(1)), []);
    }

    #[test]
    fn an_entity_stands_on_one_side() {
        let mut data = examples(2, 300);
        data.entity = Some((0..300).map(|row| row % 40).collect());
        for split in splits(&data, 3, Seed(4)) {
            let entities =
                |rows: &[usize]| rows.iter().map(|r| r % 40).collect::<std::collections::BTreeSet<_>>();
            assert!(entities(&split.learn).is_disjoint(&entities(&split.choose)));
        }
    }
}
