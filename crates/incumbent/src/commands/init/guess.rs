//! The guesses of `init`: which column is the target, which orders the rows, which are no inputs; each with its reason.

use crate::error::Hinted;
use domain::time::{DAY, HOUR};
use domain::{Column, Table, Task, Timestamp, Values};
use models::text::documents;
use std::collections::BTreeMap;
use store::profile::{ColumnProfile, Profile, determining};

/// Classes from which numbers are taken for a quantity.
const MOST_NUMBER_CLASSES: usize = 20;

/// A plan in the making.
pub struct Guess {
    /// The model's name.
    name: String,
    /// The table's path in the plan.
    pub source: String,
    /// The column to predict.
    pub target: String,
    /// Whether no other column is nearly as likely.
    pub clear: bool,
    task: Task,
    time: Option<String>,
    entity: Option<String>,
    series: Option<String>,
    drop: Vec<(String, String)>,
    /// Columns of text that is to be read.
    documents: Vec<String>,
    /// The column of pictures; their channels, height and width.
    image: Option<(String, Vec<usize>)>,
    season: usize,
    /// Why each guess was made, in sentences.
    pub reasons: Vec<String>,
}

/// Guesses a plan for a table; `target` where somebody has named it.
pub fn guess(table: &Table, profile: &Profile, source: &str, target: Option<&str>) -> anyhow::Result<Guess> {
    let (target, task, clear, why) = target_of(table, profile, target)?;
    let other = |name: &String| *name != target;
    let time = profile.times.first().map(|c| c.column.clone()).filter(other);
    let series = profile.series.first().map(|c| c.column.clone()).filter(other);
    let task = as_series(table, profile, task, time.as_deref(), series.as_deref());
    let forecasting = task == Task::Forecasting;
    let entity = profile.entities.first().map(|c| c.column.clone()).filter(other).filter(|_| !forecasting);
    let mut guess = Guess {
        name: name_of(source),
        source: source.into(),
        clear,
        task,
        season: season(table, time.as_deref()),
        series: series.filter(|_| forecasting),
        drop: Vec::new(),
        documents: documents(table),
        image: table.columns().iter().find_map(picture),
        reasons: vec![format!("target {target}: {why}; {task}")],
        target,
        time,
        entity,
    };
    guess.leave_out(table, profile);
    guess.explain(profile);
    Ok(guess)
}

impl Guess {
    /// The plan's text.
    pub fn plan_text(&self) -> String {
        let quoted = |text: &str| format!("{text:?}");
        let mut text = format!("name = {}\ntask = \"{}\"\n\n[data]\n", quoted(&self.name), self.task);
        text += &format!("source = {}\ntarget = {}\n", quoted(&self.source), quoted(&self.target));
        for (key, value) in [("time", &self.time), ("entity", &self.entity), ("series", &self.series)] {
            text += &value.as_ref().map_or(String::new(), |v| format!("{key} = {}\n", quoted(v)));
        }
        if !self.drop.is_empty() && self.task != Task::Forecasting {
            text += "drop = [\n";
            self.drop.iter().for_each(|(column, why)| text += &format!("    {},  # {why}\n", quoted(column)));
            text += "]\n";
        }
        text += &self.image.as_ref().map_or(String::new(), |(_, shape)| format!("image = {shape:?}\n"));
        if !self.documents.is_empty() && self.task == Task::Classification {
            text += "\n[train]\ntrainers = [\"tfidf\", \"nbsvm\"]\n";
        }
        if self.task == Task::Forecasting {
            text += &format!("\n[forecast]\nseason = {0}\nhorizon = {0}\n", self.season);
        }
        text + "\n# every other key has a default: incumbent plan --explain\n"
    }

    /// Columns that tell the answer or nothing at all.
    fn leave_out(&mut self, table: &Table, profile: &Profile) {
        let roles = [Some(&self.target), self.time.as_ref(), self.entity.as_ref()];
        let roles: Vec<String> = roles.into_iter().flatten().cloned().collect();
        let mut why: BTreeMap<String, &str> = BTreeMap::new();
        let picture = self.image.as_ref().map(|(column, _)| column);
        let read = |name: &String| self.documents.contains(name) || picture == Some(name);
        for column in profile.columns.iter().filter(|c| !roles.contains(&c.name) && !read(&c.name)) {
            if let Some(reason) = useless(column) {
                why.insert(column.name.clone(), reason);
            }
        }
        for column in determining(table, &self.target).into_iter().filter(|c| !roles.contains(c) && !read(c))
        {
            why.insert(column, "each of its values goes with one answer: is it known before?");
        }
        let in_order =
            table.columns().iter().filter_map(|c| Some((c.name.clone(), why.get(&c.name)?.to_string())));
        self.drop = in_order.collect();
    }

