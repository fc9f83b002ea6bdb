//! What boosted trees promise, through their public interface.

use models::trees::{Forest, Matrix, Node, Objective, Params, Part, Tree, TreesError, fit, one_hot};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A generated problem: features and the probability of each class, from which one class was drawn.
struct Problem {
    matrix: Matrix,
    truth: Vec<f64>,
    drawn: Vec<f64>,
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.next_u32()) / 2f64.powi(32)
}

/// Three classes whose odds turn with two of five features, of which one is sometimes missing.
fn problem(rows: usize, seed: u64) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut columns = vec![Vec::new(); 5];
    let (mut truth, mut drawn) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let x: Vec<f64> = (0..5).map(|_| uniform(&mut rng)).collect();
        let missing = uniform(&mut rng) < 0.2;
        let first = if missing { 0.9 } else { x[0] };
        let mut odds = [1.0, (4.0 * (first - x[1])).exp(), if first > 0.5 && x[1] > 0.5 { 5.0 } else { 0.2 }];
        let total: f64 = odds.iter().sum();
        odds.iter_mut().for_each(|o| *o /= total);
        let u = uniform(&mut rng);
        let class = if u < odds[0] { 0 } else { 1 + usize::from(u >= odds[0] + odds[1]) };
        columns.iter_mut().zip(&x).for_each(|(column, &x)| column.push(x as f32));
        if missing {
            *columns[0].last_mut().expect("just pushed") = f32::NAN;
        }
        truth.extend(odds);
        drawn.extend(one_hot(&[class], 3));
    }
    Problem { matrix: Matrix::from_columns(columns).expect("equal lengths"), truth, drawn }
}

const SOFTMAX: Objective = Objective::Softmax { classes: 3 };

fn part<'a>(matrix: &'a Matrix, target: &'a [f64]) -> Part<'a> {
    Part { matrix, target, weight: None }
}

fn grow(train: Part<'_>, objective: Objective, params: &Params) -> Forest {
    fit(train, None, objective, params, 3, &mut |_| true).expect("a sound problem")
}

fn mean_loss(objective: Objective, answers: &[f64], target: &[f64]) -> f64 {
    let k = objective.outputs();
    let losses = answers.chunks(k).zip(target.chunks(k)).map(|(p, q)| objective.loss(p, q));
    losses.sum::<f64>() / (target.len() / k) as f64
}

fn few(rounds: usize) -> Params {
    Params { rounds, ..Params::default() }
}

/// Small leaves and a bin for each value.
fn fine(rounds: usize) -> Params {
    Params { min_data_in_leaf: 1, min_data_in_bin: 1, ..few(rounds) }
}

fn assert_close(a: &[f64], b: &[f64], within: f64) {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() <= within, "{a} {b}"));
}

#[test]
fn one_split_is_found_and_its_leaves_are_means() {
    let x: Vec<f32> = (0..100).map(|i| i as f32).collect();
    let y: Vec<f64> = (0..100).map(|i| if i < 30 { 1.0 } else { 11.0 }).collect();
    let matrix = Matrix::from_columns(vec![x]).expect("one column");
    let params = Params { learning_rate: 1.0, max_leaves: 2, ..few(1) };
    let forest = grow(part(&matrix, &y), Objective::Squared, &params);
    assert_eq!(forest.base, [8.0]);
    let [Node::Split { threshold, .. }, Node::Leaf { value: low }, Node::Leaf { value: high }] =
        forest.trees[0].nodes[..]
    else {
        panic!("one split");
    };
    assert_eq!((threshold, low, high), (29.5, -7.0, 3.0));
    assert_eq!(forest.importance(), [1.0]);
}

#[test]
fn exclusive_or_is_learned() {
    // More rows of one kind than of the others, or no first split would gain anything.
    let kind = |row: usize| if row < 400 { row % 4 } else { 0 };
    let bit = |row: usize, place: usize| ((kind(row) >> place) & 1) as f32;
    let columns = (0..2).map(|place| (0..450).map(|row| bit(row, place)).collect()).collect();
    let matrix = Matrix::from_columns(columns).expect("equal lengths");
    let y: Vec<f64> = (0..450).map(|row| f64::from(bit(row, 0) != bit(row, 1))).collect();
    let answers = grow(part(&matrix, &y), Objective::Logistic, &few(60)).predict(&matrix);
    answers.iter().zip(&y).for_each(|(p, y)| assert!((p - y).abs() < 0.05, "{p} {y}"));
}

