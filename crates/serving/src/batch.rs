//! Some rows of a request, on their way through a chain.

use domain::Table;
use std::sync::Arc;

/// Some rows of a request.
#[derive(Clone)]
pub(crate) struct Batch {
    /// Only these rows.
    pub table: Arc<Table>,
    /// Where they stand in the request, in order; `None` where they are all of it.
    places: Option<Vec<usize>>,
}

impl Batch {
    /// All rows of a request.
    pub fn whole(table: Arc<Table>) -> Batch {
        Batch { table, places: None }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.table.rows()
    }

    /// Where the rows stand in the request.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        (0..self.rows()).map(|row| self.place(row))
    }

    /// Those of the rows for which `wanted` says yes, by their place in the request; `None` where there are none.
    pub fn only(&self, wanted: impl Fn(usize) -> bool) -> Option<Batch> {
        let rows: Vec<usize> = (0..self.rows()).filter(|row| wanted(self.place(*row))).collect();
        if rows.is_empty() {
            return None;
        }
        if rows.len() == self.rows() {
            return Some(self.clone());
        }
        let places = rows.iter().map(|row| self.place(*row)).collect();
        Some(Batch { table: Arc::new(self.table.take(&rows)), places: Some(places) })
    }

    /// The same rows with other columns.
    pub fn with(self, table: Arc<Table>) -> Batch {
        Batch { table, ..self }
    }

    /// Where a row of the batch stands in the request.
    pub fn place(&self, row: usize) -> usize {
        self.places.as_ref().map_or(row, |places| places[row])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::rows;

    #[test]
    fn parts_of_parts_know_their_place_in_the_request() {
        let whole = Batch::whole(Arc::new(rows(&[0.0, 1.0, 2.0, 3.0, 4.0])));
        let odd = whole.only(|place| place % 2 == 1).expect("two are");
        assert_eq!((*odd.table).clone(), rows(&[1.0, 3.0]));
        let last = odd.only(|place| place > 1).expect("one is");
        assert_eq!((last.places().collect::<Vec<_>>(), (*last.table).clone()), (vec![3], rows(&[3.0])));
        assert!(odd.only(|place| place == 2).is_none());
        let all = odd.only(|_| true).expect("both");
        assert!(Arc::ptr_eq(&all.table, &odd.table), "nothing to copy");
    }
}
