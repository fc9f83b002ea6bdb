//! Examples as ratings: who, what, how much.

use super::ids::Ids;
use crate::contract::FitError;
use crate::encode::MAX_CATEGORIES;
use crate::supervise;
use domain::{Examples, Field, Schema, Table};

/// Ratings, by the places of users and items; place 0 is nobody.
#[derive(Debug, Clone)]
pub(super) struct Ratings {
    /// One a rating.
    pub user: Vec<usize>,
    /// One a rating.
    pub item: Vec<usize>,
    /// One a rating.
    pub value: Vec<f64>,
    /// One a rating, 0 or more.
    pub weight: Vec<f64>,
    /// Places of users, nobody among them.
    pub users: usize,
    /// Places of items, nothing among them.
    pub items: usize,
}

/// What was learned of the columns.
pub(super) struct Columns {
    /// Who rates.
    pub user: Ids,
    /// What is rated.
    pub item: Ids,
}

impl Ratings {
    /// Reads examples.
    pub fn read(
        trainer: &str,
        data: &Examples,
        user: &str,
        item: &str,
    ) -> Result<(Columns, Ratings), FitError> {
        let numbers = supervise::numbers(trainer, data)?;
        numbers.need_two(trainer)?;
        let learn = |name: &str| {
            let column = data.rows.column(name).ok_or_else(|| format!("there is no column `{name}`"));
            column.and_then(Ids::learn).map_err(|why| supervise::bad(trainer, why))
        };
        let ((user, users), (item, items)) = (learn(user)?, learn(item)?);
        let ratings = Ratings {
            user: users,
            item: items,
            value: numbers.target.to_vec(),
            weight: numbers.weight,
            users: user.len() + 1,
            items: item.len() + 1,
        };
        Ok((Columns { user, item }, ratings))
    }

    /// The number of ratings.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// These ratings.
    pub fn take(&self, rows: &[usize]) -> Ratings {
        let pick = |from: &[usize]| rows.iter().map(|&r| from[r]).collect();
        let number = |from: &[f64]| rows.iter().map(|&r| from[r]).collect();
        Ratings {
            user: pick(&self.user),
            item: pick(&self.item),
            value: number(&self.value),
            weight: number(&self.weight),
            ..*self
        }
    }

    /// The mean of all ratings, by weight.
    pub fn mean(&self) -> f64 {
        let total: f64 = self.weight.iter().sum();
        self.value.iter().zip(&self.weight).map(|(y, w)| y * w).sum::<f64>() / total.max(f64::MIN_POSITIVE)
    }

    /// The least and the largest rating.
    pub fn range(&self) -> (f64, f64) {
        self.value
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &y| (least.min(y), most.max(y)))
    }
}

/// The schema of these columns, in the order of the table.
pub(super) fn schema(rows: &Table, names: &[&str]) -> Schema {
    let taken = rows.columns().iter().filter(|c| names.contains(&c.name.as_str()));
    Schema { fields: taken.map(|c| Field::observed(c, MAX_CATEGORIES)).collect() }
}
