//! The trainer `factors`: biases, and a vector for each user and item whose product is added.
//!
//! Vectors are learned by stochastic gradient descent, rating by rating in an order that the seed draws anew for
//! each round; small steps in one thread, so that equal seeds give equal bytes. How strongly vectors are drawn
//! to zero, how long they are and how many rounds are made is chosen on held-back ratings; then all ratings are
//! learned from.

use super::bias::settle;
use super::graph::{Parts, write};
use super::ratings::{Ratings, schema};
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::split::splits;
use domain::Examples;
use stats::random;

/// How strongly vectors may be drawn to zero, from strong to weak.
const STRENGTHS: [f64; 5] = [0.2, 0.1, 0.07, 0.05, 0.03];
/// The same for biases.
const BIAS_STRENGTH: f64 = 0.02;
/// The length of vectors while the strength is chosen.
const SHORT: usize = 16;
/// The lengths tried at the best strength, beside [`SHORT`].
const LONGER: [usize; 2] = [48, 96];
/// The length of the first step along a slope, and what each round's is of the one before.
const STEP: f64 = 0.01;
const SHRINK: f64 = 0.985;
/// The most rounds, and how many may pass without a gain.
const ROUNDS: usize = 120;
const PATIENCE: usize = 4;
/// The rounds that are always made: small vectors first have to find a direction, and nothing is gained meanwhile.
const WARM_UP: usize = 25;
/// The rounds where no ratings can be held back.
const FEW_ROUNDS: usize = 20;
/// The strength there.
const FALLBACK_STRENGTH: f64 = 0.1;
/// One in so many ratings is held back.
const PARTS: usize = 10;
/// Fewer ratings than this say too little when held back.
const FEW_RATINGS: usize = 200;
/// The size of a vector's first entries, times the root of its length.
const SPREAD: f64 = 0.3;

/// The trainer `factors`.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    user: String,
    item: String,
}

impl Factors {
    /// A trainer for ratings with these columns.
    pub fn new(user: &str, item: &str) -> Factors {
        Factors { user: user.into(), item: item.into() }
    }
}

/// What is chosen on held-back ratings.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Choice {
    rank: usize,
    strength: f64,
    rounds: usize,
}

/// What is learned.
struct Model {
    mean: f64,
    user: Vec<f64>,
    item: Vec<f64>,
    rank: usize,
    users: Vec<f64>,
    items: Vec<f64>,
}

impl Fit for Factors {
    fn name(&self) -> &str {
        "factors"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let (columns, ratings) = Ratings::read(self.name(), data, &self.user, &self.item)?;
        let mut work = Work { done: 0.0, of: 0.0, progress };
        let model = learn(&ratings, data, seed, &mut work).ok_or(FitError::Interrupted)?;
        let parts = Parts {
            mean: model.mean,
            user: Some(&model.user),
            item: &model.item,
            vectors: Some((&model.users, &model.items, model.rank)),
        };
        write(self.name(), schema(&data.rows, &[&self.user, &self.item]), &columns, &ratings, &parts)
    }
}

/// Progress, where a round's work is the length of its vectors.
struct Work<'a> {
    done: f64,
    of: f64,
    progress: &'a mut dyn FnMut(f64) -> bool,
}

impl Work<'_> {
    fn round(&mut self, rank: usize) -> Option<()> {
        let go_on = (self.progress)((self.done / self.of).min(1.0));
        self.done += rank as f64;
        go_on.then_some(())
    }
}

fn learn(ratings: &Ratings, data: &Examples, seed: Seed, work: &mut Work<'_>) -> Option<Model> {
    let split = splits(data, PARTS, seed).into_iter().next().filter(|_| data.len() >= FEW_RATINGS);
    let longest = LONGER[LONGER.len() - 1];
    let tried = SHORT * STRENGTHS.len() + LONGER.iter().sum::<usize>();
    work.of = ((tried + longest) * ROUNDS) as f64;
    let mut choice = Choice { rank: SHORT, strength: FALLBACK_STRENGTH, rounds: FEW_ROUNDS };
    if let Some(split) = split {
        let (learn, judge) = (ratings.take(&split.learn), ratings.take(&split.choose));
        choice = choose(&learn, &judge, seed, work)?;
    }
    work.done = work.of - (choice.rank * choice.rounds) as f64;
    let mut model = Model::start(ratings, choice.rank, seed)?;
    for round in 0..choice.rounds {
        work.round(choice.rank)?;
        model.round(ratings, choice.strength, round, seed);
    }
    Some(model)
}

