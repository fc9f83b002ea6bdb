//! What a table looks like, and which parts its columns may play: the facts behind `incumbent init`.
//!
//! A pure function of a table. Nothing is decided here: candidates come ranked, each with its reasons, and a
//! person or the plan has the last word. Not here: whether a column predicts the target; that needs statistics.

mod codes;
mod column;
mod roles;

pub use column::{ColumnProfile, Order, Stray, TimeLike};
pub use roles::{Candidate, TargetCandidate};

use codes::Codes;
use domain::Table;

/// What a table looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The number of rows.
    pub rows: usize,
    /// Rows that are equal to an earlier one in every column.
    pub repeated_rows: usize,
    /// One a column, in the table's order.
    pub columns: Vec<ColumnProfile>,
    /// Columns that hold the same cells, or cells that stand for each other one to one, the earlier first.
    pub twins: Vec<(String, String)>,
    /// Columns that may be what is to be predicted, the likeliest first.
    pub targets: Vec<TargetCandidate>,
    /// Columns that may order the rows, the likeliest first.
    pub times: Vec<Candidate>,
    /// Columns that may name the series, given the likeliest time.
    pub series: Vec<Candidate>,
    /// Columns that may say who a row is about.
    pub entities: Vec<Candidate>,
}

/// Looks at all rows of a table.
pub fn profile(table: &Table) -> Profile {
    let codes: Vec<Codes> = table.columns().iter().map(|c| Codes::of(&c.values)).collect();
    let mut columns: Vec<ColumnProfile> =
        table.columns().iter().zip(&codes).map(|(column, codes)| ColumnProfile::of(column, codes)).collect();
    let times = roles::times(&columns);
    if let Some(time) = times.first().and_then(|t| table.column(&t.column)) {
        column::mark_monotone(&mut columns, table, time);
    }
    let time = times.first().and_then(|t| columns.iter().position(|c| c.name == t.column));
    Profile {
        rows: table.rows(),
        repeated_rows: table.rows() - codes::join(&codes, table.rows()).distinct(),
        twins: twins(&columns, &codes),
        targets: roles::targets(&columns),
        series: roles::series(&columns, &codes, time),
        entities: roles::entities(&columns),
        times,
        columns,
    }
}

/// The columns whose cells each go with a single cell of `target`, though they repeat: whoever knows such a
/// column knows the answer. Constant columns and columns of names that never repeat are not among them.
pub fn determining(table: &Table, target: &str) -> Vec<String> {
    let Some(answer) = table.column(target).map(|c| Codes::of(&c.values)) else { return Vec::new() };
    let tells = |values| {
        let codes = Codes::of(values);
        let (distinct, rows) = (codes.distinct(), table.rows());
        (2..=rows / 2).contains(&distinct) && answer.distinct() > 1 && codes.determine(&answer)
    };
    let others = table.columns().iter().filter(|c| c.name != target);
    others.filter(|c| tells(&c.values)).map(|c| c.name.clone()).collect()
}

