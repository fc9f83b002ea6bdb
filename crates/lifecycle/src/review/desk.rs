//! The desk: items out to people, answers in, and labels that count into the journal.
//!
//! Invariants: an answer is on the disk before its person is told so; the label of an item becomes an outcome in the
//! journal once, after it could no longer be taken back.

use super::ledger::{Item, Ledger};
use super::line::{Head, Line, Round};
use super::marks::marks;
use crate::book::Book;
use crate::labelling::MOST_CLASSES;
use crate::refused::{DeskError, class, name};
use crate::{Project, StageError};
use domain::review::{Standing, Why};
use domain::time::SECOND;
use domain::{Outcome, OutputKind, PredictionId, Source, Table, Timestamp};
use models::Predict;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use store::Entry;

/// How long an answer may be taken back; then its label counts.
pub const UNDO: i64 = 60 * SECOND;

/// How far everybody is together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items that were drawn.
    pub items: usize,
    /// Items that have their label.
    pub settled: usize,
    /// Items on which people differ, or which nobody can tell.
    pub aside: usize,
    /// Labels given.
    pub labels: usize,
    /// Labels that count already.
    pub noted: usize,
}

/// What an import came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Answers that were taken.
    pub taken: usize,
    /// Answers that were there before.
    pub known: usize,
    /// Answers to what was never drawn: without its chance a label stands for nothing.
    pub unknown: usize,
    /// Answers to items that have their label, or of people who said something else before.
    pub refused: usize,
}

/// One answer out of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Which prediction, in hex digits.
    pub prediction: String,
    /// Who.
    pub worker: String,
    /// The class; `None` passes the item on.
    pub label: Option<String>,
}

/// The items of a project and what people said of them.
pub struct Desk {
    project: Project,
    classes: Vec<String>,
    /// The version that serves: it says what is shown of a row, and what to look at in it.
    model: RwLock<Arc<dyn Predict>>,
    open: Mutex<Open>,
}

struct Open {
    ledger: Ledger,
    /// `None` where the answers are only looked at.
    book: Option<Book>,
}

impl Desk {
    /// The desk of a project, with the answers in `file`, ready for more; `model` is the version that serves.
    pub fn open(project: &Project, file: &Path, model: Arc<dyn Predict>) -> Result<Desk, StageError> {
        let (book, lines) = Book::open(file, &head(project))?;
        let desk = Desk::of(project, model, &lines)?;
        desk.lock().book = Some(book);
        Ok(desk)
    }

    /// The same, only to look at: a server may be running meanwhile.
    pub fn read(project: &Project, file: &Path, model: Arc<dyn Predict>) -> Result<Desk, StageError> {
        Desk::of(project, model, &Book::read(file, &head(project))?)
    }

    fn of(project: &Project, model: Arc<dyn Predict>, lines: &[Line]) -> Result<Desk, StageError> {
        let target = &project.plan.data.target;
        let refused = |found: String| {
            let hint = "people review answers that are one of a few classes";
            Err(StageError::data(&project.source().display().to_string(), found, hint))
        };
        let OutputKind::Probabilities { classes } = &model.signature().output else {
            return refused(format!("`{target}` is not a class"));
        };
        if classes.len() > MOST_CLASSES {
            return refused(format!(
                "`{target}` has {} classes, and {MOST_CLASSES} have a key",
                classes.len()
            ));
        }
        let mut ledger = Ledger::default();
        lines.iter().for_each(|line| ledger.apply(line));
        let open = Mutex::new(Open { ledger, book: None });
        let classes = classes.clone();
        Ok(Desk { project: project.clone(), classes, model: RwLock::new(model), open })
    }

    /// The column that people tell.
    pub fn target(&self) -> &str {
        &self.project.plan.data.target
    }

    /// The classes, in the order of their keys.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// What a person is shown of an item: its raw inputs, one row, and nothing of what the model said.
    pub fn item(&self, item: &str) -> Result<Option<Table>, StageError> {
        let known = self.lock().ledger.find(item).is_ok();
        let Some(id) = PredictionId::parse(item).filter(|_| known) else { return Ok(None) };
        let Some(prediction) = self.project.journal.prediction(id)? else { return Ok(None) };
        let Ok(serde_json::Value::Object(row)) = serde_json::from_str(&prediction.input) else {
            return Ok(None);
        };
        Ok(Some(crate::live::table(&[&row], &self.model().signature().inputs)))
    }

