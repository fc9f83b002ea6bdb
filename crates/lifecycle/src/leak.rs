//! Signs that the rows tell the answer: what makes an offline score too good to be true.
//!
//! Not proof: each finding names the column or rows and says whether it blocks. Checked here: rows and entities
//! on both sides of the split, single columns that rank the answer almost perfectly, columns that repeat the
//! answer now or one row late.

use domain::gate::Leak;
use domain::{Column, Examples, Target, Values};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The share of test rows that may repeat a training row in any table before it blocks.
const REPEATED_ROWS: f64 = 0.01;
/// A single column that ranks the answer better than this is most likely made from it.
const RANKING: f64 = 0.99;
/// The share of rows on which a column may repeat the answer.
const REPEATED_ANSWER: f64 = 0.99;

/// Every sign of leakage between training and test rows, or from a column to the answer.
pub fn leaks(train: &Examples, test: &Examples) -> Vec<Leak> {
    let mut leaks = Vec::new();
    leaks.extend(repeated_rows(train, test));
    leaks.extend(shared_entities(train, test));
    for column in test.rows.columns() {
        leaks.extend(telling(column, &test.target));
        leaks.extend(repeats_answer(column, &test.target));
    }
    leaks
}

/// Where columns are few and coarse, different people look alike: rows then repeat within the training part as
/// well, and only what goes beyond that is a sign.
fn repeated_rows(train: &Examples, test: &Examples) -> Option<Leak> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    row_hashes(train).into_iter().for_each(|hash| *counts.entry(hash).or_default() += 1);
    let repeated = row_hashes(test).iter().filter(|hash| counts.contains_key(hash)).count();
    if repeated == 0 {
        return None;
    }
    let within =
        counts.values().filter(|&&count| count > 1).sum::<usize>() as f64 / train.len().max(1) as f64;
    let share = repeated as f64 / test.len() as f64;
    let percent = |share: f64| 100.0 * share;
    let found = format!(
        "{repeated} of {} test rows ({:.1}%) repeat a training row; {:.1}% of training rows repeat each other",
        test.len(),
        percent(share),
        percent(within)
    );
    Some(Leak { check: "rows on both sides".into(), found, blocks: share > REPEATED_ROWS.max(1.5 * within) })
}

fn shared_entities(train: &Examples, test: &Examples) -> Option<Leak> {
    // A series goes on after the split; that is what it is forecast for.
    if matches!(test.target, Target::Path { .. }) {
        return None;
    }
    let seen: HashSet<&u64> = train.entity.as_ref()?.iter().collect();
    let shared: HashSet<&u64> = test.entity.as_ref()?.iter().filter(|e| seen.contains(e)).collect();
    let found = format!("{} entities have rows on both sides", shared.len());
    // With a split by time a customer comes back, in production as here.
    let blocks = test.at.is_none();
    (!shared.is_empty()).then(|| Leak { check: "entities on both sides".into(), found, blocks })
}

/// A column that alone ranks one class above all others almost perfectly.
fn telling(column: &Column, target: &Target) -> Option<Leak> {
    let Target::Class { classes, index } = target else { return None };
    let scores = scores(column, index)?;
    let best = (0..classes.len()).filter_map(|class| {
        let yes: Vec<bool> = index.iter().map(|&i| i as usize == class).collect();
        let auc = stats::ranking::auc(&yes, &scores, None).ok()?;
        Some((auc.max(1.0 - auc), class))
    });
    let (auc, class) = best.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let found = format!("column {} alone ranks `{}` with AUC {auc:.4}", column.name, classes[class]);
    (auc > RANKING).then(|| Leak { check: "one telling column".into(), found, blocks: true })
}

/// Numbers as they are; categories by how often their first half of rows has the first class, so that the
/// second half is not scored with its own answers.
fn scores(column: &Column, index: &[u32]) -> Option<Vec<f64>> {
    match &column.values {
        Values::Number(v) => {
            // A missing cell ranks lowest: that a cell is missing can tell the answer too.
            Some(v.iter().map(|x| if x.is_nan() { f64::MIN } else { *x }).collect())
        }
        Values::Text(v) => {
            let mut counts: BTreeMap<Option<&str>, (f64, f64)> = BTreeMap::new();
            for (text, class) in v.iter().zip(index).step_by(2) {
                let count = counts.entry(text.as_deref()).or_default();
                *count = (count.0 + f64::from(*class), count.1 + 1.0);
            }
            let rate = |text: &Option<String>| counts.get(&text.as_deref()).map_or(0.0, |(sum, n)| sum / n);
            Some(v.iter().map(rate).collect())
        }
        _ => None,
    }
}

