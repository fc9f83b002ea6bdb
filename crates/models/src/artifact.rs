//! What goes with a model's bytes into a version: golden rows with the answers that the graph must give, and
//! the card that tells people what it is.
//!
//! Not the files themselves: the store writes `golden.parquet`, `signature.json` and `card.md`. Invariant: the
//! same model and rows give the same golden rows and the same card, so that equal fits are equal versions.

use crate::contract::{Predict, PredictError};
use domain::event::{Score, TrainedOn};
use domain::{Domain, Field, Origin, OutputKind, Outputs, Signature, Table, Values};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How far an answer may lie from its golden one, relative to the larger of 1 and the golden number: what
/// single precision allows between two ways of adding up.
pub const GOLDEN_TOLERANCE: f64 = 1e-5;
/// The most rows that are taken for their odd cells.
const MAX_EDGES: usize = 200;

/// Golden rows: at least `count` where there are as many, with the model's answers.
///
/// Each class that the model answers has an equal share, spread evenly over how sure it is (a number or path:
/// over its size). Beside those stand odd rows: each column's smallest and largest number, its first missing
/// cell, the first row of each category.
pub fn golden(model: &dyn Predict, rows: &Table, count: usize) -> Result<(Table, Outputs), PredictError> {
    let answers = model.predict(rows)?;
    let mut chosen = edges(rows);
    chosen.extend(spread(&strata(&answers), count));
    let chosen: Vec<usize> = chosen.into_iter().collect();
    let rows = rows.take(&chosen);
    let outputs = model.predict(&rows)?;
    Ok((rows, outputs))
}

/// How a model's answers differ from golden ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The largest difference, relative to the larger of 1 and the golden number.
    pub worst: f64,
    /// The row where it lies.
    pub row: usize,
    /// In how many rows another class has the largest probability.
    pub changed_classes: usize,
}

impl Difference {
    /// Whether the answers are the golden ones, but for rounding.
    pub fn agrees(&self) -> bool {
        self.worst <= GOLDEN_TOLERANCE && self.changed_classes == 0
    }
}

/// Answers the golden rows again and compares.
pub fn check_golden(
    model: &dyn Predict,
    rows: &Table,
    expected: &Outputs,
) -> Result<Difference, PredictError> {
    compare(&model.predict(rows)?, expected)
}

/// How answers differ from the golden ones of the same rows.
pub fn compare(found: &Outputs, expected: &Outputs) -> Result<Difference, PredictError> {
    if found.kind != expected.kind || found.values.len() != expected.values.len() {
        let tell = |o: &Outputs| format!("{:?} for {} rows", o.kind, o.rows());
        return Err(PredictError::Output { found: tell(found), expected: tell(expected) });
    }
    let mut difference = Difference { worst: 0.0, row: 0, changed_classes: 0 };
    for row in 0..expected.rows() {
        let (found, golden) = (found.row(row), expected.row(row));
        for (x, y) in found.iter().zip(golden) {
            let apart = (x - y).abs() / y.abs().max(1.0);
            // a NaN differs from everything
            if apart > difference.worst || apart.is_nan() {
                difference = Difference {
                    worst: if apart.is_nan() { f64::INFINITY } else { apart },
                    row,
                    ..difference
                };
            }
        }
        let classes = matches!(expected.kind, OutputKind::Probabilities { .. });
        // between two classes that are as good as equal, rounding may decide
        let changed = classes && golden[top(golden)] - golden[top(found)] > GOLDEN_TOLERANCE;
        difference.changed_classes += usize::from(changed);
    }
    Ok(difference)
}