#[test]
fn the_loss_comes_close_to_the_best_there_is() {
    let (train, test) = (problem(30_000, 1), problem(10_000, 2));
    let watched = Some(part(&test.matrix, &test.drawn));
    let params = Params { learning_rate: 0.05, max_leaves: 15, ..few(150) };
    let forest = fit(part(&train.matrix, &train.drawn), watched, SOFTMAX, &params, 3, &mut |_| true)
        .expect("a sound problem");
    let best = mean_loss(SOFTMAX, &test.truth, &test.drawn);
    let ours = mean_loss(SOFTMAX, &forest.predict(&test.matrix), &test.drawn);
    assert!(ours - best < 0.01, "{ours} against {best}");
    assert!((ours - forest.history[forest.rounds() - 1]).abs() < 1e-12);
    let importance = forest.importance();
    assert!(importance[0] + importance[1] > 0.9, "{importance:?}");
}

#[test]
fn a_soft_row_is_a_hard_row_of_each_class_by_weight() {
    let Problem { matrix, truth, .. } = problem(300, 4);
    let soft = grow(part(&matrix, &truth), SOFTMAX, &fine(10));
    let columns = (0..5).map(|c| (0..900).map(|row| matrix.get(row / 3, c)).collect()).collect();
    let thrice = Matrix::from_columns(columns).expect("equal lengths");
    let hard = one_hot(&(0..900).map(|row| row % 3).collect::<Vec<_>>(), 3);
    let params = Params { min_data_in_leaf: 3, ..fine(10) };
    let train = Part { matrix: &thrice, target: &hard, weight: Some(&truth) };
    assert_close(&grow(train, SOFTMAX, &params).predict(&matrix), &soft.predict(&matrix), 1e-6);
}

#[test]
fn a_weight_of_two_is_the_row_twice_and_of_zero_is_no_row() {
    let Problem { matrix, truth, .. } = problem(240, 5);
    // Soft targets, since hard ones give many divisions the same gain, of which rounding picks one.
    let weight: Vec<f64> = (0..240).map(|row| (row % 3) as f64).collect();
    let rows: Vec<usize> = (0..240).flat_map(|row| vec![row; row % 3]).collect();
    let columns = (0..5).map(|c| rows.iter().map(|&row| matrix.get(row, c)).collect()).collect();
    let repeated = Matrix::from_columns(columns).expect("equal lengths");
    let target: Vec<f64> = rows.iter().flat_map(|&row| truth[row * 3..][..3].to_vec()).collect();
    // Fewer rows than bins, so that both have the same; and the sum of weights, not the number of rows, keeps both kinds of leaf equally large.
    let params = Params { min_sum_hessian: 2.0, ..fine(10) };
    let weighted = Part { matrix: &matrix, target: &truth, weight: Some(&weight) };
    let weighted = grow(weighted, SOFTMAX, &params).predict(&repeated);
    assert_close(&weighted, &grow(part(&repeated, &target), SOFTMAX, &params).predict(&repeated), 1e-6);
}

#[test]
fn any_number_of_threads_gives_the_same_forest() {
    let Problem { matrix, drawn, .. } = problem(40_000, 6);
    let first: Vec<f64> = drawn.chunks(3).map(|row| row[0]).collect();
    let sampled = Params { row_fraction: 0.7, feature_fraction: 0.6, ..few(4) };
    let with = |threads: usize, target: &[f64], objective: Objective| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let train = part(&matrix, target);
        let watched = Some(part(&matrix, target));
        pool.install(|| fit(train, watched, objective, &sampled, 3, &mut |_| true)).expect("sound")
    };
    for (target, objective) in
        [(&drawn, SOFTMAX), (&first, Objective::Logistic), (&first, Objective::Absolute)]
    {
        let one = with(1, target, objective);
        assert_eq!(one, with(2, target, objective));
        assert_eq!(one, with(7, target, objective));
        let another = fit(part(&matrix, target), None, objective, &sampled, 4, &mut |_| true).expect("sound");
        assert_ne!(one.trees, another.trees, "another seed draws other rows");
    }
}

