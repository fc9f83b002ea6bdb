//! `TfIdfVectorizer`: how often each n-gram of a list stands in a row of tokens.
//!
//! N-grams may be counted in one column; their weights must then be one.

use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, MAX_ELEMENTS, Tensor, elements};
use std::collections::HashMap;
use std::sync::Arc;

/// The most tokens that may be skipped within an n-gram; the work grows with it.
const MAX_SKIP: i64 = 1024;

/// What a count becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Count,
    /// 1 for any count, times the weight.
    Present,
    /// The count times the weight.
    Weighted,
}

/// A token by its place in the list of known ones; `None` for all others.
pub(in crate::onnx) type Token = Option<u32>;

/// The n-grams of the list, as a tree of tokens. Node 0 is the root.
#[derive(Debug)]
pub(in crate::onnx) struct Grams {
    texts: HashMap<Arc<str>, u32>,
    numbers: HashMap<i64, u32>,
    children: HashMap<(u32, u32), u32>,
    /// One a node: where the n-gram that ends there is counted.
    columns: Vec<Option<u32>>,
    width: usize,
    /// One a column; none where all are 1.
    weights: Vec<f32>,
    mode: Mode,
    shortest: usize,
    longest: usize,
    skips: usize,
}

/// Where the n-grams of each length begin in the list, and how long the list is.
struct Pool<'a> {
    starts: Vec<usize>,
    indexes: &'a [i64],
}

impl Grams {
    /// Reads a node's settings.
    pub fn of(node: &Node<'_>) -> Result<Grams, String> {
        let int = |name: &str| node.int(name)?.ok_or_else(|| format!("attribute `{name}` is missing"));
        let (shortest, longest, skips) =
            (int("min_gram_length")?, int("max_gram_length")?, int("max_skip_count")?);
        let counts = node.ints("ngram_counts")?.ok_or("attribute `ngram_counts` is missing")?;
        if !(1 <= shortest && shortest <= longest && longest <= counts.len() as i64) {
            let known = counts.len();
            return Err(format!("n-grams of {shortest} to {longest} tokens, where 1 to {known} are listed"));
        }
        if !(0..=MAX_SKIP).contains(&skips) {
            return Err(format!("max_skip_count is {skips}, expected 0 to {MAX_SKIP}"));
        }
        let mode = match node.str("mode")?.ok_or("attribute `mode` is missing")? {
            "TF" => Mode::Count,
            "IDF" => Mode::Present,
            "TFIDF" => Mode::Weighted,
            other => return Err(format!("there is no mode `{other}`")),
        };
        let indexes = node.ints("ngram_indexes")?.unwrap_or_default();
        let width = width(indexes)?;
        let weights = by_column(node.floats("weights")?.unwrap_or_default(), indexes, width)?;
        let mut grams = Grams {
            texts: HashMap::new(),
            numbers: HashMap::new(),
            children: HashMap::new(),
            columns: vec![None],
            width,
            weights,
            mode,
            shortest: shortest as usize,
            longest: longest as usize,
            skips: skips as usize,
        };
        grams.fill(node, counts, indexes)?;
        Ok(grams)
    }

    /// Reads the list itself.
    fn fill(&mut self, node: &Node<'_>, counts: &[i64], indexes: &[i64]) -> Result<(), String> {
        let (texts, numbers) =
            (node.strs("pool_strings")?, node.ints("pool_int64s")?.filter(|v| !v.is_empty()));
        let tokens: Vec<u32> = match (texts.filter(|v| !v.is_empty()), numbers) {
            (Some(texts), _) if node.one_of(0, &[Dtype::Str]).is_ok() => {
                texts.into_iter().map(|t| known(&mut self.texts, t.into())).collect()
            }
            (None, Some(numbers)) if node.one_of(0, &[Dtype::I64]).is_ok() => {
                numbers.iter().map(|&n| known(&mut self.numbers, n)).collect()
            }
            (None, None) => return Err("neither `pool_strings` nor `pool_int64s` is there".into()),
            _ => return Err(format!("the list is of another type than the input, {}", node.dtype(0)?)),
        };
        let starts = counts.iter().map(|&c| usize::try_from(c).ok()).collect::<Option<Vec<usize>>>();
        let starts = starts.ok_or("an entry of ngram_counts is negative")?;
        self.plant(&tokens, &Pool { starts, indexes })
    }

    fn plant(&mut self, tokens: &[u32], pool: &Pool<'_>) -> Result<(), String> {
        let mut indexes = pool.indexes.iter();
        for (length, &from) in (1..).zip(&pool.starts) {
            let to = pool.starts.get(length).copied().unwrap_or(tokens.len());
            let block = tokens.get(from..to).filter(|b| b.len() % length == 0);
            let block = block.ok_or_else(|| format!("tokens {from} to {to} are not whole {length}-grams"))?;
            for gram in block.chunks(length) {
                let index = *indexes.next().ok_or("there are more n-grams than ngram_indexes")?;
                if (self.shortest..=self.longest).contains(&length) {
                    let node = self.grow(gram);
                    if self.columns[node].replace(index as u32).is_some() {
                        return Err(format!("an n-gram of {length} tokens stands twice in the list"));
                    }
                }
            }
        }
        Ok(())
    }

