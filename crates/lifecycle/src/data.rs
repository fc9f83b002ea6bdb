//! From the plan's table to labelled rows: those to train on, those to judge on, and the future.
//!
//! Splits are by time where the plan names a time column, with a gap, and no instant stands on both sides;
//! otherwise stratified by class. Not here: reading files (`store::files`), or cutting a series into windows
//! (`models::forecast`).

mod read;
mod split;
mod target;

pub use read::{read, read_for};
pub(crate) use split::lead;
pub use split::{Split, split};
pub(crate) use target::number_name;
pub use target::{labelled, names, target_of};

use crate::{Project, StageError};
use domain::{Column, Examples, Plan, Table, Task, Timestamp, Values};

/// The plan's table, read and cut.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Every labelled row before `data.until`, oldest first.
    pub examples: Examples,
    /// The rows of `data.test`, where the plan names such a file.
    pub test: Option<Examples>,
    /// The rows at or after `data.until`, raw, oldest first.
    pub future: Table,
    /// The hash of `examples` and of how they were read.
    pub digest: String,
    /// What a reader of the table should know, such as rows left out.
    pub notes: Vec<String>,
}

/// Reads the plan's table, and the one with the rows that judge.
pub fn load(project: &Project) -> Result<Loaded, StageError> {
    let path = project.source();
    let loaded = cut(&project.plan, &read(&project.plan, &path)?, &path.display().to_string())?;
    match project.test_source() {
        None => Ok(loaded),
        Some(path) => {
            loaded.judged_on(&project.plan, &read(&project.plan, &path)?, &path.display().to_string())
        }
    }
}

impl Loaded {
    /// Rows to train on and rows to judge on: those of `data.test`, or else as `[split]` says.
    pub fn split(&self, plan: &Plan) -> Result<Split, StageError> {
        let Some(test) = &self.test else { return split(plan, &self.examples) };
        let file = plan.data.test.as_deref().unwrap_or_default();
        let how = format!("the {} rows of {file}", test.len());
        Ok(Split { train: self.examples.clone(), test: test.clone(), how })
    }

    fn judged_on(mut self, plan: &Plan, table: &Table, file: &str) -> Result<Loaded, StageError> {
        let mut test = labelled(plan, &self.like_these(plan, table, file)?, file, &mut self.notes)?;
        test.target = target::as_trained(test.target, &self.examples.target, file)?;
        let mut hash = store::digest::Digest::new();
        hash.text(&self.digest);
        store::digest::examples(&mut hash, &test);
        self.digest = hash.finish();
        self.test = Some(test);
        Ok(self)
    }

    /// The columns that the rows to train on have; others, such as people's answers to the test rows, are no inputs.
    fn like_these(&self, plan: &Plan, table: &Table, file: &str) -> Result<Table, StageError> {
        let inputs = self.examples.rows.columns().iter().map(|column| &column.name);
        let roles = [Some(&plan.data.target), plan.data.time.as_ref(), plan.data.entity.as_ref()];
        let needed: Vec<&String> = inputs.chain(roles.into_iter().flatten()).collect();
        for name in &needed {
            target::column(table, name, file)?;
        }
        Ok(table.select(|name| needed.iter().any(|n| *n == name)))
    }
}

/// Cuts a table as the plan says.
pub fn cut(plan: &Plan, table: &Table, file: &str) -> Result<Loaded, StageError> {
    check_columns(plan, table, file)?;
    let (past, future) = at_until(plan, &sorted(plan, table, file)?, file)?;
    let mut notes = Vec::new();
    let examples = match plan.task {
        Task::Forecasting => windows(plan, &past, file)?,
        _ => labelled(plan, &past, file, &mut notes)?,
    };
    let digest = digest(plan, &examples);
    Ok(Loaded { examples, test: None, future, digest, notes })
}

/// The columns that models see: all but the target, the order, the entity, and those the plan drops.
pub fn inputs(plan: &Plan, table: &Table) -> Table {
    let data = &plan.data;
    let named = [Some(&data.target), data.time.as_ref(), data.entity.as_ref()];
    let left_out =
        |name: &str| named.iter().flatten().any(|n| *n == name) || data.drop.iter().any(|d| d == name);
    table.select(|name| !left_out(name))
}

/// When each row was seen. A number counts as seconds, so that a plain row number orders as well.
pub fn times(column: &Column, file: &str) -> Result<Vec<Timestamp>, StageError> {
    let missing = |row: usize| {
        let found = format!("row {}, column {}: no time", row + 1, column.name);
        StageError::data(file, found, "every row needs one, since rows are ordered by it")
    };
    match &column.values {
        Values::Time(v) => v.iter().enumerate().map(|(i, t)| t.ok_or_else(|| missing(i))).collect(),
        Values::Number(v) => {
            let seconds = |x: f64| Timestamp((x * domain::time::SECOND as f64).round() as i64);
            v.iter()
                .enumerate()
                .map(|(i, x)| if x.is_nan() { Err(missing(i)) } else { Ok(seconds(*x)) })
                .collect()
        }
        other => {
            let found = format!("column {} holds {}, expected times or numbers", column.name, other.kind());
            Err(StageError::data(file, found, "write times as 2026-11-24 or 2026-11-24T13:30:00Z"))
        }
    }
}

