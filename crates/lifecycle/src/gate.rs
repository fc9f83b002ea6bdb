//! The gate's stage: measures challenger and incumbent on the same rows, asks the rule, ships what passes.

use crate::score::{Rows, compare, default_margin, identical, losses, score, taken};
use crate::version::{Version, open};
use crate::{Project, StageError, cost, experiment, leak, slices};
use domain::gate::{Comparison, Decision, Facts, Margin, SliceFact, Verdict, judge};
use domain::history::{Deployment, Release};
use domain::{Event, Examples, History, Outputs, Score, Stage, Task, Timestamp, VersionId};

/// The fewest clusters on which a slice's cluster-robust error can be trusted.
const LEAST_CLUSTERS: usize = 10;

/// Rows that a challenger is judged on, with those it was trained on to look for leaks.
pub struct Trial<'a> {
    /// What the challenger was trained on.
    pub train: &'a Examples,
    /// What it is judged on.
    pub test: &'a Examples,
    /// The hash of the latter.
    pub data: String,
    /// What time it is by the rows' own clock: when a release begins that a pass leads to.
    pub now: Timestamp,
}

/// Judges a challenger against the incumbent, records the verdict, and ships it at once when it passes.
pub fn run(project: &Project, challenger: &Version, trial: &Trial<'_>) -> Result<Verdict, StageError> {
    let history = project.history()?;
    let facts = facts(project, &history, challenger, trial)?;
    let verdict = judge(&project.plan.gate, &facts);
    let rules = serde_json::to_value(&project.plan.gate).expect("a plan section is plain data");
    let scores = vec![Score { metric: facts.primary.metric.clone(), estimate: facts.primary.challenger }];
    let scores = scores.into_iter().chain(facts.guardrails.iter().map(score_of)).collect();
    let data = facts.data.clone();
    let mut events = vec![Event::Scored { version: challenger.id.clone(), data, scores }];
    events.push(Event::Judged { facts: Box::new(facts), rules, verdict: verdict.clone() });
    events.extend(consequences(project, &history, &challenger.id, &verdict, trial.now));
    project.record(&events)?;
    Ok(verdict)
}

/// Scores a version on the plan's metrics and records them.
pub fn score_version(
    project: &Project,
    version: &Version,
    test: &Examples,
    data: &str,
) -> Result<Vec<Score>, StageError> {
    let outputs = version.answer(&test.rows)?;
    let scores = scores(project, &outputs, test)?;
    let (id, data) = (version.id.clone(), data.to_string());
    project.record(&[Event::Scored { version: id, data, scores: scores.clone() }])?;
    Ok(scores)
}

/// The plan's metrics on these answers, the primary first.
pub fn scores(project: &Project, outputs: &Outputs, test: &Examples) -> Result<Vec<Score>, StageError> {
    let rows = Rows::of(test, overlap(project));
    let of = |metric: String| Ok(Score { estimate: score(&metric, outputs, &rows)?, metric });
    std::iter::once(project.plan.primary().to_string()).chain(project.plan.guardrails()).map(of).collect()
}

/// How many forecast origins one path reaches over.
pub fn overlap(project: &Project) -> usize {
    match project.plan.task {
        Task::Forecasting => project.plan.forecast.horizon.div_ceil(project.plan.forecast.step()),
        _ => 1,
    }
}

fn facts(
    project: &Project,
    history: &History,
    challenger: &Version,
    trial: &Trial<'_>,
) -> Result<Facts, StageError> {
    let none = || StageError::TooEarly("there is no incumbent to judge against".into());
    let incumbent = open(project, &history.incumbent().ok_or_else(none)?.version)?;
    let baseline = open(project, &history.baseline().ok_or_else(none)?.version)?;
    let rows = Rows::of(trial.test, overlap(project));
    let answers = Answers {
        challenger: challenger.answer(&trial.test.rows)?,
        incumbent: incumbent.answer(&trial.test.rows)?,
        baseline: baseline.answer(&trial.test.rows)?,
    };
    let measure = Measure { project, rows: &rows, answers: &answers };
    let primary = project.plan.primary();
    let margin = measure.margin(primary)?;
    let guardrails = project.plan.guardrails().into_iter().filter(|g| g != primary);
    let against_baseline =
        (baseline.id != incumbent.id).then(|| measure.against_baseline(primary)).transpose()?;
    Ok(Facts {
        challenger: challenger.id.clone(),
        incumbent: incumbent.id.clone(),
        baseline: baseline.id,
        data: trial.data.clone(),
        time_forward: time_forward(history, &[&challenger.id, &incumbent.id], trial.test),
        rows: trial.test.len() as u64,
        identical: identical(&answers.incumbent, &answers.challenger),
        primary: measure.against_incumbent(primary, margin.value)?,
        against_baseline,
        guardrails: guardrails.map(|g| measure.guardrail(&g)).collect::<Result<_, _>>()?,
        slices: measure.slices(primary, trial.test)?,
        leaks: leak::leaks(trial.train, trial.test),
        ledger: history.ledger(&challenger.id, &incumbent.id, &trial.data),
        costs: cost::costs(project, challenger, &trial.test.rows)?,
        margin,
    })
}

struct Answers {
    challenger: Outputs,
    incumbent: Outputs,
    baseline: Outputs,
}

struct Measure<'a> {
    project: &'a Project,
    rows: &'a Rows<'a>,
    answers: &'a Answers,
}

