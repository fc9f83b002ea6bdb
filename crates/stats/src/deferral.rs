//! What a model may answer alone, and what goes to people: thresholds and sets with a guarantee.
//!
//! Not a judgement of whether the guarantee is worth its price, and not a watch: every guarantee here is
//! for rows exchangeable with the calibration rows, so it is made again at each change of the model and at
//! each alarm. The invariant: nothing is promised because the data happened to look good; where the rows
//! do not carry a promise the result says so and what it would take.
//!
//! Which one: [`certify`] for "at most this share of what is answered alone is wrong", with high
//! probability; [`conformal_quantile`] with [`lac_set`] or [`aps_set`] for the candidates to show a reviewer;
//! [`conformal_risk_control`] for any loss that falls as the model grows more careful, on average only.

pub mod binomial;
pub mod conformal;
pub mod drawn;
pub mod risk_control;
pub mod selective;
pub mod shortfall;

pub use binomial::{binomial_p, error_upper_bound, hoeffding_bentkus_p, least_accepted};
pub use conformal::{aps_score, aps_set, conformal_quantile, conformal_rank, lac_score, lac_set};
pub use drawn::{Draws, drawn_p};
pub use risk_control::{RiskControl, conformal_risk_control};
pub use selective::{
    Alone, Calibration, Certificate, MOST_STEPS, Outcome, Promise, Start, Step, certify, confidence_grid,
};
pub use shortfall::Shortfall;
