//! The squared calibration error with its bias taken off.
//!
//! Not a distance: the debiased value may lie below 0, and does so about half of the time for a model
//! that is calibrated. That is the invariant which the plain error lacks: its mean is then 0.

use super::groups::{Group, Ties, equal_mass};
use crate::input::BadInput;
use crate::metric::check_binary;
use crate::sum::sum;

/// The mean squared distance between stated probabilities and observed shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquaredCalibrationError {
    /// As it stands: the square of the binned root mean square.
    pub plug_in: f64,
    /// Less what chance alone adds in each bin.
    pub debiased: f64,
}

/// The squared calibration error over at most `bins` groups of equally many rows.
///
/// - *What it answers.* Is the model miscalibrated by more than the number of rows explains?
/// - *Assumptions.* Independent rows; within a bin about one true probability.
/// - *When it misleads.* Bins still hide what cancels within them. A value below 0 is "none found", not
///   "better than calibrated"; its spread on few rows is wide.
/// - *Source.* Kumar, Liang and Ma 2019, section 4: from each bin's squared gap, ȳ(1 − ȳ)/(n − 1) is taken
///   off; bins of one row have no such estimate and are left out of both.
/// - *Checked against.* The formula, in the vector `ece` of the reference file.
pub fn squared_calibration_error(
    actual: &[bool],
    probabilities: &[f64],
    bins: usize,
) -> Result<SquaredCalibrationError, BadInput> {
    check_binary(actual, probabilities)?;
    let groups = equal_mass(actual, probabilities, bins, Ties::Together);
    let rows = actual.len() as f64;
    let average = |of: &dyn Fn(&Group) -> f64| {
        sum(groups.iter().filter(|g| g.rows > 1).map(|g| g.weight / rows * of(g)))
    };
    let chance = |g: &Group| (g.yes / g.weight) * (1.0 - g.yes / g.weight) / (g.weight - 1.0);
    let plug_in = average(&|g| g.gap() * g.gap());
    Ok(SquaredCalibrationError { plug_in, debiased: plug_in - average(&chance) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    #[test]
    fn chance_alone_looks_like_an_error_until_it_is_taken_off() {
        let runs = 400;
        let mean = |shift: f64| {
            let found: Vec<SquaredCalibrationError> = (0..runs)
                .map(|run| {
                    let row = |i: u64| {
                        let p = 0.1 + 0.7 * unit(run, i, 0);
                        (unit(run, i, 1) < p + shift, p)
                    };
                    let (actual, p): (Vec<bool>, Vec<f64>) = (0..150).map(row).unzip();
                    squared_calibration_error(&actual, &p, 15).unwrap()
                })
                .collect();
            let average = |of: fn(&SquaredCalibrationError) -> f64| found.iter().map(of).sum::<f64>() / 400.0;
            (average(|e| e.plug_in), average(|e| e.debiased))
        };
        let (plug_in, debiased) = mean(0.0);
        // About 0.2 of variance over ten rows a bin.
        assert!((0.018..0.024).contains(&plug_in) && debiased.abs() < 0.003, "{plug_in} {debiased}");
        let (_, off_by_a_tenth) = mean(0.1);
        assert!((off_by_a_tenth - 0.01).abs() < 0.003, "{off_by_a_tenth}");
    }

    #[test]
    fn bad_rows_are_refused_and_single_rows_left_out() {
        assert!(squared_calibration_error(&[true], &[f64::NAN], 2).is_err());
        assert!(squared_calibration_error(&[], &[], 2).is_err());
        let single = squared_calibration_error(&[true, false], &[0.2, 0.7], 2).unwrap();
        assert_eq!(single, SquaredCalibrationError { plug_in: 0.0, debiased: 0.0 });
    }
}
