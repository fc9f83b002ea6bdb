//! Where every item stands: a fold of the lines, and nothing else.
//!
//! Pure: it is told what time it is. Invariants: nobody answers an item twice; an item is one person's while their lease
//! runs; what went into the journal is not taken back.

use super::line::{Asked, Line, Round};
use crate::refused::Refused;
use domain::review::{Standing, Why, standing};
use domain::{PredictionId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One item and what people said of it.
#[derive(Debug, Clone)]
pub struct Item {
    /// Which prediction.
    pub prediction: PredictionId,
    /// How it came here.
    pub asked: Asked,
    /// In which round, from 0.
    pub round: usize,
    /// What people said, oldest first.
    pub labels: Vec<Label>,
    /// Who passed it on.
    pub skips: Vec<String>,
    /// Where it stands.
    pub standing: Standing,
    /// Since when.
    pub since: Timestamp,
    /// Whether its label is in the journal.
    pub noted: bool,
    lease: Option<(String, Timestamp)>,
}

/// One person's label of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Who.
    pub worker: String,
    /// The class.
    pub label: String,
    /// When.
    pub at: Timestamp,
}

/// All items.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// Every draw, oldest first.
    pub rounds: Vec<Round>,
    /// Every item, in the order in which they are given out.
    pub items: Vec<Item>,
    places: HashMap<PredictionId, usize>,
    /// Items that wait for people.
    open: BTreeSet<usize>,
    /// What everybody did that they may take back, oldest first.
    acts: BTreeMap<String, Vec<usize>>,
}

impl Item {
    /// The label that counts, once people agree.
    pub fn label(&self) -> Option<&str> {
        match self.standing {
            Standing::Settled(place) => Some(&self.labels[place].label),
            _ => None,
        }
    }

    /// Who has it at a moment.
    fn holder(&self, now: Timestamp) -> Option<&str> {
        self.lease.as_ref().filter(|(_, until)| *until > now).map(|(worker, _)| worker.as_str())
    }

    fn said(&self, worker: &str) -> Option<&str> {
        self.labels.iter().find(|label| label.worker == worker).map(|label| label.label.as_str())
    }

    fn seen_by(&self, worker: &str) -> bool {
        self.said(worker).is_some() || self.skips.iter().any(|skip| skip == worker)
    }

    fn settle(&mut self, at: Timestamp) {
        let labels: Vec<&str> = self.labels.iter().map(|label| label.label.as_str()).collect();
        self.standing = standing(&labels, self.asked.needs, self.skips.len());
        self.since = at;
        self.lease = None;
    }
}

impl Ledger {
    /// The item of this name.
    pub fn find(&self, id: &str) -> Result<usize, Refused> {
        let place = PredictionId::parse(id).and_then(|id| self.places.get(&id));
        place.copied().ok_or_else(|| Refused::Unknown(id.into()))
    }

    /// Whether a prediction is an item.
    pub fn holds(&self, id: PredictionId) -> bool {
        self.places.contains_key(&id)
    }

    /// Whether a person's answer would be taken: `Ok(false)` where it was taken before. `leased` answers must respect
    /// others' leases; those of a file need not.
    pub fn check(
        &self,
        worker: &str,
        place: usize,
        label: Option<&str>,
        now: Option<Timestamp>,
    ) -> Result<bool, Refused> {
        let item = &self.items[place];
        let name = || item.asked.prediction.clone();
        if item.said(worker).is_some() || item.skips.iter().any(|skip| skip == worker) {
            return if item.said(worker) == label { Ok(false) } else { Err(Refused::Twice(name())) };
        }
        if item.standing != Standing::Open {
            return Err(Refused::Closed(name()));
        }
        if now.and_then(|now| item.holder(now)).is_some_and(|holder| holder != worker) {
            return Err(Refused::Held(name()));
        }
        Ok(true)
    }

    /// Up to `count` items for a person: those that they hold, then those that nobody holds, in the order of the queue.
    pub fn offer(&self, worker: &str, count: usize, now: Timestamp) -> Vec<usize> {
        let fits = |place: &&usize| {
            let item = &self.items[**place];
            !item.seen_by(worker) && item.holder(now).is_none_or(|holder| holder == worker)
        };
        let mut offered: Vec<usize> = self.open.iter().filter(fits).copied().collect();
        // stable: within both parts the order is that of the queue
        offered.sort_by_key(|place| self.items[*place].holder(now).is_none());
        offered.truncate(count);
        offered
    }

