//! One fit of an ensemble: which parts there are, and each part taken from the shelf or made.

use super::shelf::{Entry, Shelf};
use super::stack::{Stack, Telling, put, take};
use crate::contract::{FitError, Seed};
use crate::encode::{Encoder, Style};
use crate::split::folds;
use crate::supervise::{self, Classes};
use crate::zoo::Bench;
use domain::{Examples, Schema, Values};
use std::fmt::Debug;

/// The rows that a model is fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All.
    Whole,
    /// All but those of a fold.
    Without(usize),
}

/// A fit under way.
pub(super) struct Run<'a> {
    stack: &'a Stack,
    data: &'a Examples,
    pub target: Classes<'a>,
    seed: Seed,
    shelf: &'a dyn Shelf,
    /// The fold of each row.
    pub fold: Vec<usize>,
    /// Of data and seed.
    mark: u64,
}

impl<'a> Run<'a> {
    pub fn new(
        stack: &'a Stack,
        data: &'a Examples,
        seed: Seed,
        shelf: &'a dyn Shelf,
    ) -> Result<Run<'a>, FitError> {
        let target = supervise::classes("ensemble", data)?;
        target.need_two("ensemble")?;
        check(stack, data)?;
        let fold = folds(data, stack.folds, seed);
        Ok(Run { stack, data, target, seed, shelf, fold, mark: mark(data, seed, stack.folds) })
    }

    pub fn classes(&self) -> usize {
        self.target.names.len()
    }

    /// The raw columns that the whole takes.
    pub fn schema(&self) -> Result<Schema, FitError> {
        Ok(Encoder::learn_for("ensemble", &self.data.rows, Style::Trees)?.inputs().clone())
    }

    /// Every member's answers to every row, by the fit that never saw it.
    pub fn out_of_fold(&self, progress: Telling<'_>) -> Result<Vec<Vec<f64>>, FitError> {
        let mut all = vec![vec![0.0; self.fold.len() * self.classes()]; self.stack.members.len()];
        for fold in 0..self.stack.folds {
            let entries = self.members(Part::Without(fold), progress)?;
            self.put_held(&mut all, fold, entries);
        }
        Ok(all)
    }

    /// Every judge's answers to every row, by the fit that never saw it.
    pub fn judged(&self, answers: &[Vec<f64>], progress: Telling<'_>) -> Result<Vec<Vec<f64>>, FitError> {
        let mut all = vec![vec![0.0; self.fold.len() * self.classes()]; self.stack.second.len()];
        for fold in 0..self.stack.folds {
            let entries = self.judges(Part::Without(fold), answers, progress)?;
            self.put_held(&mut all, fold, entries);
        }
        Ok(all)
    }

    fn put_held(&self, all: &mut [Vec<f64>], fold: usize, entries: Vec<Entry>) {
        let held = self.rows(Part::Without(fold)).1;
        for (answers, entry) in all.iter_mut().zip(entries) {
            put(answers, &held, &entry.answers, self.classes());
        }
    }

    /// All members fitted on a part.
    pub fn members(&self, part: Part, progress: Telling<'_>) -> Result<Vec<Entry>, FitError> {
        let (learn, held) = self.rows(part);
        let wanted = held.len() * self.classes();
        let (data, others) = (self.data.take(&learn), self.data.rows.take(&held));
        let mut bench = None;
        let mut entries = Vec::new();
        for (place, member) in self.stack.members.iter().enumerate() {
            let key = self.key(part, &member.name, member);
            if let Some(entry) = self.shelf.get(&key).and_then(|bytes| Entry::of(&bytes, wanted)) {
                entries.push(entry);
                continue;
            }
            if bench.is_none() {
                bench = Some(Bench::new("ensemble", &data, Some(&others), self.seed)?);
            }
            let bench = bench.as_mut().expect("it was just set up");
            let (what, done) = (describe(&member.name, part), self.done(part, place));
            let learned = bench.fit(member, &mut |share| progress(self.share(done + share), &what))?;
            let answers = bench.others(member, &learned);
            let answers = answers.map_err(|e| supervise::bad(&member.name, e.to_string()))?;
            let entry = Entry { answers, onnx: learned.artifact().onnx };
            self.keep(&key, &entry)?;
            entries.push(entry);
        }
        Ok(entries)
    }

    /// All judges fitted on a part; `answers` are the members' out of fold.
    pub fn judges(
        &self,
        part: Part,
        answers: &[Vec<f64>],
        progress: Telling<'_>,
    ) -> Result<Vec<Entry>, FitError> {
        let (learn, held) = self.rows(part);
        let width = self.classes();
        let mut entries = Vec::new();
        for (place, second) in self.stack.second.iter().enumerate() {
            let key = self.key(part, &second.name, &(second, &self.stack.members));
            let found = self.shelf.get(&key).and_then(|bytes| Entry::of(&bytes, held.len() * width));
            if let Some(entry) = found {
                entries.push(entry);
                continue;
            }
            let of = |rows: &[usize]| answers.iter().map(|a| take(a, rows, width)).collect::<Vec<_>>();
            let data = self.data.take(&learn);
            let (what, done) =
                (describe(&second.name, part), self.done(part, self.stack.members.len() + place));
            let mut tell = |share: f64| progress(self.share(done + share), &what);
            let judge = second.fit(&data, &self.target.take(&learn), &of(&learn), self.seed, &mut tell)?;
            let answers = judge.probabilities(&self.data.rows.take(&held), &of(&held));
            let answers = answers.map_err(|e| supervise::bad(&second.name, e.to_string()))?;
            let entry = Entry { answers, onnx: judge.onnx() };
            self.keep(&key, &entry)?;
            entries.push(entry);
        }
        Ok(entries)
    }

    fn keep(&self, key: &str, entry: &Entry) -> Result<(), FitError> {
        let refused = |why| FitError::Write { trainer: "ensemble".into(), why };
        self.shelf.put(key, &entry.bytes()).map_err(refused)
    }

    /// Rows to learn from, and rows held out.
    fn rows(&self, part: Part) -> (Vec<usize>, Vec<usize>) {
        let held = |row: &usize| part == Part::Without(self.fold[*row]);
        let (held, learn) = (0..self.fold.len()).partition(held);
        (learn, held)
    }

    fn key(&self, part: Part, name: &str, settings: &impl Debug) -> String {
        let settings = fold_in(self.mark, format!("{settings:?}").bytes());
        let part = match part {
            Part::Whole => "whole".to_string(),
            Part::Without(fold) => format!("without-{fold}"),
        };
        format!("{settings:016x}-{name}-{part}")
    }

    /// How many fits come before one; members of all folds come first, then judges, then the whole.
    fn done(&self, part: Part, place: usize) -> f64 {
        let (members, judges) = (self.stack.members.len(), self.stack.second.len());
        let folds = self.stack.folds;
        let done = match part {
            Part::Whole => folds * (members + judges) + place,
            Part::Without(fold) if place < members => fold * members + place,
            Part::Without(fold) => folds * members + fold * judges + place - members,
        };
        done as f64
    }

    fn share(&self, done: f64) -> f64 {
        let fits = (self.stack.folds + 1) * (self.stack.members.len() + self.stack.second.len());
        (done / fits as f64).min(1.0)
    }
}