fn windows(plan: &Plan, past: &Table, file: &str) -> Result<Examples, StageError> {
    let cut = models::forecast::Cut {
        history: plan.forecast.window(),
        horizon: plan.forecast.horizon,
        gap: plan.forecast.gap,
        every: plan.forecast.step(),
    };
    let values = target::numbers(past, &plan.data.target, file)?;
    let time = plan.data.time.as_deref().unwrap_or_default();
    let times = times(target::column(past, time, file)?, file)?;
    let series = plan.data.series.as_ref().map(|name| target::names(past, name, file)).transpose()?;
    models::forecast::frame(&times, &values, series.as_deref(), &cut)
        .map_err(|e| StageError::data(file, e.to_string(), "a series needs one value a step, in order"))
}

/// The future of a series, cut into windows; the first ones reach back into the past.
pub fn future_windows(project: &Project, future: &Table) -> Result<Examples, StageError> {
    let path = project.source();
    let file = path.display().to_string();
    let whole = sorted(&project.plan, &read(&project.plan, &path)?, &file)?;
    let time = project.plan.data.time.as_deref().unwrap_or_default();
    let begin = times(target::column(future, time, &file)?, &file)?.first().copied();
    let windows = windows(&project.plan, &whole, &file)?;
    let at = windows.at.clone().unwrap_or_default();
    let later: Vec<usize> =
        (0..windows.len()).filter(|&row| begin.is_some_and(|begin| at[row] >= begin)).collect();
    Ok(windows.take(&later))
}

fn check_columns(plan: &Plan, table: &Table, file: &str) -> Result<(), StageError> {
    if table.rows() == 0 {
        return Err(StageError::data(file, "the table has no rows", "there is nothing to learn from"));
    }
    let data = &plan.data;
    let named = [
        ("data.target", Some(&data.target)),
        ("data.time", data.time.as_ref()),
        ("data.entity", data.entity.as_ref()),
        ("data.series", data.series.as_ref()),
        ("recommend.user", plan.recommend.user.as_ref()),
        ("recommend.item", plan.recommend.item.as_ref()),
        ("baseline.previous", plan.baseline.previous.as_ref()),
    ];
    let dropped = data.drop.iter().map(|d| ("data.drop", Some(d)));
    let categories = data.categories.iter().map(|c| ("data.categories", Some(c)));
    for (key, name) in named.into_iter().chain(dropped).chain(categories) {
        let Some(name) = name else { continue };
        if table.column(name).is_none() {
            let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
            let found = format!("no column `{name}`, which the plan names as {key}");
            return Err(StageError::data(file, found, format!("the columns are {}", names.join(", "))));
        }
    }
    Ok(())
}

fn sorted(plan: &Plan, table: &Table, file: &str) -> Result<Table, StageError> {
    let Some(time) = &plan.data.time else { return Ok(table.clone()) };
    let times = times(target::column(table, time, file)?, file)?;
    let mut order: Vec<usize> = (0..table.rows()).collect();
    order.sort_by_key(|&row| times[row]);
    Ok(table.take(&order))
}

fn at_until(plan: &Plan, table: &Table, file: &str) -> Result<(Table, Table), StageError> {
    let (Some(until), Some(time)) = (&plan.data.until, &plan.data.time) else {
        return Ok((table.clone(), table.take(&[])));
    };
    let seconds = || until.parse::<f64>().ok().map(|s| Timestamp((s * domain::time::SECOND as f64) as i64));
    let until = Timestamp::parse(until).or_else(seconds).unwrap_or(Timestamp(i64::MAX));
    let times = times(target::column(table, time, file)?, file)?;
    let first = times.partition_point(|t| *t < until);
    if first == 0 {
        let found = format!("every row is at or after data.until = {until}");
        return Err(StageError::data(file, found, "choose a later instant, or leave it out"));
    }
    let (past, future): (Vec<usize>, Vec<usize>) = (0..table.rows()).partition(|&row| row < first);
    Ok((table.take(&past), table.take(&future)))
}

fn digest(plan: &Plan, examples: &Examples) -> String {
    let mut hash = store::digest::Digest::new();
    hash.text(&format!("{:?} {:?}", plan.data, plan.forecast));
    store::digest::examples(&mut hash, examples);
    hash.finish()
}