fn repeats_answer(column: &Column, target: &Target) -> Option<Leak> {
    let (Values::Number(values), Target::Number(truth)) = (&column.values, target) else { return None };
    let share = |pairs: &mut dyn Iterator<Item = (&f64, &f64)>| {
        let (mut same, mut all) = (0usize, 0usize);
        for (a, b) in pairs {
            same += usize::from(a == b);
            all += 1;
        }
        same as f64 / all.max(1) as f64
    };
    let now = share(&mut values.iter().zip(truth));
    let found = format!("column {} equals the answer on {:.1}% of rows", column.name, 100.0 * now);
    (now > REPEATED_ANSWER).then(|| Leak { check: "a column repeats the answer".into(), found, blocks: true })
}

/// One 64-bit hash a row, of its inputs and its answer.
fn row_hashes(examples: &Examples) -> Vec<u64> {
    let mut hashes: Vec<u64> = (0..examples.len()).map(|row| answer_bits(&examples.target, row)).collect();
    for column in examples.rows.columns() {
        for (row, hash) in hashes.iter_mut().enumerate() {
            *hash = store::digest::mix64(*hash, cell_bits(&column.values, row));
        }
    }
    hashes
}

fn answer_bits(target: &Target, row: usize) -> u64 {
    match target {
        Target::Class { index, .. } => u64::from(index[row]),
        Target::Number(v) => v[row].to_bits(),
        Target::Soft { classes, probability } => {
            fold(&probability[row * classes.len()..(row + 1) * classes.len()])
        }
        Target::Path { horizon, values } => fold(&values[row * horizon..(row + 1) * horizon]),
    }
}

fn cell_bits(values: &Values, row: usize) -> u64 {
    match values {
        Values::Number(v) => v[row].to_bits(),
        Values::Text(v) => v[row].as_deref().map_or(1, store::digest::hash64),
        Values::Time(v) => v[row].map_or(1, |t| t.0 as u64),
        Values::Tensor { shape, data } => {
            let width: usize = shape.iter().product();
            let block = &data[row * width..(row + 1) * width];
            block.iter().fold(0, |hash, x| store::digest::mix64(hash, u64::from(x.to_bits())))
        }
    }
}

fn fold(values: &[f64]) -> u64 {
    values.iter().fold(0, |hash, x| store::digest::mix64(hash, x.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Table;

    fn examples(columns: Vec<(&str, Vec<f64>)>, index: &[u32]) -> Examples {
        let column =
            |(name, values): (&str, Vec<f64>)| Column { name: name.into(), values: Values::Number(values) };
        let rows = Table::new(columns.into_iter().map(column).collect()).expect("equal columns");
        let target = Target::Class { classes: vec!["no".into(), "yes".into()], index: index.to_vec() };
        Examples { rows, target, weight: None, at: None, entity: None }
    }

    #[test]
    fn a_column_made_from_the_answer_blocks() {
        let index: Vec<u32> = (0..100).map(|i| u32::from(i % 3 == 0)).collect();
        let made = index.iter().map(|&i| f64::from(i) * 10.0 + 1.0).collect();
        let other = (0..100).map(f64::from).collect();
        let test = examples(vec![("made", made), ("other", other)], &index);
        let train = examples(vec![("made", vec![-1.0]), ("other", vec![-1.0])], &[0]);
        let found = leaks(&train, &test);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].blocks && found[0].found.contains("column made alone ranks"));
    }

    #[test]
    fn test_rows_that_repeat_training_rows_are_counted() {
        let index: Vec<u32> = (0..100).map(|i| i % 2).collect();
        let values: Vec<f64> = (0..100).map(|i| f64::from(i * 7 % 100)).collect();
        let train = examples(vec![("a", values.clone())], &index);
        let half: Vec<f64> =
            values.iter().enumerate().map(|(i, v)| if i < 50 { *v } else { v + 0.5 }).collect();
        let found = leaks(&train, &examples(vec![("a", half)], &index));
        assert!(found[0].blocks && found[0].found.starts_with("50 of 100 test rows"), "{found:?}");
    }

    #[test]
    fn clean_rows_have_no_sign() {
        let index: Vec<u32> = (0..100).map(|i| i % 2).collect();
        let first = (0..100).map(f64::from).collect();
        let later = (100..200).map(f64::from).collect();
        assert!(
            leaks(&examples(vec![("a", first)], &index), &examples(vec![("a", later)], &index)).is_empty()
        );
    }
}
