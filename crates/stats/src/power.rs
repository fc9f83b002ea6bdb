//! How many rows, or labels, a question needs before it is asked.
//!
//! Nothing here looks at results. Sizes are real numbers where the formula gives one; round up.
//! The invariant: more power, a smaller alpha or a smaller effect never needs fewer rows.

use crate::distribution::{bisect, noncentral_t_cdf, normal_cdf, normal_quantile, t_quantile};
use crate::input::{self, BadInput};

/// What a paired comparison is asked to show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedPlan {
    /// One-sided size, such as 0.05.
    pub alpha: f64,
    /// The chance of showing it when it is so, such as 0.8.
    pub power: f64,
    /// The margin δ that may be lost; 0 asks for superiority.
    pub margin: f64,
    /// The true difference hoped for (loss of the incumbent minus loss of the challenger).
    pub effect: f64,
}

/// Rows for a paired comparison whose row differences have standard deviation `sd`, rounded up.
///
/// - *What it answers.* How many rows make the gate's answer likely to be a clear one?
/// - *Assumptions.* Independent rows; the normal approximation.
/// - *When it misleads.* With clusters, multiply by 1 + (rows per cluster − 1)·correlation.
/// - *Source.* n = ((z₁₋α + z₁₋β)·sd/(δ + Δ))²; Julious 2004, section 3.
/// - *Checked against.* The formula; statsmodels 0.15.0 `TTestPower` is one row more.
pub fn paired_rows(plan: PairedPlan, sd: f64) -> Result<u64, BadInput> {
    Ok((quantile_sum(plan)? * sd / gap(plan, sd)?).powi(2).ceil() as u64)
}

/// As [`paired_rows`], with the t distribution in place of the normal.
pub fn paired_rows_t(plan: PairedPlan, sd: f64) -> Result<u64, BadInput> {
    let start = paired_rows(plan, sd)? as f64;
    let size = gap(plan, sd)? / sd;
    let reached = |n: f64| {
        let critical = t_quantile(1.0 - plan.alpha, n - 1.0);
        1.0 - noncentral_t_cdf(critical, n - 1.0, size * n.sqrt()) >= plan.power
    };
    Ok(bisect(2.0, 2.0 * start + 20.0, reached).ceil() as u64)
}

/// The standard deviation of a right-or-wrong difference, from the share of rows on which exactly
/// one version is right (or, before any label, on which they disagree) and the true difference.
pub fn sd_of_disagreement(disagreement: f64, effect: f64) -> Result<f64, BadInput> {
    let good = (0.0..=1.0).contains(&disagreement) && effect * effect <= disagreement;
    input::parameter("disagreement rate", disagreement, "a share, at least the effect squared", good)?;
    Ok((disagreement - effect * effect).sqrt())
}

/// Rows to compare by, and labels to buy: only rows on which the versions disagree need one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelNeed {
    /// Rows to run both versions on.
    pub rows: u64,
    /// Labels among them.
    pub labels: u64,
}

/// What a right-or-wrong comparison costs in labels.
///
/// - *What it answers.* How many labels to buy, once the versions' disagreement rate is known
///   (which needs no labels at all).
/// - *Assumptions.* As for [`paired_rows`]; rows on which both answer alike differ by exactly 0.
/// - *When it misleads.* With more than two classes both may be wrong where they disagree, so
///   the variance is smaller and the number is an upper bound.
/// - *Source.* Renggli et al. 2019, section 4.
/// - *Checked against.* The formula.
pub fn labels_needed(plan: PairedPlan, disagreement: f64) -> Result<LabelNeed, BadInput> {
    let rows = paired_rows(plan, sd_of_disagreement(disagreement, plan.effect)?)?;
    Ok(LabelNeed { rows, labels: (rows as f64 * disagreement).ceil() as u64 })
}

/// How one holdout is used again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Once.
    Once,
    /// For this many questions fixed beforehand: δ/H each.
    Planned(u32),
    /// For this many questions, each of which may depend on the earlier answers: δ/2^H.
    Adaptive(u32),
}

