//! Parts of the rows on which a challenger may do harm: those the plan names, and those a search finds.
//!
//! The search looks at one half of the rows and the gate is given the other half, so that a slice is never
//! judged on the rows that picked it (after SliceLine, Sagadeeva & Boehm 2021: one and two columns, enough
//! support, largest mean harm in standard errors).

use domain::{Column, Examples, Values};
use std::collections::BTreeMap;

/// The share of rows that a slice must have.
const SUPPORT: f64 = 0.01;
/// The fewest rows that a slice must have.
const LEAST_ROWS: usize = 30;
/// How many found slices are handed to the gate.
const KEPT: usize = 5;
/// Harm in standard errors from which a found slice is worth a second look.
const SUSPICIOUS: f64 = 1.645;

/// A part of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// What it is, such as `job=student` or `age=[30, 38) and contact=cellular`.
    pub name: String,
    /// Its rows.
    pub rows: Vec<usize>,
    /// Whether the plan names it.
    pub declared: bool,
}

/// The slices to judge: every category of the declared columns on all rows, and the most harmed of the others on
/// the half that did not pick them. `harm[i]` is the challenger's loss minus the incumbent's on row i.
pub fn slices(examples: &Examples, declared: &[String], harm: &[f64]) -> Vec<Slice> {
    let columns: Vec<Coded> = examples.rows.columns().iter().filter_map(code).collect();
    let least = LEAST_ROWS.max((SUPPORT * examples.len() as f64).ceil() as usize);
    let mut slices = Vec::new();
    for column in columns.iter().filter(|c| declared.contains(&c.name)) {
        slices.extend(column.parts().into_iter().filter(|s| s.rows.len() >= least));
    }
    slices.iter_mut().for_each(|s| s.declared = true);
    let others: Vec<&Coded> = columns.iter().filter(|c| !declared.contains(&c.name)).collect();
    slices.extend(found(&others, harm, least));
    slices
}

/// A column as a few codes.
struct Coded {
    name: String,
    labels: Vec<String>,
    codes: Vec<u32>,
}

/// Categories as they are, up to 20; numbers by their quartiles.
fn code(column: &Column) -> Option<Coded> {
    let name = column.name.clone();
    match &column.values {
        Values::Text(v) => {
            let mut labels: BTreeMap<&str, u32> =
                v.iter().map(|t| (t.as_deref().unwrap_or("missing"), 0)).collect();
            if labels.len() > 20 {
                return None;
            }
            labels.values_mut().zip(0..).for_each(|(code, i)| *code = i);
            let codes = v.iter().map(|t| labels[t.as_deref().unwrap_or("missing")]).collect();
            let labels = labels.keys().map(|l| format!("{name}={l}")).collect();
            Some(Coded { name, labels, codes })
        }
        Values::Number(v) => {
            let mut sorted: Vec<f64> = v.iter().copied().filter(|x| !x.is_nan()).collect();
            sorted.sort_by(f64::total_cmp);
            let mut edges: Vec<f64> = [0.25, 0.5, 0.75]
                .iter()
                .map(|q| *sorted.get((q * sorted.len() as f64) as usize).unwrap_or(&0.0))
                .collect();
            edges.dedup();
            let codes = v.iter().map(|x| {
                if x.is_nan() { edges.len() as u32 + 1 } else { edges.partition_point(|e| e <= x) as u32 }
            });
            let codes = codes.collect();
            let mut labels = vec![format!("{name} below {}", edges.first().unwrap_or(&0.0))];
            labels.extend(edges.windows(2).map(|e| format!("{name}=[{}, {})", e[0], e[1])));
            labels.push(format!("{name} from {}", edges.last().unwrap_or(&0.0)));
            labels.push(format!("{name} missing"));
            Some(Coded { name, labels, codes })
        }
        _ => None,
    }
}

