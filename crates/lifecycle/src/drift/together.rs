//! Whether all columns together moved: boosted trees try to tell live rows from the reference.
//!
//! *What it answers.* Is there any joint difference that trees can find, and which columns does it lie in?
//! *Assumptions.* Rows are independent within both sets; entities that stand in both make it too sure.
//! *When it misleads.* Any column that grows with time tells everything and matters nothing; with few rows it finds
//! nothing. It says that rows differ, never that it does harm.
//! *Source.* Lopez-Paz and Oquab 2017 (classifier two-sample tests); the density ratio of Sugiyama et al. 2012.
//! *Checked against.* Rows of one law (AUC a half), and of two laws that differ in their correlation only.

use super::encoded::Encoded;
use crate::StageError;
use domain::Table;
use domain::drift::ToldApart;
use domain::gate::Estimate;
use models::trees::{self, Forest, Matrix, Objective, Params, Part};
use stats::drift::density_ratios;

/// Every row is scored by trees that were grown without it, in so many turns.
const FOLDS: usize = 5;
/// Fewer rows on a side tell nothing.
const LEAST: usize = 100;
/// Live rows are so many times likelier than reference rows where nothing of the reference is like them.
const LIKE_NONE: f64 = 20.0;

/// No row stands for more than so many.
const MOST: f64 = 1000.0;

/// The classifier, and what it found.
pub(crate) struct Together {
    /// What it found.
    pub told: ToldApart,
    encoded: Encoded,
    forests: Vec<Forest>,
    /// Rows of the reference, and live ones.
    sizes: (u64, u64),
}

/// Trains on two tables of the same columns; `None` where either has too few rows, or no column tells anything.
pub(crate) fn together(
    reference: &Table,
    current: &Table,
    seed: u64,
) -> Result<Option<Together>, StageError> {
    if reference.rows().min(current.rows()) < LEAST {
        return Ok(None);
    }
    let both = reference.append(current).map_err(|e| measure(&e))?;
    let encoded = Encoded::learn(&both);
    if encoded.width() == 0 {
        return Ok(None);
    }
    let live: Vec<bool> = (0..both.rows()).map(|row| row >= reference.rows()).collect();
    let fold: Vec<usize> = (0..both.rows())
        .map(|row| (store::digest::mix64(seed, row as u64) % FOLDS as u64) as usize)
        .collect();
    let mut scores = vec![0.0; both.rows()];
    let mut forests = Vec::with_capacity(FOLDS);
    for turn in 0..FOLDS {
        let (held, learned): (Vec<usize>, Vec<usize>) = (0..both.rows()).partition(|&row| fold[row] == turn);
        let forest = grow(&encoded, &both.take(&learned), &learned, &live, seed)?;
        let matrix = encoded.matrix(&both.take(&held), &[]).map_err(|e| measure(&e))?;
        held.iter().zip(forest.predict(&matrix)).for_each(|(&row, p)| scores[row] = p);
        forests.push(forest);
    }
    let told = told(&encoded, &forests, &live, &scores)?;
    let sizes = (reference.rows() as u64, current.rows() as u64);
    Ok(Some(Together { told, encoded, forests, sizes }))
}

fn grow(
    encoded: &Encoded,
    rows: &Table,
    places: &[usize],
    live: &[bool],
    seed: u64,
) -> Result<Forest, StageError> {
    let matrix = encoded.matrix(rows, &[]).map_err(|e| measure(&e))?;
    let target: Vec<f64> = places.iter().map(|&row| f64::from(live[row])).collect();
    let params =
        Params { rounds: 30, learning_rate: 0.2, max_leaves: 8, min_data_in_leaf: 30, ..Params::default() };
    let part = Part { matrix: &matrix, target: &target, weight: None };
    trees::fit(part, None, Objective::Logistic, &params, seed, &mut |_| true).map_err(|e| measure(&e))
}

