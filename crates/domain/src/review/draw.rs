//! Which rows come to people: three coins a row, each with its own salt and its logged chance.
//!
//! One coin is alike for all rows (the audit), one follows the chance of a mistake, one how unlike the others a row is.
//! They do not depend on each other, so the audit alone is a plain sample, and all together have a known chance.
//! Not here: taking the k worst rows, since what could never be drawn can stand for nothing.

use super::Why;
use crate::experiment::uniform;
use crate::plan::Review;
use crate::prediction::PredictionId;
use crate::time::DAY;

/// A row that may be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Which prediction.
    pub prediction: PredictionId,
    /// The largest probability of its answer, 0 to 1.
    pub confidence: f64,
    /// Whether the model did not give its answer alone; `None` where the plan defers nothing.
    pub abstained: Option<bool>,
    /// How unlike the rows that came with it, 0 and more.
    pub novelty: f64,
}

/// With which chances the rows of one draw were drawn. A row's own follow from them, drawn or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chances {
    /// Of every row.
    pub audit: f64,
    /// For each unit of the chance of a mistake.
    pub mandatory: f64,
    /// For each unit of novelty.
    pub novelty: f64,
}

/// A row that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Which prediction.
    pub prediction: PredictionId,
    /// Which coin drew it; the audit's where several did.
    pub why: Why,
    /// The chance with which any coin draws it.
    pub chance: f64,
    /// Its place in the queue: the smallest first. Slices take turns by their shares.
    pub turn: f64,
    /// How many people should label it.
    pub needs: usize,
    /// What is known to be true; for gold only.
    pub truth: Option<String>,
}

/// What one draw came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// With which chances.
    pub chances: Chances,
    /// The rows, in the order of their turns.
    pub items: Vec<Drawn>,
    /// Items a day that would keep the floor, where the plan's do not.
    pub short: Option<u64>,
}

/// Items that people can look at, `elapsed` microseconds of the rows' own clock after the last draw; the first draw
/// has a whole day's.
pub fn budget(rules: &Review, elapsed: Option<i64>) -> f64 {
    let days = elapsed.map_or(1.0, |elapsed| elapsed.max(0) as f64 / DAY as f64);
    rules.daily as f64 * days
}

/// Draws about `budget` of these rows.
pub fn draw(rules: &Review, budget: f64, salt: &str, rows: &[Candidate]) -> Draw {
    let count = rows.len() as f64;
    let audit = (rules.audit * budget).min(rules.audit * count);
    let most = rules.audit * budget + rules.novelty * budget;
    // the audit keeps the floor at the cost of novelty, never at that of answers that somebody waits for
    let kept = audit.max((rules.floor * count).min(most));
    let chances = Chances {
        audit: if rows.is_empty() { 0.0 } else { (kept / count).min(1.0) },
        mandatory: scale(rows.iter().map(Candidate::mistake), rules.mandatory * budget),
        novelty: scale(rows.iter().map(|row| row.novelty), novelty(rules, budget, count, kept - audit)),
    };
    let mut items: Vec<Drawn> = rows.iter().filter_map(|row| toss(rules, chances, salt, row)).collect();
    take_turns(rules, rows, &mut items);
    let short = (chances.audit < rules.floor && !rows.is_empty())
        .then(|| (rules.daily as f64 * rules.floor / chances.audit.max(1e-9)).ceil() as u64);
    Draw { chances, items, short }
}

/// Which of the predictions whose truth is known measure people this time: `gold` of them for every drawn item.
pub fn golds(rules: &Review, salt: &str, known: &[PredictionId], items: usize) -> Vec<PredictionId> {
    let count = rules.gold * items as f64 + uniform(&format!("{salt}:golds"), "");
    let mut order: Vec<(u64, PredictionId)> =
        known.iter().map(|id| (uniform(&format!("{salt}:gold"), &id.to_string()).to_bits(), *id)).collect();
    order.sort_unstable();
    order.into_iter().take(count as usize).map(|(_, id)| id).collect()
}

/// What is left for novelty, which has at most its share of the rows.
fn novelty(rules: &Review, budget: f64, count: f64, taken: f64) -> f64 {
    (rules.novelty * budget - taken).min(rules.novelty * count).max(0.0)
}

