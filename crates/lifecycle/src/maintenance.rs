//! What it takes to keep the model in order, and what that bought: its ageing, the next retrain, labels and their use.
//!
//! It only gathers what the stages know; what stands in the events (verdicts, certificates) is read there. Not here: any
//! decision. Invariant: labels are counted by the rows' own clock, as the budget is.

use crate::live::Live;
use crate::retrain::{self, Asked};
use crate::review::{Desk, LiveLoss, live_loss};
use crate::{Project, StageError, decay};
use domain::ageing::Ageing;
use domain::cadence::{Recommended, recommend};
use domain::review::{Why, budget};
use domain::time::DAY;
use domain::{History, Timestamp};
use std::collections::BTreeMap;

/// Where maintenance stands at one moment.
#[derive(Debug, Clone)]
pub struct Maintenance {
    /// The latest moment that any live row speaks of.
    pub now: Option<Timestamp>,
    /// Whether this process retrains by itself.
    pub by_itself: bool,
    /// Whether to retrain now, and the facts of that.
    pub asked: Asked,
    /// When the schedule is next due, by the rows' own clock; `None` where there is none.
    pub scheduled: Option<Timestamp>,
    /// How the trainer's models age, where it was measured.
    pub ageing: Option<Ageing>,
    /// The cadence that costs least, where ageing was measured.
    pub cadence: Option<Recommended>,
    /// The largest share of wrong answers among those given alone that the plan allows; `None` defers nothing.
    pub promise: Option<f64>,
    /// The chance taken that it is larger all the same.
    pub delta: f64,
    /// Labels day by day, oldest first.
    pub spend: Vec<Day>,
    /// How often the model is wrong on live rows; `None` where nobody reviews.
    pub live: Option<LiveLoss>,
}

/// What people were asked on one day of the rows' own clock, and what they told of it so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// When the day began.
    pub day: Timestamp,
    /// Items that the plan's budget allowed to ask.
    pub budget: f64,
    /// Items that were drawn, by why.
    pub drawn: BTreeMap<Why, u64>,
    /// Those of them that have their label, by why.
    pub labelled: BTreeMap<Why, u64>,
}

/// Gathers it. `by_itself` is whether this process retrains by itself; `desk` is where people review, if they do.
pub fn look(
    project: &Project,
    history: &History,
    live: &Live,
    desk: Option<&Desk>,
    by_itself: bool,
) -> Result<Maintenance, StageError> {
    let rules = &project.plan.retrain;
    let asked = retrain::decide(project, history, live)?;
    let scheduled = asked.facts.as_ref().and_then(|facts| domain::retrain::scheduled(rules, facts).ok());
    let ageing = decay::known(history);
    let cadence = ageing.as_ref().map(|ageing| recommend(rules, ageing, retrain::odds(history)));
    let review = &project.plan.review;
    Ok(Maintenance {
        now: live.now,
        by_itself,
        asked,
        scheduled,
        ageing,
        cadence,
        promise: review.error,
        delta: review.delta,
        spend: desk.map(|desk| spend(project, desk)).unwrap_or_default(),
        live: desk.map(|desk| live_loss(project, desk, history)).transpose()?,
    })
}

fn spend(project: &Project, desk: &Desk) -> Vec<Day> {
    let rounds = desk.rounds();
    let begin = |at: Timestamp| Timestamp(at.0.div_euclid(DAY) * DAY);
    let mut days: BTreeMap<Timestamp, Day> = BTreeMap::new();
    for (number, round) in rounds.iter().enumerate() {
        let before = number.checked_sub(1).map(|before| round.clock.0 - rounds[before].clock.0);
        let day = begin(round.clock);
        let none = || Day { day, budget: 0.0, drawn: BTreeMap::new(), labelled: BTreeMap::new() };
        days.entry(day).or_insert_with(none).budget += budget(&project.plan.review, before);
    }
    for item in desk.items() {
        let Some(day) = days.get_mut(&begin(rounds[item.round].clock)) else { continue };
        *day.drawn.entry(item.asked.why).or_insert(0) += 1;
        if item.label().is_some() {
            *day.labelled.entry(item.asked.why).or_insert(0) += 1;
        }
    }
    days.into_values().collect()
}
