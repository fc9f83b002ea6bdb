//! People label a random sample of the test rows, so that the baseline that automation has to match is measured on
//! the product's own data, with neither the truth nor a model's answer in sight.
//!
//! Not here: the page (`server::label`) and the statistics (`people`). Invariant: an answer is on the disk before it
//! counts.

mod line;
pub mod queue;
mod report;

pub use crate::refused::{DeskError, LONGEST_NAME};
pub(crate) use line::{Head, Line};
pub use report::Report;

use crate::book::Book;
use crate::data;
use crate::refused::{class, name};
use crate::{Project, StageError};
use domain::{Examples, Table, Target, Timestamp};
use queue::{Progress, Queue, Said};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::digest::{Digest, mix64};

/// The most classes that have a key each.
pub const MOST_CLASSES: usize = 34;

/// How much is to be labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Items.
    pub items: usize,
    /// People an item.
    pub each: usize,
}

/// The rows that people label, with what else is to be known of them.
pub struct Rows {
    /// The rows, of which only the inputs are shown. The target must be a class.
    pub test: Examples,
    /// The column that people tell.
    pub target: String,
    /// The table that they come from, for messages.
    pub source: String,
    /// Draws the sample.
    pub seed: u64,
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// The test rows that people label, and what they said so far.
pub struct Desk {
    rows: Rows,
    classes: Vec<String>,
    open: Mutex<Open>,
}

struct Open {
    queue: Queue,
    /// None where the answers are only looked at.
    book: Option<Book>,
}

impl Desk {
    /// These rows and the answers in `file`, ready for more.
    pub fn open(rows: Rows, file: &Path, size: Size) -> Result<Desk, StageError> {
        let desk = Desk::bare(rows, size)?;
        let (book, lines) = Book::open(file, &desk.head())?;
        desk.lock().book = Some(book);
        desk.recall(&lines);
        Ok(desk)
    }

    /// The same, only to look at: a page may be open meanwhile.
    pub fn read(rows: Rows, file: &Path, size: Size) -> Result<Desk, StageError> {
        let desk = Desk::bare(rows, size)?;
        desk.recall(&Book::read(file, &desk.head())?);
        Ok(desk)
    }

    fn bare(rows: Rows, size: Size) -> Result<Desk, StageError> {
        let (target, source) = (&rows.target, &rows.source);
        let Target::Class { classes, .. } = &rows.test.target else {
            let hint = "people's page is for plans whose task is classification";
            return Err(StageError::data(source, format!("`{target}` is not a class"), hint));
        };
        if classes.len() > MOST_CLASSES {
            let found = format!("`{target}` has {} classes, and {MOST_CLASSES} have a key", classes.len());
            let hint = "label in a table of item, worker, label, and give it: --people FILE";
            return Err(StageError::data(source, found, hint));
        }
        let items = sample(rows.test.len(), size.items, rows.seed);
        let open = Mutex::new(Open { queue: Queue::new(items, size.each), book: None });
        Ok(Desk { classes: classes.clone(), open, rows })
    }

    /// The column that people tell.
    pub fn target(&self) -> &str {
        &self.rows.target
    }

    /// The classes, in the order of their keys.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// What a person is shown of an item: its raw inputs, one row.
    pub fn item(&self, item: u64) -> Option<Table> {
        let row = usize::try_from(item).ok().filter(|row| *row < self.rows.test.len())?;
        Some(self.rows.test.rows.take(&[row]))
    }

    /// Up to `count` items that a person should label next.
    pub fn next(&self, person: &str, count: usize) -> Result<Vec<u64>, DeskError> {
        Ok(self.lock().queue.next(name(person)?, count))
    }

    /// Keeps a person's label, a class by its name; `None` passes the item on.
    pub fn answer(&self, person: &str, item: u64, label: Option<&str>) -> Result<(), DeskError> {
        let (worker, at) = (name(person)?, self.now());
        let class = label.map(|label| class(label, &self.classes)).transpose()?;
        let mut open = self.lock();
        open.queue.check(worker, item)?;
        let line = match label {
            Some(label) => Line::Label { at, worker: worker.into(), item, label: label.into() },
            None => Line::Skip { at, worker: worker.into(), item },
        };
        open.keep(&line)?;
        Ok(open.queue.answer(worker, item, class.map_or(Said::Skip, Said::Label))?)
    }

    /// Takes a person's last answer back, and tells whose item it was.
    pub fn undo(&self, person: &str) -> Result<Option<u64>, DeskError> {
        let (worker, at) = (name(person)?, self.now());
        let mut open = self.lock();
        if open.queue.said(worker).is_empty() {
            return Ok(None);
        }
        open.keep(&Line::Undo { at, worker: worker.into() })?;
        Ok(open.queue.undo(worker))
    }

    /// How far everybody is together.
    pub fn progress(&self) -> Progress {
        self.lock().queue.progress()
    }

    /// Everybody with the number of labels that they gave.
    pub fn people(&self) -> Vec<(String, usize)> {
        let labels = |said: &[(u64, Said)]| said.iter().filter(|(_, said)| *said != Said::Skip).count();
        self.lock().queue.people().map(|(person, said)| (person.to_owned(), labels(said))).collect()
    }

    /// Takes in what stands in the file. Answers to items beyond a smaller sample stay there, and do not count.
    fn recall(&self, lines: &[Line]) {
        let mut stood: Vec<(&str, u64, Said)> = Vec::new();
        for line in lines {
            match line {
                Line::Label { worker, item, label, .. } => {
                    stood.extend(
                        class(label, &self.classes)
                            .ok()
                            .map(|class| (worker.as_str(), *item, Said::Label(class))),
                    );
                }
                Line::Skip { worker, item, .. } => stood.push((worker, *item, Said::Skip)),
                Line::Undo { worker, .. } => {
                    let last = stood.iter().rposition(|(person, ..)| person == worker);
                    last.map(|last| stood.remove(last));
                }
            }
        }
        let mut open = self.lock();
        for (worker, item, said) in stood {
            // refused where the sample is smaller than it was
            let _ = open.queue.answer(worker, item, said);
        }
    }

    fn now(&self) -> String {
        (self.rows.now)().to_string()
    }

    fn head(&self) -> Head {
        let mut digest = Digest::new();
        digest.text(&self.rows.target);
        store::digest::examples(&mut digest, &self.rows.test);
        Head { version: 1, rows: digest.finish() }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn keep(&mut self, line: &Line) -> Result<(), StageError> {
        match &mut self.book {
            Some(book) => book.append(std::slice::from_ref(line)),
            None => Err(StageError::TooEarly("these answers are only looked at".into())),
        }
    }
}

/// The plan's test rows.
pub fn rows(project: &Project) -> Result<Rows, StageError> {
    let plan = &project.plan;
    let test = data::load(project)?.split(plan)?.test;
    let (target, source) = (plan.data.target.clone(), project.source().display().to_string());
    Ok(Rows { test, target, source, seed: plan.train.seed, now: Arc::clone(&project.now) })
}

/// The file of a project's answers, in its state's folder.
pub fn file(state: &Path) -> PathBuf {
    state.join("people.ndjson")
}

/// The first `size` of `rows` places in a seeded order: a larger sample holds the smaller one.
fn sample(rows: usize, size: usize, seed: u64) -> Vec<u64> {
    let mut drawn: Vec<u64> = (0..rows as u64).collect();
    drawn.sort_by_key(|row| mix64(seed, *row));
    drawn.truncate(size);
    drawn
}

/// A person's name, without the blanks around it; the error is its length.
#[cfg(test)]
mod tests;
