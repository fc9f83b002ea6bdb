//! The loop from a doubted picture to a better model: some labels to begin with, then rounds of asking people about what
//! the model doubts, next to asking about pictures drawn alike from all; and the promise that is made each time about the
//! answers that the model gives alone.
//!
//! The rules are the product's: `domain::review` draws and certifies, labels weigh one over their chance and at most
//! 20, audit rows are never trained on. What a picture truly shows is known to the tables that are printed alone.
//!
//! usage: feedback FOLDER [SEEDS] [ROUNDS]

mod life;
mod people;
mod world;

use life::{Asking, Life, Stood};
use std::error::Error;
use std::path::Path;
use world::World;

/// Lives of each kind.
const SEEDS: u64 = 10;
/// Rounds of asking.
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [folder, rest @ ..] = &args[..] else {
        eprintln!("feedback: nothing to ask about without a folder; see benches/feedback/README.md");
        return Ok(());
    };
    let seeds = rest.first().map_or(Ok(SEEDS), |seeds| seeds.parse())?;
    let rounds = rest.get(1).map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let world = World::read(Path::new(folder))?;
    println!("asking, seed, round, labels, accuracy, alone, wrong alone, promised");
    let mut lives: Vec<(Asking, Vec<Stood>)> = Vec::new();
    for seed in 1..=seeds {
        for asking in [Asking::Doubt, Asking::Chance] {
            lives.push((asking, live(&world, asking, seed, rounds)?));
        }
    }
    curve(&lives, rounds);
    promise(&world, &lives);
    Ok(())
}

fn live(world: &World, asking: Asking, seed: u64, rounds: usize) -> Result<Vec<Stood>, Box<dyn Error>> {
    let mut life = Life::begin(world, asking, seed)?;
    let mut stood = Vec::new();
    for round in 0..=rounds {
        if round > 0 {
            life.ask(round)?;
        }
        let now = life.stands()?;
        let Stood { labels, accuracy, alone, wrong } = now;
        println!(
            "{asking}, {seed}, {round}, {labels}, {accuracy:.4}, {alone:.4}, {wrong:.4}, {}",
            world.promise
        );
        stood.push(now);
    }
    Ok(stood)
}

/// Accuracy against labels spent: the mean over lives, and the paired difference with its error.
fn curve(lives: &[(Asking, Vec<Stood>)], rounds: usize) {
    println!("\nround, labels, doubt, chance, doubt - chance [95%]");
    let of = |asking: Asking, round: usize| -> Vec<Stood> {
        lives.iter().filter(|(kind, _)| *kind == asking).map(|(_, stood)| stood[round]).collect()
    };
    for round in 0..=rounds {
        let (doubt, chance) = (of(Asking::Doubt, round), of(Asking::Chance, round));
        let labels = doubt.iter().map(|stood| stood.labels as f64).sum::<f64>() / doubt.len() as f64;
        let mean = |stood: &[Stood]| stood.iter().map(|s| s.accuracy).sum::<f64>() / stood.len() as f64;
        let differences: Vec<f64> = doubt.iter().zip(&chance).map(|(a, b)| a.accuracy - b.accuracy).collect();
        let own: Vec<u64> = (0..differences.len() as u64).collect();
        let interval = stats::paired::paired_mean(&differences, &own).and_then(|mean| mean.estimate(0.95));
        let interval = interval.map_or_else(
            |why| why.to_string(),
            |e| format!("{:+.4} [{:+.4}, {:+.4}]", e.value, e.low, e.high),
        );
        println!("{round}, {labels:.0}, {:.4}, {:.4}, {interval}", mean(&doubt), mean(&chance));
    }
}

/// In how many lives every round's answers given alone kept the promise.
fn promise(world: &World, lives: &[(Asking, Vec<Stood>)]) {
    for asking in [Asking::Doubt, Asking::Chance] {
        let kind: Vec<&Vec<Stood>> =
            lives.iter().filter(|(kind, _)| *kind == asking).map(|(_, stood)| stood).collect();
        let kept = kind.iter().filter(|stood| stood.iter().all(|s| s.wrong <= world.promise)).count();
        let last = kind.iter().filter_map(|stood| stood.last());
        let alone = last.map(|stood| stood.alone).sum::<f64>() / kind.len().max(1) as f64;
        println!(
            "{asking}: at most {} wrong alone in every round of {kept} of {} lives; {alone:.3} given alone at the end",
            world.promise,
            kind.len()
        );
    }
}