    fn explain(&mut self, profile: &Profile) {
        let mut say = |what: &str, column: &Option<String>, found: &[store::profile::Candidate]| {
            let Some(column) = column else { return };
            let why =
                found.iter().find(|c| &c.column == column).map(|c| c.why.join(", ")).unwrap_or_default();
            self.reasons.push(format!("{what} {column}: {why}"));
        };
        say("time", &self.time, &profile.times);
        say("entity", &self.entity, &profile.entities);
        say("series", &self.series, &profile.series);
        self.reasons.extend(
            self.documents.iter().map(|column| format!("documents {column}: sentences, mostly different")),
        );
        self.reasons.extend(
            self.image
                .iter()
                .map(|(column, shape)| format!("pictures {column}: {shape:?} channels, height, width")),
        );
        self.reasons.extend(self.drop.iter().map(|(column, why)| format!("left out {column}: {why}")));
        if profile.repeated_rows > 0 {
            self.reasons.push(format!("{} rows repeat an earlier one", profile.repeated_rows));
        }
    }
}

/// A column of pictures and their shape: one or three channels.
fn picture(column: &Column) -> Option<(String, Vec<usize>)> {
    match &column.values {
        Values::Tensor { shape, .. } if matches!(shape[..], [1 | 3, _, _]) => {
            Some((column.name.clone(), shape.clone()))
        }
        _ => None,
    }
}

fn target_of(
    table: &Table,
    profile: &Profile,
    named: Option<&str>,
) -> anyhow::Result<(String, Task, bool, String)> {
    if let Some(name) = named {
        let Some(column) = profile.columns.iter().find(|c| c.name == name) else {
            let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
            return Err(Hinted::error(
                format!("no column `{name}`"),
                format!("the columns are {}", names.join(", ")),
            ));
        };
        let found = profile.targets.iter().find(|t| t.column == name).map(|t| t.task);
        let task = found.unwrap_or(task_of(table, column));
        return Ok((name.into(), task, true, "named by you".into()));
    }
    let Some(best) = profile.targets.first() else {
        return Err(Hinted::error("no column looks like a target", "name it with --target COLUMN"));
    };
    let clear = profile.targets.get(1).is_none_or(|next| best.score > next.score);
    Ok((best.column.clone(), best.task, clear, best.why.join(", ")))
}

fn task_of(table: &Table, column: &ColumnProfile) -> Task {
    let number = matches!(table.column(&column.name).map(|c| &c.values), Some(Values::Number(_)));
    if number && column.distinct > MOST_NUMBER_CLASSES { Task::Regression } else { Task::Classification }
}

/// A number to predict in a table of little more than times and series is the future of that number.
fn as_series(table: &Table, profile: &Profile, task: Task, time: Option<&str>, series: Option<&str>) -> Task {
    let roles = 1 + usize::from(time.is_some()) + usize::from(series.is_some());
    let instant = time
        .and_then(|t| profile.columns.iter().find(|c| c.name == t))
        .is_some_and(|c| c.time_like.is_some());
    if task == Task::Regression && instant && table.columns().len() == roles {
        Task::Forecasting
    } else {
        task
    }
}

fn useless(column: &ColumnProfile) -> Option<&'static str> {
    if column.constant {
        return Some("constant");
    }
    if column.monotone_in_time && column.unique {
        return Some("grows with time: it tells old rows from new ones");
    }
    (column.unique && (column.whole || column.range.is_none()))
        .then_some("an identifier: it differs in every row")
}

/// Steps of a day, or of a week for days, from the most frequent step between rows.
fn season(table: &Table, time: Option<&str>) -> usize {
    let Some(Values::Time(at)) = time.and_then(|t| table.column(t)).map(|c| &c.values) else { return 24 };
    let at: Vec<Timestamp> = at.iter().flatten().copied().collect();
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    at.windows(2)
        .map(|w| w[1].0 - w[0].0)
        .filter(|d| *d > 0)
        .for_each(|d| *counts.entry(d).or_default() += 1);
    let step = counts.into_iter().max_by_key(|(_, count)| *count).map_or(HOUR, |(step, _)| step);
    match step {
        step if step < DAY => (DAY / step).max(1) as usize,
        DAY => 7,
        step if step <= 7 * DAY => 52,
        step if step <= 31 * DAY => 12,
        _ => 4,
    }
}

fn name_of(source: &str) -> String {
    let stem = std::path::Path::new(source).file_stem().and_then(|s| s.to_str()).unwrap_or("model");
    let clean = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    stem.chars().map(clean).collect()
}
