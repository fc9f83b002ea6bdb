//! Which columns moved, from measured distances: effect first, then evidence.
//!
//! Not here: measuring distances (`stats::drift`), or whether a move does harm ([`crate::diagnosis`]).
//! Invariant: a column never counts as moved by its p-value alone, since on a million rows everything differs.

use crate::gate::Estimate;
use serde::{Deserialize, Serialize};

/// How one column of live rows lies beside the same column of the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    /// The column.
    pub column: String,
    /// What its distances are.
    pub kind: DriftKind,
    /// The distance that ranks: numbers, the Wasserstein distance in standard deviations of the reference;
    /// categories, the Jensen-Shannon distance to base 2, 0 to 1.
    pub distance: f64,
    /// The second one: numbers, the Kolmogorov-Smirnov statistic; categories, the largest difference of a share. 0 to 1.
    pub largest: f64,
    /// The p-value of no difference: Kolmogorov-Smirnov, or chi-square. Not adjusted.
    pub p: f64,
    /// The same, adjusted for the number of columns looked at (Benjamini-Hochberg).
    pub adjusted_p: f64,
    /// The population stability index over the reference's deciles, or over categories.
    pub psi: f64,
    /// Where the index lies in one of twenty looks when nothing moved, on so many rows.
    pub psi_noise: f64,
    /// The shares of missing cells, then and now.
    pub missing: (f64, f64),
    /// How much worse the model gets when the column is shuffled, in units of the primary loss.
    pub importance: Option<f64>,
    /// How much of the loss goes away when the column is put back to the reference's values.
    pub loss: Option<f64>,
    /// Rows with a value, then and now.
    pub rows: (u64, u64),
    /// Whether effect and evidence both say so.
    pub moved: bool,
}

/// What a column's distances are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Of numbers, or of instants as numbers.
    Number,
    /// Of categories.
    Category,
    /// Of texts or pictures: their lengths, or their mean brightness.
    Size,
}

/// Whether live rows can be told from the reference by all columns together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToldApart {
    /// The out-of-fold AUC of a classifier that tries to; 0.5 is not at all.
    pub auc: Estimate,
    /// The columns that it went by, with their share of its splits' gain, the largest first.
    pub by: Vec<(String, f64)>,
}

/// What counts as moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftRules {
    /// The smallest distance that counts.
    pub effect: f64,
    /// The share of false ones among those that are said to have moved.
    pub alpha: f64,
}

/// The AUC from which on a classifier is worth a word.
pub const WORTH_A_WORD: f64 = 0.55;

impl ColumnDrift {
    /// Says whether the column moved: its effect is large enough, and it is not noise.
    ///
    /// The larger of the two distances counts. The Wasserstein distance sees a few values that went far; the
    /// Kolmogorov-Smirnov statistic sees many that went near.
    pub fn judge(&mut self, rules: DriftRules) {
        let effect = self.distance.max(self.largest);
        self.moved = effect >= rules.effect && self.adjusted_p < rules.alpha;
    }

    /// What ranks the column: importance times distance; where no importance is known, the distance.
    pub fn rank(&self) -> f64 {
        self.importance.map_or(self.distance, |importance| importance.max(0.0) * self.distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(distance: f64, largest: f64, adjusted_p: f64) -> ColumnDrift {
        let mut column = ColumnDrift {
            column: "age".into(),
            kind: DriftKind::Number,
            distance,
            largest,
            p: adjusted_p / 3.0,
            adjusted_p,
            psi: 0.0,
            psi_noise: 0.0,
            missing: (0.0, 0.0),
            importance: None,
            loss: None,
            rows: (1000, 1000),
            moved: false,
        };
        column.judge(DriftRules { effect: 0.1, alpha: 0.05 });
        column
    }

    #[test]
    fn neither_effect_nor_evidence_is_enough_alone() {
        assert!(!column(0.01, 0.004, 2e-7).moved, "a hundredth of a standard deviation on a million rows");
        assert!(!column(0.4, 0.3, 0.2).moved, "a large distance on twenty rows");
        assert!(column(0.3, 0.05, 1e-9).moved && column(0.02, 0.2, 1e-9).moved);
    }

    #[test]
    fn what_the_model_does_not_use_ranks_last() {
        let mut used = column(0.2, 0.1, 1e-9);
        let mut unused = column(2.0, 0.9, 1e-9);
        (used.importance, unused.importance) = (Some(0.1), Some(-0.001));
        assert!(used.rank() > unused.rank());
    }
}
