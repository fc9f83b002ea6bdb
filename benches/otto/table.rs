//! The table of students: each beside its twin on hard labels, over seeds, and what of the teacher it keeps.

use super::measure::{Figures, Results};
use stats::BadInput;
use stats::paired::paired_mean;
use stats::sum::mean;
use std::collections::BTreeMap;

/// By student and lesson, the figures of each seed.
type Fits = BTreeMap<(String, String), Vec<Figures>>;

/// Prints a line for each student and lesson with soft labels, of the first fold.
pub fn gaps(results: &Results) -> Result<(), BadInput> {
    let (Some(teacher), Some(prior)) = (results.get(0, "ensemble"), results.get(0, "prior")) else {
        return Ok(());
    };
    let logistic = results.get(0, "member logistic");
    let fits = fits(results);
    println!(
        "\n| student | teacher's bytes | µs a row | fits | hard labels | soft labels | gap recovered | kept over prior | kept over logistic |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for ((student, how), soft) in fits.iter().filter(|((_, how), _)| how.starts_with("soft")) {
        let Some(hard) = fits.get(&(student.clone(), how.replacen("soft", "hard", 1))) else { continue };
        let (h, s) = (losses(hard), losses(soft));
        let gap = mean(&h) - teacher.loss;
        let recovered: Vec<f64> = h.iter().zip(&s).map(|(h, s)| 100.0 * (h - s) / gap).collect();
        let kept = |from: f64| format!("{:.0}%", 100.0 * (from - mean(&s)) / (from - teacher.loss));
        println!(
            "| {student}, {how} | 1/{:.0} | {:.1} | {} | {} | {} | {}% | {} | {} |",
            teacher.bytes as f64 / soft[0].bytes as f64,
            soft[0].micros,
            s.len(),
            interval(&h, 4)?,
            interval(&s, 4)?,
            interval(&recovered, 0)?,
            kept(prior.loss),
            logistic.map_or("-".into(), |from| kept(from.loss)),
        );
    }
    Ok(())
}

/// The better way of each: the one that all seeds went, or of single fits the one of less loss.
fn fits(results: &Results) -> Fits {
    let mut ways: Fits = BTreeMap::new();
    for (_, name, figures) in results.lines().iter().filter(|line| line.0 == 0) {
        let parts: Vec<&str> = name.split("; ").collect();
        if let [student, how, _] = parts[..] {
            ways.entry((student.into(), how.into())).or_default().push(*figures);
        }
    }
    let mut fits: Fits = BTreeMap::new();
    for ((student, how), found) in ways {
        let name = student.trim_start_matches("student ").split(", dropout").next().unwrap_or_default();
        let best = fits.entry((name.into(), how)).or_default();
        let rank = |f: &[Figures]| (f.len(), -f.first().map_or(f64::INFINITY, |f| f.loss));
        if rank(&found) > rank(best) {
            *best = found;
        }
    }
    fits
}

fn losses(fits: &[Figures]) -> Vec<f64> {
    fits.iter().map(|f| f.loss).collect()
}

/// The mean and, of several numbers, its 95% interval by Student's t.
fn interval(values: &[f64], digits: usize) -> Result<String, BadInput> {
    if values.len() < 2 {
        return Ok(format!("{:.digits$}", mean(values)));
    }
    let own: Vec<u64> = (0..values.len() as u64).collect();
    let found = paired_mean(values, &own)?.estimate(0.95)?;
    Ok(format!("{:.digits$} [{:.digits$}, {:.digits$}]", found.value, found.low, found.high))
}