fn describe(name: &str, part: Part) -> String {
    match part {
        Part::Whole => format!("{name}, all rows"),
        Part::Without(fold) => format!("{name}, without fold {fold}"),
    }
}

fn check(stack: &Stack, data: &Examples) -> Result<(), FitError> {
    let bad = |why: String| Err(supervise::bad("ensemble", why));
    let mut names: Vec<&str> = stack.members.iter().map(|m| m.name.as_str()).collect();
    names.extend(stack.second.iter().map(|s| s.name.as_str()));
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]) {
        return bad(format!("two of its models are called `{}`", twice[0]));
    }
    if stack.members.is_empty() || stack.second.is_empty() || stack.groups.is_empty() {
        return bad("it needs a member, a second-level model and a group".into());
    }
    if stack.folds < 2 || data.len() < 2 * stack.folds {
        return bad(format!("{} rows cannot be held out in {} folds", data.len(), stack.folds));
    }
    Ok(())
}

/// FNV-1a: tells data apart that were not made to deceive.
fn fold_in(state: u64, bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(state, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// What the shelf knows data, seed and folds by.
pub(crate) fn mark(data: &Examples, seed: Seed, folds: usize) -> u64 {
    let mut hash = fold_in(0xCBF2_9CE4_8422_2325, seed.0.to_le_bytes().into_iter().chain([folds as u8]));
    for column in data.rows.columns() {
        hash = fold_in(hash, column.name.bytes());
        hash = match &column.values {
            Values::Number(cells) => fold_in(hash, cells.iter().flat_map(|x| x.to_bits().to_le_bytes())),
            Values::Tensor { data, .. } => fold_in(hash, data.iter().flat_map(|x| x.to_bits().to_le_bytes())),
            other => fold_in(hash, format!("{other:?}").bytes()),
        };
    }
    let rest = format!("{:?} {:?} {:?} {:?}", data.target, data.weight, data.at, data.entity);
    fold_in(hash, rest.bytes())
}