    /// The node of an n-gram, made where it is not there.
    fn grow(&mut self, gram: &[u32]) -> usize {
        let mut at = 0;
        for &token in gram {
            let next = self.columns.len() as u32;
            at = *self.children.entry((at, token)).or_insert(next);
            if at == next {
                self.columns.push(None);
            }
        }
        at as usize
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A token of the list.
    pub fn token(&self, text: &str) -> Token {
        self.texts.get(text).copied()
    }

    /// A row's columns that are not zero, ascending, with their values.
    pub fn row(&self, tokens: &[Token]) -> Vec<(u32, f32)> {
        let mut found = self.found(tokens);
        found.sort_unstable();
        let runs = found.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as f32));
        let weight = |column: u32| self.weights.get(column as usize).copied().unwrap_or(1.0);
        let value = |(column, count): (u32, f32)| match self.mode {
            Mode::Count => (column, count),
            Mode::Present => (column, weight(column)),
            Mode::Weighted => (column, count * weight(column)),
        };
        runs.map(value).collect()
    }

    /// The column of every n-gram found, as often as it is found.
    fn found(&self, tokens: &[Token]) -> Vec<u32> {
        let mut found = Vec::new();
        let mut shortest = self.shortest;
        for step in 1..=self.skips + 1 {
            for first in 0..tokens.len().saturating_sub(step * (shortest - 1)) {
                self.follow(tokens[first..].iter().step_by(step), shortest, &mut found);
            }
            // single tokens skip nothing, so they count once
            shortest = shortest.max(2);
            if shortest > self.longest || step * (shortest - 1) >= tokens.len() {
                break;
            }
        }
        found
    }

    fn follow<'a>(&self, tokens: impl Iterator<Item = &'a Token>, shortest: usize, found: &mut Vec<u32>) {
        let mut at = 0;
        for (length, token) in (1..=self.longest).zip(tokens) {
            let next = token.and_then(|t| self.children.get(&(at, t)));
            let Some(&next) = next else { return };
            at = next;
            found.extend(self.columns[at as usize].filter(|_| length >= shortest));
        }
    }

    fn run(&self, t: &Tensor) -> Result<Tensor, String> {
        let (rows, columns, shape) = match *t.shape() {
            [] => (1, 1, vec![self.width]),
            [columns] => (1, columns, vec![self.width]),
            [rows, columns] => (rows, columns, vec![rows, self.width]),
            _ => return Err(format!("shape {:?} is not rows by tokens", t.shape())),
        };
        let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        let tokens: Vec<Token> = match t.data() {
            Data::Str(v) => v.iter().map(|s| self.token(s)).collect(),
            Data::I64(v) => v.iter().map(|n| self.numbers.get(n).copied()).collect(),
            other => return Err(format!("tokens of {}", other.dtype())),
        };
        let mut out = vec![0.0; count];
        for (row, out) in out.chunks_mut(self.width).take(rows).enumerate() {
            for (column, value) in self.row(&tokens[row * columns..(row + 1) * columns]) {
                out[column as usize] = value;
            }
        }
        tensor(shape, Data::F32(out))
    }
}

/// A token's place, which is new when the token is.
fn known<K: std::hash::Hash + Eq>(places: &mut HashMap<K, u32>, token: K) -> u32 {
    let next = places.len() as u32;
    *places.entry(token).or_insert(next)
}

/// The number of columns that are counted in.
fn width(indexes: &[i64]) -> Result<usize, String> {
    let most = indexes.iter().max().ok_or("attribute `ngram_indexes` is missing")?;
    let least = indexes.iter().min().ok_or("attribute `ngram_indexes` is missing")?;
    if *least < 0 || *most >= MAX_ELEMENTS as i64 {
        return Err(format!("ngram_indexes are {least} to {most}, expected 0 to {}", MAX_ELEMENTS - 1));
    }
    Ok(*most as usize + 1)
}

/// The weights of n-grams as weights of the columns that they are counted in.
fn by_column(weights: &[f32], indexes: &[i64], width: usize) -> Result<Vec<f32>, String> {
    if weights.is_empty() {
        return Ok(vec![]);
    }
    if weights.len() != indexes.len() {
        return Err(format!("{} weights for {} n-grams", weights.len(), indexes.len()));
    }
    let mut columns = vec![None; width];
    for (&weight, &index) in weights.iter().zip(indexes) {
        if columns[index as usize].replace(weight).is_some_and(|other: f32| other != weight) {
            return Err(format!("n-grams of different weights are counted in column {index}"));
        }
    }
    Ok(columns.into_iter().map(|weight| weight.unwrap_or(1.0)).collect())
}

pub(super) fn tf_idf(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let grams = Grams::of(node)?;
    Kernel::one(Dtype::F32, move |inputs| grams.run(need(inputs, 0)?))
}