/// The scale at which Σ min(1, scale × weight) is the budget.
fn scale(weights: impl Iterator<Item = f64>, budget: f64) -> f64 {
    let mut weights: Vec<f64> = weights.filter(|weight| *weight > 0.0).collect();
    if weights.len() as f64 <= budget {
        return if weights.is_empty() { 0.0 } else { f64::MAX };
    }
    weights.sort_by(|a, b| b.total_cmp(a));
    let mut rest: f64 = weights.iter().sum();
    for (sure, weight) in weights.iter().enumerate() {
        let scale = (budget - sure as f64).max(0.0) / rest;
        if scale * weight <= 1.0 {
            return scale;
        }
        rest -= weight;
    }
    f64::MAX
}

fn toss(rules: &Review, chances: Chances, salt: &str, row: &Candidate) -> Option<Drawn> {
    let id = row.prediction.to_string();
    let hit = |coin: &str, chance: f64| uniform(&format!("{salt}:{coin}"), &id) < chance;
    let (mandatory, novelty) = (chances.mandatory(row), chances.novelty(row));
    let why = if hit("audit", chances.audit) {
        Why::Audit
    } else if hit("mandatory", mandatory) {
        if row.abstained == Some(true) { Why::Abstained } else { Why::Doubted }
    } else if hit("novelty", novelty) {
        Why::Novel
    } else {
        return None;
    };
    let needs = 1 + usize::from(hit("double", rules.double));
    Some(Drawn { prediction: row.prediction, why, chance: chances.of(row), turn: 0.0, needs, truth: None })
}

/// Slices take turns by their shares; within one the likeliest mistakes, or the most novel rows, come first, and audit
/// rows in no order at all: so far as people come, those that they saw are a plain sample.
fn take_turns(rules: &Review, rows: &[Candidate], items: &mut [Drawn]) {
    let by: std::collections::BTreeMap<PredictionId, &Candidate> =
        rows.iter().map(|row| (row.prediction, row)).collect();
    let urgency = |item: &Drawn| match item.why {
        Why::Audit | Why::Gold => uniform("turn", &item.prediction.to_string()),
        Why::Abstained | Why::Doubted => by[&item.prediction].mistake(),
        Why::Novel => by[&item.prediction].novelty,
    };
    items.sort_by(|a, b| {
        a.why.cmp(&b.why).then(urgency(b).total_cmp(&urgency(a))).then(a.prediction.cmp(&b.prediction))
    });
    for slice in items.chunk_by_mut(|a, b| a.why == b.why) {
        let share = match slice[0].why {
            Why::Audit | Why::Gold => rules.audit,
            Why::Abstained | Why::Doubted => rules.mandatory,
            Why::Novel => rules.novelty,
        };
        let turn = |place: usize| (place as f64 + 0.5) / share.max(1e-9);
        slice.iter_mut().enumerate().for_each(|(place, item)| item.turn = turn(place));
    }
    items.sort_by(|a, b| a.turn.total_cmp(&b.turn).then(a.prediction.cmp(&b.prediction)));
}

impl Candidate {
    /// The chance of a mistake that somebody has to look at; 0 where the answer was given alone.
    fn mistake(&self) -> f64 {
        if self.abstained == Some(false) { 0.0 } else { (1.0 - self.confidence).max(0.001) }
    }
}

impl Chances {
    /// The chance with which any coin draws a row; above 0 for every row.
    pub fn of(&self, row: &Candidate) -> f64 {
        let others = 1.0 - (1.0 - self.mandatory(row)) * (1.0 - self.novelty(row));
        // never less than the audit's, not even by a rounding
        self.audit + (1.0 - self.audit) * others
    }

    fn mandatory(&self, row: &Candidate) -> f64 {
        (self.mandatory * row.mistake()).min(1.0)
    }