impl Measure<'_> {
    fn margin(&self, metric: &str) -> Result<Margin, StageError> {
        if let Some(value) = self.project.plan.gate.margin {
            return Ok(Margin { value, from: "the plan's gate.margin".into() });
        }
        let value = self.default_margin(metric)?;
        Ok(Margin {
            value,
            from: "10% of the incumbent's skill over the baseline, at least 1% of its score".into(),
        })
    }

    fn default_margin(&self, metric: &str) -> Result<f64, StageError> {
        let of = |outputs: &Outputs| score(metric, outputs, self.rows).map(|e| e.value);
        Ok(default_margin(metric, of(&self.answers.incumbent)?, of(&self.answers.baseline)?))
    }

    fn against_incumbent(&self, metric: &str, margin: f64) -> Result<Comparison, StageError> {
        compare(metric, &self.answers.incumbent, &self.answers.challenger, self.rows, margin)
    }

    fn against_baseline(&self, metric: &str) -> Result<Comparison, StageError> {
        compare(metric, &self.answers.baseline, &self.answers.challenger, self.rows, 0.0)
    }

    fn guardrail(&self, metric: &str) -> Result<Comparison, StageError> {
        self.against_incumbent(metric, self.default_margin(metric)?)
    }

    fn slices(&self, metric: &str, test: &Examples) -> Result<Vec<SliceFact>, StageError> {
        // A ranking has no loss of its own on a row; its slices are watched by the log loss.
        let metric = if metric == "auc" { "log_loss" } else { metric };
        let of = |outputs: &Outputs| losses(metric, outputs, &test.target);
        let (old, new) = (of(&self.answers.incumbent)?, of(&self.answers.challenger)?);
        let harm: Vec<f64> = new.iter().zip(&old).map(|(new, old)| new - old).collect();
        let found = slices::slices(test, &self.project.plan.gate.slices, &harm);
        let facts = found.iter().map(|slice| self.slice(metric, test, slice));
        facts.filter_map(Result::transpose).collect()
    }

    /// A slice within too few clusters says nothing that holds outside of them, and is left out.
    fn slice(
        &self,
        metric: &str,
        test: &Examples,
        slice: &slices::Slice,
    ) -> Result<Option<SliceFact>, StageError> {
        let target = test.target.take(&slice.rows);
        let rows = self.rows.part(&target, &slice.rows);
        if rows.clusters() < LEAST_CLUSTERS {
            return Ok(None);
        }
        let old = taken(&self.answers.incumbent, &slice.rows);
        let new = taken(&self.answers.challenger, &slice.rows);
        let comparison = compare(metric, &old, &new, &rows, 0.0)?;
        Ok(Some(SliceFact { slice: slice.name.clone(), declared: slice.declared, comparison }))
    }
}

fn time_forward(history: &History, versions: &[&VersionId], test: &Examples) -> bool {
    let Some(first) = test.at.as_ref().and_then(|at| at.first()) else { return false };
    let earlier = |id: &&VersionId| {
        let until = history.version(id).and_then(|s| s.trained_on.until);
        until.is_some_and(|until| until < *first)
    };
    versions.iter().all(earlier)
}

/// What follows from a verdict: a version that passes serves at once, with the last incumbent behind it; or, where the
/// plan has steps for a release, enters the first of them, or waits for the release that is under way.
fn consequences(
    project: &Project,
    history: &History,
    challenger: &VersionId,
    verdict: &Verdict,
    now: Timestamp,
) -> Vec<Event> {
    let moved = |stage| {
        let why = verdict
            .reasons()
            .next()
            .map_or("passed every check".into(), |c| format!("{}: {}", c.rule, c.found));
        Event::Moved { version: challenger.clone(), stage, why }
    };
    // The incumbent judged against itself stays where it is.
    if history.incumbent().is_some_and(|s| &s.version == challenger) {
        return Vec::new();
    }
    match verdict.decision {
        Decision::Pass => {
            let release = experiment::begin(project, history, challenger, now, "it passed the gate");
            let passed = moved(Stage::Passed);
            match (release.is_empty(), history.experiment()) {
                (true, _) => vec![passed, deployed(history, challenger)],
                (false, None) if !experiment::released(history, challenger) => {
                    [vec![passed], release].concat()
                }
                // it is on its way already, and stands where that has brought it
                (false, Some(running)) if &running.challenger == challenger => Vec::new(),
                (false, _) => vec![passed],
            }
        }
        Decision::Fail => vec![moved(Stage::Failed)],
        Decision::Inconclusive => Vec::new(),
    }
}

/// Puts a version in service, with the incumbent and then the baseline to fall back on.
pub fn deployed(history: &History, version: &VersionId) -> Event {
    let mut fallback: Vec<VersionId> = Vec::new();
    let behind = [history.incumbent(), history.baseline()];
    for standing in behind.into_iter().flatten() {
        if &standing.version != version && !fallback.contains(&standing.version) {
            fallback.push(standing.version.clone());
        }
    }
    Event::Deployed { incumbent: version.clone(), fallback }
}

/// What served before a release's promotion.
pub fn before(history: &History, release: &Release) -> Option<Deployment> {
    history.deployments.iter().rev().find(|d| d.incumbent == release.incumbent).cloned()
}

/// The version before a promotion in service again, with its fallbacks; the promoted one stands behind nobody.
pub fn restored(history: &History, release: &Release) -> Event {
    let fallback = before(history, release).map(|d| d.fallback).unwrap_or_default();
    let fallback = fallback.into_iter().filter(|version| version != &release.challenger).collect();
    Event::Deployed { incumbent: release.incumbent.clone(), fallback }
}

fn score_of(comparison: &Comparison) -> Score {
    Score { metric: comparison.metric.clone(), estimate: comparison.challenger }
}
