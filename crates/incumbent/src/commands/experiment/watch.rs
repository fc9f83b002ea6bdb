//! `incumbent experiment watch`: the running release in the terminal, redrawn as it goes on; a line a look elsewhere.
//!
//! It only follows the registry: a server may run, start or stop meanwhile. Exit status: 0 while it runs and where it
//! was promoted, 1 where it was stopped.

use super::picture;
use crate::error::Hinted;
use crate::{Outcome, args, interrupt, print, workspace};
use domain::experiment::ExperimentId;
use domain::history::{History, Looked, Release};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use server::experiment::{self, State};
use std::io::IsTerminal;
use std::time::Duration;

/// How often the registry is asked for news.
const TICK: Duration = Duration::from_millis(500);

/// Runs the command.
pub fn run(args: &args::Watch, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open_to_watch(&args.dir)?;
    let mut history = project.history()?;
    let id = experiment::current(&history).ok_or_else(none)?.id.clone();
    if args.once {
        let release = found(&history, &id);
        match json {
            true => print::json(&experiment::summary(&history, release)),
            false => println!("{}", picture::picture(&history, release)),
        }
        return Ok(outcome(release));
    }
    let mut screen = Screen::of(json);
    loop {
        let release = found(&history, &id);
        screen.show(&history, release);
        if release.ended.is_some() || interrupt::asked() {
            screen.leave(&history, release);
            return Ok(outcome(release));
        }
        std::thread::sleep(TICK);
        project.registry.events(history.sequence)?.iter().for_each(|recorded| history.add(recorded));
    }
}

fn none() -> anyhow::Error {
    let hint = "a challenger that passes the gate begins one where the plan has release.steps; \
                or: incumbent experiment start --challenger vN";
    Hinted::error("no release has begun", hint)
}

fn found<'a>(history: &'a History, id: &ExperimentId) -> &'a Release {
    let release = history.experiments.iter().find(|release| &release.id == id);
    release.expect("events are only ever added")
}

fn outcome(release: &Release) -> Outcome {
    match experiment::state(release) {
        State::Stopped(_) => Outcome::Fail,
        State::Running(_) | State::HeldBack(_) | State::Promoted => Outcome::Pass,
    }
}

/// Where it is shown, and how much was shown already.
enum Screen {
    /// Redrawn in place.
    Terminal(ProgressBar),
    /// A line a look, as text or as JSON.
    Lines { json: bool, shown: Option<usize> },
}

impl Screen {
    fn of(json: bool) -> Screen {
        if json || !std::io::stdout().is_terminal() {
            return Screen::Lines { json, shown: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        let style = ProgressStyle::with_template("{msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Screen::Terminal(bar)
    }

    /// Shows what is new. Lines begin with the last look, since the earlier ones are in `incumbent history`.
    fn show(&mut self, history: &History, release: &Release) {
        match self {
            Screen::Terminal(bar) => bar.set_message(picture::picture(history, release)),
            Screen::Lines { json, shown } => {
                if shown.is_none() && !*json {
                    println!("{}", picture::heading(history, release));
                }
                let from = shown.unwrap_or(release.looks.len().saturating_sub(1));
                release.looks[from..].iter().for_each(|look| tell(release, look, *json));
                *shown = Some(release.looks.len());
            }
        }
    }

    /// Leaves the last picture behind; a line of how it ended, where it did.
    fn leave(self, history: &History, release: &Release) {
        match self {
            Screen::Terminal(bar) => {
                bar.finish_and_clear();
                println!("{}", picture::picture(history, release));
            }
            Screen::Lines { json: false, .. } if release.ended.is_some() => {
                println!("{}", picture::heading(history, release));
            }
            Screen::Lines { .. } => {}
        }
    }
}

fn tell(release: &Release, look: &Looked, json: bool) {
    if json {
        let mut object = experiment::look(look);
        object["experiment"] = Value::String(release.id.to_string());
        println!("{object}");
    } else {
        println!("{}", picture::line(look));
    }
}