/// Where the largest number stands.
fn top(row: &[f64]) -> usize {
    (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

/// Rows in groups: one a class, or one of all; each in the order of its answers.
fn strata(answers: &Outputs) -> Vec<Vec<usize>> {
    let classes = matches!(answers.kind, OutputKind::Probabilities { .. });
    let key = |row: &[f64]| if classes { (top(row), row[top(row)]) } else { (0, row.iter().sum()) };
    let mut strata = vec![vec![]; if classes { answers.kind.width() } else { 1 }];
    for row in 0..answers.rows() {
        let (group, at): (usize, f64) = key(answers.row(row));
        strata[group].push((at, row));
    }
    for stratum in &mut strata {
        stratum.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    strata.into_iter().map(|s| s.into_iter().map(|(_, row)| row).collect()).collect()
}

/// `count` rows, as equally many from each stratum as it has, spread evenly over its order.
fn spread(strata: &[Vec<usize>], count: usize) -> Vec<usize> {
    let mut order: Vec<&Vec<usize>> = strata.iter().filter(|s| !s.is_empty()).collect();
    // the smallest first, so that what they lack goes to the others
    order.sort_by_key(|s| s.len());
    let mut left = count;
    let mut chosen = vec![];
    for (i, stratum) in order.iter().enumerate() {
        let share = left.div_ceil(order.len() - i).min(stratum.len());
        // from the first to the last, both included
        let last = stratum.len() - 1;
        chosen.extend((0..share).map(|k| stratum[(k * last).checked_div(share - 1).unwrap_or(last / 2)]));
        left -= share;
    }
    chosen
}

/// Rows with odd cells.
fn edges(rows: &Table) -> BTreeSet<usize> {
    let mut edges = BTreeSet::new();
    for column in rows.columns() {
        let odd = match &column.values {
            Values::Number(v) => number_edges(v),
            Values::Text(v) => text_edges(v),
            Values::Time(v) => v.iter().position(Option::is_none).into_iter().collect(),
            Values::Tensor { .. } => vec![],
        };
        let room = MAX_EDGES - edges.len();
        edges.extend(odd.into_iter().take(room));
    }
    edges
}

fn number_edges(v: &[f64]) -> Vec<usize> {
    let finite = || (0..v.len()).filter(|&i| v[i].is_finite());
    let smallest = finite().min_by(|&a, &b| v[a].total_cmp(&v[b]));
    let largest = finite().max_by(|&a, &b| v[a].total_cmp(&v[b]));
    let missing = v.iter().position(|x| x.is_nan());
    [smallest, largest, missing].into_iter().flatten().collect()
}

fn text_edges(v: &[Option<String>]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let firsts = v.iter().enumerate().filter(|(_, s)| seen.len() < 20 && seen.insert(s.as_deref()));
    let firsts: Vec<usize> = firsts.map(|(i, _)| i).collect();
    let missing = v.iter().position(Option::is_none).filter(|i| !firsts.contains(i));
    firsts.into_iter().chain(missing).collect()
}

/// What a card tells.
#[derive(Debug, Clone, Copy)]
pub struct Card<'a> {
    /// The model's name in the plan.
    pub model: &'a str,
    /// Where the version came from.
    pub origin: &'a Origin,
    /// What it takes and answers.
    pub signature: &'a Signature,
    /// The rows that it was trained on, where they are known.
    pub trained_on: Option<&'a TrainedOn>,
    /// How it scored when it was made.
    pub scores: &'a [Score],
}

impl Card<'_> {
    /// The text of `card.md`.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\nTask: {}. {}\n", cell(self.model), self.signature.task, self.came());
        if let Some(on) = self.trained_on {
            let until = on.until.map_or(String::new(), |t| format!(", the last of them seen at {t}"));
            put(&mut text, format_args!("\nTrained on {} rows{until} (data `{}`).\n", on.rows, on.data));
        }
        put(&mut text, format_args!("\n## Answers\n\n{}\n", answers(&self.signature.output)));
        text.push_str("\n## Takes\n\n| column | kind | may be missing | seen in training |\n| --- | --- | --- | --- |\n");
        for field in &self.signature.inputs.fields {
            let missing = if field.nullable { "yes" } else { "no" };
            let (name, seen) = (cell(&field.name), seen(field));
            put(&mut text, format_args!("| {name} | {} | {missing} | {seen} |\n", field.kind));
        }
        if !self.scores.is_empty() {
            text.push_str(
                "\n## Scores\n\n| metric | value | 95% interval | rows |\n| --- | --- | --- | --- |\n",
            );
        }
        for score in self.scores {
            let e = &score.estimate;
            let (name, value) = (cell(&score.metric), e.value);
            put(
                &mut text,
                format_args!("| {name} | {value:.4} | {:.4} to {:.4} | {} |\n", e.low, e.high, e.rows),
            );
        }
        text
    }

    fn came(&self) -> String {
        match self.origin {
            Origin::Baseline { name } => format!("A baseline: {}.", cell(name)),
            Origin::Trained { trainer } => format!("Trained by {}.", cell(trainer)),
            Origin::Student { teacher } => format!("A student of version `{teacher}`."),
            Origin::Imported { file } => format!("Imported from {}.", cell(file)),
        }
    }
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a String takes everything");
}

fn answers(output: &OutputKind) -> String {
    match output {
        OutputKind::Probabilities { classes } => {
            let names: Vec<String> = classes.iter().map(|c| cell(c)).collect();
            format!("One probability each for {}.", names.join(", "))
        }
        OutputKind::Value => "One number.".into(),
        OutputKind::Path { horizon } => format!("The next {horizon} values."),
    }
}

fn seen(field: &Field) -> String {
    match &field.domain {
        Domain::Any => String::new(),
        Domain::Range { min, max } => format!("{min} to {max}"),
        Domain::Categories(names) if names.len() > 12 => {
            let first: Vec<String> = names.iter().take(12).map(|n| cell(n)).collect();
            format!("{} and {} more", first.join(", "), names.len() - 12)
        }
        Domain::Categories(names) => names.iter().map(|n| cell(n)).collect::<Vec<_>>().join(", "),
    }
}

