//! Who labels what next: items and answers in, the next items for a person out.
//!
//! Pure, and knows nothing of what an item is: a test row today, a doubtful prediction in a review. Invariants: nobody
//! is given an item twice, unless they undid their answer; no item is given out once it has its labels; items with the
//! fewest labels come first. Among equals everybody has an order of their own, so that people who label at the same
//! time rarely meet.

use crate::refused::Refused;
use std::collections::BTreeMap;
use store::digest::{hash64, mix64};

/// What a person did with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Gave it this class.
    Label(usize),
    /// Passed it on to somebody else.
    Skip,
}

/// How far everybody is together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Items.
    pub items: usize,
    /// Items that have all their labels.
    pub finished: usize,
    /// Labels that count: those beyond what an item needs do not.
    pub labels: usize,
    /// Labels that are needed in all.
    pub needed: usize,
}

/// Items, and what people said of them.
#[derive(Debug, Clone)]
pub struct Queue {
    each: usize,
    labels: BTreeMap<u64, usize>,
    people: BTreeMap<String, Vec<(u64, Said)>>,
}

impl Queue {
    /// These items, each to be labelled by `each` people.
    pub fn new(items: impl IntoIterator<Item = u64>, each: usize) -> Queue {
        let labels = items.into_iter().map(|item| (item, 0)).collect();
        Queue { each, labels, people: BTreeMap::new() }
    }

    /// Takes a person's answer. A label more than an item needs is taken as well: two people may have been at it.
    pub fn answer(&mut self, person: &str, item: u64, said: Said) -> Result<(), Refused> {
        self.check(person, item)?;
        if let (Said::Label(_), Some(labels)) = (said, self.labels.get_mut(&item)) {
            *labels += 1;
        }
        self.people.entry(person.to_owned()).or_default().push((item, said));
        Ok(())
    }

    /// Whether a person's answer to an item would be taken.
    pub fn check(&self, person: &str, item: u64) -> Result<(), Refused> {
        if !self.labels.contains_key(&item) {
            return Err(Refused::Unknown(item.to_string()));
        }
        if self.said(person).iter().any(|(before, _)| *before == item) {
            return Err(Refused::Twice(item.to_string()));
        }
        Ok(())
    }

    /// Takes a person's last answer back, and tells whose item it was.
    pub fn undo(&mut self, person: &str) -> Option<u64> {
        let (item, said) = self.people.get_mut(person)?.pop()?;
        if let (Said::Label(_), Some(labels)) = (said, self.labels.get_mut(&item)) {
            *labels -= 1;
        }
        Some(item)
    }

    /// Up to `count` items that a person should label next.
    pub fn next(&self, person: &str, count: usize) -> Vec<u64> {
        let before: std::collections::BTreeSet<u64> =
            self.said(person).iter().map(|(item, _)| *item).collect();
        let own = hash64(person);
        let open = self.labels.iter().filter(|(item, labels)| **labels < self.each && !before.contains(item));
        let mut open: Vec<(usize, u64, u64)> =
            open.map(|(item, labels)| (*labels, mix64(own, *item), *item)).collect();
        open.sort_unstable();
        open.into_iter().take(count).map(|(_, _, item)| item).collect()
    }

    /// A person's answers, oldest first.
    pub fn said(&self, person: &str) -> &[(u64, Said)] {
        self.people.get(person).map_or(&[], Vec::as_slice)
    }

    /// Everybody with their answers.
    pub fn people(&self) -> impl Iterator<Item = (&str, &[(u64, Said)])> {
        self.people.iter().map(|(person, said)| (person.as_str(), said.as_slice()))
    }