impl Coded {
    fn parts(&self) -> Vec<Slice> {
        let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        self.codes.iter().enumerate().for_each(|(row, &code)| rows.entry(code).or_default().push(row));
        let part = |(code, rows): (u32, Vec<usize>)| Slice {
            name: self.labels[code as usize].clone(),
            rows,
            declared: false,
        };
        rows.into_iter().map(part).collect()
    }
}

fn found(columns: &[&Coded], harm: &[f64], least: usize) -> Vec<Slice> {
    let picks = |row: usize| store::digest::mix64(11, row as u64) & 1 == 0;
    let mut suspects: Vec<(f64, Slice)> = Vec::new();
    for (i, first) in columns.iter().enumerate() {
        suspects.extend(suspicious(first.parts(), harm, least, &picks));
        for second in &columns[i + 1..] {
            suspects.extend(suspicious(crossed(first, second), harm, least, &picks));
        }
    }
    suspects.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    suspects.truncate(KEPT);
    let judged = suspects.into_iter().map(|(_, mut slice)| {
        slice.rows.retain(|&row| !picks(row));
        slice
    });
    judged.filter(|s| s.rows.len() >= 2).collect()
}

fn crossed(first: &Coded, second: &Coded) -> Vec<Slice> {
    let mut rows: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (row, codes) in first.codes.iter().copied().zip(second.codes.iter().copied()).enumerate() {
        rows.entry(codes).or_default().push(row);
    }
    let name = |(a, b): (u32, u32)| format!("{} and {}", first.labels[a as usize], second.labels[b as usize]);
    rows.into_iter().map(|(codes, rows)| Slice { name: name(codes), rows, declared: false }).collect()
}

fn suspicious(
    slices: Vec<Slice>,
    harm: &[f64],
    least: usize,
    picks: &dyn Fn(usize) -> bool,
) -> Vec<(f64, Slice)> {
    let scored = slices.into_iter().filter(|s| s.rows.len() >= least).filter_map(|slice| {
        let picked: Vec<f64> = slice.rows.iter().filter(|&&r| picks(r)).map(|&r| harm[r]).collect();
        let n = picked.len() as f64;
        let mean = picked.iter().sum::<f64>() / n.max(1.0);
        let sd = (picked.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
        let score = mean / (sd / n.sqrt());
        (score > SUSPICIOUS).then_some((score, slice))
    });
    scored.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Table, Target};

    fn rows() -> Examples {
        let job =
            (0..4_000).map(|i| Some(["clerk", "nurse", "pilot", "smith"][i / 3 % 4].to_string())).collect();
        let age = (0..4_000).map(|i| f64::from(i as u32 * 37 % 60)).collect();
        let columns = vec![
            Column { name: "job".into(), values: Values::Text(job) },
            Column { name: "age".into(), values: Values::Number(age) },
        ];
        let rows = Table::new(columns).expect("equal columns");
        Examples { rows, target: Target::Number(vec![0.0; 4_000]), weight: None, at: None, entity: None }
    }

    fn noise(row: usize) -> f64 {
        store::digest::mix64(3, row as u64) as f64 / u64::MAX as f64 - 0.5
    }

    #[test]
    fn harm_in_one_category_is_found_on_one_half_and_judged_on_the_other() {
        let harm: Vec<f64> = (0..4_000).map(|i| noise(i) + if i / 3 % 4 == 2 { 0.3 } else { 0.0 }).collect();
        let slices = slices(&rows(), &[], &harm);
        let pilot = slices.iter().find(|s| s.name == "job=pilot").expect("the harmed slice");
        assert!(!pilot.declared && (400..600).contains(&pilot.rows.len()), "{}", pilot.rows.len());
    }

    #[test]
    fn declared_columns_give_every_category_on_all_rows() {
        let harm: Vec<f64> = (0..4_000).map(noise).collect();
        let slices = slices(&rows(), &["job".into()], &harm);
        let declared: Vec<&str> = slices.iter().filter(|s| s.declared).map(|s| s.name.as_str()).collect();
        assert_eq!(declared, ["job=clerk", "job=nurse", "job=pilot", "job=smith"]);
    }
}