    fn novelty(&self, row: &Candidate) -> f64 {
        (self.novelty * row.novelty).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(count: u128, abstained: impl Fn(u128) -> Option<bool>) -> Vec<Candidate> {
        let row = |i: u128| Candidate {
            prediction: PredictionId(i),
            confidence: 0.5 + 0.5 * (i % 100) as f64 / 100.0,
            abstained: abstained(i),
            novelty: (i % 7) as f64,
        };
        (0..count).map(row).collect()
    }

    fn count(draw: &Draw, why: Why) -> usize {
        draw.items.iter().filter(|item| item.why == why).count()
    }

    #[test]
    fn a_days_items_are_shared_as_the_plan_says() {
        let drawn = draw(&Review::default(), 200.0, "s", &rows(1000, |i| Some(i % 4 == 0)));
        let found = [Why::Audit, Why::Abstained, Why::Novel].map(|why| count(&drawn, why));
        // 40, 140 and 20, of which a few are drawn by two coins
        assert!((25..=55).contains(&found[0]) && (110..=160).contains(&found[1]), "{found:?}");
        assert!((8..=32).contains(&found[2]), "{found:?}");
        assert_eq!((count(&drawn, Why::Doubted), drawn.short), (0, None));
        assert!(drawn.items.iter().filter(|item| item.needs == 2).count() > 5, "a tenth has two people");
    }

    #[test]
    fn the_floor_takes_noveltys_share_and_what_it_lacks_is_told() {
        let rules = Review::default();
        let kept = draw(&rules, 200.0, "s", &rows(3000, |_| None));
        assert_eq!((kept.chances.audit, kept.chances.novelty, kept.short), (0.02, 0.0, None));
        let short = draw(&rules, 200.0, "s", &rows(10_000, |_| None));
        assert_eq!((short.chances.audit, short.short), (0.006, Some(667)));
        let plenty = draw(&rules, 200.0, "s", &rows(50, |_| None));
        assert_eq!(plenty.chances.audit, 0.2, "the audit never takes more than its share of the rows");
        assert_eq!(draw(&rules, 200.0, "s", &[]).items, []);
    }

    #[test]
    fn slices_take_turns_and_the_likeliest_mistake_comes_first() {
        let drawn = draw(&Review::default(), 200.0, "s", &rows(1000, |i| Some(i % 4 == 0)));
        let first: Vec<Why> = drawn.items[..50].iter().map(|item| item.why).collect();
        let of = |why| first.iter().filter(|w| **w == why).count();
        assert_eq!([of(Why::Abstained), of(Why::Audit), of(Why::Novel)], [35, 10, 5]);
        let doubt: Vec<u128> =
            drawn.items.iter().filter(|i| i.why == Why::Abstained).map(|i| i.prediction.0 % 100).collect();
        assert!(doubt.is_sorted(), "the least sure come first");
    }

    #[test]
    fn golds_are_a_share_of_the_items() {
        let known: Vec<PredictionId> = (0..100).map(PredictionId).collect();
        let all: usize =
            (0..200).map(|day| golds(&Review::default(), &format!("{day}"), &known, 100).len()).sum();
        assert!((570..630).contains(&all), "{all} of 600");
        assert!(golds(&Review::default(), "s", &[], 100).is_empty());
    }

    #[test]
    fn a_weighted_sample_of_the_drawn_stands_for_all() {
        // the mean of a number that goes with doubt, from drawn rows alone, over many days
        let all = rows(500, |i| Some(i % 3 == 0));
        let truth = all.iter().map(|row| row.confidence).sum::<f64>() / all.len() as f64;
        let by = |id: PredictionId| all[id.0 as usize].confidence;
        let days = 400;
        let estimate = |day: usize| {
            let drawn = draw(&Review::default(), 60.0, &format!("day {day}"), &all);
            drawn.items.iter().map(|item| by(item.prediction) / item.chance).sum::<f64>() / all.len() as f64
        };
        let found: Vec<f64> = (0..days).map(estimate).collect();
        let mean = found.iter().sum::<f64>() / days as f64;
        let se = (found.iter().map(|x| (x - mean).powi(2)).sum::<f64>()).sqrt() / days as f64;
        assert!((mean - truth).abs() < 3.0 * se, "{mean} for {truth}, give or take {se}");
    }

    proptest! {
        #[test]
        fn every_row_has_a_chance_and_the_drawn_ones_log_theirs(many in 1_u128..400, daily in 1_u64..500, salt in "[a-z]{3}") {
            let (rules, rows) = (Review { daily, ..Review::default() }, rows(many, |i| (i % 2 == 0).then_some(i % 3 == 0)));
            let drawn = draw(&rules, daily as f64, &salt, &rows);
            let all: f64 = rows.iter().map(|row| drawn.chances.of(row)).sum();
            prop_assert!(all <= daily as f64 + 1e-6, "{all} expected of {daily}");
            prop_assert!(rows.iter().all(|row| drawn.chances.of(row) >= drawn.chances.audit && drawn.chances.of(row) > 0.0));
            prop_assert!(drawn.short.is_some() || drawn.chances.audit >= rules.floor.min(rules.audit) - 1e-12);
            for item in &drawn.items {
                prop_assert!((item.chance - drawn.chances.of(&rows[item.prediction.0 as usize])).abs() < 1e-12);
            }
        }
    }
}
