//! The baselines of ratings: the item's mean, and how much users and items lie above the mean of all.

use super::graph::{Parts, write};
use super::ratings::{Ratings, schema};
use crate::contract::{Artifact, Fit, FitError, Seed};
use domain::Examples;

/// An item's mean counts as if so many more ratings had been average.
const SHRINK: f64 = 10.0;
/// The same for items where users count too, as in scikit-surprise's `BaselineOnly`.
const SHRINK_ITEM: f64 = 10.0;
/// The same for users.
const SHRINK_USER: f64 = 15.0;
/// How often items and users are settled in turn.
const ROUNDS: usize = 10;

/// The trainer `item_mean`: the mean of the item's ratings, drawn towards the mean of all where it has few.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemMean {
    user: String,
    item: String,
}

/// The trainer `biases`: the mean of all, plus how much the user rates above it, plus how much the item is.
#[derive(Debug, Clone, PartialEq)]
pub struct Biases {
    user: String,
    item: String,
}

impl ItemMean {
    /// A trainer for ratings with these columns; who rates is not looked at.
    pub fn new(user: &str, item: &str) -> ItemMean {
        ItemMean { user: user.into(), item: item.into() }
    }
}

impl Biases {
    /// A trainer for ratings with these columns.
    pub fn new(user: &str, item: &str) -> Biases {
        Biases { user: user.into(), item: item.into() }
    }
}

impl Fit for ItemMean {
    fn name(&self) -> &str {
        "item_mean"
    }

    fn fit(
        &self,
        data: &Examples,
        _seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let (columns, ratings) = Ratings::read(self.name(), data, &self.user, &self.item)?;
        if !progress(0.0) {
            return Err(FitError::Interrupted);
        }
        let mean = ratings.mean();
        let item = above(&ratings, &ratings.item, ratings.items, SHRINK, |_| mean);
        let parts = Parts { mean, user: None, item: &item, vectors: None };
        write(self.name(), schema(&data.rows, &[&self.item]), &columns, &ratings, &parts)
    }
}

impl Fit for Biases {
    fn name(&self) -> &str {
        "biases"
    }

    fn fit(
        &self,
        data: &Examples,
        _seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let (columns, ratings) = Ratings::read(self.name(), data, &self.user, &self.item)?;
        let mut round = |done: usize| progress(done as f64 / ROUNDS as f64);
        let (mean, user, item) = settle(&ratings, &mut round).ok_or(FitError::Interrupted)?;
        let parts = Parts { mean, user: Some(&user), item: &item, vectors: None };
        write(self.name(), schema(&data.rows, &[&self.user, &self.item]), &columns, &ratings, &parts)
    }
}

/// The mean, and how much each user and item lies above it, settled in turn; `None` when `keep_on`, asked
/// before each round, said no.
pub(super) fn settle(
    ratings: &Ratings,
    keep_on: &mut dyn FnMut(usize) -> bool,
) -> Option<(f64, Vec<f64>, Vec<f64>)> {
    let mean = ratings.mean();
    let (mut user, mut item) = (vec![0.0; ratings.users], vec![0.0; ratings.items]);
    for round in 0..ROUNDS {
        if !keep_on(round) {
            return None;
        }
        item = above(ratings, &ratings.item, ratings.items, SHRINK_ITEM, |r| mean + user[ratings.user[r]]);
        user = above(ratings, &ratings.user, ratings.users, SHRINK_USER, |r| mean + item[ratings.item[r]]);
    }
    Some((mean, user, item))
}

/// How much the ratings at each place lie above what is expected of them, as if `shrink` more did not.
fn above(
    ratings: &Ratings,
    place: &[usize],
    places: usize,
    shrink: f64,
    expected: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let (mut sum, mut count) = (vec![0.0; places], vec![shrink; places]);
    for row in 0..ratings.len() {
        sum[place[row]] += ratings.weight[row] * (ratings.value[row] - expected(row));
        count[place[row]] += ratings.weight[row];
    }
    // nobody in particular rates as all do
    sum[0] = 0.0;
    sum.iter().zip(&count).map(|(s, n)| s / n).collect()
}