/// A name from outside, so that it cannot break a table or be read as markup.
fn cell(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let quoted = text.replace('`', "'").replace('|', "\\|");
    format!("`{quoted}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::gate::Estimate;
    use domain::{Column, Kind, Schema, Task, Timestamp};

    /// Answers `yes` with the probability that stands in column `p`, plus a shift.
    struct Echo {
        signature: Signature,
        shift: f64,
    }

    impl Predict for Echo {
        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn predict(&self, rows: &Table) -> Result<Outputs, PredictError> {
            let column = rows.column("p").ok_or_else(|| PredictError::MissingColumn("p".into()))?;
            let Values::Number(p) = &column.values else { panic!("p is a number") };
            let p = p.iter().map(|p| if p.is_nan() { 0.5 } else { p + self.shift });
            let values = p.flat_map(|p| [1.0 - p, p]).collect();
            Ok(Outputs { kind: self.signature.output.clone(), values })
        }
    }

    fn echo(shift: f64) -> Echo {
        let field = |name: &str, kind, domain| Field { name: name.into(), kind, nullable: true, domain };
        let fields = vec![
            field("p", Kind::Number, Domain::Range { min: 0.0, max: 1.0 }),
            field("a|b", Kind::Text, Domain::Categories(vec!["x".into(), "y`z".into()])),
        ];
        let output = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
        Echo { signature: Signature { task: Task::Classification, inputs: Schema { fields }, output }, shift }
    }

    /// 1,000 rows of which 30 are answered `yes`, one missing and one of a rare category.
    fn rows() -> Table {
        let mut p: Vec<f64> = (0..1000).map(|i| if i < 30 { 0.9 } else { f64::from(i) / 2500.0 }).collect();
        p[500] = f64::NAN;
        let mut text: Vec<Option<String>> = vec![Some("x".into()); 1000];
        text[777] = Some("rare".into());
        text[888] = None;
        let column = |name: &str, values| Column { name: name.into(), values };
        Table::new(vec![column("p", Values::Number(p)), column("a|b", Values::Text(text))])
            .expect("two columns")
    }

    #[test]
    fn golden_rows_hold_all_classes_and_odd_cells() {
        let (chosen, outputs) = golden(&echo(0.0), &rows(), 100).expect("answers");
        assert!((100..=110).contains(&chosen.rows()), "{} rows", chosen.rows());
        let yes = (0..outputs.rows()).filter(|&r| outputs.row(r)[1] > 0.5).count();
        assert_eq!(yes, 30);
        assert_eq!(chosen.column("p").expect("p").values.missing(), 1);
        let Values::Text(text) = &chosen.column("a|b").expect("text").values else { panic!("text") };
        assert!(text.contains(&None) && text.contains(&Some("rare".into())));
        assert_eq!(golden(&echo(0.0), &rows(), 100).expect("answers").1, outputs);
    }

    #[test]
    fn fewer_rows_than_asked_for_are_all_taken() {
        let few = rows().take(&[3, 40, 41]);
        assert_eq!(golden(&echo(0.0), &few, 100).expect("answers").0, few);
    }

    #[test]
    fn a_model_that_answers_otherwise_is_found() {
        let (chosen, outputs) = golden(&echo(0.0), &rows(), 100).expect("answers");
        assert!(check_golden(&echo(1e-7), &chosen, &outputs).expect("answers").agrees());
        let moved = check_golden(&echo(0.2), &chosen, &outputs).expect("answers");
        assert!((moved.worst - 0.2).abs() < 1e-12 && moved.changed_classes > 0 && !moved.agrees());
        let other = Outputs { kind: OutputKind::Value, ..outputs };
        assert!(check_golden(&echo(0.0), &chosen, &other).is_err());
    }

    #[test]
    fn a_number_is_spread_over_its_size() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from((i * 7919) % 1000)).collect();
        let outputs = Outputs { kind: OutputKind::Value, values: values.clone() };
        let chosen = spread(&strata(&outputs), 11);
        let chosen: Vec<f64> = chosen.into_iter().map(|r| values[r]).collect();
        let expected: Vec<f64> = (0..11).map(|k| f64::from(k * 999 / 10)).collect();
        assert_eq!(chosen, expected);
    }

    #[test]
    fn a_card_tells_what_it_is_and_cannot_be_broken() {
        let echo = echo(0.0);
        let estimate = Estimate { value: 0.25, low: 0.2, high: 0.3, rows: 400 };
        let card = Card {
            model: "calls",
            origin: &Origin::Trained { trainer: "trees".into() },
            signature: &echo.signature,
            trained_on: Some(&TrainedOn {
                data: "ab12".into(),
                rows: 900,
                until: Some(Timestamp(0)),
                reviewed: None,
            }),
            scores: &[Score { metric: "log_loss".into(), estimate }],
        };
        let expected = "# `calls`\n\nTask: classification. Trained by `trees`.\n\nTrained on 900 rows, the last \
            of them seen at 1970-01-01T00:00:00Z (data `ab12`).\n\n## Answers\n\nOne probability each for `no`, \
            `yes`.\n\n## Takes\n\n| column | kind | may be missing | seen in training |\n\
            | --- | --- | --- | --- |\n| `p` | number | yes | 0 to 1 |\n| `a\\|b` | text | yes | `x`, `y'z` |\n\n\
            ## Scores\n\n| metric | value | 95% interval | rows |\n| --- | --- | --- | --- |\n\
            | `log_loss` | 0.2500 | 0.2000 to 0.3000 | 400 |\n";
        assert_eq!(card.markdown(), expected);
    }
}