fn twins(columns: &[ColumnProfile], codes: &[Codes]) -> Vec<(String, String)> {
    let mut twins = Vec::new();
    for (later, second) in codes.iter().enumerate() {
        let twin = |&earlier: &usize| columns[earlier].distinct > 1 && codes[earlier] == *second;
        if let Some(earlier) = (0..later).find(twin) {
            twins.push((columns[earlier].name.clone(), columns[later].name.clone()));
        }
    }
    twins
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Task, Timestamp, Values};

    fn number(name: &str, values: &[f64]) -> Column {
        Column { name: name.into(), values: Values::Number(values.to_vec()) }
    }

    fn text(name: &str, values: &[&str]) -> Column {
        let values = values.iter().map(|v| (!v.is_empty()).then(|| v.to_string())).collect();
        Column { name: name.into(), values: Values::Text(values) }
    }

    fn time(name: &str, seconds: &[i64]) -> Column {
        let values = seconds.iter().map(|&s| Some(Timestamp(s * domain::time::SECOND))).collect();
        Column { name: name.into(), values: Values::Time(values) }
    }

    fn table(columns: Vec<Column>) -> Table {
        Table::new(columns).expect("equally long")
    }

    fn names(candidates: &[Candidate]) -> Vec<&str> {
        candidates.iter().map(|c| c.column.as_str()).collect()
    }

    #[test]
    fn columns_are_described() {
        let profile = profile(&table(vec![
            number("id", &[1.0, 2.0, 3.0, 4.0]),
            number("x", &[0.5, f64::NAN, -2.0, 0.5]),
            text("job", &["a", "b", "b", ""]),
            text("age", &["30", "31", "thirty", "33"]),
            text("same", &["k", "k", "k", "k"]),
        ]));
        let [id, x, job, age, same] = &profile.columns[..] else { panic!("five columns") };
        assert!(id.unique && id.whole && id.order == Order::Ascending);
        assert_eq!((x.missing, x.distinct, x.range, x.order), (1, 2, Some((-2.0, 0.5)), Order::None));
        assert_eq!((job.missing, &job.top[..]), (1, &[("b".to_string(), 2), ("a".to_string(), 1)][..]));
        let stray = Stray { cells: 1, row: 3, example: "thirty".into() };
        assert_eq!((age.almost_number.as_ref(), job.almost_number.as_ref()), (Some(&stray), None));
        assert!(same.constant && !job.constant);
    }

    #[test]
    fn equal_rows_and_twin_columns_are_found() {
        let profile = profile(&table(vec![
            number("code", &[1.0, 2.0, 1.0, 1.0]),
            text("name", &["x", "y", "x", "x"]),
            text("other", &["x", "y", "x", "z"]),
        ]));
        assert_eq!(profile.repeated_rows, 1);
        assert_eq!(profile.twins, [("code".to_string(), "name".to_string())]);
    }

    #[test]
    fn a_column_that_tells_the_answer_is_named() {
        let table = table(vec![
            text("reason", &["paid", "paid", "bad", "bad", "new", "new"]),
            number("id", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            text("city", &["a", "b", "a", "b", "a", "b"]),
            text("y", &["no", "no", "yes", "yes", "no", "no"]),
        ]);
        assert_eq!(determining(&table, "y"), ["reason"]);
        assert_eq!(determining(&table, "nowhere"), [] as [String; 0]);
    }

    #[test]
    fn a_named_target_comes_before_the_last_column() {
        let flags: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
        let wide: Vec<f64> = (0..40).map(|i| f64::from(i) * 1.5).collect();
        let found =
            profile(&table(vec![number("y", &flags), number("x", &wide), number("last", &flags)])).targets;
        assert_eq!((found[0].column.as_str(), found[0].task), ("y", Task::Classification));
        assert_eq!(found[1].column, "last");
        let found = profile(&table(vec![number("flag", &flags), number("price", &wide)])).targets;
        assert_eq!((found[0].column.as_str(), found[0].task), ("price", Task::Regression));
    }

    #[test]
    fn long_series_are_told_by_time_and_name() {
        let times: Vec<i64> = (0..20).flat_map(|i| [i * 3600, i * 3600]).collect();
        let zones: Vec<&str> = (0..40).map(|i| if i % 2 == 0 { "north" } else { "south" }).collect();
        let kinds: Vec<&str> = (0..40).map(|i| if i % 3 == 0 { "a" } else { "b" }).collect();
        let load: Vec<f64> = (0..40).map(|i| f64::from(i * i % 17)).collect();
        let columns =
            vec![text("kind", &kinds), time("at", &times), text("zone", &zones), number("load", &load)];
        let profile = profile(&table(columns));
        assert_eq!(names(&profile.times), ["at"]);
        assert_eq!(names(&profile.series), ["zone"]);
    }

    #[test]
    fn seconds_since_1970_are_a_time_and_a_count_is_not() {
        let stamps: Vec<f64> = (0..10).map(|i| 1_500_000_000.0 + f64::from(i * i)).collect();
        let counts: Vec<f64> = (0..10).map(f64::from).collect();
        let profile = profile(&table(vec![number("ts", &stamps), number("seq", &counts)]));
        assert_eq!(profile.columns[0].time_like, Some(TimeLike::EpochSeconds));
        assert_eq!(names(&profile.times)[0], "ts");
        assert!(profile.columns[1].monotone_in_time && profile.columns[1].time_like.is_none());
    }

    #[test]
    fn the_bank_and_the_web_test_are_understood() {
        let Some(path) = testkit::shared("data/bank-additional/bank_additional_full.parquet") else { return };
        let options = crate::files::ReadOptions::default();
        let bank = profile(&crate::files::read_table(&path, &options).expect("readable"));
        assert_eq!((bank.rows, bank.targets[0].column.as_str()), (41_188, "y"));
        let Some(path) = testkit::shared("data/ab-landing-page/ab_data.parquet") else { return };
        let visits = profile(&crate::files::read_table(&path, &options).expect("readable"));
        assert_eq!(
            (visits.times[0].column.as_str(), visits.targets[0].column.as_str()),
            ("timestamp", "converted")
        );
        assert_eq!(visits.columns[0].distinct, 290_584);
    }
}
