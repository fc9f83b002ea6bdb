//! Entries as Parquet, sorted by time: what a sealed hour looks like to DuckDB, pandas and Spark.
//!
//! One row an entry. `kind` tells which columns are filled; `id` and `at` always are.
//!
//! ```text
//! prediction  version served_by served_version served_why unit input output latency_us
//!             and, where it was part of an experiment, experiment arm propensity exposure
//! outcome     value source
//! shadow      version latency_us, and output or, where there is none, failure
//! ```
//! Format 1 had neither experiments nor shadows, nor their columns.

mod unpack;

pub(super) use unpack::unpack;

use crate::Entry;
use crate::files::parquet::encode;
use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder, UInt64Builder};
use arrow_array::{ArrayRef, Float64Array, TimestampMicrosecondArray};
use arrow_schema::{Field, Schema};
use domain::{Arm, Assignment, Outcome, Prediction, ServedBy, ShadowAnswer, Source};
use std::sync::Arc;

/// The format that is written, and the key of the file's metadata under which it stands.
const FORMAT: u32 = 2;
const KEY: &str = "incumbent.journal";

/// The columns of text, in order; `id` stands first in every file.
const TEXTS: [&str; 13] = [
    "id",
    "kind",
    "version",
    "served_by",
    "served_version",
    "served_why",
    "unit",
    "input",
    "value",
    "source",
    "experiment",
    "arm",
    "failure",
];

/// A row's cells of text, by column.
type Texts<'a> = [Option<&'a str>; TEXTS.len()];

/// The Parquet bytes of entries.
pub(super) fn pack(entries: &[Entry]) -> Vec<u8> {
    let at = TimestampMicrosecondArray::from_iter_values(entries.iter().map(|e| e.at().0));
    let mut columns: Vec<(&str, ArrayRef)> = vec![("at", Arc::new(at.with_timezone("UTC")))];
    columns.extend(TEXTS.into_iter().zip(texts(entries)));
    let (output, latency) = answers(entries);
    columns.extend([("output", output), ("latency_us", latency)]);
    columns.push(("propensity", chances(entries, |assignment| assignment.propensity)));
    columns.push(("exposure", chances(entries, |assignment| assignment.exposure)));
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let metadata = [(KEY.to_string(), FORMAT.to_string())].into();
    let schema = Schema::new_with_metadata(fields, metadata);
    encode(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect())
}

fn texts(entries: &[Entry]) -> Vec<ArrayRef> {
    let mut columns: [StringBuilder; TEXTS.len()] = Default::default();
    for entry in entries {
        let id = entry.id().to_string();
        let cells = match entry {
            Entry::Prediction(prediction) => prediction_texts(prediction, &id),
            Entry::Outcome(outcome) => outcome_texts(outcome, &id),
            Entry::Shadow(shadow) => shadow_texts(shadow, &id),
        };
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.append_option(cell));
    }
    columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect()
}

fn prediction_texts<'a>(p: &'a Prediction, id: &'a str) -> Texts<'a> {
    let (by, by_version, why) = match &p.served_by {
        ServedBy::Intended => ("intended", None, None),
        ServedBy::Fallback { version, why } => ("fallback", Some(version.0.as_str()), Some(why.as_str())),
        ServedBy::Floor { why } => ("floor", None, Some(why.as_str())),
    };
    let experiment = p.assignment.as_ref().map(|a| a.experiment.0.as_str());
    let arm = p.assignment.as_ref().map(|a| match a.arm {
        Arm::Control => "control",
        Arm::Treatment => "treatment",
    });
    let (version, unit, input) = (Some(p.version.0.as_str()), p.unit.as_deref(), Some(p.input.as_str()));
    [
        Some(id),
        Some("prediction"),
        version,
        Some(by),
        by_version,
        why,
        unit,
        input,
        None,
        None,
        experiment,
        arm,
        None,
    ]
}

fn outcome_texts<'a>(o: &'a Outcome, id: &'a str) -> Texts<'a> {
    let source = match o.source {
        Source::Observed => "observed",
        Source::Reviewer => "reviewer",
    };
    let mut cells = [None; TEXTS.len()];
    (cells[0], cells[1]) = (Some(id), Some("outcome"));
    (cells[8], cells[9]) = (Some(o.value.as_str()), Some(source));
    cells
}

fn shadow_texts<'a>(s: &'a ShadowAnswer, id: &'a str) -> Texts<'a> {
    let mut cells = [None; TEXTS.len()];
    (cells[0], cells[1], cells[2]) = (Some(id), Some("shadow"), Some(s.version.0.as_str()));
    cells[12] = s.answer.as_ref().err().map(String::as_str);
    cells
}

/// The columns `output` and `latency_us`.
fn answers(entries: &[Entry]) -> (ArrayRef, ArrayRef) {
    let mut output = ListBuilder::new(Float64Builder::new());
    let mut latency = UInt64Builder::new();
    for entry in entries {
        let (numbers, latency_us) = match entry {
            Entry::Prediction(p) => (Some(&p.output), Some(p.latency_us)),
            Entry::Outcome(_) => (None, None),
            Entry::Shadow(s) => (s.answer.as_ref().ok(), Some(s.latency_us)),
        };
        output.append_option(numbers.map(|numbers| numbers.iter().map(|&x| Some(x))));
        latency.append_option(latency_us);
    }
    (Arc::new(output.finish()), Arc::new(latency.finish()))
}

/// A column of what was drawn with which chance.
fn chances(entries: &[Entry], of: impl Fn(&Assignment) -> f64) -> ArrayRef {
    let cell = |entry: &Entry| match entry {
        Entry::Prediction(prediction) => prediction.assignment.as_ref().map(&of),
        Entry::Outcome(_) | Entry::Shadow(_) => None,
    };
    Arc::new(entries.iter().map(cell).collect::<Float64Array>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::codec;
    use crate::journal::codec::tests::any_entry;
    use proptest::prelude::*;
    use std::path::Path;

    proptest! {
        #[test]
        fn entries_come_back_as_they_were(entries in prop::collection::vec(any_entry(), 0..20)) {
            let back = unpack(Path::new("p"), pack(&entries)).expect("just packed");
            prop_assert_eq!(codec::encode(&back), codec::encode(&entries));
        }
    }

    #[test]
    fn other_parquet_is_refused() {
        let table = domain::Table::new(vec![]).expect("no columns");
        let error = unpack(Path::new("p"), crate::files::parquet_bytes(&table)).expect_err("no journal");
        assert_eq!(error.to_string(), "p is damaged: it has no incumbent.journal in its metadata");
    }
}
