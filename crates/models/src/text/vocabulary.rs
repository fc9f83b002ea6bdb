//! The words and pairs of words that a model knows, learned from training rows and written as ONNX nodes.
//!
//! Not a model: the target is not looked at. Invariant: the nodes of [`Vocabulary::write`] give the same
//! features as [`Vocabulary::learn`] did for the training rows, to single precision.

use crate::onnx::{CONTRIB, GraphBuilder, Tokenizer, lower};
use std::collections::HashMap;

/// A word: letters with their marks, digits and underscores.
const WORD: &str = "[\\pL\\pM\\pN_]+";
/// The fewest training rows that a word or pair stands in.
const MIN_ROWS: u32 = 2;
/// The most words and pairs of a column; the most frequent stay.
pub const MAX_GRAMS: usize = 100_000;
/// Present in every system image, unlike `en_US.UTF-8`, and with the same letter cases.
const LOCALE: &str = "C.UTF-8";
/// Between 0 and 1/e: its logarithm plus 1 is below zero, so that what is absent is cut to exactly 0.
const ABSENT: f32 = 0.36;

/// What the features of a word or pair are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighting {
    /// `(1 + ln count) * ln((1 + rows) / (1 + rows with it)) + 1`, and each row of length 1.
    TfIdf,
    /// 1 where it is present.
    Present,
}

/// The words and pairs of one column. Words come first; both are sorted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vocabulary {
    column: String,
    weighting: Weighting,
    words: Vec<String>,
    pairs: Vec<(String, String)>,
    idf: Vec<f32>,
}

/// Columns that are not zero, ascending, with their values.
pub(super) type Row = Vec<(u32, f32)>;

/// A word or a pair, by the places of its words; [`NONE`] where a word stands alone.
type Gram = (u32, u32);

const NONE: u32 = u32::MAX;

impl Vocabulary {
    /// Learns a column, and gives its features row by row.
    pub fn learn(column: &str, texts: &[&str], weighting: Weighting) -> (Vocabulary, Vec<Row>) {
        let (words, rows) = read(texts);
        let counted: Vec<HashMap<Gram, u32>> = rows.iter().map(|row| count(row)).collect();
        let chosen = choose(&words, &counted);
        let text = |place: u32| words[place as usize].clone();
        let singles = chosen.iter().filter(|(gram, _)| gram.1 == NONE);
        let pairs = chosen.iter().filter(|(gram, _)| gram.1 != NONE);
        let idf = |rows_with: u32| ((1.0 + texts.len() as f64) / (1.0 + f64::from(rows_with))).ln() + 1.0;
        let vocabulary = Vocabulary {
            column: column.into(),
            weighting,
            words: singles.map(|(gram, _)| text(gram.0)).collect(),
            pairs: pairs.map(|(gram, _)| (text(gram.0), text(gram.1))).collect(),
            idf: chosen.iter().map(|&(_, rows_with)| idf(rows_with) as f32).collect(),
        };
        let places: HashMap<Gram, u32> = chosen.iter().map(|(gram, _)| *gram).zip(0..).collect();
        let features = counted.iter().map(|counts| vocabulary.features(counts, &places)).collect();
        (vocabulary, features)
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.words.len() + self.pairs.len()
    }

    fn features(&self, counts: &HashMap<Gram, u32>, places: &HashMap<Gram, u32>) -> Row {
        let place = |(gram, &count): (&Gram, &u32)| places.get(gram).map(|&p| (p, count as f32));
        let mut row: Row = counts.iter().filter_map(place).collect();
        row.sort_unstable_by_key(|&(place, _)| place);
        if self.weighting == Weighting::Present {
            row.iter_mut().for_each(|(_, x)| *x = 1.0);
            return row;
        }
        row.iter_mut().for_each(|(place, x)| *x = (x.ln() + 1.0) * self.idf[*place as usize]);
        let length = row.iter().map(|&(_, x)| f64::from(x) * f64::from(x)).sum::<f64>().sqrt() as f32;
        row.iter_mut().for_each(|(_, x)| *x /= length);
        row
    }

