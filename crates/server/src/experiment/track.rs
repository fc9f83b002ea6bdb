//! The steps of a release as a track: what was passed, where it stands, what is ahead.

use super::{State, ended, rules, state};
use domain::Timestamp;
use domain::experiment::{Arm, Decision, Phase, Step};
use domain::history::Release;

/// One stay in a phase, in the order of time. A phase that was gone back to is visited again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// Where.
    pub phase: Phase,
    /// From when on, by the clock of the rows.
    pub entered: Timestamp,
    /// The place of its first look among the looks.
    pub first_look: usize,
}

/// One place of the track.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// `canary 5%`, or `incumbent` at its end.
    pub name: String,
    /// What of it is known.
    pub mark: Mark,
    /// When it was entered last, by the clock of the rows.
    pub entered: Option<Timestamp>,
    /// The challenger's units there, as far as they were counted.
    pub units: Option<u64>,
    /// How often it was entered.
    pub visits: usize,
}

/// How a place of the track stands to the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Left behind, or the end that was reached.
    Passed,
    /// It stands here.
    Here,
    /// It ended here.
    Stopped,
    /// Not reached, or gone back from.
    Ahead,
}

/// Every stay, oldest first.
pub fn visits(release: &Release) -> Vec<Visit> {
    let first = release.looks.first().map(|look| &look.facts);
    let (phase, entered) = first.map_or((release.phase, release.since), |f| (f.phase, f.since));
    let mut visits = vec![Visit { phase, entered, first_look: 0 }];
    for (place, look) in release.looks.iter().enumerate() {
        let to = match &look.decision {
            Decision::Advance { to, .. } | Decision::Back { to, .. } => *to,
            // the share that is held back stands in the looks that follow
            Decision::Promote { .. } => match release.looks.get(place + 1) {
                Some(after) => after.facts.phase,
                None if release.ended.is_none() => release.phase,
                None => continue,
            },
            Decision::Continue { .. } | Decision::Stop { .. } => continue,
        };
        visits.push(Visit { phase: to, entered: look.facts.now, first_look: place + 1 });
    }
    visits
}

/// The plan's phases, those that were left out absent, and the incumbent's place at the end.
pub fn track(release: &Release) -> Vec<Place> {
    let visits = visits(release);
    let phases = phases(release, &visits);
    let state = state(release);
    let here = phases.iter().position(|phase| *phase == release.phase).unwrap_or(phases.len());
    let mark = |place: usize| match (place.cmp(&here), state) {
        (_, State::Promoted) | (std::cmp::Ordering::Less, _) => Mark::Passed,
        (std::cmp::Ordering::Equal, State::Stopped(_)) => Mark::Stopped,
        (std::cmp::Ordering::Equal, _) => Mark::Here,
        (std::cmp::Ordering::Greater, _) => Mark::Ahead,
    };
    let mut places: Vec<Place> =
        phases.iter().enumerate().map(|(i, phase)| place(release, &visits, *phase, mark(i))).collect();
    places.push(end(release, &visits, mark(phases.len())));
    places
}

/// The phases of the plan at the last look, and any other that was visited before the promotion.
fn phases(release: &Release, visits: &[Visit]) -> Vec<Phase> {
    let mut phases = release.last().map(|look| Phase::all(&rules(look))).unwrap_or_default();
    for visit in visits.iter().filter(|visit| visit.phase.step != Step::HoldBack) {
        if !phases.contains(&visit.phase) {
            let behind = phases.iter().position(|phase| order(*phase) > order(visit.phase));
            phases.insert(behind.unwrap_or(phases.len()), visit.phase);
        }
    }
    phases
}

fn order(phase: Phase) -> (Step, u64) {
    (phase.step, (1e6 * phase.treatment) as u64)
}

fn place(release: &Release, visits: &[Visit], phase: Phase, mark: Mark) -> Place {
    let stays: Vec<&Visit> = visits.iter().filter(|visit| visit.phase == phase).collect();
    let look = release.looks.iter().rev().find(|look| look.facts.phase == phase);
    Place {
        name: phase.to_string().replace(" at ", " "),
        mark,
        entered: stays.last().map(|visit| visit.entered),
        units: look.map(|look| look.facts.arm(Arm::Treatment).phase_units),
        visits: stays.len(),
    }
}

/// Promoted, with or without a hold-back.
fn end(release: &Release, visits: &[Visit], mark: Mark) -> Place {
    let held = visits.iter().find(|visit| visit.phase.step == Step::HoldBack).map(|visit| visit.entered);
    let entered = held.or_else(|| ended(release).filter(|_| release.promoted));
    Place { name: "incumbent".into(), mark, entered, units: None, visits: usize::from(entered.is_some()) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;
    use super::*;

    fn drawn(release: &Release) -> Vec<String> {
        let sign = |mark| match mark {
            Mark::Passed => '+',
            Mark::Here => '>',
            Mark::Stopped => 'x',
            Mark::Ahead => ' ',
        };
        track(release).iter().map(|place| format!("{}{}", sign(place.mark), place.name)).collect()
    }

    #[test]
    fn the_track_shows_where_it_stands() {
        let names = ["shadow", "canary 1%", "canary 5%", "canary 20%", "A/B 50%", "incumbent"];
        let with = |signs: &str| -> Vec<String> {
            signs.chars().zip(names).map(|(sign, name)| format!("{sign}{name}")).collect()
        };
        assert_eq!(drawn(&told(0.004, 0.0, 4)), with("++++> "));
        assert_eq!(drawn(&told(0.004, 0.0, 40)), with("++++++"));
        assert_eq!(drawn(&told(0.0, 0.0, 40)), with("++++x "));
        assert_eq!(drawn(&told(0.0, 0.0, 0)), [">shadow", " incumbent"]);
    }

    #[test]
    fn a_place_tells_when_it_was_entered_and_by_how_many() {
        let places = track(&told(0.004, 0.0, 40));
        assert!(places.iter().all(|place| place.visits == 1));
        let times: Vec<Timestamp> = places.iter().filter_map(|place| place.entered).collect();
        assert!(times.len() == 6 && times.is_sorted(), "{times:?}");
        assert!(places[..5].iter().all(|place| place.units.is_some_and(|units| units >= 1_000)));
    }

    #[test]
    fn what_was_gone_back_from_is_ahead_again() {
        let mut release = told(0.004, 0.0, 4);
        let back = release.looks.iter().position(|look| look.facts.phase.treatment == 0.05).expect("a look");
        release.looks.truncate(back + 1);
        let to = Phase { step: Step::Canary, treatment: 0.01 };
        release.looks[back].decision = Decision::Back { to, why: "its breaker opened".into() };
        release.phase = to;
        assert_eq!(drawn(&release)[..4], ["+shadow", ">canary 1%", " canary 5%", " canary 20%"]);
        let places = track(&release);
        assert_eq!((places[1].visits, places[2].visits), (2, 1));
    }

    #[test]
    fn a_plan_that_changed_hides_no_step_that_was_taken() {
        let mut release = told(0.004, 0.0, 4);
        let look = release.looks.last_mut().expect("a look");
        look.rules["steps"] = serde_json::json!(["ab"]);
        assert_eq!(
            drawn(&release).join(","),
            "+shadow,+canary 1%,+canary 5%,+canary 20%,>A/B 50%, incumbent"
        );
    }
}
