//! The smallest value of a smooth convex function, from its values and gradients: L-BFGS.
//!
//! Not for functions with several valleys. Source: Nocedal and Wright, *Numerical Optimization*, 2nd edition,
//! algorithms 7.4 and 7.5. Invariant: no step makes the value larger; the same function and start give the
//! same numbers.

/// How many past steps shape the next one.
const MEMORY: usize = 10;
/// The share of the promised descent that a step must keep (Armijo's condition).
const ARMIJO: f64 = 1e-4;
/// The most halvings of one step.
const HALVINGS: usize = 50;

/// When to be content.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// The largest entry of the gradient is at most this.
    pub gradient: f64,
    /// So many steps were made.
    pub steps: usize,
}

/// One past step: the move and how the gradient changed over it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// The point where `function`, which gives value and gradient, is smallest. `keep_on` is asked before each
/// step with the number of steps made; `None` when it says no.
pub fn minimise(
    start: Vec<f64>,
    stop: Stop,
    function: impl Fn(&[f64]) -> (f64, Vec<f64>),
    mut keep_on: impl FnMut(usize) -> bool,
) -> Option<Vec<f64>> {
    let mut point = start;
    let (mut value, mut gradient) = function(&point);
    let mut memory: Vec<Pair> = Vec::new();
    for made in 0..stop.steps {
        if gradient.iter().all(|g| g.abs() <= stop.gradient) {
            break;
        }
        if !keep_on(made) {
            return None;
        }
        let direction = direction(&gradient, &memory);
        let Some((next, next_value, next_gradient)) =
            descend(&point, value, &gradient, &direction, memory.is_empty(), &function)
        else {
            if memory.is_empty() {
                break;
            }
            // Rounding spoilt the curvature; steepest descent gets a last word.
            memory.clear();
            continue;
        };
        remember(&mut memory, difference(&next, &point), difference(&next_gradient, &gradient));
        (point, value, gradient) = (next, next_value, next_gradient);
    }
    Some(point)
}

/// The two-loop recursion: minus the inverse Hessian, as far as it is known, times the gradient.
fn direction(gradient: &[f64], memory: &[Pair]) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let share = dot(&pair.step, &direction) / pair.curvature;
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    if let Some(last) = memory.last() {
        let scale = last.curvature / dot(&last.change, &last.change);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (pair, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = dot(&pair.change, &direction) / pair.curvature;
        add(&mut direction, share - back, &pair.step);
    }
    direction
}

type Point = (Vec<f64>, f64, Vec<f64>);

/// Halves the step until the value falls enough; `None` when it never does.
fn descend(
    point: &[f64],
    value: f64,
    gradient: &[f64],
    direction: &[f64],
    first: bool,
    function: impl Fn(&[f64]) -> (f64, Vec<f64>),
) -> Option<Point> {
    let slope = dot(gradient, direction);
    // The first step knows no curvature, so it goes a distance of 1 at most.
    let mut length = if first { (1.0 / dot(gradient, gradient).sqrt()).min(1.0) } else { 1.0 };
    for _ in 0..HALVINGS {
        let mut next = point.to_vec();
        add(&mut next, length, direction);
        let (next_value, next_gradient) = function(&next);
        if next_value < value && next_value <= value + ARMIJO * length * slope {
            return Some((next, next_value, next_gradient));
        }
        length /= 2.0;
    }
    None
}

fn remember(memory: &mut Vec<Pair>, step: Vec<f64>, change: Vec<f64>) {
    let curvature = dot(&step, &change);
    if curvature <= f64::EPSILON * dot(&change, &change) {
        return;
    }
    if memory.len() == MEMORY {
        memory.remove(0);
    }
    memory.push(Pair { step, change, curvature });
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += times * w);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x - y).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Stop = Stop { gradient: 1e-9, steps: 500 };

    #[test]
    fn the_bottom_of_a_stretched_bowl_is_found() {
        let bowl = |x: &[f64]| {
            let terms = |i: usize| (10f64.powi(i as i32), x[i] - i as f64);
            let value = (0..5).map(|i| 0.5 * terms(i).0 * terms(i).1.powi(2)).sum();
            (value, (0..5).map(|i| terms(i).0 * terms(i).1).collect())
        };
        let found = minimise(vec![9.0; 5], STOP, bowl, |_| true).expect("not stopped");
        for (i, x) in found.iter().enumerate() {
            assert!((x - i as f64).abs() < 1e-8, "{found:?}");
        }
    }

    #[test]
    fn what_is_not_quadratic_is_found_as_well() {
        let function =
            |x: &[f64]| (x[0].exp() - 3.0 * x[0] + x[0].powi(4), vec![x[0].exp() - 3.0 + 4.0 * x[0].powi(3)]);
        let found = minimise(vec![-4.0], STOP, function, |_| true).expect("not stopped");
        assert!(function(&found).1[0].abs() < 1e-9);
    }

    #[test]
    fn it_stops_when_told() {
        let bowl = |x: &[f64]| (x[0] * x[0], vec![2.0 * x[0]]);
        assert_eq!(minimise(vec![3.0], STOP, bowl, |made| made < 1), None);
    }
}