/// Rows so that the difference of two accuracies is known within `reach` (one-sided) except with
/// chance `delta`, whatever the data: Hoeffding's inequality for values in [−1, 1].
///
/// - *What it answers.* How large must a holdout be that serves a whole history of questions?
/// - *Assumptions.* Independent rows; nothing else.
/// - *When it misleads.* It is a worst case, often ten times what the gate needs.
/// - *Source.* Hoeffding 1963; Renggli et al. 2019, section 3.
/// - *Checked against.* The formula.
pub fn hoeffding_rows(reach: f64, delta: f64, reuse: Reuse) -> Result<u64, BadInput> {
    input::open_unit("reach", reach)?;
    Ok((2.0 * log_chances(delta, reuse)? / (reach * reach)).ceil() as u64)
}

/// As [`hoeffding_rows`], using that only a share `disagreement` of the rows differs at all:
/// Bernstein's inequality with variance at most `disagreement`.
pub fn bernstein_rows(reach: f64, delta: f64, disagreement: f64, reuse: Reuse) -> Result<u64, BadInput> {
    input::open_unit("reach", reach)?;
    input::parameter("disagreement rate", disagreement, "a share", (0.0..=1.0).contains(&disagreement))?;
    let factor = 2.0 * disagreement + 4.0 / 3.0 * reach;
    Ok((factor * log_chances(delta, reuse)? / (reach * reach)).ceil() as u64)
}

/// Rows in the first of two independent groups (the second has `ratio` times as many) to tell two
/// shares apart, two-sided, by the arcsine transform.
///
/// - *What it answers.* How many units an A/B test on a share needs.
/// - *Assumptions.* Independent units, shares not at 0 or 1.
/// - *When it misleads.* With shares below about 1% of few rows.
/// - *Source.* Cohen 1988, section 6.4.
/// - *Checked against.* statsmodels 0.15.0 `NormalIndPower.solve_power`.
pub fn two_proportion_rows(p1: f64, p2: f64, alpha: f64, power: f64, ratio: f64) -> Result<f64, BadInput> {
    check_shares(p1, p2, alpha, power, ratio)?;
    let effect = (2.0 * p2.sqrt().asin() - 2.0 * p1.sqrt().asin()).abs();
    let critical = normal_quantile(1.0 - 0.5 * alpha);
    let reached = |n: f64| {
        let shift = effect * (n * ratio / (1.0 + ratio)).sqrt();
        normal_cdf(shift - critical) + normal_cdf(-shift - critical) >= power
    };
    let normal = (critical + normal_quantile(power)) / effect;
    Ok(bisect(0.0, 2.0 * normal * normal * (1.0 + ratio) / ratio + 10.0, reached))
}

/// As [`two_proportion_rows`], one-sided at `alpha` and from the variances themselves: pooled
/// under the null, unpooled under the alternative (Fleiss, Levin and Paik 2003, equation 4.14).
pub fn two_proportion_rows_unpooled(
    p1: f64,
    p2: f64,
    alpha: f64,
    power: f64,
    ratio: f64,
) -> Result<f64, BadInput> {
    check_shares(p1, p2, alpha, power, ratio)?;
    let pooled = (p1 + ratio * p2) / (1.0 + ratio);
    let null = (pooled * (1.0 - pooled) * (1.0 + 1.0 / ratio)).sqrt();
    let alternative = (p1 * (1.0 - p1) + p2 * (1.0 - p2) / ratio).sqrt();
    let reach = normal_quantile(1.0 - alpha) * null + normal_quantile(power) * alternative;
    Ok((reach / (p2 - p1)).powi(2))
}

/// Rows in each of two independent groups to see a standardised difference of means, two-sided.
/// Checked against statsmodels 0.15.0 `TTestIndPower.solve_power`.
pub fn two_sample_rows(effect: f64, alpha: f64, power: f64) -> Result<f64, BadInput> {
    check_test(effect, alpha, power)?;
    let normal = (normal_quantile(1.0 - 0.5 * alpha) + normal_quantile(power)) / effect;
    let reached = |n: f64| two_sample_power(effect, n, alpha).is_ok_and(|p| p >= power);
    Ok(bisect(2.0, 4.0 * normal * normal + 20.0, reached))
}

