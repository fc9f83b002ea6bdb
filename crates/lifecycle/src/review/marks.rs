//! The words of a document that an answer hangs on, found by leaving each of them out.
//!
//! *What it answers.* Where should somebody look first? *Assumptions.* None about the model. *When it misleads.* Words
//! that only work together are not seen. It tells how much an answer would change and never which way, so that a person
//! stays blind to it. *Source.* Leave-one-out importance, as in Li, Monroe and Jurafsky 2016. *Checked against.* A rule
//! of known words.

use domain::{Column, Table, Values};
use models::Predict;

/// Words that are marked...
const MOST: usize = 5;
/// ...out of so many that are tried.
const TRIED: usize = 120;
/// A change of the answer by less is none.
const LEAST: f64 = 0.01;

/// The words of the only row's document, the weightiest first; none where the column holds no text, or the model does
/// not answer.
pub(crate) fn marks(model: &dyn Predict, row: &Table, column: &str) -> Vec<String> {
    let Some(Values::Text(cells)) = row.column(column).map(|column| &column.values) else {
        return Vec::new();
    };
    let Some(Some(text)) = cells.first() else { return Vec::new() };
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !words.contains(&word) && words.len() < TRIED {
            words.push(word);
        }
    }
    let texts = std::iter::once(text.clone()).chain(words.iter().map(|word| without(text, word)));
    let Ok(outputs) = model.predict(&with(row, column, texts.collect())) else { return Vec::new() };
    let change = |place: usize| -> f64 {
        let pairs = outputs.row(0).iter().zip(outputs.row(place + 1));
        pairs.map(|(all, less)| (all - less).abs()).sum()
    };
    let mut weighed: Vec<(f64, &str)> =
        words.iter().enumerate().map(|(place, word)| (change(place), *word)).collect();
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0));
    weighed
        .into_iter()
        .take(MOST)
        .filter(|(change, _)| *change >= LEAST)
        .map(|(_, word)| word.to_owned())
        .collect()
}

/// The text without a word, wherever it stands by itself.
fn without(text: &str, word: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some(place) = rest.find(word) {
        left += &rest[..place];
        let after = &rest[place + word.len()..];
        let whole = !left.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        left += if whole { "" } else { word };
        rest = after;
    }
    left + rest
}

/// The row, once for each of these texts.
fn with(row: &Table, column: &str, texts: Vec<String>) -> Table {
    let rows = row.take(&vec![0; texts.len()]);
    let columns = rows.columns().iter().map(|other| match other.name == column {
        true => Column {
            name: other.name.clone(),
            values: Values::Text(texts.iter().cloned().map(Some).collect()),
        },
        false => other.clone(),
    });
    Table::new(columns.collect()).expect("as many texts as rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Domain, Field, Kind, OutputKind, Outputs, Schema, Signature, Task};

    /// Sure of `bad` where the note has the word `smoke`, a little of it where it has `valve`.
    struct Smoke(Signature);

    impl Smoke {
        fn new() -> Smoke {
            let note = Field { name: "note".into(), kind: Kind::Text, nullable: true, domain: Domain::Any };
            let output = OutputKind::Probabilities { classes: vec!["good".into(), "bad".into()] };
            Smoke(Signature { task: Task::Classification, inputs: Schema { fields: vec![note] }, output })
        }
    }

    impl Predict for Smoke {
        fn signature(&self) -> &Signature {
            &self.0
        }

        fn predict(&self, rows: &Table) -> Result<Outputs, models::PredictError> {
            let Some(Values::Text(notes)) = rows.column("note").map(|c| &c.values) else { panic!("no note") };
            let bad = |note: &Option<String>| {
                let has = |word: &str| note.as_ref().is_some_and(|note| note.split(' ').any(|w| w == word));
                0.1 + 0.6 * f64::from(u8::from(has("smoke"))) + 0.2 * f64::from(u8::from(has("valve")))
            };
            let values = notes.iter().flat_map(|note| [1.0 - bad(note), bad(note)]).collect();
            Ok(Outputs { kind: self.0.output.clone(), values })
        }
    }

    #[test]
    fn the_words_that_the_answer_hangs_on_are_marked() {
        let row = |text: &str| {
            let values = Values::Text(vec![Some(text.into())]);
            Table::new(vec![Column { name: "note".into(), values }]).expect("one column")
        };
        let model = Smoke::new();
        let found = marks(&model, &row("smoke at the valve and smoke again"), "note");
        assert_eq!(found, ["smoke", "valve"], "both places of a word go at once");
        assert!(marks(&model, &row("all is well"), "note").is_empty());
        assert!(marks(&model, &row("smoke"), "other").is_empty());
        assert_eq!(without("smoked smoke, smoke", "smoke"), "smoked , ");
    }
}
