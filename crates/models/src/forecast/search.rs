//! Finding low points of functions of a few bounded numbers. Deterministic, without derivatives.

const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// Where `f` is lowest between `low` and `high`: the best of a grid, then golden section around it.
pub fn lowest(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    const GRID: usize = 40;
    let at = |i: usize| low + (high - low) * i as f64 / GRID as f64;
    let best = (0..=GRID).min_by(|&a, &b| f(at(a)).total_cmp(&f(at(b)))).unwrap_or(0);
    let (mut a, mut b) = (at(best.saturating_sub(1)), at((best + 1).min(GRID)));
    while (b - a).abs() > 1e-9 {
        let (c, d) = (b - GOLDEN * (b - a), a + GOLDEN * (b - a));
        if f(c) < f(d) { b = d } else { a = c }
    }
    let middle = 0.5 * (a + b);
    // The end of the range can be the best point, which a section never reaches.
    [low, middle, high].into_iter().min_by(|x, y| f(*x).total_cmp(&f(*y))).unwrap_or(middle)
}

/// Where `f` is lowest in the unit cube: Nelder and Mead 1965 from `start`, points kept within the cube.
pub fn lowest_in_cube(start: &[f64], steps: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut simplex: Vec<(f64, Vec<f64>)> = corners(start).into_iter().map(|x| (f(&x), x)).collect();
    for _ in 0..steps {
        simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
        if simplex[simplex.len() - 1].0 - simplex[0].0 <= 1e-10 * simplex[0].0.abs() {
            break;
        }
        improve(&mut simplex, &f);
    }
    simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
    simplex.swap_remove(0).1
}

fn improve(simplex: &mut [(f64, Vec<f64>)], f: &impl Fn(&[f64]) -> f64) {
    let worst = simplex.len() - 1;
    let size = simplex[0].1.len();
    let centre: Vec<f64> =
        (0..size).map(|i| simplex[..worst].iter().map(|p| p.1[i]).sum::<f64>() / worst as f64).collect();
    let along = |by: f64| -> (f64, Vec<f64>) {
        let x: Vec<f64> =
            (0..size).map(|i| (centre[i] + by * (simplex[worst].1[i] - centre[i])).clamp(0.0, 1.0)).collect();
        (f(&x), x)
    };
    let reflected = along(-1.0);
    let next = if reflected.0 < simplex[0].0 {
        let further = along(-2.0);
        if further.0 < reflected.0 { further } else { reflected }
    } else if reflected.0 < simplex[worst - 1].0 {
        reflected
    } else {
        along(0.5)
    };
    if next.0 < simplex[worst].0 {
        simplex[worst] = next;
        return;
    }
    let best = simplex[0].1.clone();
    for point in &mut simplex[1..] {
        point.1.iter_mut().zip(&best).for_each(|(x, b)| *x = b + 0.5 * (*x - b));
        point.0 = f(&point.1);
    }
}

fn corners(start: &[f64]) -> Vec<Vec<f64>> {
    let moved = |i: usize| {
        let mut x = start.to_vec();
        x[i] = if x[i] < 0.8 { x[i] + 0.15 } else { x[i] - 0.15 };
        x
    };
    std::iter::once(start.to_vec()).chain((0..start.len()).map(moved)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_points_are_found_inside_and_at_the_edge() {
        assert!((lowest(0.0, 1.0, |x| (x - 0.3).powi(2)) - 0.3).abs() < 1e-6);
        assert_eq!(lowest(0.0, 1.0, |x| x), 0.0);
        let found = lowest_in_cube(&[0.5, 0.5], 200, |x| (x[0] - 0.2).powi(2) + (x[1] - 0.9).powi(2));
        assert!((found[0] - 0.2).abs() < 1e-3 && (found[1] - 0.9).abs() < 1e-3, "{found:?}");
    }
}
