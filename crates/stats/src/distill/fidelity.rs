//! How like its teacher a student is.

use super::hinton::divergence;
use crate::input::{self, BadInput};
use crate::metric::{check_rows, most_probable};
use crate::sum::mean;

/// Means over rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fidelity {
    /// The share of rows on which both find the same class most probable.
    pub agreement: f64,
    /// KL(teacher ‖ student), in nats.
    pub divergence: f64,
    /// Total variation: half the sum of absolute differences, 0 to 1.
    pub variation: f64,
    /// On how many rows.
    pub rows: u64,
}

/// Compares the two's probabilities of the same rows.
///
/// - *What it answers.* Does the student answer as its teacher does?
/// - *Assumptions.* The same classes in the same order; rows that neither learned from.
/// - *When it misleads.* Likeness is not quality: a student can agree little and be as good, or copy mistakes.
/// - *Source.* Stanton et al. 2021, section 3.
/// - *Checked against.* The formula in numpy.
pub fn fidelity(teacher: &[f64], student: &[f64], width: usize) -> Result<Fidelity, BadInput> {
    check_rows(teacher, width)?;
    check_rows(student, width)?;
    input::same_length("student's probabilities", student.len(), teacher.len())?;
    input::at_least("rows", teacher.len() / width, 1)?;
    let rows = || teacher.chunks_exact(width).zip(student.chunks_exact(width));
    let half = |(t, s): (&[f64], &[f64])| 0.5 * t.iter().zip(s).map(|(t, s)| (t - s).abs()).sum::<f64>();
    let (top, own) = (most_probable(teacher, width), most_probable(student, width));
    let same = top.iter().zip(&own).filter(|(t, s)| t == s).count();
    Ok(Fidelity {
        agreement: same as f64 / top.len() as f64,
        divergence: mean(&rows().map(|(t, s)| divergence(t, s)).collect::<Vec<_>>()),
        variation: mean(&rows().map(half).collect::<Vec<_>>()),
        rows: top.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_wholly_like_it_and_an_opposite_not_at_all() {
        let same = fidelity(&[0.2, 0.8], &[0.2, 0.8], 2).unwrap();
        assert_eq!(same, Fidelity { agreement: 1.0, divergence: 0.0, variation: 0.0, rows: 1 });
        let other = fidelity(&[1.0, 0.0], &[0.0, 1.0], 2).unwrap();
        assert_eq!((other.agreement, other.variation), (0.0, 1.0));
        assert!(other.divergence.is_finite() && other.divergence > 30.0);
    }

    #[test]
    fn rows_must_belong_together() {
        assert!(fidelity(&[0.2, 0.8], &[0.2, 0.8, 0.5, 0.5], 2).is_err());
        assert!(fidelity(&[], &[], 2).is_err());
    }
}