#[test]
fn a_wide_matrix_gives_the_same_forest_on_any_number_of_threads() {
    // More bins than 16 bits can name.
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    let columns = (0..300).map(|_| (0..800).map(|_| uniform(&mut rng) as f32).collect()).collect();
    let matrix = Matrix::from_columns(columns).expect("equal lengths");
    let y: Vec<f64> =
        (0..800).map(|row| f64::from(matrix.get(row, 299) - 2.0 * matrix.get(row, 7))).collect();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| grow(part(&matrix, &y), Objective::Squared, &few(10)))
    };
    let one = with(1);
    assert_eq!(one, with(3));
    let importance = one.importance();
    assert!(importance[7] > importance[299] && importance[7] + importance[299] > 0.95);
}

#[test]
fn each_round_lowers_the_training_loss() {
    let Problem { matrix, drawn, .. } = problem(2000, 7);
    let first: Vec<f64> = drawn.chunks(3).map(|row| row[0]).collect();
    let objectives = [SOFTMAX, Objective::Logistic, Objective::Squared];
    for (objective, target) in objectives.into_iter().zip([&drawn, &first, &first]) {
        let train = part(&matrix, target);
        let forest = fit(train, Some(train), objective, &few(60), 3, &mut |_| true).expect("sound");
        assert_eq!(forest.history.len(), 60);
        assert!(forest.history.windows(2).all(|w| w[1] < w[0]), "{objective:?}");
    }
}

#[test]
fn absolute_error_learns_the_median_and_squared_the_mean() {
    let matrix = Matrix::from_columns(vec![(0..300).map(|i| (i % 3) as f32).collect()]).expect("one column");
    // Each value of the feature has 100 targets: 0 to 98 by row, and an outlier.
    let y: Vec<f64> =
        (0..300).map(|i| if i / 3 == 99 { 1e4 } else { f64::from(i / 3) * f64::from(i % 3) }).collect();
    let params = Params { learning_rate: 0.5, ..few(60) };
    let median = grow(part(&matrix, &y), Objective::Absolute, &params).predict(&matrix);
    assert_close(&median[..3], &[0.0, 49.0, 98.0], 1.0);
    let mean = grow(part(&matrix, &y), Objective::Squared, &params).predict(&matrix);
    let expect = |slope: f64| (slope * 99.0 * 98.0 / 2.0 + 1e4) / 100.0;
    assert_close(&mean[..3], &[expect(0.0), expect(1.0), expect(2.0)], 1e-3);
}

#[test]
fn rows_take_the_same_path_in_training_and_after() {
    // Neighbouring numbers of the format, the largest, the smallest, both infinities and both zeros.
    let mut values = vec![f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::NAN];
    for start in [1.0f32, 1e-40, 16_777_216.0, -3.3e38] {
        values.extend((0..20).map(|i| f32::from_bits(start.to_bits() + i)));
    }
    let rows = values.len() * 20;
    let x: Vec<f32> = (0..rows).map(|row| values[row % values.len()]).collect();
    // Numbers without any order, so that each must be told from its neighbours.
    let y: Vec<f64> = (0..rows).map(|row| ((row % values.len() * 37) % 101) as f64).collect();
    let matrix = Matrix::from_columns(vec![x]).expect("one column");
    let params = Params { learning_rate: 1.0, max_leaves: 200, ..fine(1) };
    let forest = grow(part(&matrix, &y), Objective::Squared, &params);
    let zeros = |row: usize| values[row % values.len()] == 0.0;
    for (row, answer) in forest.predict(&matrix).into_iter().enumerate() {
        let expect = if zeros(row) { (y[4] + y[5]) / 2.0 } else { y[row] };
        assert!((answer - expect).abs() < 1e-4, "{} {answer} {expect}", values[row % values.len()]);
    }
}

