//! Row losses of each metric, from answers and targets.

use super::measure;
use crate::StageError;
use domain::{OutputKind, Outputs, Target};

/// Whether more of this metric is better.
pub fn higher_is_better(metric: &str) -> bool {
    matches!(metric, "accuracy" | "auc")
}

/// One loss a row: lower is better for every metric here. `accuracy` gives 0 or 1, `rmse` as `mse`;
/// a forecast's row is the mean over its steps.
pub fn losses(metric: &str, outputs: &Outputs, target: &Target) -> Result<Vec<f64>, StageError> {
    let bad = |why: stats::BadInput| measure(metric, &why);
    match (metric, target) {
        ("log_loss" | "brier" | "accuracy", Target::Class { .. }) => {
            let (classes, width) = classes(metric, outputs, target)?;
            match metric {
                "log_loss" => stats::metric::log_losses(&classes, &outputs.values, width),
                "brier" => stats::metric::brier_losses(&classes, &outputs.values, width),
                _ => {
                    let said = stats::metric::most_probable(&outputs.values, width);
                    stats::metric::zero_one_losses(&classes, &said)
                }
            }
            .map_err(bad)
        }
        ("mae" | "mse" | "rmse", Target::Number(truth) | Target::Path { values: truth, .. }) => {
            let each = match metric {
                "mae" => stats::metric::absolute_losses(truth, &outputs.values),
                _ => stats::metric::squared_losses(truth, &outputs.values),
            }
            .map_err(bad)?;
            let width = outputs.kind.width();
            Ok(each.chunks(width).map(|steps| steps.iter().sum::<f64>() / width as f64).collect())
        }
        _ => Err(measure(metric, &"it does not fit this kind of target")),
    }
}

/// Whether each row is of the last class, and the probability given to it: what the AUC ranks.
pub fn binary(metric: &str, outputs: &Outputs, target: &Target) -> Result<(Vec<bool>, Vec<f64>), StageError> {
    let (classes, width) = classes(metric, outputs, target)?;
    if width != 2 {
        return Err(measure(metric, &format!("it ranks two classes, found {width}")));
    }
    Ok((classes.iter().map(|&c| c == 1).collect(), outputs.values.chunks(2).map(|row| row[1]).collect()))
}

/// The true class of each row as an index into the answer's classes.
fn classes(metric: &str, outputs: &Outputs, target: &Target) -> Result<(Vec<usize>, usize), StageError> {
    let (OutputKind::Probabilities { classes: answered }, Target::Class { classes, index }) =
        (&outputs.kind, target)
    else {
        return Err(measure(metric, &"it needs probabilities and classes"));
    };
    let place = |name: &String| {
        let unknown = || measure(metric, &format!("class `{name}` is unknown to the model"));
        answered.iter().position(|a| a == name).ok_or_else(unknown)
    };
    let places: Vec<usize> = classes.iter().map(place).collect::<Result<_, _>>()?;
    Ok((index.iter().map(|&i| places[i as usize]).collect(), answered.len()))
}
