//! Tables as streams: electricity by the half hour, calls of a bank, dated reviews.

use domain::plan::Plan;
use domain::time::{DAY, HOUR};
use domain::{Column, Examples, Table, Timestamp, Values};
use lifecycle::data;
use std::error::Error;
use std::path::Path;
use store::files::{ReadOptions, read_table};

/// Rows in order of time, and how they are lived through.
pub struct Stream {
    pub name: &'static str,
    pub plan: Plan,
    pub examples: Examples,
    pub trainer: &'static str,
    /// Microseconds between two moments at which somebody may retrain.
    pub step: i64,
}

/// Prices of the market of New South Wales. The label of the half hour before is known, so it is a column.
pub fn electricity(file: &Path) -> Result<Stream, Box<dyn Error>> {
    let mut columns = read_table(file, &ReadOptions::default())?.into_columns();
    let label = columns.iter().find(|c| c.name == "class").ok_or("no column `class`")?;
    let Values::Number(labels) = &label.values else { return Err("`class` is no number".into()) };
    let last = std::iter::once(f64::NAN).chain(labels.iter().copied()).take(labels.len()).collect();
    // 1996-05-07, when the table begins
    let begin = Timestamp::parse("1996-05-07").ok_or("no date")?.0;
    let at = (0..labels.len() as i64).map(|row| Some(Timestamp(begin + row * HOUR / 2))).collect();
    columns.push(Column { name: "last".into(), values: Values::Number(last) });
    columns.push(Column { name: "at".into(), values: Values::Time(at) });
    let plan = "[gate]\nmin_rows = 40\n[retrain]\nwindow = \"90d\"";
    stream("electricity", &Table::new(columns)?, "class", "at", plan, "trees", 1)
}

/// Whether a customer says yes, as `examples/bank` has it.
pub fn bank(file: &Path) -> Result<Stream, Box<dyn Error>> {
    let table = read_table(file, &ReadOptions::default())?;
    let left_out =
        ["duration", "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed"];
    let table = table.select(|name| !left_out.contains(&name));
    stream("bank", &table, "y", "called_on", "[retrain]\nlabel_delay = \"7d\"", "logistic", 7)
}

/// Whether a review gives four stars or more, by its text.
pub fn reviews(file: &Path) -> Result<Stream, Box<dyn Error>> {
    let table =
        read_table(file, &ReadOptions::default())?.select(|name| ["date", "stars", "text"].contains(&name));
    let good = |column: Column| match column.values {
        Values::Number(stars) if column.name == "stars" => {
            let word = |stars: &f64| Some(if *stars >= 4.0 { "good" } else { "bad" }.to_string());
            Column { name: "stars".into(), values: Values::Text(stars.iter().map(word).collect()) }
        }
        values => Column { name: column.name, values },
    };
    let table = Table::new(table.into_columns().into_iter().map(good).collect())?;
    stream("reviews", &table, "stars", "date", "[retrain]\nlabel_delay = \"1d\"", "tfidf", 30)
}

fn stream(
    name: &'static str,
    table: &Table,
    target: &str,
    time: &str,
    plan: &str,
    trainer: &'static str,
    days: i64,
) -> Result<Stream, Box<dyn Error>> {
    let text = format!(
        "name = \"{name}\"\ntask = \"classification\"\n[data]\nsource = \"{name}\"\ntarget = \"{target}\"\ntime = \"{time}\"\n{plan}\n"
    );
    let plan = Plan::parse(&text)?;
    let examples = data::cut(&plan, table, name)?.examples;
    Ok(Stream { name, plan, examples, trainer, step: days * DAY })
}