    /// Writes the nodes from the raw column to its features `float [N, width]`; gives their name.
    pub fn write(&self, graph: &mut GraphBuilder) -> String {
        let shape = graph.fresh("one_a_row");
        graph.initializer_i64(&shape, &[1], vec![-1]);
        let flat = graph.op("Reshape", &[&self.column, &shape], vec![]);
        let case = vec![
            ("case_change_action", "LOWER".into()),
            ("is_case_sensitive", 1.into()),
            ("locale", LOCALE.into()),
        ];
        let small = graph.op("StringNormalizer", &[&flat], case);
        let tokens = graph.fresh("Tokenizer");
        let settings = vec![
            ("mark", 0.into()),
            ("mincharnum", 1.into()),
            ("pad_value", "#".into()),
            ("tokenexp", WORD.into()),
        ];
        graph.node(CONTRIB, "Tokenizer", &[&small], &[&tokens], settings);
        let counts = self.write_counts(graph, &tokens);
        match self.weighting {
            Weighting::Present => counts,
            Weighting::TfIdf => self.write_weights(graph, &counts),
        }
    }

    fn write_counts(&self, graph: &mut GraphBuilder, tokens: &str) -> String {
        let pairs = self.pairs.iter().flat_map(|(a, b)| [a.clone(), b.clone()]);
        let pool: Vec<String> = self.words.iter().cloned().chain(pairs).collect();
        let mode = if self.weighting == Weighting::Present { "IDF" } else { "TF" };
        let longest: i64 = if self.pairs.is_empty() { 1 } else { 2 };
        let attributes = vec![
            ("mode", mode.into()),
            ("min_gram_length", 1.into()),
            ("max_gram_length", longest.into()),
            ("max_skip_count", 0.into()),
            ("ngram_counts", vec![0, self.words.len() as i64].into()),
            ("ngram_indexes", (0..self.width() as i64).collect::<Vec<_>>().into()),
            ("pool_strings", pool.into()),
        ];
        graph.op("TfIdfVectorizer", &[tokens], attributes)
    }

    fn write_weights(&self, graph: &mut GraphBuilder, counts: &str) -> String {
        let [absent, one, idf] = ["absent", "one", "idf"].map(|name| graph.fresh(name));
        graph.initializer_f32(&absent, &[1], vec![ABSENT]).initializer_f32(&one, &[1], vec![1.0]);
        graph.initializer_f32(&idf, &[self.width()], self.idf.clone());
        let least = graph.op("Max", &[counts, &absent], vec![]);
        let log = graph.op("Log", &[&least], vec![]);
        let raised = graph.op("Add", &[&log, &one], vec![]);
        let damped = graph.op("Relu", &[&raised], vec![]);
        let weighted = graph.op("Mul", &[&damped, &idf], vec![]);
        graph.ml("Normalizer", &[&weighted], vec![("norm", "L2".into())])
    }
}

/// All words in the order in which they first stand, and each text as places among them.
fn read(texts: &[&str]) -> (Vec<String>, Vec<Vec<u32>>) {
    let tokenizer = Tokenizer::matching(WORD);
    let (mut words, mut places) = (Vec::new(), HashMap::new());
    let mut row = |text: &&str| {
        let text = lower(text);
        let place = |token: &str| match places.get(token) {
            Some(&place) => place,
            None => {
                let place = words.len() as u32;
                words.push(token.to_string());
                places.insert(token.to_string(), place);
                place
            }
        };
        tokenizer.tokens(&text).into_iter().map(place).collect()
    };
    let rows = texts.iter().map(&mut row).collect();
    (words, rows)
}

/// How often each word and each pair of neighbours stands in a text.
fn count(row: &[u32]) -> HashMap<Gram, u32> {
    let mut counts = HashMap::with_capacity(row.len() * 2);
    let singles = row.iter().map(|&word| (word, NONE));
    let pairs = row.windows(2).map(|pair| (pair[0], pair[1]));
    singles.chain(pairs).for_each(|gram| *counts.entry(gram).or_insert(0) += 1);
    counts
}

/// What stands in enough rows, the most frequent first chosen, in the vocabulary's order; with the number of
/// rows that each stands in.
fn choose(words: &[String], counted: &[HashMap<Gram, u32>]) -> Vec<(Gram, u32)> {
    let mut rows_with: HashMap<Gram, u32> = HashMap::new();
    counted.iter().flat_map(HashMap::keys).for_each(|&gram| *rows_with.entry(gram).or_insert(0) += 1);
    let text = |gram: &Gram| {
        let second = words.get(gram.1 as usize).map_or("", String::as_str);
        (gram.1 != NONE, words[gram.0 as usize].as_str(), second)
    };
    let mut chosen: Vec<(Gram, u32)> = rows_with.into_iter().filter(|&(_, rows)| rows >= MIN_ROWS).collect();
    chosen.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| text(&a.0).cmp(&text(&b.0))));
    chosen.truncate(MAX_GRAMS);
    chosen.sort_unstable_by(|a, b| text(&a.0).cmp(&text(&b.0)));
    chosen
}
