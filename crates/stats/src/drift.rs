//! Has a column moved: distances and tests between a reference sample and a current one.
//!
//! Not here: which distance is too large (a rule of `domain`), drift while rows keep coming
//! ([`crate::sequential`]). Every distance comes apart from its p-value, because with a million rows a
//! shift of a hundredth of a standard deviation is significant and harmless: alarm on the size, and use
//! the p-value to hold back what chance alone explains.
//!
//! [`Ecdf`] is what numeric columns become, once, for [`numeric_drift`] and the bins of [`psi()`];
//! [`category_drift`] compares counts; [`mmd()`] and [`separation`] compare whole rows.

pub mod categorical;
mod columns;
pub mod domain;
pub mod ecdf;
mod kolmogorov;
pub mod ks;
pub mod mmd;
pub mod numeric;
pub mod psi;
pub mod wasserstein;

pub use categorical::{CategoryDrift, category_drift};
pub use domain::{Separation, auc_null_sd, density_ratios, separation};
pub use ecdf::Ecdf;
pub use ks::{KolmogorovSmirnov, Tail, kolmogorov_smirnov, kolmogorov_smirnov_by, kolmogorov_smirnov_p};
pub use mmd::{Mmd, mmd};
pub use numeric::{NumericDrift, numeric_drift};
pub use psi::{Psi, bin_counts, psi, quantile_edges};
pub use wasserstein::{normalised_wasserstein, wasserstein};
