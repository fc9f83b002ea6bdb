//! Ratings, as trainers: `item_mean`, `biases` and `factors`, all of them regression with a column that says who
//! rates and one that says what is rated.
//!
//! Not a ranking, and no implicit feedback: what is predicted is the number that a user would give an item.
//! Other columns are ignored. Ids may be texts or whole numbers; a number with a fraction is no id. Invariants:
//! a user or item that training did not see answers with the parts that are known, never with an error, and no
//! answer lies outside what training saw.
//!
//! *What it answers*: the expected rating of an item by a user. *Assumptions*: ratings that are missing are like
//! those that are there; tastes stay. *When it misleads*: users rate what they expect to like, so the mean of
//! what is rated is above the mean of all; new users and items get averages; a taste that moved is learned at
//! its mean. *Source*: Koren, Bell and Volinsky, *Computer* 42 (2009), equations 3 to 5; shrinkage as in Koren,
//! *ACM TKDD* 4 (2010), section 2.1.
//! *Checked against*: scikit-surprise's `BaselineOnly` on its formulas, onnxruntime on the graphs; on MovieLens
//! 100K in five folds `biases` errs by 0.9445 and `factors` by 0.913, published are 0.944 and 0.934
//! (`benches/ratings`).

mod bias;
mod factorise;
mod graph;
mod ids;
mod ratings;

pub use bias::{Biases, ItemMean};
pub use factorise::Factors;

#[cfg(test)]
mod tests;
