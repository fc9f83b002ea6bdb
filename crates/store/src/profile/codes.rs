//! Cells as small numbers: equal cells have equal codes, given in the order of first appearance.
//!
//! Invariant: two columns have equal codes exactly when their cells stand for each other one to one.

use domain::Values;
use std::collections::HashMap;
use std::hash::Hash;

/// The codes of a column, one a row. A missing cell is a cell like others, told apart by `missing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Codes {
    codes: Vec<u32>,
    distinct: usize,
    missing: Option<u32>,
}

impl Codes {
    pub fn of(values: &Values) -> Codes {
        match values {
            Values::Number(v) => {
                // one NaN for all; and adding zero makes -0 and 0 one cell
                let bits = |x: &f64| if x.is_nan() { f64::NAN } else { x + 0.0 }.to_bits();
                number(v.iter().map(bits), |k| f64::from_bits(*k).is_nan())
            }
            Values::Text(v) => number(v.iter().map(Option::as_deref), Option::is_none),
            Values::Time(v) => number(v.iter().copied(), Option::is_none),
            Values::Tensor { shape, data } => {
                let width = shape.iter().product::<usize>().max(1);
                let block = |block: &[f32]| block.iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
                number(data.chunks(width).map(block), |_| false)
            }
        }
    }

    /// How many different cells there are, the missing one among them.
    pub fn distinct(&self) -> usize {
        self.distinct
    }

    /// How many different cells there are, without the missing one.
    pub fn distinct_present(&self) -> usize {
        self.distinct - usize::from(self.missing.is_some())
    }

    /// How often each code stands, by code; the missing one not at all.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.distinct];
        for &code in &self.codes {
            counts[code as usize] += 1;
        }
        if let Some(missing) = self.missing {
            counts[missing as usize] = 0;
        }
        counts
    }

    /// The first row of each code.
    pub fn first_rows(&self) -> Vec<usize> {
        let mut rows = Vec::with_capacity(self.distinct);
        for (row, &code) in self.codes.iter().enumerate() {
            if code as usize == rows.len() {
                rows.push(row);
            }
        }
        rows
    }

    /// Whether each cell goes with a single cell of the other column.
    pub fn determine(&self, other: &Codes) -> bool {
        join(&[self.clone(), other.clone()], self.codes.len()).distinct == self.distinct
    }
}

/// The codes of several columns taken together.
pub(super) fn join(columns: &[Codes], rows: usize) -> Codes {
    let all_alike = Codes { codes: vec![0; rows], distinct: rows.min(1), missing: None };
    columns.iter().fold(all_alike, |joined, column| {
        number(joined.codes.iter().copied().zip(column.codes.iter().copied()), |_| false)
    })
}

fn number<K: Eq + Hash>(cells: impl Iterator<Item = K>, is_missing: impl Fn(&K) -> bool) -> Codes {
    let mut known: HashMap<K, u32> = HashMap::new();
    let mut missing = None;
    let mut code = |cell: K| {
        let next = u32::try_from(known.len()).expect("a table in memory has fewer than 2^32 rows");
        let is_missing = is_missing(&cell);
        let code = *known.entry(cell).or_insert(next);
        if is_missing {
            missing = Some(code);
        }
        code
    };
    let codes = cells.map(&mut code).collect();
    Codes { codes, distinct: known.len(), missing }
}