#[test]
fn nothing_is_split_on_constants_and_without_gain() {
    let Problem { matrix, .. } = problem(200, 8);
    let constant = Matrix::from_columns(vec![vec![3.0; 200], vec![f32::NAN; 200]]).expect("equal lengths");
    let y: Vec<f64> = (0..200).map(f64::from).collect();
    let leaf_only = |tree: &Tree| tree.leaves() == 1;
    assert!(grow(part(&constant, &y), Objective::Squared, &few(3)).trees.iter().all(leaf_only));
    let same = grow(part(&matrix, &[0.1; 200]), Objective::Squared, &few(3));
    assert!(same.trees.iter().all(leaf_only));
    assert!(same.predict(&matrix).iter().all(|x| (x - 0.1).abs() < 1e-7));
    assert_eq!(same.importance(), [0.0; 5]);
}

#[test]
fn a_class_that_never_occurs_is_never_expected() {
    let Problem { matrix, .. } = problem(500, 9);
    let target = one_hot(&(0..500).map(|row| row % 2).collect::<Vec<_>>(), 3);
    let answers = grow(part(&matrix, &target), SOFTMAX, &few(5)).predict(&matrix);
    assert!(answers.chunks(3).all(|p| p[2] < 1e-9 && (p.iter().sum::<f64>() - 1.0).abs() < 1e-9));
}

#[test]
fn training_stops_when_validation_no_longer_improves() {
    let (train, test) = (problem(500, 10), problem(500, 11));
    let params = Params { patience: 5, learning_rate: 0.3, ..few(1000) };
    let mut rounds = 0;
    let watched = Some(part(&test.matrix, &test.drawn));
    let forest = fit(part(&train.matrix, &train.drawn), watched, SOFTMAX, &params, 3, &mut |_| {
        rounds += 1;
        true
    })
    .expect("a sound problem");
    assert_eq!(forest.history.len(), rounds);
    assert_eq!(forest.rounds() + 5, rounds);
    let kept = forest.history[forest.rounds() - 1];
    assert!(forest.history.iter().all(|&loss| loss >= kept));
    let ours = mean_loss(SOFTMAX, &forest.predict(&test.matrix), &test.drawn);
    assert!((ours - kept).abs() < 1e-12);
}

#[test]
fn progress_rises_to_one_and_can_interrupt() {
    let Problem { matrix, drawn, .. } = problem(200, 12);
    let mut seen = Vec::new();
    let whole = fit(part(&matrix, &drawn), None, SOFTMAX, &few(4), 3, &mut |share| {
        seen.push(share);
        true
    });
    assert!(whole.is_ok());
    assert_eq!(seen, [0.25, 0.5, 0.75, 1.0]);
    let stopped = fit(part(&matrix, &drawn), None, SOFTMAX, &few(4), 3, &mut |share| share < 0.5);
    assert_eq!(stopped.map(|_| ()), Err(TreesError::Interrupted));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let Problem { matrix, drawn, .. } = problem(10, 13);
    let said = |train: Part<'_>, watched: Option<Part<'_>>| {
        fit(train, watched, SOFTMAX, &few(1), 3, &mut |_| true).expect_err("unsound").to_string()
    };
    let sound = part(&matrix, &drawn);
    assert_eq!(said(part(&matrix, &drawn[3..]), None), "the target has 27 entries, expected 30");
    let weighted = |weight| Part { weight: Some(weight), ..sound };
    assert_eq!(said(weighted(&[1.0; 9]), None), "the list of weights has 9 entries, expected 10");
    assert_eq!(
        said(weighted(&[-1.0; 10]), None),
        "the list of weights, row 0: found -1, expected a finite number, 0 or more"
    );
    assert_eq!(said(weighted(&[0.0; 10]), None), "no row has a weight above zero");
    let narrow = Matrix::from_columns(vec![vec![0.0; 10]]).expect("one column");
    assert_eq!(said(sound, Some(part(&narrow, &drawn))), "validation: a row has 1 entries, expected 5");
    assert_eq!(
        said(sound, Some(part(&matrix, &drawn[3..]))),
        "validation: the target has 27 entries, expected 30"
    );
}