fn told(
    encoded: &Encoded,
    forests: &[Forest],
    live: &[bool],
    scores: &[f64],
) -> Result<ToldApart, StageError> {
    let value = stats::ranking::auc(live, scores, None).map_err(|e| measure(&e))?;
    let interval = stats::delong::auc_interval(live, scores, 0.95).map_err(|e| measure(&e))?;
    let (low, high) = interval.map_or((value, value), |i| (i.low, i.high));
    let auc = Estimate { value, low, high, rows: live.len() as u64 };
    let mut worth = vec![0.0; encoded.width()];
    for forest in forests {
        forest
            .importance()
            .iter()
            .zip(&mut worth)
            .for_each(|(gain, sum)| *sum += gain / forests.len() as f64);
    }
    Ok(ToldApart { auc, by: encoded.by_column(&worth) })
}

impl Together {
    /// How many times likelier each row is among live rows than in the reference.
    pub fn ratios(&self, rows: &Table) -> Result<Vec<f64>, StageError> {
        let matrix: Matrix = self.encoded.matrix(rows, &[]).map_err(|e| measure(&e))?;
        let mut chance = vec![0.0; rows.rows()];
        for forest in &self.forests {
            let share = 1.0 / self.forests.len() as f64;
            chance.iter_mut().zip(forest.predict(&matrix)).for_each(|(sum, p)| *sum += share * p);
        }
        // sums of shares may end a bit above 1
        chance.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0));
        density_ratios(&chance, self.sizes.0, self.sizes.1, MOST).map_err(|e| measure(&e))
    }

    /// Whether each row is like none of the reference.
    pub fn unseen(&self, rows: &Table) -> Result<Vec<bool>, StageError> {
        Ok(self.ratios(rows)?.into_iter().map(|ratio| ratio > LIKE_NONE).collect())
    }
}

fn measure(why: &dyn std::fmt::Display) -> StageError {
    StageError::Measure {
        metric: "the difference of live rows and the reference".into(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Values};

    /// Two numbers in 0..1, alike, opposite or independent.
    fn pairs(rows: u64, seed: u64, tie: f64) -> Table {
        let draw =
            |row: u64, place: u64| store::digest::mix64(seed, 2 * row + place) as f64 / u64::MAX as f64;
        let x: Vec<f64> = (0..rows).map(|row| draw(row, 0)).collect();
        let y = x.iter().zip(0..).map(|(x, row)| match tie {
            t if t > 0.0 => *x,
            t if t < 0.0 => 1.0 - x,
            _ => draw(row, 1),
        });
        let y = y.collect();
        let column = |name: &str, values| Column { name: name.into(), values: Values::Number(values) };
        Table::new(vec![column("x", x), column("y", y)]).expect("equally long")
    }

    #[test]
    fn rows_of_one_law_are_not_told_apart() {
        let found = together(&pairs(1500, 1, 0.0), &pairs(1500, 2, 0.0), 3).expect("numbers").expect("rows");
        assert!((found.told.auc.value - 0.5).abs() < 0.03, "{:?}", found.told);
        let ratios = found.ratios(&pairs(500, 4, 0.0)).expect("numbers");
        assert!((ratios.iter().sum::<f64>() / 500.0 - 1.0).abs() < 0.1);
    }

    #[test]
    fn a_turned_correlation_is_found_though_no_column_moved() {
        let found = together(&pairs(1500, 1, 1.0), &pairs(1500, 2, -1.0), 3).expect("numbers").expect("rows");
        assert!(found.told.auc.low > 0.9, "{:?}", found.told);
        assert_eq!(found.told.by.len(), 2);
        assert!(found.unseen(&pairs(400, 5, -1.0)).expect("numbers").iter().filter(|u| **u).count() > 100);
    }

    #[test]
    fn few_rows_are_not_asked() {
        assert!(together(&pairs(50, 1, 0.0), &pairs(1500, 2, 0.0), 3).expect("numbers").is_none());
    }
}
