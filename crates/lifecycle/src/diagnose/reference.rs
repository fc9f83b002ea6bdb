//! What a version is measured by once it serves: rows that it never saw, from before it served, with its answers to
//! them, what it lost there, and what each column is worth to it.
//!
//! Made once for each version; everything here is a function of the version and these rows.

use super::loss::{Expected, Lost};
use super::traffic::places;
use crate::drift::Profile;
use crate::live::{self, Live};
use crate::score::losses;
use crate::version::{Version, open};
use crate::{Project, StageError, data};
use domain::{Column, Examples, Outputs, Table, Target, Timestamp, VersionId};

/// At most so many rows are kept.
const ROWS: usize = 5000;
/// Fewer rows are no reference.
const LEAST: usize = 200;
/// Rows on which a column's worth is measured.
const WORTH: usize = 1000;
/// Harm is a loss of so much of the skill over the baseline...
const OF_SKILL: f64 = 0.2;
/// ...and never less than so much of the loss.
const OF_LOSS: f64 = 0.01;

/// The rows and what follows from them.
pub struct Reference {
    /// Where the rows come from, in words.
    pub how: String,
    /// The model's columns only.
    pub rows: Table,
    /// The version's answers.
    pub answers: Outputs,
    /// What was true.
    pub target: Target,
    /// One loss a row, of the primary metric.
    pub losses: Vec<f64>,
    /// The loss to be expected of a row, learned from these.
    pub(super) expected: Expected,
    /// One a column, in the order of the rows.
    pub profiles: Vec<Profile>,
    /// How much the loss rises when the column is shuffled; one a column.
    pub importance: Vec<f64>,
    /// How much worse is harm.
    pub tolerance: f64,
}

impl Reference {
    /// Of these labelled rows.
    pub fn of(
        project: &Project,
        version: &Version,
        examples: &Examples,
        how: String,
    ) -> Result<Reference, StageError> {
        let seed = project.plan.train.seed;
        let examples = examples.take(&places(examples.len(), ROWS, seed));
        let inputs = &version.model.signature().inputs;
        let rows = examples.rows.select(|name| inputs.field(name).is_some());
        let answers = version.answer(&rows)?;
        let losses = losses(loss_of(project), &answers, &examples.target)?;
        let profiles = rows.columns().iter().map(|c| profile(c, None, examples.entity.as_deref()));
        let profiles = profiles.collect::<Result<_, _>>()?;
        let worth = Worth { project, version, examples: &examples, rows: &rows, losses: &losses, seed };
        let importance = (0..rows.columns().len()).map(|c| worth.of(c)).collect::<Result<_, _>>()?;
        let tolerance = tolerance(project, &examples, &losses)?;
        let target = examples.target;
        let expected = Expected::learn(&Lost { rows: &rows, answers: &answers, losses: &losses }, seed)?;
        Ok(Reference { how, rows, answers, target, losses, expected, profiles, importance, tolerance })
    }

    /// Of a version of this project: the labelled live rows between its training and its first answer, or else the rows
    /// that the gate judged on.
    pub fn find(
        project: &Project,
        version: &Version,
        live: &Live,
        first: Option<Timestamp>,
    ) -> Result<Reference, StageError> {
        let history = project.history()?;
        let until = history.version(&version.id).and_then(|s| s.trained_on.until);
        let signature = version.model.signature();
        if let (Some(until), Some(first)) = (until, first) {
            let between: Vec<&live::LiveRow> =
                live.rows.iter().filter(|row| row.at > until && row.at < first).collect();
            if between.len() >= LEAST {
                let examples = live::examples(project, &between, &signature.inputs, &signature.output)?;
                let how = format!("{} live rows between its training and its first answer", between.len());
                return Reference::of(project, version, &examples, how);
            }
        }
        let loaded = data::load(project)?;
        let split = loaded.split(&project.plan)?;
        Reference::of(project, version, &split.test, split.how)
    }
}

/// A column summed up, rows of one entity taken together where the plan names one.
pub(crate) fn profile(
    column: &Column,
    like: Option<&Profile>,
    entity: Option<&[u64]>,
) -> Result<Profile, StageError> {
    let profile = Profile::of(column, like)?;
    Ok(match entity {
        Some(entity) => profile.clustered(column, entity),
        None => profile,
    })
}

/// The metric whose row losses are followed: the primary one, or the log loss of what has no loss on a row.
pub(crate) fn loss_of(project: &Project) -> &str {
    match project.plan.primary() {
        "auc" => "log_loss",
        metric => metric,
    }
}

/// The plan's tolerance, or a fifth of the skill over the baseline.
fn tolerance(project: &Project, examples: &Examples, own: &[f64]) -> Result<f64, StageError> {
    if let Some(tolerance) = project.plan.watch.tolerance {
        return Ok(tolerance);
    }
    let loss = stats::sum::mean(own);
    let baseline: Option<VersionId> = project.history()?.baseline().map(|s| s.version.clone());
    let Some(baseline) = baseline else { return Ok(OF_LOSS * loss) };
    let answers = open(project, &baseline)?.answer(&examples.rows)?;
    let simple = stats::sum::mean(&losses(loss_of(project), &answers, &examples.target)?);
    Ok((OF_SKILL * (simple - loss)).max(OF_LOSS * loss))
}

struct Worth<'a> {
    project: &'a Project,
    version: &'a Version,
    examples: &'a Examples,
    rows: &'a Table,
    losses: &'a [f64],
    seed: u64,
}

impl Worth<'_> {
    /// How much the loss rises when this column's cells are handed to other rows.
    ///
    /// *What it answers.* How much does the model lean on the column? *When it misleads.* Of two columns that say the
    /// same neither is missed much. *Source.* Breiman 2001; Fisher, Rudin and Dominici 2019.
    fn of(&self, column: usize) -> Result<f64, StageError> {
        let some = places(self.rows.rows(), WORTH, self.seed);
        let rows = self.rows.take(&some);
        let order: Vec<usize> = (0..some.len())
            .map(|row| {
                (row + 1 + stats::random::below(some.len().max(2) - 1, self.seed, column as u64, row as u64))
                    % some.len()
            })
            .collect();
        let columns = rows.columns().iter().enumerate().map(|(place, c)| match place == column {
            true => Column { name: c.name.clone(), values: c.values.take(&order) },
            false => c.clone(),
        });
        let shuffled = Table::new(columns.collect()).expect("equally long as before");
        let answers = self.version.answer(&shuffled)?;
        let after = losses(loss_of(self.project), &answers, &self.examples.target.take(&some))?;
        let before: Vec<f64> = some.iter().map(|&row| self.losses[row]).collect();
        Ok(stats::sum::mean(&after) - stats::sum::mean(&before))
    }
}
