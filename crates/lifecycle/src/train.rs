//! A challenger, by an embedded trainer or by the plan's own command.

use crate::version::{Version, keep};
use crate::{Progress, Project, StageError};
use domain::{Examples, Origin, TrainedOn};
use models::{Fit, FitError, Seed};

/// Fits a trainer on these rows, which `trained_on` tells of, and registers what came of it.
pub fn run(
    project: &Project,
    trainer: &dyn Fit,
    rows: &Examples,
    trained_on: TrainedOn,
    progress: &mut dyn Progress,
) -> Result<Version, StageError> {
    let seed = Seed(project.plan.train.seed);
    let fitted = trainer.fit(rows, seed, &mut |share| {
        trainer.said().iter().for_each(|line| progress.say(line));
        progress.share(share)
    });
    trainer.said().iter().for_each(|line| progress.say(line));
    let artifact = fitted.map_err(|error| match error {
        FitError::Interrupted => StageError::Interrupted,
        other => StageError::Fit(other),
    })?;
    let origin = Origin::Trained { trainer: trainer.name().into() };
    keep(project, &artifact, origin, trained_on, &rows.rows)
}