    /// Which of these the person holds for less than `least` more.
    pub fn to_lease(&self, worker: &str, places: &[usize], until: Timestamp) -> Vec<usize> {
        let held =
            |item: &Item| item.lease.as_ref().is_some_and(|(holder, end)| holder == worker && *end >= until);
        places.iter().copied().filter(|place| !held(&self.items[*place])).collect()
    }

    /// The item of a person's last act, if it may be taken back.
    pub fn last(&self, worker: &str) -> Result<Option<usize>, Refused> {
        let Some(place) = self.acts.get(worker).and_then(|acts| acts.last()).copied() else {
            return Ok(None);
        };
        let item = &self.items[place];
        if item.noted { Err(Refused::Counts(item.asked.prediction.clone())) } else { Ok(Some(place)) }
    }

    /// Items whose label may go into the journal: settled at or before this moment, and not gold.
    pub fn due(&self, settled: Timestamp) -> Vec<usize> {
        let due = |item: &Item| {
            !item.noted && item.asked.why != Why::Gold && item.label().is_some() && item.since <= settled
        };
        (0..self.items.len()).filter(|place| due(&self.items[*place])).collect()
    }

    /// Everybody who said anything, with the number of their labels.
    pub fn people(&self) -> BTreeMap<&str, usize> {
        let mut people = BTreeMap::new();
        for label in self.items.iter().flat_map(|item| &item.labels) {
            *people.entry(label.worker.as_str()).or_insert(0) += 1;
        }
        people
    }

    /// Takes in what happened. Lines about unknown items change nothing.
    pub fn apply(&mut self, line: &Line) {
        match line {
            Line::Draw(round) => self.draw(round),
            Line::Claim { until, worker, items, .. } => {
                for item in items {
                    self.on(item, |_, item| item.lease = Some((worker.clone(), *until)));
                }
            }
            Line::Label { at, worker, item, label } => self.on(item, |acts, item| {
                item.labels.push(Label { worker: worker.clone(), label: label.clone(), at: *at });
                item.settle(*at);
                acts.push(worker.clone());
            }),
            Line::Skip { at, worker, item } => self.on(item, |acts, item| {
                item.skips.push(worker.clone());
                item.settle(*at);
                acts.push(worker.clone());
            }),
            Line::Undo { at, worker } => self.undo(*at, worker),
            Line::Noted { item, .. } => self.on(item, |_, item| item.noted = true),
        }
    }

    fn draw(&mut self, round: &Round) {
        let number = self.rounds.len();
        for asked in &round.items {
            let Some(prediction) = asked.id().filter(|id| !self.holds(*id)) else { continue };
            let place = self.items.len();
            self.places.insert(prediction, place);
            self.open.insert(place);
            self.items.push(Item {
                prediction,
                asked: asked.clone(),
                round: number,
                labels: Vec::new(),
                skips: Vec::new(),
                standing: Standing::Open,
                since: round.at,
                noted: false,
                lease: None,
            });
        }
        self.rounds.push(round.clone());
    }

    fn undo(&mut self, at: Timestamp, worker: &str) {
        let Some(place) = self.acts.get_mut(worker).and_then(Vec::pop) else { return };
        let item = &mut self.items[place];
        item.labels.retain(|label| label.worker != worker);
        item.skips.retain(|skip| skip != worker);
        item.settle(at);
        self.open_or_not(place);
    }

    /// Changes an item; who is named acted on it.
    fn on(&mut self, id: &str, change: impl FnOnce(&mut Vec<String>, &mut Item)) {
        let Ok(place) = self.find(id) else { return };
        let mut acted = Vec::new();
        change(&mut acted, &mut self.items[place]);
        for worker in acted {
            self.acts.entry(worker).or_default().push(place);
        }
        self.open_or_not(place);
    }

    fn open_or_not(&mut self, place: usize) {
        if self.items[place].standing == Standing::Open {
            self.open.insert(place);
        } else {
            self.open.remove(&place);
        }
    }
}