    /// How far everybody is together.
    pub fn progress(&self) -> Progress {
        let counted = |labels: &usize| (*labels).min(self.each);
        Progress {
            items: self.labels.len(),
            finished: self.labels.values().filter(|labels| **labels >= self.each).count(),
            labels: self.labels.values().map(counted).sum(),
            needed: self.labels.len() * self.each,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEOPLE: [&str; 4] = ["ann", "bob", "cem", "dag"];

    /// What somebody does in a walk: a person, and whether they label, skip or undo.
    fn walk() -> impl Strategy<Value = Vec<(usize, u8)>> {
        proptest::collection::vec((0..PEOPLE.len(), 0_u8..10), 0..200)
    }

    fn step(queue: &mut Queue, person: &str, what: u8) {
        let next = queue.next(person, 1).first().copied();
        match (what, next) {
            (0, _) => drop(queue.undo(person)),
            (1, Some(item)) => queue.answer(person, item, Said::Skip).expect("it was offered"),
            (_, Some(item)) => queue.answer(person, item, Said::Label(0)).expect("it was offered"),
            (_, None) => {}
        }
    }

    proptest! {
        #[test]
        fn nobody_sees_an_item_twice_and_no_item_gets_more_than_it_needs(
            items in 1_u64..12, each in 1_usize..4, walk in walk(),
        ) {
            let mut queue = Queue::new(0..items, each);
            for (person, what) in walk {
                step(&mut queue, PEOPLE[person], what);
                for person in PEOPLE {
                    let mut seen: Vec<u64> = queue.said(person).iter().map(|(item, _)| *item).collect();
                    seen.extend(queue.next(person, items as usize));
                    let all = seen.len();
                    seen.sort_unstable();
                    seen.dedup();
                    prop_assert_eq!(seen.len(), all, "{} twice", person);
                }
                prop_assert!(queue.labels.values().all(|labels| *labels <= each));
                let given = queue.people().flat_map(|(_, said)| said).filter(|(_, said)| *said != Said::Skip).count();
                prop_assert_eq!(queue.progress().labels, given);
            }
        }

        #[test]
        fn the_fewest_labels_come_first(items in 1_u64..12, each in 1_usize..4, walk in walk()) {
            let mut queue = Queue::new(0..items, each);
            walk.into_iter().for_each(|(person, what)| step(&mut queue, PEOPLE[person], what));
            let counts: Vec<usize> =
                queue.next("eve", items as usize).iter().map(|item| queue.labels[item]).collect();
            prop_assert!(counts.is_sorted());
            prop_assert_eq!(counts.len(), items as usize - queue.progress().finished, "a newcomer may label all that is open");
        }

        #[test]
        fn an_undone_answer_leaves_no_trace(items in 1_u64..12, each in 1_usize..4, walk in walk(), what in 1_u8..10) {
            let mut queue = Queue::new(0..items, each);
            walk.into_iter().for_each(|(person, what)| step(&mut queue, PEOPLE[person], what));
            let (next, progress) = (queue.next("ann", 99), queue.progress());
            step(&mut queue, "ann", what);
            if let Some(first) = next.first() {
                prop_assert_eq!(queue.undo("ann"), Some(*first));
            }
            prop_assert_eq!((queue.next("ann", 99), queue.progress()), (next, progress));
        }

        #[test]
        fn enough_people_who_label_finish_everything(items in 1_u64..12, each in 1_usize..4) {
            let mut queue = Queue::new(0..items, each);
            for person in &PEOPLE[..each] {
                while let Some(item) = queue.next(person, 1).first().copied() {
                    queue.answer(person, item, Said::Label(1)).expect("it was offered");
                }
            }
            let Progress { finished, labels, needed, .. } = queue.progress();
            prop_assert_eq!((finished, labels), (items as usize, needed));
        }
    }

    #[test]
    fn what_was_not_offered_is_told() {
        let mut queue = Queue::new([7], 1);
        assert_eq!(queue.answer("ann", 8, Said::Skip), Err(Refused::Unknown("8".into())));
        queue.answer("ann", 7, Said::Label(0)).expect("offered");
        assert_eq!(queue.answer("ann", 7, Said::Skip), Err(Refused::Twice("7".into())));
        queue.answer("bob", 7, Said::Label(1)).expect("he was at it already");
        assert_eq!(queue.progress(), Progress { items: 1, finished: 1, labels: 1, needed: 1 });
        assert_eq!(queue.undo("cem"), None);
    }
}
