//! The floor: the constant answer under every chain. Held in memory, it runs no model and cannot fail.

use crate::output;
use domain::{OutputKind, Outputs};

/// One row's answer, given to every row when no version could answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Floor {
    kind: OutputKind,
    row: Vec<f64>,
}

impl Floor {
    /// A floor of this row's numbers: `kind.width()` of them, finite, probabilities summing to 1.
    pub fn new(kind: OutputKind, row: Vec<f64>) -> Result<Floor, String> {
        let one = Outputs { kind, values: row };
        output::check(&one, &one.kind, 1, None)?;
        Ok(Floor { kind: one.kind, row: one.values })
    }

    /// The floor that knows nothing: equal probabilities, or zeros.
    pub fn ignorant(kind: OutputKind) -> Floor {
        let each = match &kind {
            OutputKind::Probabilities { classes } => 1.0 / classes.len().max(1) as f64,
            OutputKind::Value | OutputKind::Path { .. } => 0.0,
        };
        Floor { row: vec![each; kind.width()], kind }
    }

    /// What the numbers mean.
    pub fn kind(&self) -> &OutputKind {
        &self.kind
    }

    /// The same answer for every row.
    pub fn answer(&self, rows: usize) -> Outputs {
        Outputs { kind: self.kind.clone(), values: self.row.repeat(rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> OutputKind {
        OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] }
    }

    #[test]
    fn every_row_gets_the_same_answer() {
        let floor = Floor::new(classes(), vec![0.9, 0.1]).expect("a distribution");
        assert_eq!(floor.answer(2).values, [0.9, 0.1, 0.9, 0.1]);
        assert_eq!(Floor::ignorant(classes()).answer(1).values, [0.5, 0.5]);
    }

    #[test]
    fn a_floor_that_is_no_answer_is_refused() {
        assert!(Floor::new(classes(), vec![0.9, 0.2]).is_err());
        assert!(Floor::new(classes(), vec![1.0]).is_err());
        assert!(Floor::new(OutputKind::Value, vec![f64::NAN]).is_err());
    }
}
