//! Documents, as trainers: `tfidf` and `nbsvm`, both for classes.
//!
//! Words and pairs of neighbours are counted, weighed and added up. Other columns of the table are joined in as
//! the linear models take them (standardised, one-hot). The strings themselves go into the graph: case, tokens
//! and n-grams are nodes, so that what is served is what was learned. Not language models: no word is known to
//! mean what another means. Invariant: whatever is chosen is chosen on rows that the weights compared were not
//! fitted on. Which words are known, and their rarity, is learned on all training rows, without the target.
//!
//! *What it answers*: the probability of each class of a row. *Assumptions*: words add up; a class shows in
//! which words stand there, hardly in their order. *When it misleads*: negation over a distance, irony, words
//! that training never saw, texts in several languages. *Source*: `tfidf`: Salton and Buckley, *Information
//! Processing & Management* 24 (1988), with sublinear counts; `nbsvm`: Wang and Manning, *Baselines and
//! Bigrams*, ACL 2012, section 2; its probabilities by Platt (1999) with his targets. *Checked against*:
//! onnxruntime on the graphs; on sentence-polarity `nbsvm` is right on 79.2% in ten folds, the paper on 79.4%
//! (`benches/text`).

mod documents;
mod features;
mod fit;
mod nbsvm;
mod sparse;
mod tfidf;
mod vocabulary;

pub use documents::documents;
pub use nbsvm::Nbsvm;
pub use tfidf::Tfidf;
pub use vocabulary::MAX_GRAMS;

use crate::split::Split;
use crate::supervise::Classes;
use fit::Problem;
use sparse::Sparse;

/// Parts that are held back in turn.
const PARTS: usize = 5;
/// From so many rows on one part is enough to choose by.
const MANY_ROWS: usize = 10_000;
/// The slope, a unit of weight, that ends a fit whose loss is only compared.
const ROUGH: f64 = 1e-5;
/// The slope that ends a fit which is kept.
const FINAL: f64 = 1e-7;

/// The rows to hold back: one part of many rows, else each part in turn.
fn held_back(data: &domain::Examples, seed: crate::Seed) -> Vec<Split> {
    let mut splits = crate::split::splits(data, PARTS, seed);
    splits.truncate(if data.len() >= MANY_ROWS { 1 } else { PARTS });
    splits
}

/// These rows as something to fit or to judge by.
fn problem(matrix: Sparse, target: &Classes<'_>) -> Problem {
    Problem::new(matrix, target.names.len(), target.probability.clone(), target.weight.clone())
}

#[cfg(test)]
mod tests;