/// The strength that is best for short vectors, then the length that is best for the strength.
fn choose(learn: &Ratings, judge: &Ratings, seed: Seed, work: &mut Work<'_>) -> Option<Choice> {
    let mut best: Option<(f64, Choice)> = None;
    let mut tries: Vec<(usize, Option<f64>)> = STRENGTHS.iter().map(|&s| (SHORT, Some(s))).collect();
    tries.extend(LONGER.map(|rank| (rank, None)));
    for (rank, strength) in tries {
        let strength = strength.or(best.map(|(_, c)| c.strength)).unwrap_or(FALLBACK_STRENGTH);
        let begun = work.done;
        let (error, rounds) = rounds(learn, judge, rank, strength, seed, work)?;
        work.done = begun + (rank * ROUNDS) as f64;
        if best.is_none_or(|(least, _)| error < least) {
            best = Some((error, Choice { rank, strength, rounds }));
        }
    }
    best.map(|(_, choice)| choice)
}

/// The least error on held-back ratings, and after how many rounds it was reached.
fn rounds(
    learn: &Ratings,
    judge: &Ratings,
    rank: usize,
    strength: f64,
    seed: Seed,
    work: &mut Work<'_>,
) -> Option<(f64, usize)> {
    let mut model = Model::start(learn, rank, seed)?;
    let mut best = (model.error(judge), 0);
    for round in 0..ROUNDS {
        work.round(rank)?;
        model.round(learn, strength, round, seed);
        let error = model.error(judge);
        if error < best.0 {
            best = (error, round + 1);
        } else if round + 1 > WARM_UP.max(best.1 + PATIENCE) {
            break;
        }
    }
    Some(best)
}

impl Model {
    /// Settled biases and small random vectors; nobody's vector is zero.
    fn start(ratings: &Ratings, rank: usize, seed: Seed) -> Option<Model> {
        let (mean, user, item) = settle(ratings, &mut |_| true)?;
        let size = SPREAD / (rank as f64).sqrt();
        let vectors = |places: usize, side: u64| {
            let entry = |at: usize| (random::unit(seed.0, at as u64, side) - 0.5) * 2.0 * size;
            (0..places * rank).map(|at| if at < rank { 0.0 } else { entry(at) }).collect()
        };
        let (users, items) = (vectors(ratings.users, 0), vectors(ratings.items, 1));
        Some(Model { mean, user, item, rank, users, items })
    }

    /// One step along the slope of each rating, in an order of this round's own.
    fn round(&mut self, ratings: &Ratings, strength: f64, round: usize, seed: Seed) {
        let step = STEP * SHRINK.powi(round as i32);
        for row in order(ratings.len(), seed, round) {
            let (u, i) = (ratings.user[row], ratings.item[row]);
            let step = step * ratings.weight[row].min(1.0 / STEP);
            let error = ratings.value[row] - self.predict(u, i);
            if u > 0 {
                self.user[u] += step * (error - BIAS_STRENGTH * self.user[u]);
            }
            if i > 0 {
                self.item[i] += step * (error - BIAS_STRENGTH * self.item[i]);
            }
            if u > 0 && i > 0 {
                let user = &mut self.users[u * self.rank..(u + 1) * self.rank];
                let item = &mut self.items[i * self.rank..(i + 1) * self.rank];
                for (p, q) in user.iter_mut().zip(item) {
                    let (old_p, old_q) = (*p, *q);
                    *p += step * (error * old_q - strength * old_p);
                    *q += step * (error * old_p - strength * old_q);
                }
            }
        }
    }

    fn predict(&self, u: usize, i: usize) -> f64 {
        let (user, item) =
            (&self.users[u * self.rank..][..self.rank], &self.items[i * self.rank..][..self.rank]);
        self.mean + self.user[u] + self.item[i] + dot(user, item)
    }

    /// The mean squared error, by weight.
    fn error(&self, judge: &Ratings) -> f64 {
        let error = |row: usize| {
            let off = judge.value[row] - self.predict(judge.user[row], judge.item[row]);
            judge.weight[row] * off * off
        };
        (0..judge.len()).map(error).sum::<f64>() / judge.weight.iter().sum::<f64>().max(f64::MIN_POSITIVE)
    }
}

/// A product of vectors in four sums, which the compiler makes one instruction of.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    for (x, y) in a.zip(b) {
        sums.iter_mut().zip(x.iter().zip(y)).for_each(|(s, (x, y))| *s += x * y);
    }
    sums.iter().sum()
}

/// All ratings in an order drawn by the seed.
fn order(count: usize, seed: Seed, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, random::below(last + 1, seed.0, round as u64 + 2, last as u64));
    }
    order
}
