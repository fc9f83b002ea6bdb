//! All features of rows: the words of each document column, then the other columns as the encoder has them.

use super::documents::{documents, texts};
use super::sparse::Sparse;
use super::vocabulary::{Vocabulary, Weighting};
use crate::contract::FitError;
use crate::encode::{Encoder, MAX_CATEGORIES, Style};
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise;
use domain::{Field, Schema, Table};

/// What was learned of the columns of a table.
pub(super) struct Features {
    documents: Vec<String>,
    vocabularies: Vec<Vocabulary>,
    /// Of the other columns; `None` where they tell nothing.
    encoder: Option<Encoder>,
    inputs: Schema,
    /// The features of the training rows.
    pub matrix: Sparse,
    /// How many of the features are words and pairs; they come first.
    pub words: usize,
}

impl Features {
    /// Learns the columns of training rows.
    pub fn learn(trainer: &str, rows: &Table, weighting: Weighting) -> Result<Features, FitError> {
        let documents = documents(rows);
        if documents.is_empty() {
            let why = "no column holds documents: texts of three words or more, most of them different; \
                       hint: name such a column, or use trainer `logistic` or `trees`";
            return Err(supervise::bad(trainer, why.into()));
        }
        let learned = documents.iter().map(|name| Vocabulary::learn(name, &texts(rows, name), weighting));
        let (vocabularies, blocks): (Vec<_>, Vec<_>) = learned.unzip();
        let words = vocabularies.iter().map(Vocabulary::width).sum();
        if words == 0 {
            let names = documents.join("`, `");
            return Err(supervise::bad(trainer, format!("no word stands in two rows of `{names}`")));
        }
        let rest = rows.select(|name| !documents.iter().any(|d| d == name));
        let encoder = Some(Encoder::learn(&rest, Style::Linear)).filter(|e| e.width() > 0);
        let dense = match &encoder {
            Some(encoder) => {
                encoder.encode(&rest).map_err(|e| supervise::bad(trainer, e.to_string()))?.columns
            }
            None => vec![],
        };
        let mut matrix = Sparse::new(words + dense.len());
        for row in 0..rows.rows() {
            let mut from = 0;
            let mut cells = Vec::new();
            for (vocabulary, block) in vocabularies.iter().zip(&blocks) {
                cells.extend(block[row].iter().map(|&(column, x)| (from + column, x)));
                from += vocabulary.width() as u32;
            }
            cells.extend((from..).zip(&dense).map(|(column, d)| (column, d[row])).filter(|&(_, x)| x != 0.0));
            matrix.push(cells);
        }
        let taken = |name: &str| {
            documents.iter().any(|d| d == name)
                || encoder.as_ref().is_some_and(|e| e.inputs().field(name).is_some())
        };
        let fields =
            rows.columns().iter().filter(|c| taken(&c.name)).map(|c| Field::observed(c, MAX_CATEGORIES));
        let inputs = Schema { fields: fields.collect() };
        supervise::check_names(trainer, &inputs, "probabilities")?;
        Ok(Features { documents, vocabularies, encoder, inputs, matrix, words })
    }

    /// The raw columns that are taken, in the order of the training table.
    pub fn inputs(&self) -> &Schema {
        &self.inputs
    }

    /// Writes the nodes from raw columns to `float [N, classes]`: the sums of features times weights, where
    /// `weights` is `[features, classes]`, plus the intercepts.
    pub fn write(&self, graph: &mut GraphBuilder, weights: &[f32], intercepts: Vec<f32>) -> String {
        for name in &self.documents {
            graph.input(name, Dtype::Str, &[1]);
        }
        let encoded = self.encoder.as_ref().map(|e| (e.write(graph), e.width()));
        let blocks: Vec<(String, usize)> =
            self.vocabularies.iter().map(|v| (v.write(graph), v.width())).chain(encoded).collect();
        let classes = intercepts.len();
        let addend = graph.fresh("intercepts");
        graph.initializer_f32(&addend, &[classes], intercepts);
        let (mut from, mut total) = (0, None);
        for (block, width) in blocks.into_iter().filter(|(_, width)| *width > 0) {
            let name = graph.fresh("weights");
            let part = weights[from * classes..(from + width) * classes].to_vec();
            graph.initializer_f32(&name, &[width, classes], part);
            from += width;
            total = Some(match total {
                None => graph.op("Gemm", &[&block, &name, &addend], vec![]),
                Some(total) => {
                    let sums = graph.op("MatMul", &[&block, &name], vec![]);
                    graph.op("Add", &[&total, &sums], vec![])
                }
            });
        }
        total.expect("some word is known, or learning had failed")
    }
}
