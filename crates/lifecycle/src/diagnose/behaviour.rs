//! What a model must do whatever it learned: answer alike again, alone and among others, and not against a column
//! that the plan says it must follow.

use crate::StageError;
use crate::score::taken;
use crate::version::Version;
use domain::diagnosis::Misbehaviour;
use domain::plan::Watch;
use domain::{Column, OutputKind, Outputs, Table, Values};
use models::artifact::GOLDEN_TOLERANCE;

/// Rows that are asked one by one.
const ALONE: usize = 50;
/// The share of rows that may go against a declared direction by rounding and ties.
const AGAINST: f64 = 0.01;

/// Asks the model about these rows in other ways.
pub(crate) fn misbehaviour(
    version: &Version,
    rows: &Table,
    answered: &Outputs,
    rules: &Watch,
) -> Result<Vec<Misbehaviour>, StageError> {
    let mut found = Vec::new();
    let again = differing(&version.answer(rows)?, answered);
    if again > 0 {
        found.push(Misbehaviour::Unsteady { rows: again });
    }
    let company = company(version, rows, answered)?;
    if company > 0 {
        found.push(Misbehaviour::Company { rows: company });
    }
    let directions = rules.rising.iter().map(|c| (c, 1.0)).chain(rules.falling.iter().map(|c| (c, -1.0)));
    for (column, sign) in directions {
        let share = against(version, rows, answered, column, sign)?;
        if share > AGAINST {
            found.push(Misbehaviour::Against { column: column.clone(), share });
        }
    }
    Ok(found)
}

/// Rows that are answered differently in reverse order, or alone.
fn company(version: &Version, rows: &Table, answered: &Outputs) -> Result<u64, StageError> {
    let reverse: Vec<usize> = (0..rows.rows()).rev().collect();
    let reversed = differing(&version.answer(&rows.take(&reverse))?, &taken(answered, &reverse));
    let mut alone = 0;
    for row in 0..rows.rows().min(ALONE) {
        alone += differing(&version.answer(&rows.take(&[row]))?, &taken(answered, &[row]));
    }
    Ok(reversed.max(alone))
}

/// The share of rows whose answer goes down where it must go up (`sign` 1), the column one deviation further on.
fn against(
    version: &Version,
    rows: &Table,
    answered: &Outputs,
    column: &str,
    sign: f64,
) -> Result<f64, StageError> {
    let Some(moved) = moved(rows, column) else { return Ok(0.0) };
    let after = version.answer(&moved)?;
    let level = |outputs: &Outputs, row: usize| match outputs.kind {
        OutputKind::Probabilities { .. } => outputs.row(row).last().copied().unwrap_or(0.0),
        _ => outputs.row(row).iter().sum(),
    };
    let wrong = |row: &usize| sign * (level(&after, *row) - level(answered, *row)) < -GOLDEN_TOLERANCE;
    Ok((0..rows.rows()).filter(wrong).count() as f64 / rows.rows().max(1) as f64)
}

/// The same rows with this column one standard deviation further on; `None` where it holds no numbers.
fn moved(rows: &Table, name: &str) -> Option<Table> {
    let Values::Number(cells) = &rows.column(name)?.values else { return None };
    let known: Vec<f64> = cells.iter().copied().filter(|x| x.is_finite()).collect();
    if known.len() < 2 {
        return None;
    }
    let step = stats::sum::variance(&known).sqrt();
    let further = Values::Number(cells.iter().map(|x| x + step).collect());
    let columns = rows.columns().iter().map(|c| match c.name == name {
        true => Column { name: c.name.clone(), values: further.clone() },
        false => c.clone(),
    });
    Table::new(columns.collect()).ok()
}

fn differing(found: &Outputs, expected: &Outputs) -> u64 {
    super::answers::compare(found, expected).wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Signature, Task, VersionId};
    use models::{Predict, PredictError};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Answers `x`, plus what its fault adds.
    struct Faulty {
        signature: Signature,
        asked: AtomicU64,
        fault: fn(x: f64, rows: usize, asked: u64) -> f64,
    }

    impl Predict for Faulty {
        fn signature(&self) -> &Signature {
            &self.signature
        }
        fn predict(&self, rows: &Table) -> Result<Outputs, PredictError> {
            let Some(Values::Number(x)) = rows.column("x").map(|c| &c.values) else { unreachable!() };
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            let values = x.iter().map(|x| (self.fault)(*x, x_len(rows), asked)).collect();
            Ok(Outputs { kind: OutputKind::Value, values })
        }
    }

    fn x_len(rows: &Table) -> usize {
        rows.rows()
    }

    #[track_caller]
    fn check(fault: fn(f64, usize, u64) -> f64, rules: &Watch, expected: &[Misbehaviour]) {
        let x = Column { name: "x".into(), values: Values::Number((0..60).map(f64::from).collect()) };
        let rows = Table::new(vec![x]).expect("one column");
        let signature =
            Signature { task: Task::Regression, inputs: rows.schema(0), output: OutputKind::Value };
        let model = Faulty { signature, asked: AtomicU64::new(0), fault };
        let version = Version { id: VersionId("a".into()), model: Arc::new(model) };
        let answered = version.answer(&rows).expect("it answers");
        let found = misbehaviour(&version, &rows, &answered, rules).expect("it answers");
        assert_eq!(found, expected);
    }

    #[test]
    fn each_fault_is_seen() {
        let any = Watch::default();
        check(|x, _, _| x, &any, &[]);
        check(|x, rows, _| x + rows as f64, &any, &[Misbehaviour::Company { rows: 50 }]);
        let unsteady = [Misbehaviour::Unsteady { rows: 60 }, Misbehaviour::Company { rows: 60 }];
        check(|x, _, asked| x + asked as f64, &any, &unsteady);
        let rising = Watch { rising: vec!["x".into()], ..Watch::default() };
        check(|x, _, _| x, &rising, &[]);
        check(|x, _, _| -x, &rising, &[Misbehaviour::Against { column: "x".into(), share: 1.0 }]);
    }
}