/// The chance that a two-sided t-test on `rows` rows in each of two independent groups sees a
/// standardised difference of means. Checked against statsmodels 0.15.0 `TTestIndPower.power`.
pub fn two_sample_power(effect: f64, rows: f64, alpha: f64) -> Result<f64, BadInput> {
    input::open_unit("alpha", alpha)?;
    input::parameter("rows", rows, "2 or more", rows >= 2.0)?;
    let (df, shift) = (2.0 * rows - 2.0, effect * (0.5 * rows).sqrt());
    let critical = t_quantile(1.0 - 0.5 * alpha, df);
    Ok(1.0 - noncentral_t_cdf(critical, df, shift) + noncentral_t_cdf(-critical, df, shift))
}

fn quantile_sum(plan: PairedPlan) -> Result<f64, BadInput> {
    input::open_unit("alpha", plan.alpha)?;
    input::open_unit("power", plan.power)?;
    Ok(normal_quantile(1.0 - plan.alpha) + normal_quantile(plan.power))
}

fn gap(plan: PairedPlan, sd: f64) -> Result<f64, BadInput> {
    input::parameter("standard deviation", sd, "a finite number, 0 or more", sd.is_finite() && sd >= 0.0)?;
    let gap = plan.margin + plan.effect;
    input::parameter("margin plus effect", gap, "a number above 0", gap.is_finite() && gap > 0.0)?;
    Ok(gap)
}

fn log_chances(delta: f64, reuse: Reuse) -> Result<f64, BadInput> {
    input::open_unit("delta", delta)?;
    let questions = match reuse {
        Reuse::Once => 0.0,
        Reuse::Planned(questions) => f64::from(questions.max(1)).ln(),
        Reuse::Adaptive(questions) => f64::from(questions) * std::f64::consts::LN_2,
    };
    Ok(questions - delta.ln())
}

fn check_shares(p1: f64, p2: f64, alpha: f64, power: f64, ratio: f64) -> Result<(), BadInput> {
    input::open_unit("the first share", p1)?;
    input::open_unit("the second share", p2)?;
    input::parameter("ratio of group sizes", ratio, "a number above 0", ratio.is_finite() && ratio > 0.0)?;
    check_test(p2 - p1, alpha, power)
}

fn check_test(effect: f64, alpha: f64, power: f64) -> Result<(), BadInput> {
    input::open_unit("alpha", alpha)?;
    input::open_unit("power", power)?;
    input::parameter("effect", effect, "a finite number other than 0", effect.is_finite() && effect != 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAN: PairedPlan = PairedPlan { alpha: 0.05, power: 0.8, margin: 0.01, effect: 0.0 };

    #[test]
    fn labels_are_a_share_of_the_rows() {
        assert_eq!(labels_needed(PLAN, 0.08), Ok(LabelNeed { rows: 4947, labels: 396 }));
    }

    #[test]
    fn an_effect_beyond_the_margin_on_the_wrong_side_is_refused() {
        let error = paired_rows(PairedPlan { effect: -0.02, ..PLAN }, 0.3).unwrap_err();
        assert_eq!(error.to_string(), "margin plus effect: found -0.01, expected a number above 0");
        assert!(sd_of_disagreement(0.01, 0.2).is_err());
    }

    #[test]
    fn adaptive_reuse_costs_more_than_planned() {
        let rows = |reuse| bernstein_rows(0.02, 0.001, 0.1, reuse).unwrap();
        assert!(rows(Reuse::Once) < rows(Reuse::Planned(32)));
        assert!(rows(Reuse::Planned(32)) < rows(Reuse::Adaptive(32)));
    }

    proptest! {
        #[test]
        fn wanting_more_takes_more(power in 0.5..0.95f64, margin in 0.005..0.05f64, p in 0.01..0.4f64) {
            let plan = PairedPlan { power, margin, ..PLAN };
            let rows = |plan| labels_needed(plan, p).unwrap().rows;
            let stricter = PairedPlan { alpha: 0.01, ..plan };
            prop_assert!(rows(plan) <= rows(stricter));
            let finer = PairedPlan { margin: 0.8 * margin, ..plan };
            prop_assert!(rows(plan) <= rows(finer));
            let surer = PairedPlan { power: power + 0.04, ..plan };
            prop_assert!(rows(plan) <= rows(surer));
        }
    }
}
