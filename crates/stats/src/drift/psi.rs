//! The population stability index, and what it amounts to when nothing has moved.
//!
//! The folklore of 0.1 and 0.25 knows no sample size. Under no drift the index is about (1/n + 1/m) times
//! chi-square with one degree less than there are bins, so it is read against that. The invariant: the
//! index is 0 only where all shares agree, and no empty bin makes it infinite.

use super::ecdf::Ecdf;
use crate::distribution::{bisect, chi_square_upper};
use crate::input::{self, BadInput};
use crate::sum::sum;

/// A population stability index with what its sample sizes make of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Psi {
    /// The index: Σ (q − p) ln(q/p) over the bins' shares; 0 or more.
    pub value: f64,
    /// Degrees of freedom: one less than the bins that are not empty on both sides.
    pub degrees: u64,
    /// 1/n + 1/m.
    pub scale: f64,
}

impl Psi {
    /// The mean of the index under no drift.
    pub fn noise_mean(&self) -> f64 {
        self.scale * self.degrees as f64
    }

    /// What the index stays below under no drift in all but a share `alpha` of samples: the noise floor,
    /// at 0.05. It is 0 with a single bin.
    pub fn critical(&self, alpha: f64) -> Result<f64, BadInput> {
        input::open_unit("alpha", alpha)?;
        if self.degrees == 0 {
            return Ok(0.0);
        }
        let degrees = self.degrees as f64;
        let mut high = degrees;
        while chi_square_upper(high, degrees) > alpha {
            high *= 2.0;
        }
        Ok(self.scale * bisect(0.0, high, |x| chi_square_upper(x, degrees) <= alpha))
    }

    /// The p-value of the index under no drift; 1 with a single bin.
    pub fn p_value(&self) -> f64 {
        if self.degrees == 0 { 1.0 } else { chi_square_upper(self.value / self.scale, self.degrees as f64) }
    }
}

/// The index of two aligned columns of counts, a share below `floor` (above 0, usually 1e-4) counting as
/// `floor`, without rescaling the rest.
///
/// - *What it answers.* How different are the shares of the bins, and is that more than chance?
/// - *Assumptions.* Independent rows; bins fixed without looking at the current sample; for the p-value thirty
///   expected rows a bin or more.
/// - *When it misleads.* It depends on the bins and on the floor: one new category adds 0.7 at a share of
///   10%. With deciles and 100 rows a side 8% of samples that did not move have p < 0.05, with 50 rows 23%:
///   ask [`super::kolmogorov_smirnov`] there.
/// - *Source.* Yurdakul 2018, chapter 3.
/// - *Checked against.* The formula by numpy 2 in the vectors `psi_deciles` and `drift_reference`.
pub fn psi(reference: &[u64], current: &[u64], floor: f64) -> Result<Psi, BadInput> {
    input::open_unit("floor", floor)?;
    let (p, q) = (
        super::categorical::shares("reference counts", reference)?,
        super::categorical::shares("current counts", current)?,
    );
    input::same_length("current counts", q.len(), p.len())?;
    let part = |(p, q): (&f64, &f64)| {
        let (p, q) = (p.max(floor), q.max(floor));
        (q - p) * (q / p).ln()
    };
    let bins = reference.iter().zip(current).filter(|(a, b)| **a > 0 || **b > 0).count() as u64;
    let total = |counts: &[u64]| counts.iter().map(|&c| c as f64).sum::<f64>();
    let scale = 1.0 / total(reference) + 1.0 / total(current);
    Ok(Psi { value: sum(p.iter().zip(&q).map(part)), degrees: bins - 1, scale })
}

/// The inner edges of `bins` bins (2 or more) that hold equal shares of the reference: its quantiles, each
/// once, and none that would leave the lowest bin empty. With ten bins these are the deciles. No edge at
/// all means a constant reference.
pub fn quantile_edges(reference: &Ecdf, bins: usize) -> Result<Vec<f64>, BadInput> {
    input::at_least("bins", bins, 2)?;
    let mut edges = Vec::with_capacity(bins - 1);
    for i in 1..bins {
        let edge = reference.quantile(i as f64 / bins as f64)?;
        if edge > *edges.last().unwrap_or(&reference.min()) {
            edges.push(edge);
        }
    }
    Ok(edges)
}

/// How many values fall into each bin: one bin more than there are ascending inner edges, the outer two
/// without end. A value on an edge belongs above it.
pub fn bin_counts(sample: &Ecdf, edges: &[f64]) -> Vec<u64> {
    let mut before = 0;
    let ends = edges.iter().map(|&edge| sample.below(edge)).chain([sample.len()]);
    ends.map(|end| end - std::mem::replace(&mut before, end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_on_an_edge_belongs_above_it() {
        let sample = Ecdf::of(vec![0.0, 1.0, 1.0, 2.0, 5.0]).unwrap();
        assert_eq!(bin_counts(&sample, &[1.0, 2.0]), [1, 2, 2]);
        assert_eq!(bin_counts(&sample, &[]), [5]);
    }

    #[test]
    fn a_column_of_two_values_keeps_both_apart() {
        let yes_no = Ecdf::of([vec![0.0; 75], vec![1.0; 25]].concat()).unwrap();
        let edges = quantile_edges(&yes_no, 10).unwrap();
        assert_eq!(bin_counts(&yes_no, edges.as_slice()), [75, 25]);
        assert!(quantile_edges(&Ecdf::of(vec![4.0; 9]).unwrap(), 10).unwrap().is_empty());
    }

    #[test]
    fn one_bin_says_nothing() {
        let found = psi(&[5], &[9], 1e-4).unwrap();
        assert_eq!((found.value, found.p_value(), found.critical(0.05)), (0.0, 1.0, Ok(0.0)));
        assert!(psi(&[1, 2], &[1], 1e-4).is_err() && psi(&[0, 0], &[1, 2], 1e-4).is_err());
    }

    proptest! {
        #[test]
        fn it_is_symmetric_and_its_critical_value_has_its_p(
            counts in prop::collection::vec((0u64..90, 0u64..90), 2..12), alpha in 0.01..0.5f64,
        ) {
            let (a, b): (Vec<u64>, Vec<u64>) = counts.into_iter().unzip();
            let (Ok(here), Ok(there)) = (psi(&a, &b, 1e-4), psi(&b, &a, 1e-4)) else { return Ok(()) };
            prop_assert!((here.value - there.value).abs() < 1e-12 && here.value >= 0.0);
            if here.degrees > 0 {
                let edge = Psi { value: here.critical(alpha).unwrap(), ..here };
                prop_assert!((edge.p_value() - alpha).abs() < 1e-9);
            }
        }
    }
}
