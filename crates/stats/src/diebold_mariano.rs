//! Two forecasts of the same series: is one more accurate, given that errors h steps ahead
//! overlap?
//!
//! Also the Newey–West mean under it. Not for rows without an order in time (see
//! [`crate::paired`]). The invariant: a variance that is 0 or comes out negative leaves no test.

use crate::distribution::t_quantile;
use crate::estimate::{Estimate, TestResult};
use crate::input::{self, BadInput};
use crate::sum::{mean, sum};

/// How the autocovariances are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Falling linearly to 0 at lag h: never negative, but it halves covariances that count in
    /// full, so at 5% it rejects about 10% for h = 3, however many rows.
    Bartlett,
    /// All lags below h alike, as in the original paper: the right size, but it can come out
    /// negative, and then there is no test.
    Rectangular,
    /// Rectangular when that is above 0, otherwise Bartlett: the choice for a gate.
    RectangularElseBartlett,
}

/// A mean of dependent values in the order of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesMean {
    /// The mean.
    pub mean: f64,
    /// The long-run variance: n times the variance of the mean.
    pub long_run_variance: f64,
    /// On how many rows.
    pub rows: u64,
}

/// The comparison of two forecasts. The difference is loss(incumbent) − loss(challenger): above 0
/// the challenger is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DieboldMariano {
    /// The mean loss difference and its long-run variance.
    pub difference: SeriesMean,
    /// Harvey, Leybourne and Newbold's small-sample factor on the statistic; 1 when not asked for.
    pub factor: f64,
}

/// The mean of a series with Newey and West's standard error over `lags` lags.
///
/// - *What it answers.* How sure is a mean whose rows depend on their neighbours?
/// - *Assumptions.* A stationary series whose dependence dies out within about `lags` steps.
/// - *When it misleads.* With few rows or strong dependence it is too small.
/// - *Source.* Newey and West 1987.
/// - *Checked against.* statsmodels 0.15.0 OLS on a constant, `cov_type="HAC"`, no correction.
pub fn newey_west_mean(values: &[f64], lags: usize) -> Result<SeriesMean, BadInput> {
    series_mean(values, lags + 1, Kernel::Bartlett)
}

/// Diebold and Mariano's test on row losses in the order of time, `horizon` steps ahead.
///
/// - *What it answers.* Is the challenger's forecast more accurate by this loss?
/// - *Assumptions.* The loss differences are stationary and errors `horizon` steps ahead are
///   uncorrelated beyond lag `horizon` − 1.
/// - *When it misleads.* With the wrong [`Kernel`]; for nested models on expanding windows (use
///   separate blocks); with fewer than about 30 rows or a horizon that is a large part of them;
///   across a structural break.
/// - *Source.* Diebold and Mariano 1995; Harvey, Leybourne and Newbold 1997, equation 9.
/// - *Checked against.* dieboldmariano 1.1.0 `dm_test`.
pub fn diebold_mariano(
    incumbent_losses: &[f64],
    challenger_losses: &[f64],
    horizon: usize,
    kernel: Kernel,
    small_sample: bool,
) -> Result<DieboldMariano, BadInput> {
    let differences = crate::paired::differences(incumbent_losses, challenger_losses)?;
    let difference = series_mean(&differences, horizon, kernel)?;
    let (n, h) = (differences.len() as f64, horizon as f64);
    let factor = ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).max(0.0).sqrt();
    Ok(DieboldMariano { difference, factor: if small_sample { factor } else { 1.0 } })
}

impl SeriesMean {
    /// The standard error of the mean.
    pub fn se(&self) -> f64 {
        (self.long_run_variance.max(0.0) / self.rows as f64).sqrt()
    }
}

impl DieboldMariano {
    /// The test of "the mean loss difference is `null`", against t(n − 1); `None` when the variance
    /// is not above 0, as with identical forecasts.
    pub fn test(&self, null: f64) -> Option<TestResult> {
        let se = self.se();
        (se > 0.0).then(|| TestResult::student((self.difference.mean - null) / se, self.df()))
    }