    /// The words of a document of this row that the answer hangs on most; not which way.
    pub fn marks(&self, row: &Table, column: &str) -> Vec<String> {
        marks(self.model().as_ref(), row, column)
    }

    /// Another version serves from now on.
    pub fn follow(&self, model: Arc<dyn Predict>) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = model;
    }

    fn model(&self) -> Arc<dyn Predict> {
        Arc::clone(&self.model.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives a person up to `count` items, theirs for the plan's lease from now on.
    pub fn next(&self, person: &str, count: usize) -> Result<Vec<String>, DeskError> {
        let (worker, at) = (name(person)?, self.now());
        let lease = self.project.plan.review.lease.0;
        let mut open = self.lock();
        let offered = open.ledger.offer(worker, count, at);
        // a lease that has run for less than half need not be renewed
        let fresh = open.ledger.to_lease(worker, &offered, Timestamp(at.0 + lease / 2));
        let ids = |places: &[usize]| -> Vec<String> {
            places.iter().map(|place| open.ledger.items[*place].asked.prediction.clone()).collect()
        };
        let (given, items) = (ids(&offered), ids(&fresh));
        if !items.is_empty() {
            let until = Timestamp(at.0 + lease);
            open.keep(&[Line::Claim { at, until, worker: worker.into(), items }])?;
        }
        Ok(given)
    }

    /// Keeps a person's label, a class by its name; `None` passes the item on. The same again changes nothing.
    pub fn answer(&self, person: &str, item: &str, label: Option<&str>) -> Result<(), DeskError> {
        let (worker, at) = (name(person)?, self.now());
        self.check(label)?;
        let mut open = self.lock();
        let place = open.ledger.find(item)?;
        if open.ledger.check(worker, place, label, Some(at))? {
            open.keep(&[said(at, worker, item, label)])?;
        }
        Ok(())
    }

    /// Takes a person's last answer back, gives them its item again, and tells which it was.
    pub fn undo(&self, person: &str) -> Result<Option<String>, DeskError> {
        let (worker, at) = (name(person)?.to_owned(), self.now());
        let mut open = self.lock();
        let Some(place) = open.ledger.last(&worker)? else { return Ok(None) };
        let item = open.ledger.items[place].asked.prediction.clone();
        let until = Timestamp(at.0 + self.project.plan.review.lease.0);
        let items = vec![item.clone()];
        open.keep(&[Line::Undo { at, worker: worker.clone() }, Line::Claim { at, until, worker, items }])?;
        Ok(Some(item))
    }

    /// Takes answers that were given elsewhere; leases do not hold them up.
    pub fn import(&self, replies: &[Reply]) -> Result<Imported, DeskError> {
        let (mut told, at, mut open) = (Imported::default(), self.now(), self.lock());
        for Reply { worker, label, .. } in replies {
            name(worker)?;
            self.check(label.as_deref())?;
        }
        for Reply { prediction, worker, label } in replies {
            let (worker, label) = (worker.trim(), label.as_deref());
            let Ok(place) = open.ledger.find(prediction) else {
                told.unknown += 1;
                continue;
            };
            match open.ledger.check(worker, place, label, None) {
                Ok(true) => {
                    open.keep(&[said(at, worker, prediction, label)])?;
                    told.taken += 1;
                }
                Ok(false) => told.known += 1,
                Err(_) => told.refused += 1,
            }
        }
        Ok(told)
    }

    /// Adds what was drawn.
    pub(crate) fn add(&self, round: Round) -> Result<(), StageError> {
        self.lock().keep(&[Line::Draw(round)])
    }

    /// Writes the labels into the journal that nobody can take back any more, as outcomes whose source is a reviewer;
    /// tells how many. What fails is tried again the next time: an equal outcome is kept once.
    pub fn settle(&self) -> Result<usize, StageError> {
        self.settle_until(Timestamp(self.now().0 - UNDO))
    }

    /// The same for every label given so far, which can no longer be taken back then.
    pub fn settle_all(&self) -> Result<usize, StageError> {
        self.settle_until(self.now())
    }

    fn settle_until(&self, settled: Timestamp) -> Result<usize, StageError> {
        let (mut open, at) = (self.lock(), self.now());
        let due = open.ledger.due(settled);
        let labelled = due.iter().filter_map(|place| {
            let item = &open.ledger.items[*place];
            item.label().map(|label| (item.prediction, item.since, label.to_owned()))
        });
        let labelled: Vec<(PredictionId, Timestamp, String)> = labelled.collect();
        let outcome = |(prediction, since, value): &(PredictionId, Timestamp, String)| {
            let (prediction, at, value) = (*prediction, *since, value.clone());
            Entry::Outcome(Outcome { prediction, at, value, source: Source::Reviewer })
        };
        let outcomes: Vec<Entry> = labelled.iter().map(outcome).collect();
        if outcomes.is_empty() {
            return Ok(0);
        }
        self.project.journal.append(&outcomes)?;
        let noted = |(id, _, label): &(PredictionId, Timestamp, String)| {
            let (item, label) = (id.to_string(), label.clone());
            Line::Noted { at, item, label }
        };
        open.keep(&labelled.iter().map(noted).collect::<Vec<_>>())?;
        Ok(outcomes.len())
    }

    /// How far everybody is together.
    pub fn progress(&self) -> Progress {
        let open = self.lock();
        let items = &open.ledger.items;
        let count = |fits: fn(&Item) -> bool| items.iter().filter(|item| fits(item)).count();
        Progress {
            items: items.len(),
            settled: count(|item| item.label().is_some()),
            aside: count(|item| matches!(item.standing, Standing::Contested | Standing::Unclear)),
            labels: items.iter().map(|item| item.labels.len()).sum(),
            noted: count(|item| item.noted),
        }
    }

    /// Everybody with the number of labels that they gave.
    pub fn people(&self) -> Vec<(String, usize)> {
        self.lock().ledger.people().into_iter().map(|(name, labels)| (name.to_owned(), labels)).collect()
    }

    /// Every item with what people said of it, in the order of the queue.
    pub fn items(&self) -> Vec<Item> {
        self.lock().ledger.items.clone()
    }

    /// Every draw, oldest first.
    pub fn rounds(&self) -> Vec<Round> {
        self.lock().ledger.rounds.clone()
    }

    /// The last draw: its number, from 1, and what it was.
    pub(crate) fn last_round(&self) -> (usize, Option<Round>) {
        let open = self.lock();
        (open.ledger.rounds.len(), open.ledger.rounds.last().cloned())
    }

    /// Whether a prediction was drawn.
    pub(crate) fn holds(&self, id: PredictionId) -> bool {
        self.lock().ledger.holds(id)
    }

    /// Krippendorff's alpha over items with two labels or more, and their number; `None` where it says nothing yet.
    pub fn agreement(&self) -> (Option<f64>, usize) {
        let open = self.lock();
        let class = |label: &str| self.classes.iter().position(|class| class == label);
        let of = |item: &Item| item.labels.iter().filter_map(|l| class(&l.label)).collect::<Vec<_>>();
        let labels: Vec<Vec<usize>> =
            open.ledger.items.iter().map(of).filter(|labels| labels.len() > 1).collect();
        (stats::agreement::krippendorff_alpha(&labels).ok(), labels.len())
    }

    /// How many gold labels of how many are right: of everybody, or of one person.
    pub fn gold(&self, person: Option<&str>) -> (usize, usize) {
        let open = self.lock();
        let gold = open.ledger.items.iter().filter(|item| item.asked.why == Why::Gold);
        let labels = gold.flat_map(|item| item.labels.iter().map(move |label| (label, &item.asked.truth)));
        let own: Vec<bool> = labels
            .filter(|(label, _)| person.is_none_or(|person| person == label.worker))
            .map(|(label, truth)| truth.as_ref() == Some(&label.label))
            .collect();
        (own.iter().filter(|right| **right).count(), own.len())
    }

    fn check(&self, label: Option<&str>) -> Result<(), DeskError> {
        label.map_or(Ok(()), |label| class(label, &self.classes).map(drop))
    }

    fn now(&self) -> Timestamp {
        (self.project.now)()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn keep(&mut self, lines: &[Line]) -> Result<(), StageError> {
        match &mut self.book {
            Some(book) => book.append(lines)?,
            None => return Err(StageError::TooEarly("these answers are only looked at".into())),
        }
        lines.iter().for_each(|line| self.ledger.apply(line));
        Ok(())
    }
}

/// The file of a project's review, in its state's folder.
pub fn file(state: &Path) -> PathBuf {
    state.join("review.ndjson")
}

pub(super) fn head(project: &Project) -> Head {
    Head { version: 1, target: project.plan.data.target.clone() }
}

fn said(at: Timestamp, worker: &str, item: &str, label: Option<&str>) -> Line {
    let (worker, item) = (worker.to_owned(), item.to_owned());
    match label {
        Some(label) => Line::Label { at, worker, item, label: label.into() },
        None => Line::Skip { at, worker, item },
    }
}
