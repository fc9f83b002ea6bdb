//! How a forest is grown: every knob, its range and why its default is what it is.

use super::error::TreesError;

/// The knobs. The names are LightGBM's where it has the same knob, and so are most defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// The most rounds; each adds one tree an output. 1 to 100,000; 200 by default, which early stopping
    /// cuts short where a validation part is given.
    pub rounds: usize,
    /// The share of each tree's step that is taken. Above 0 to 1; 0.1 by default. Halving it asks for
    /// about twice the rounds and is mostly a little better.
    pub learning_rate: f64,
    /// The most leaves of a tree. 2 to 65,536; 31 by default.
    pub max_leaves: usize,
    /// The most splits on a path. `None`, the default, leaves that to `max_leaves`.
    pub max_depth: Option<usize>,
    /// The fewest rows, in the round's sample and of a weight above zero, that a leaf holds.
    /// At least 1; 20 by default.
    pub min_data_in_leaf: usize,
    /// The smallest sum of second derivatives in a leaf; with squared error that is the sum of weights.
    /// 0 or more; 0.001 by default.
    pub min_sum_hessian: f64,
    /// Pulls leaf values towards 0. 0 or more; 0 by default.
    pub lambda_l2: f64,
    /// The most intervals that a column is cut into, missing apart. 2 to 255; 255 by default.
    pub max_bins: usize,
    /// The fewest rows in an interval where a column has few distinct values. At least 1; 3 by default.
    pub min_data_in_bin: usize,
    /// The share of rows that each round draws. Above 0 to 1; 1 by default.
    pub row_fraction: f64,
    /// The share of columns that each tree draws. Above 0 to 1; 1 by default.
    pub feature_fraction: f64,
    /// Stops when the validation loss has not fallen for so many rounds, and keeps the trees up to its
    /// lowest point. At least 1; 20 by default. Without a validation part it does nothing.
    pub patience: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            rounds: 200,
            learning_rate: 0.1,
            max_leaves: 31,
            max_depth: None,
            min_data_in_leaf: 20,
            min_sum_hessian: 1e-3,
            lambda_l2: 0.0,
            max_bins: 255,
            min_data_in_bin: 3,
            row_fraction: 1.0,
            feature_fraction: 1.0,
            patience: 20,
        }
    }
}

impl Params {
    /// Refuses what is out of range, naming it.
    pub fn check(&self) -> Result<(), TreesError> {
        let share = |x: f64| x > 0.0 && x <= 1.0;
        let at_least_0 = |x: f64| x >= 0.0 && x.is_finite();
        let show = |x: f64| x.to_string();
        let depth = self.max_depth.unwrap_or(usize::MAX);
        for (name, fits, found, expected) in [
            ("rounds", (1..=100_000).contains(&self.rounds), self.rounds.to_string(), "1 to 100000"),
            ("learning_rate", share(self.learning_rate), show(self.learning_rate), "above 0, at most 1"),
            (
                "max_leaves",
                (2..=65_536).contains(&self.max_leaves),
                self.max_leaves.to_string(),
                "2 to 65536",
            ),
            ("max_depth", depth >= 1, depth.to_string(), "at least 1"),
            ("min_data_in_leaf", self.min_data_in_leaf >= 1, self.min_data_in_leaf.to_string(), "at least 1"),
            ("min_sum_hessian", at_least_0(self.min_sum_hessian), show(self.min_sum_hessian), "0 or more"),
            ("lambda_l2", at_least_0(self.lambda_l2), show(self.lambda_l2), "0 or more"),
            ("max_bins", (2..=255).contains(&self.max_bins), self.max_bins.to_string(), "2 to 255"),
            ("min_data_in_bin", self.min_data_in_bin >= 1, self.min_data_in_bin.to_string(), "at least 1"),
            ("row_fraction", share(self.row_fraction), show(self.row_fraction), "above 0, at most 1"),
            (
                "feature_fraction",
                share(self.feature_fraction),
                show(self.feature_fraction),
                "above 0, at most 1",
            ),
            ("patience", self.patience >= 1, self.patience.to_string(), "at least 1"),
        ] {
            if !fits {
                return Err(TreesError::Parameter { name, found, expected });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut Params), expect: &str) {
        let mut params = Params::default();
        change(&mut params);
        assert_eq!(params.check().map_err(|e| e.to_string()), Err(expect.to_string()));
    }

    #[test]
    fn the_defaults_are_in_range() {
        assert_eq!(Params::default().check(), Ok(()));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        check(|p| p.rounds = 0, "parameter `rounds` is 0, expected 1 to 100000");
        check(|p| p.max_bins = 256, "parameter `max_bins` is 256, expected 2 to 255");
        check(|p| p.learning_rate = 1.5, "parameter `learning_rate` is 1.5, expected above 0, at most 1");
        check(
            |p| p.learning_rate = f64::NAN,
            "parameter `learning_rate` is NaN, expected above 0, at most 1",
        );
        check(|p| p.lambda_l2 = f64::INFINITY, "parameter `lambda_l2` is inf, expected 0 or more");
        check(|p| p.max_depth = Some(0), "parameter `max_depth` is 0, expected at least 1");
    }
}
