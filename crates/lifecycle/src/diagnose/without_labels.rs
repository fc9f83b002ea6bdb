//! How good the live answers would be, by what is known without labels: CBPE, its reweighted form, and DLE.
//!
//! Estimates for people who wait for labels, each with what it assumes. Nothing gates, alarms or diagnoses by them: all
//! of them are blind to concept drift.

use super::loss::Lost;
use super::reference::{Reference, loss_of};
use crate::drift::Together;
use crate::{Project, StageError};
use domain::drift::WORTH_A_WORD;
use domain::gate::Estimate;
use domain::{OutputKind, Outputs, Table, Target};
use stats::calibrate::Calibrator;
use stats::quality::{
    Assumption, ClassQuality, ReferenceClasses, ServedClasses, cbpe_classes, direct_loss,
    reweighted_cbpe_classes,
};
use std::fmt;

const LEVEL: f64 = 0.95;
/// The fewest rows that a reweighted reference must be worth.
const LEAST_EFFECTIVE: f64 = 200.0;

/// An estimate without labels.
#[derive(Debug, Clone, PartialEq)]
pub struct WithoutLabels {
    /// `CBPE`, `reweighted CBPE` or `DLE`.
    pub method: &'static str,
    /// What is estimated.
    pub metric: String,
    /// The estimate with its 95% interval.
    pub estimate: Estimate,
    /// What it assumes.
    pub assumptions: &'static [Assumption],
}

/// Live rows with the answers that were given.
pub(crate) struct Served<'a> {
    /// The rows, of the model's columns.
    pub rows: &'a Table,
    /// The logged answers.
    pub answers: &'a Outputs,
}

/// Estimates: for classes by calibrated probabilities, and reweighted where inputs moved; for numbers by expected loss.
pub(crate) fn estimates(
    project: &Project,
    reference: &Reference,
    served: &Served<'_>,
    together: Option<&Together>,
) -> Result<Vec<WithoutLabels>, StageError> {
    match (&reference.answers.kind, &reference.target) {
        (OutputKind::Probabilities { classes: answered }, Target::Class { classes, index }) => {
            let place = |i: &u32| answered.iter().position(|a| *a == classes[*i as usize]).unwrap_or(0);
            let truth: Vec<usize> = index.iter().map(place).collect();
            of_classes(reference, &truth, served, together)
        }
        _ => of_numbers(project, reference, served),
    }
}

fn of_classes(
    reference: &Reference,
    truth: &[usize],
    served: &Served<'_>,
    together: Option<&Together>,
) -> Result<Vec<WithoutLabels>, StageError> {
    let width = reference.answers.kind.width();
    let stated = &served.answers.values;
    let predicted = stats::metric::most_probable(stated, width);
    let calibrator = Calibrator::fit(truth, &reference.answers.values, width, None).map_err(|e| bad(&e))?;
    let calibrated = calibrator.apply(stated, width).map_err(|e| bad(&e))?;
    let plain = ServedClasses { calibrated: &calibrated, stated, predicted: &predicted, width };
    let mut found = told("CBPE", &cbpe_classes(plain, LEVEL).map_err(|e| bad(&e))?);
    if let Some(together) = together.filter(|t| t.told.auc.value > WORTH_A_WORD) {
        let ratios = together.ratios(&reference.rows)?;
        let before = ReferenceClasses { classes: truth, stated: &reference.answers.values, ratios: &ratios };
        let reweighted = reweighted_cbpe_classes(before, stated, &predicted, width, LEAST_EFFECTIVE, LEVEL);
        let quality = reweighted.map_err(|e| bad(&e))?.found;
        found.extend(quality.iter().flat_map(|quality| told("reweighted CBPE", quality)));
    }
    Ok(found)
}

fn told(method: &'static str, quality: &ClassQuality) -> Vec<WithoutLabels> {
    let one = |metric: &str, e: &stats::Estimate| WithoutLabels {
        method,
        metric: metric.into(),
        estimate: Estimate::from(*e),
        assumptions: quality.assumptions,
    };
    vec![one("accuracy", &quality.accuracy), one("log_loss", &quality.log_loss)]
}

fn of_numbers(
    project: &Project,
    reference: &Reference,
    served: &Served<'_>,
) -> Result<Vec<WithoutLabels>, StageError> {
    let now = Lost { rows: served.rows, answers: served.answers, losses: &[] };
    // boosted trees may go below 0, and no loss does
    let losses: Vec<f64> = reference.expected.average(&now)?.into_iter().map(|loss| loss.max(0.0)).collect();
    let found = direct_loss(&losses, LEVEL).map_err(|e| bad(&e))?;
    let estimate = Estimate::from(found.loss);
    Ok(vec![WithoutLabels {
        method: "DLE",
        metric: loss_of(project).into(),
        estimate,
        assumptions: found.assumptions,
    }])
}

fn bad(why: &dyn fmt::Display) -> StageError {
    StageError::Measure { metric: "quality without labels".into(), why: why.to_string() }
}

impl fmt::Display for WithoutLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &self.estimate;
        write!(f, "{} {:.4} [{:.4}, {:.4}] by {}", self.metric, e.value, e.low, e.high, self.method)?;
        let assumed: Vec<String> = self.assumptions.iter().map(ToString::to_string).collect();
        write!(f, ", if {}", assumed.join("; "))
    }
}