    /// The mean loss difference with its interval at `level`; `None` as for the test.
    pub fn estimate(&self, level: f64) -> Result<Option<Estimate>, BadInput> {
        input::open_unit("level", level)?;
        let reach = self.se() * t_quantile(0.5 + 0.5 * level, self.df());
        Ok((reach > 0.0).then(|| Estimate::around(self.difference.mean, reach, self.difference.rows)))
    }

    /// The standard error, with the small-sample factor in it; 0 when there is none to be had.
    pub fn se(&self) -> f64 {
        if self.factor > 0.0 { self.difference.se() / self.factor } else { 0.0 }
    }

    /// Degrees of freedom of the t distribution.
    pub fn df(&self) -> f64 {
        self.difference.rows as f64 - 1.0
    }
}

fn series_mean(values: &[f64], horizon: usize, kernel: Kernel) -> Result<SeriesMean, BadInput> {
    input::at_least("steps of the horizon", horizon, 1)?;
    input::at_least("rows", values.len(), horizon.max(2))?;
    input::all_finite("values", values)?;
    let middle = mean(values);
    let n = values.len() as f64;
    let covariance =
        |lag: usize| sum((lag..values.len()).map(|t| (values[t] - middle) * (values[t - lag] - middle))) / n;
    let covariances: Vec<f64> = (0..horizon).map(covariance).collect();
    let total = |weight: &dyn Fn(usize) -> f64| {
        covariances[0] + 2.0 * sum((1..horizon).map(|lag| weight(lag) * covariances[lag]))
    };
    let rectangular = total(&|_| 1.0);
    let bartlett = total(&|lag| 1.0 - lag as f64 / horizon as f64);
    // What rounding leaves of a constant series is 0.
    let noise = (f64::EPSILON * middle).powi(2) * n;
    let chosen = match kernel {
        Kernel::Rectangular => rectangular,
        Kernel::RectangularElseBartlett if rectangular > noise => rectangular,
        Kernel::Bartlett | Kernel::RectangularElseBartlett => bartlett,
    };
    let long_run_variance = if chosen.abs() <= noise { 0.0 } else { chosen };
    Ok(SeriesMean { mean: middle, long_run_variance, rows: values.len() as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(a: &[f64], b: &[f64], h: usize, kernel: Kernel) -> Option<TestResult> {
        diebold_mariano(a, b, h, kernel, true).unwrap().test(0.0)
    }

    #[test]
    fn identical_or_constantly_better_forecasts_leave_no_test() {
        let losses = [0.3, 0.1, 0.7, 0.2];
        assert_eq!(run(&losses, &losses, 1, Kernel::Bartlett), None);
        let better: Vec<f64> = losses.iter().map(|l| l - 0.1).collect();
        assert_eq!(run(&losses, &better, 1, Kernel::Bartlett), None);
    }

    #[test]
    fn a_negative_variance_leaves_no_test() {
        let (up, down) = ([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [0.0; 6]);
        assert_eq!(run(&up, &down, 2, Kernel::Rectangular), None);
        let bartlett = run(&up, &down, 2, Kernel::Bartlett);
        assert!(bartlett.is_some());
        assert_eq!(run(&up, &down, 2, Kernel::RectangularElseBartlett), bartlett);
    }

    proptest! {
        #[test]
        fn swapping_changes_the_sign(
            rows in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 8..40),
            h in 1usize..5,
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            for kernel in [Kernel::Bartlett, Kernel::Rectangular, Kernel::RectangularElseBartlett] {
                let (here, there) = (run(&a, &b, h, kernel), run(&b, &a, h, kernel));
                prop_assert_eq!(here.is_some(), there.is_some());
                if let (Some(here), Some(there)) = (here, there) {
                    let (up, down) = (here.statistic, there.statistic);
                    prop_assert!((up + down).abs() < 1e-9 * (1.0 + up.abs()));
                    prop_assert!((0.0..=1.0 + 1e-12).contains(&here.p_two_sided));
                }
            }
        }

        #[test]
        fn bartlett_is_never_negative(
            values in prop::collection::vec(-5.0..5.0f64, 6..40),
            lags in 0usize..5,
        ) {
            prop_assert!(newey_west_mean(&values, lags).unwrap().long_run_variance >= -1e-12);
        }
    }
}
