//! One column as a sketch: what is needed to compare it with itself at another time, in a few kilobytes.
//!
//! Not here: any comparison. Invariant: a sketch depends on its rows and their order alone, and equal rows in
//! equal order give equal bytes.

use super::SketchError;
use super::bytes::{Input, put_u64, seal, unseal};
use super::distinct::Distinct;
use super::frequent::Frequent;
use super::numeric::{Moments, Numeric};
use crate::files::seconds;
use domain::{Kind, Values};

/// The newest format of [`ColumnSketch::to_bytes`].
const FORMAT: u32 = 1;

/// A sketch of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSketch {
    rows: u64,
    missing: u64,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Number(Numeric),
    /// In seconds since 1970.
    Time(Numeric),
    Text {
        frequent: Frequent,
        distinct: Distinct,
    },
    /// Only its rows are counted.
    Tensor,
}

impl ColumnSketch {
    /// A sketch of no rows. Of tensors only the rows are counted.
    pub fn new(kind: &Kind) -> ColumnSketch {
        let body = match kind {
            Kind::Number => Body::Number(Numeric::new()),
            Kind::Time => Body::Time(Numeric::new()),
            Kind::Text => Body::Text { frequent: Frequent::default(), distinct: Distinct::new() },
            Kind::Tensor(_) => Body::Tensor,
        };
        ColumnSketch { rows: 0, missing: 0, body }
    }

    /// Sees more rows. Cells of another kind are refused, and then none of them is seen.
    pub fn observe(&mut self, values: &Values) -> Result<(), SketchError> {
        match (&mut self.body, values) {
            (Body::Number(numeric), Values::Number(cells)) => {
                cells.iter().filter(|x| !x.is_nan()).for_each(|&x| numeric.add(x));
            }
            (Body::Time(numeric), Values::Time(cells)) => {
                cells.iter().flatten().for_each(|&at| numeric.add(seconds(at)));
            }
            (Body::Text { frequent, distinct }, Values::Text(cells)) => {
                for text in cells.iter().flatten() {
                    frequent.add(text, 1);
                    distinct.add_text(text);
                }
            }
            (Body::Tensor, Values::Tensor { .. }) => {}
            _ => return Err(self.unlike(values.kind().to_string())),
        }
        self.rows = self.rows.saturating_add(values.len() as u64);
        self.missing = self.missing.saturating_add(values.missing() as u64);
        Ok(())
    }

    /// Sees all that another has seen. A sketch of another kind is refused, and then nothing changes.
    pub fn merge(&mut self, other: &ColumnSketch) -> Result<(), SketchError> {
        match (&mut self.body, &other.body) {
            (Body::Number(mine), Body::Number(theirs)) | (Body::Time(mine), Body::Time(theirs)) => {
                mine.merge(theirs);
            }
            (Body::Text { frequent, distinct }, Body::Text { frequent: texts, distinct: seen }) => {
                frequent.merge(texts);
                distinct.merge(seen);
            }
            (Body::Tensor, Body::Tensor) => {}
            _ => return Err(self.unlike(other.kind().into())),
        }
        self.rows = self.rows.saturating_add(other.rows);
        self.missing = self.missing.saturating_add(other.missing);
        Ok(())
    }

    /// `number`, `text`, `time` or `tensor`.
    pub fn kind(&self) -> &'static str {
        match self.body {
            Body::Number(_) => "number",
            Body::Time(_) => "time",
            Body::Text { .. } => "text",
            Body::Tensor => "tensor",
        }
    }

    /// All rows that were seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows whose cell was missing.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Rows whose number was infinite; they are in nothing else but the rows.
    pub fn infinite(&self) -> u64 {
        self.numeric().map_or(0, |numeric| numeric.infinite)
    }

    /// Of the finite numbers, or of the seconds since 1970; nothing for other kinds, or where there is none.
    pub fn moments(&self) -> Option<Moments> {
        self.numeric()?.moments()
    }

    /// Numbers, or seconds since 1970, in ascending order, each with how many rows it stands for; their sum is
    /// the count of the moments. The share of rows at or below any number is right to within
    /// [`RANK_ERROR`](super::RANK_ERROR). Empty for other kinds.
    pub fn quantiles(&self) -> Vec<(f64, u64)> {
        self.numeric().map(|numeric| numeric.quantiles.points()).unwrap_or_default()
    }

    /// About how many different cells there are, without the missing one. The standard deviation is
    /// [`DISTINCT_ERROR`](super::DISTINCT_ERROR) of it; 0 for tensors.
    pub fn distinct(&self) -> f64 {
        match &self.body {
            Body::Number(numeric) | Body::Time(numeric) => numeric.distinct.estimate(),
            Body::Text { distinct, .. } => distinct.estimate(),
            Body::Tensor => 0.0,
        }
    }

    /// The n most frequent texts with their rows, the most frequent first; empty for other kinds. A count may be
    /// too low by [`ColumnSketch::lost`] rows and is never too high. Of a text of more than 200 bytes its
    /// beginning and a hash are given.
    pub fn top(&self, n: usize) -> Vec<(String, u64)> {
        match &self.body {
            Body::Text { frequent, .. } => frequent.top(n),
            _ => Vec::new(),
        }
    }

    /// By how many rows a count of [`ColumnSketch::top`] may be too low: at most 1 in
    /// [`KEPT`](super::KEPT) of all rows, and 0 where no more texts than that were seen.
    pub fn lost(&self) -> u64 {
        match &self.body {
            Body::Text { frequent, .. } => frequent.lost(),
            _ => 0,
        }
    }

    /// The bytes that [`ColumnSketch::from_bytes`] reads, with a format and a checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![match self.body {
            Body::Number(_) => 0,
            Body::Time(_) => 1,
            Body::Text { .. } => 2,
            Body::Tensor => 3,
        }];
        put_u64(&mut out, self.rows);
        put_u64(&mut out, self.missing);
        match &self.body {
            Body::Number(numeric) | Body::Time(numeric) => numeric.write(&mut out),
            Body::Text { frequent, distinct } => {
                frequent.write(&mut out);
                distinct.write(&mut out);
            }
            Body::Tensor => {}
        }
        seal(FORMAT, &out)
    }

    /// Reads what [`ColumnSketch::to_bytes`] wrote; damaged bytes are an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<ColumnSketch, SketchError> {
        let mut input = unseal(FORMAT, bytes)?;
        let sketch = read(&mut input).filter(|_| input.is_empty());
        sketch.ok_or_else(|| SketchError::Damaged { why: "it is no sketch of a column".into() })
    }

    fn numeric(&self) -> Option<&Numeric> {
        match &self.body {
            Body::Number(numeric) | Body::Time(numeric) => Some(numeric),
            Body::Text { .. } | Body::Tensor => None,
        }
    }

    fn unlike(&self, found: String) -> SketchError {
        SketchError::Unlike { found, expected: self.kind() }
    }
}

fn read(input: &mut Input<'_>) -> Option<ColumnSketch> {
    let kind = input.take(1)?[0];
    let (rows, missing) = (input.u64()?, input.u64()?);
    let body = match kind {
        0 => Body::Number(Numeric::read(input)?),
        1 => Body::Time(Numeric::read(input)?),
        2 => Body::Text { frequent: Frequent::read(input)?, distinct: Distinct::read(input)? },
        3 => Body::Tensor,
        _ => return None,
    };
    Some(ColumnSketch { rows, missing, body })
}
