//! A decay curve as text: what models of each age lose above a fresh one, and the curve through it.

use lifecycle::decay::curve::AgeRow;

const WIDTH: usize = 60;
const HEIGHT: usize = 10;

/// `●` is measured and `·` the curve, over ages from 0; the height is excess loss, with a line at 0.
pub fn draw(rows: &[AgeRow], at: impl Fn(f64) -> f64) -> Vec<String> {
    let oldest = rows.iter().map(|row| row.age).fold(f64::MIN_POSITIVE, f64::max);
    let age = |column: usize| oldest * column as f64 / (WIDTH - 1) as f64;
    let values = || rows.iter().map(|row| row.excess).chain((0..WIDTH).map(|column| at(age(column))));
    let (low, high) = values().fold((0.0f64, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    let high = if high > low { high } else { low + 1.0 };
    let line = |value: f64| (((high - value) / (high - low)) * (HEIGHT - 1) as f64).round() as usize;
    let mut cells = vec![[' '; WIDTH]; HEIGHT];
    cells[line(0.0)] = ['─'; WIDTH];
    for column in 0..WIDTH {
        cells[line(at(age(column)))][column] = '·';
    }
    for row in rows {
        let column = ((row.age / oldest) * (WIDTH - 1) as f64).round() as usize;
        cells[line(row.excess)][column] = '●';
    }
    let label = |place: usize| match place {
        0 => format!("{high:+.4}"),
        _ if place == line(0.0) => "0".into(),
        _ if place == HEIGHT - 1 => format!("{low:+.4}"),
        _ => String::new(),
    };
    let text = |(place, cells): (usize, &[char; WIDTH])| {
        format!("{:>9} {}", label(place), cells.iter().collect::<String>()).trim_end().to_string()
    };
    cells.iter().enumerate().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_stands_on_the_curve_that_fits_it() {
        let at = |age: f64| 0.04 * (1.0 - (-age / 30.0).exp2());
        let row =
            |age: f64| AgeRow { age, excess: at(age), never_falling: 0.0, curve: 0.0, models: 1, rows: 1 };
        let drawn = draw(&[row(30.0), row(60.0), row(120.0)], at);
        assert_eq!(drawn.len(), HEIGHT);
        assert!(drawn[0].starts_with("  +0.0375 ") && drawn[0].ends_with('●'), "{drawn:#?}");
        let last = &drawn[HEIGHT - 1];
        assert!(last.starts_with("        0 ·") && last.ends_with('─'), "{drawn:#?}");
        assert_eq!(drawn.iter().map(|line| line.matches('●').count()).sum::<usize>(), 3);
    }

    #[test]
    fn models_that_grow_better_stand_below_the_line() {
        let row = AgeRow { age: 10.0, excess: -0.01, never_falling: 0.0, curve: 0.0, models: 1, rows: 1 };
        let drawn = draw(&[row], |_| 0.0);
        assert!(
            drawn[HEIGHT - 1].starts_with("  -0.0100 ") && drawn[HEIGHT - 1].ends_with('●'),
            "{drawn:#?}"
        );
    }
}
