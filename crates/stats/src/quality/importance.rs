//! CBPE where the mix of rows has moved: calibration weighted towards the rows that come now.
//!
//! Not a classifier of reference against current rows: the caller brings its answers. The invariant: with
//! all ratios equal it is CBPE itself, and on too few effective rows it says so in place of a number.

use super::Assumption;
use super::cbpe::{BinaryQuality, ClassQuality, ServedClasses, ServedYesNo, cbpe, cbpe_classes};
use crate::calibrate::Calibrator;
use crate::input::{self, BadInput};
use crate::off_policy::effective_sample_size;

const ASSUMPTIONS: &[Assumption] = &[
    Assumption::SameConcept,
    Assumption::SharedSupport,
    Assumption::RightRatios,
    Assumption::CalibratedRows,
    Assumption::IndependentAnswers,
];

/// An estimate from reweighted reference rows, or how far they were from enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Reweighted<T> {
    /// (Σw)²/Σw²: how many rows like the current ones the reference is worth.
    pub effective_rows: f64,
    /// How many were asked for.
    pub least: f64,
    /// The estimate; `None` where the effective rows are fewer.
    pub found: Option<T>,
}

/// Reference rows with their answers; columns of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceYesNo<'a> {
    /// What happened.
    pub actual: &'a [bool],
    /// The probability of yes that the model stated.
    pub stated: &'a [f64],
    /// How much more frequent such a row is now, from [`crate::drift::density_ratios`].
    pub ratios: &'a [f64],
}

/// Reference rows of several classes with their answers; the matrix is row-major.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceClasses<'a> {
    /// The index of the true class.
    pub classes: &'a [usize],
    /// The probabilities that the model stated, each row summing to 1.
    pub stated: &'a [f64],
    /// How much more frequent such a row is now, from [`crate::drift::density_ratios`].
    pub ratios: &'a [f64],
}

/// CBPE of a yes-or-no model after calibration on reference rows weighted by their density ratio (PAPE,
/// M-CBPE). `stated` are the current rows' stated probabilities of yes, `predicted` their answers; `least`
/// effective rows are needed for a number.
///
/// - *What it answers.* As [`cbpe()`], where calibration holds on average over the reference and the rows that
///   come now are another mix.
/// - *Assumptions.* Those listed in the result, first of all that P(Y|X) has not changed.
/// - *When it misleads.* Under concept drift it does not move: never a gate or an alarm alone. It repairs
///   the calibration on average over the current rows, not for each of them. Wrong ratios make it worse
///   than no weights.
/// - *Source.* Białek, Kuberski, Perrakis and Bifet 2024 (PAPE, in its first version M-CBPE).
/// - *Checked against.* Simulation: it is right where plain CBPE is not.
///
/// # Errors
/// Those of [`Calibrator::fit_yes_no`] and of CBPE; ratios that are negative or all 0; a `least` that is
/// not finite.
pub fn reweighted_cbpe(
    reference: ReferenceYesNo<'_>,
    stated: &[f64],
    predicted: &[bool],
    least: f64,
    level: f64,
) -> Result<Reweighted<BinaryQuality>, BadInput> {
    let calibrator = Calibrator::fit_yes_no(reference.actual, reference.stated, Some(reference.ratios))?;
    let calibrated = calibrator.apply_yes_no(stated)?;
    let served = ServedYesNo { calibrated: &calibrated, predicted, scores: stated };
    let found = BinaryQuality { assumptions: ASSUMPTIONS, ..cbpe(served, level)? };
    if_enough(found, reference.ratios, least)
}

