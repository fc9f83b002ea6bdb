//! Rows as numbers for the trees that watch a model: column by column, so that every feature knows whose it is.
//!
//! Not the model's own preprocessing. Documents become their length and their most frequent words, pictures the
//! mean and the spread of their pixels; instants are left out, since every later row is later.

use domain::{Column, Table, Values};
use models::encode::{Encoder, Style};
use models::trees::{Matrix, TreesError};
use std::collections::BTreeMap;

/// Words of a document column that become a feature each.
const WORDS: usize = 100;

/// What a column became features by.
enum Way {
    Encoded(Encoder),
    Words(Vec<String>),
    Pixels,
}

/// Learned on some rows, applied to others.
pub(crate) struct Encoded {
    columns: Vec<(String, Way)>,
    /// The place in `columns` of every feature.
    owner: Vec<usize>,
}

impl Encoded {
    /// Learns levels and words from these rows.
    pub fn learn(rows: &Table) -> Encoded {
        let columns = rows.columns().iter().filter_map(|c| Some((c.name.clone(), way(c)?))).collect();
        let mut encoded = Encoded { columns, owner: Vec::new() };
        let none = rows.take(&[]);
        for (place, (name, way)) in encoded.columns.iter().enumerate() {
            let width = none.column(name).map_or(0, |column| features(way, column).len());
            encoded.owner.extend(std::iter::repeat_n(place, width));
        }
        encoded
    }

    /// The features of rows that have these columns.
    pub fn matrix(&self, rows: &Table, more: &[Vec<f32>]) -> Result<Matrix, TreesError> {
        let mut matrix = Matrix::new(rows.rows())?;
        for (name, way) in &self.columns {
            for feature in rows.column(name).map(|column| features(way, column)).unwrap_or_default() {
                matrix.push(feature)?;
            }
        }
        more.iter().try_for_each(|feature| matrix.push(feature.clone()))?;
        Ok(matrix)
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.owner.len()
    }

    /// What each feature is worth, added up by column, the most first.
    pub fn by_column(&self, worth: &[f64]) -> Vec<(String, f64)> {
        let mut sums = vec![0.0; self.columns.len()];
        self.owner.iter().zip(worth).for_each(|(&place, worth)| sums[place] += worth);
        let mut named: Vec<(String, f64)> =
            self.columns.iter().zip(sums).map(|((name, _), sum)| (name.clone(), sum)).collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        named.retain(|(_, sum)| *sum > 0.0);
        named
    }
}

fn way(column: &Column) -> Option<Way> {
    match &column.values {
        Values::Time(_) => None,
        Values::Tensor { .. } => Some(Way::Pixels),
        Values::Text(cells) if is_document(column) => Some(Way::Words(frequent(cells))),
        _ => {
            let alone = Table::new(vec![column.clone()]).expect("one column");
            let encoder = Encoder::learn(&alone, Style::Trees);
            (encoder.width() > 0).then_some(Way::Encoded(encoder))
        }
    }
}

/// Whether these texts are read rather than compared.
pub(crate) fn is_document(column: &Column) -> bool {
    let alone = Table::new(vec![column.clone()]).expect("one column");
    !models::text::documents(&alone).is_empty()
}

/// The words of a text, without case and punctuation.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn frequent(cells: &[Option<String>]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in cells.iter().flatten() {
        let mut own: Vec<String> = words(text).collect();
        own.sort_unstable();
        own.dedup();
        own.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
    }
    let mut all: Vec<(String, usize)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.into_iter().take(WORDS).map(|(word, _)| word).collect()
}

fn features(way: &Way, column: &Column) -> Vec<Vec<f32>> {
    match (way, &column.values) {
        (Way::Encoded(encoder), _) => {
            let alone = Table::new(vec![column.clone()]).expect("one column");
            // a column of another kind than the one learned from has nothing to tell
            let blank = || vec![vec![f32::NAN; column.values.len()]; encoder.width()];
            encoder.encode(&alone).map_or_else(|_| blank(), |features| features.columns)
        }
        (Way::Words(known), Values::Text(cells)) => documents(known, cells),
        (Way::Pixels, Values::Tensor { shape, data }) => {
            let width = shape.iter().product::<usize>().max(1);
            let mean = |block: &[f32]| block.iter().sum::<f32>() / width as f32;
            let spread = |block: &[f32]| {
                let middle = mean(block);
                (block.iter().map(|x| (x - middle).powi(2)).sum::<f32>() / width as f32).sqrt()
            };
            vec![data.chunks(width).map(mean).collect(), data.chunks(width).map(spread).collect()]
        }
        (Way::Words(known), _) => vec![vec![f32::NAN; column.values.len()]; known.len() + 1],
        (Way::Pixels, _) => vec![vec![f32::NAN; column.values.len()]; 2],
    }
}

fn documents(known: &[String], cells: &[Option<String>]) -> Vec<Vec<f32>> {
    let place: BTreeMap<&str, usize> = known.iter().map(String::as_str).zip(0..).collect();
    let mut features = vec![vec![0.0f32; cells.len()]; known.len() + 1];
    for (row, text) in cells.iter().enumerate() {
        let Some(text) = text else { continue };
        for word in words(text) {
            features[known.len()][row] += 1.0;
            if let Some(&word) = place.get(word.as_str()) {
                features[word][row] = 1.0;
            }
        }
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_knows_its_column() {
        let text = |cells: &[&str]| Values::Text(cells.iter().map(|c| Some(c.to_string())).collect());
        let jobs: Vec<&str> = (0..30).map(|i| if i % 2 == 0 { "cook" } else { "smith" }).collect();
        let reviews: Vec<String> = (0..30).map(|i| format!("a good plain meal number {i}")).collect();
        let reviews: Vec<&str> = reviews.iter().map(String::as_str).collect();
        let rows = Table::new(vec![
            Column { name: "age".into(), values: Values::Number((0..30).map(f64::from).collect()) },
            Column { name: "job".into(), values: text(&jobs) },
            Column { name: "review".into(), values: text(&reviews) },
        ])
        .expect("equally long");
        let encoded = Encoded::learn(&rows);
        let matrix = encoded.matrix(&rows, &[]).expect("few rows");
        assert_eq!(matrix.columns(), encoded.width());
        let mut worth = vec![0.0; encoded.width()];
        worth[0] = 1.0;
        *worth.last_mut().expect("features") = 2.0;
        assert_eq!(encoded.by_column(&worth), [("review".to_string(), 2.0), ("age".to_string(), 1.0)]);
    }
}
