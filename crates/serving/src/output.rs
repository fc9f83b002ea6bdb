//! Whether what a model answered is an answer at all: right shape, finite, probabilities that sum to 1,
//! numbers within the plausible range. It says nothing about whether the answer is right.

use domain::{OutputKind, Outputs};

/// How far a row's probabilities may sum from 1.
pub const SUM_TOLERANCE: f64 = 1e-6;

/// The range outside which a number is taken for a fault, inclusive at both ends.
pub type Plausible = (f64, f64);

/// Checks an answer for `rows` rows; the error says what was found and what was expected.
pub fn check(
    found: &Outputs,
    kind: &OutputKind,
    rows: usize,
    plausible: Option<Plausible>,
) -> Result<(), String> {
    if found.kind != *kind {
        return Err(format!("answered {}, expected {}", describe(&found.kind), describe(kind)));
    }
    let expected = rows * kind.width();
    if found.values.len() != expected {
        return Err(format!("answered {} numbers, expected {expected} for {rows} rows", found.values.len()));
    }
    found.values.chunks(kind.width().max(1)).enumerate().try_for_each(|(row, numbers)| {
        check_row(numbers, kind, plausible).map_err(|why| format!("row {row}: {why}"))
    })
}

/// What an output kind is called in messages.
pub fn describe(kind: &OutputKind) -> String {
    match kind {
        OutputKind::Probabilities { classes } => format!("probabilities of {} classes", classes.len()),
        OutputKind::Value => "one value".into(),
        OutputKind::Path { horizon } => format!("a path of {horizon} steps"),
    }
}

fn check_row(numbers: &[f64], kind: &OutputKind, plausible: Option<Plausible>) -> Result<(), String> {
    if let Some(odd) = numbers.iter().find(|x| !x.is_finite()) {
        return Err(format!("found {odd}, expected a finite number"));
    }
    match kind {
        OutputKind::Probabilities { .. } => check_probabilities(numbers),
        OutputKind::Value | OutputKind::Path { .. } => check_range(numbers, plausible),
    }
}

fn check_probabilities(numbers: &[f64]) -> Result<(), String> {
    let allowed = -SUM_TOLERANCE..=1.0 + SUM_TOLERANCE;
    if let Some(odd) = numbers.iter().find(|p| !allowed.contains(p)) {
        return Err(format!("found a probability of {odd}, expected 0 to 1"));
    }
    let sum: f64 = numbers.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(format!("probabilities sum to {sum}, expected 1 within {SUM_TOLERANCE}"));
    }
    Ok(())
}

fn check_range(numbers: &[f64], plausible: Option<Plausible>) -> Result<(), String> {
    let Some((low, high)) = plausible else { return Ok(()) };
    match numbers.iter().find(|x| **x < low || **x > high) {
        Some(odd) => Err(format!("found {odd}, expected {low} to {high}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> OutputKind {
        OutputKind::Probabilities { classes: vec!["a".into(), "b".into()] }
    }

    fn ok(kind: OutputKind, values: &[f64], rows: usize) -> bool {
        check(&Outputs { kind: kind.clone(), values: values.to_vec() }, &kind, rows, Some((-10.0, 10.0)))
            .is_ok()
    }

    #[test]
    fn shapes_must_fit() {
        assert!(ok(two(), &[0.25, 0.75, 1.0, 0.0], 2));
        assert!(!ok(two(), &[0.25, 0.75], 2));
        let other = Outputs { kind: OutputKind::Value, values: vec![1.0] };
        assert_eq!(
            check(&other, &two(), 1, None),
            Err("answered one value, expected probabilities of 2 classes".into())
        );
    }

    #[test]
    fn probabilities_must_be_a_distribution() {
        assert!(ok(two(), &[0.5, 0.5 + 9e-7], 1));
        assert!(!ok(two(), &[0.5, 0.5 + 2e-6], 1));
        assert!(!ok(two(), &[-0.1, 1.1], 1));
        assert!(!ok(two(), &[f64::NAN, 1.0], 1));
    }

    #[test]
    fn numbers_must_be_finite_and_plausible() {
        assert!(ok(OutputKind::Value, &[10.0], 1));
        assert!(!ok(OutputKind::Value, &[10.1], 1));
        assert!(!ok(OutputKind::Path { horizon: 2 }, &[1.0, f64::INFINITY], 1));
    }
}