/// [`reweighted_cbpe`] for any number of classes, `width`; `stated` is row-major.
pub fn reweighted_cbpe_classes(
    reference: ReferenceClasses<'_>,
    stated: &[f64],
    predicted: &[usize],
    width: usize,
    least: f64,
    level: f64,
) -> Result<Reweighted<ClassQuality>, BadInput> {
    let ReferenceClasses { classes, stated: before, ratios } = reference;
    let calibrated = Calibrator::fit(classes, before, width, Some(ratios))?.apply(stated, width)?;
    let served = ServedClasses { calibrated: &calibrated, stated, predicted, width };
    let found = ClassQuality { assumptions: ASSUMPTIONS, ..cbpe_classes(served, level)? };
    if_enough(found, ratios, least)
}

fn if_enough<T>(found: T, ratios: &[f64], least: f64) -> Result<Reweighted<T>, BadInput> {
    let good = least.is_finite() && least >= 0.0;
    input::parameter("least effective rows", least, "a finite number, 0 or more", good)?;
    let effective_rows = effective_sample_size(ratios)?;
    Ok(Reweighted { effective_rows, least, found: (effective_rows >= least).then_some(found) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    fn reference() -> (Vec<bool>, Vec<f64>) {
        (0..600).map(|i| (unit(1, i, 0) < unit(1, i, 1), unit(1, i, 1))).unzip()
    }

    #[test]
    fn even_ratios_are_plain_cbpe_and_uneven_ones_may_be_too_few() {
        let (actual, stated) = reference();
        let predicted: Vec<bool> = stated.iter().map(|&p| p > 0.5).collect();
        let with = |ratios: &[f64], least: f64| {
            let reference = ReferenceYesNo { actual: &actual, stated: &stated, ratios };
            reweighted_cbpe(reference, &stated, &predicted, least, 0.95)
        };
        let even = with(&[2.0; 600], 500.0).unwrap();
        assert!((even.effective_rows - 600.0).abs() < 1e-9);
        let calibrator = Calibrator::fit_yes_no(&actual, &stated, None).unwrap();
        let calibrated = calibrator.apply_yes_no(&stated).unwrap();
        let served = ServedYesNo { calibrated: &calibrated, predicted: &predicted, scores: &stated };
        let (found, plain) = (even.found.unwrap(), cbpe(served, 0.95).unwrap());
        assert!((found.accuracy.value - plain.accuracy.value).abs() < 1e-9);
        assert_eq!(found.assumptions[..2], [Assumption::SameConcept, Assumption::SharedSupport]);
        let mut heavy = vec![0.01; 600];
        heavy[7] = 100.0;
        let few = with(&heavy, 50.0).unwrap();
        assert!(few.found.is_none() && few.effective_rows < 2.0 && few.least == 50.0);
        assert!(with(&[f64::NAN; 600], 1.0).is_err() && with(&[0.0; 600], 1.0).is_err());
        assert!(with(&[1.0; 600], f64::NAN).is_err());
    }

    #[test]
    fn classes_are_weighted_too() {
        // Rows of the first kind are right half of the time, others more. Of the current mix 52.3% are right
        // and the other classes as 1.41 to 1: what the stated 70, 20 and 10% are at temperature 2.
        let row = |i: u64| {
            let first = unit(2, i, 0) < 0.5;
            let right = unit(2, i, 1) < if first { 0.5 } else { 0.7315 };
            let class = if right { 0 } else { 1 + usize::from(unit(2, i, 2) > 0.5858) };
            (class, [0.7, 0.2, 0.1], if first { 1.8 } else { 0.2 })
        };
        let rows: Vec<_> = (0..8_000).map(row).collect();
        let classes: Vec<usize> = rows.iter().map(|r| r.0).collect();
        let stated: Vec<f64> = rows.iter().flat_map(|r| r.1).collect();
        let ratios: Vec<f64> = rows.iter().map(|r| r.2).collect();
        let reference = ReferenceClasses { classes: &classes, stated: &stated, ratios: &ratios };
        let found = reweighted_cbpe_classes(reference, &stated, &vec![0; 8_000], 3, 100.0, 0.95).unwrap();
        let accuracy = found.found.unwrap().accuracy.value;
        assert!((accuracy - 0.523).abs() < 0.03, "{accuracy}");
    }
}
