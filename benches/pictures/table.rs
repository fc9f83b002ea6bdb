//! The table: means over seeds with their 95% intervals.

use crate::Done;
use crate::measure::{Figures, Line, Results};
use stats::distill::gain_kept;
use stats::paired::paired_mean;
use stats::sum::mean;

/// Prints what every model is worth by how it was taught, then what it costs.
pub fn print(results: &Results) -> Done<()> {
    println!("| model | labels | fits | log loss | accuracy | share of the gap recovered | as the teacher |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut told: Vec<(&str, &str)> = Vec::new();
    for Line { model, how, .. } in &results.lines {
        if !told.contains(&(model, how)) {
            told.push((model, how));
            println!("{}", row(results, model, how)?);
        }
    }
    println!();
    costs(results);
    Ok(())
}

fn costs(results: &Results) {
    println!(
        "| model | parameters | of the teacher's | bytes | µs a picture |\n| --- | --- | --- | --- | --- |"
    );
    // What was measured by answers alone has no graph.
    let graphs: Vec<&Line> = results.lines.iter().filter(|line| line.figures.parameters > 0).collect();
    for (place, Line { model, figures, .. }) in graphs.iter().enumerate() {
        if graphs[..place].iter().any(|line| line.model == *model) {
            continue;
        }
        let Figures { parameters, bytes, .. } = figures;
        let share = graphs[0].figures.parameters as f64 / *parameters as f64;
        let alike = graphs.iter().filter(|line| line.model == *model);
        let micros = alike.map(|line| line.figures.micros).fold(f64::INFINITY, f64::min);
        println!("| {model} | {parameters} | 1/{share:.1} | {bytes} | {micros:.0} |");
    }
}

fn row(results: &Results, model: &str, how: &str) -> Done<String> {
    let of = |what: fn(&Figures) -> f64| column(results, model, how, what);
    let losses = of(|f| f.loss);
    let gap = if how.starts_with("T=") { recovered(results, model, how, &losses)? } else { String::new() };
    let (loss, accuracy) = (interval(&losses, 4)?, interval(&of(|f| f.accuracy), 4)?);
    let agreement = interval(&of(|f| f.agreement), 4)?;
    Ok(format!("| {model} | {how} | {} | {loss} | {accuracy} | {gap} | {agreement} |", losses.len()))
}

/// (twin − student) / (twin − teacher), seed by seed; the twin is the better one of those that learned the same rows.
fn recovered(results: &Results, model: &str, how: &str, losses: &[f64]) -> Done<String> {
    let of = |model: &str, how: &str| column(results, model, how, |f| f.loss);
    let twins = if how.ends_with("more") { vec!["hard, more"] } else { vec!["hard", "hard, dropout"] };
    let twins = twins.into_iter().map(|twin| of(model, twin)).filter(|twin| !twin.is_empty());
    let twin = twins.min_by(|a, b| mean(a).total_cmp(&mean(b))).unwrap_or_default();
    let teacher = of("teacher", "hard").first().copied().ok_or("a table without a teacher")?;
    let shares = twin.iter().zip(losses).map(|(twin, own)| gain_kept(*twin, teacher, *own));
    // A twin that is as good as the teacher leaves no gap.
    shares.collect::<Result<Vec<f64>, _>>().map_or(Ok("no gap".into()), |shares| interval(&shares, 2))
}

/// The mean and, of several numbers, its interval by Student's t.
fn interval(values: &[f64], digits: usize) -> Done<String> {
    if values.len() < 2 {
        return Ok(format!("{:.digits$}", mean(values)));
    }
    let own: Vec<u64> = (0..values.len() as u64).collect();
    let found = paired_mean(values, &own)?.estimate(0.95)?;
    Ok(format!("{:.digits$} [{:.digits$}, {:.digits$}]", found.value, found.low, found.high))
}

fn column(results: &Results, model: &str, how: &str, what: fn(&Figures) -> f64) -> Vec<f64> {
    let lines = results.lines.iter().filter(|line| line.model == model && line.how == how);
    lines.map(|line| what(&line.figures)).collect()
}
