//! Tests of `neural`.

use super::adam::{Adam, cycle};
use super::loss::Loss;
use super::network::{Network, Piece};
use super::product::{Matrix, Products};
use super::{Cnn, Mlp};
use crate::conformance::check_fit;
use crate::contract::{Artifact, Fit, FitError, Predict, Seed};
use crate::onnx::{Data, Dtype, GraphBuilder, OnnxModel, Program, Tensor};
use domain::{Column, Examples, Table, Target, Values};
use stats::random;
use testkit::mixed;

fn draws(count: usize, seed: u64) -> Vec<f32> {
    (0..count).map(|i| (2.0 * random::unit(seed, 9, i as u64) - 1.0) as f32).collect()
}

fn piece(inputs: usize, outputs: usize, rows: usize, loss: Loss) -> Piece {
    let mut truth = draws(rows * outputs, 2);
    if loss == Loss::Classes {
        for row in truth.chunks_mut(outputs) {
            let sum: f32 = row.iter().map(|x| x.abs()).sum();
            row.iter_mut().for_each(|x| *x = x.abs() / sum);
        }
    }
    let weight = (0..rows).map(|row| 0.5 + row as f32).collect();
    Piece { input: draws(rows * inputs, 1), truth, weight, draw: 5 }
}

/// Compares the gradient with the change of the loss between two near points, in some directions.
fn check_gradient(network: &Network, (inputs, outputs): (usize, usize), loss: Loss) {
    let products = Products::new();
    let parameters = draws(network.parameters(), 3);
    let piece = piece(inputs, outputs, 3, loss);
    let mut gradient = vec![0.0; parameters.len()];
    network.gradient(&products, &parameters, &piece, loss, &mut gradient);
    let value = |step: f32, direction: &[f32]| {
        let moved: Vec<f32> = parameters.iter().zip(direction).map(|(p, d)| p + step * d).collect();
        network.gradient(&products, &moved, &piece, loss, &mut vec![0.0; parameters.len()])
    };
    for seed in 10..20 {
        let direction = draws(parameters.len(), seed);
        let step = 2e-4;
        let found = (value(step, &direction) - value(-step, &direction)) / (2.0 * f64::from(step));
        let slope: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(g * d)).sum();
        assert!((found - slope).abs() <= 0.01 * slope.abs() + 0.02, "{found} against {slope}");
    }
}

#[test]
fn gradients_of_dense_layers_are_those_of_finite_differences() {
    let network = || Network::new(6).dense(5).relu().dropout(0.3).dense(3);
    check_gradient(&network(), (6, 3), Loss::Classes);
    check_gradient(&network(), (6, 3), Loss::Numbers);
}

#[test]
fn gradients_of_convolutions_are_those_of_finite_differences() {
    let one = Network::new(2 * 5 * 4).conv(3, 5, 4).dense(2);
    check_gradient(&one, (40, 2), Loss::Numbers);
    let two = Network::new(2 * 5 * 7).conv(3, 5, 7).pool(5, 7).relu().conv(4, 2, 3).relu().dense(3);
    check_gradient(&two, (70, 3), Loss::Classes);
    // a picture of one column, where two thirds of a window see nothing
    check_gradient(&Network::new(3).conv(2, 3, 1).dense(2), (3, 2), Loss::Numbers);
}

/// What the graph of a network answers.
fn served(
    network: &Network,
    parameters: &[f32],
    shape: &[usize],
    input: Vec<f32>,
    outputs: &[usize],
) -> Vec<f32> {
    let mut graph = GraphBuilder::new("network");
    graph.input("x", Dtype::F32, shape);
    let value = network.write(&mut graph, parameters, "x");
    graph.output("y", Dtype::F32, outputs);
    graph.node("", "Identity", &[&value], &["y"], vec![]);
    let rows = input.len() / shape.iter().product::<usize>();
    let input = Tensor::new([&[rows], shape].concat(), Data::F32(input)).expect("whole rows");
    let found = Program::load(&graph.finish()).expect("our own bytes").run(&[("x", input)]).expect("answers");
    let Data::F32(values) = found[0].1.data() else { panic!("single precision") };
    values.clone()
}

#[test]
fn a_convolution_is_a_sum_over_neighbours() {
    let network = Network::new(9).conv(1, 3, 3);
    let mut parameters = vec![0.0; network.parameters()];
    // the weight of the pixel above on the right, and the bias
    (parameters[2], parameters[9]) = (10.0, 0.5);
    let input: Vec<f32> = (1..10).map(|x| x as f32).collect();
    let expected = [0.5, 0.5, 0.5, 20.5, 30.5, 0.5, 50.5, 60.5, 0.5];
    assert_eq!(served(&network, &parameters, &[1, 3, 3], input.clone(), &[1, 3, 3]), expected);
    // half the squared distance to them is nothing
    let piece = Piece { input, truth: expected.to_vec(), weight: vec![1.0], draw: 0 };
    let mut sum = vec![0.0; parameters.len()];
    let loss = network.gradient(&Products::new(), &parameters, &piece, Loss::Numbers, &mut sum);
    assert_eq!(loss, 0.0);
}

#[test]
fn a_network_is_trained_as_it_is_served() {
    let network =
        Network::new(2 * 9 * 7).conv(3, 9, 7).pool(9, 7).relu().conv(4, 4, 3).relu().dense(5).relu().dense(3);
    let parameters = draws(network.parameters(), 3);
    for loss in [Loss::Classes, Loss::Numbers] {
        let piece = piece(126, 3, 4, loss);
        let mut found = served(&network, &parameters, &[2, 9, 7], piece.input.clone(), &[3]);
        let expected = loss.of(&mut found, &piece.truth, &piece.weight, 3);
        let mut sum = vec![0.0; parameters.len()];
        let trained = network.gradient(&Products::new(), &parameters, &piece, loss, &mut sum);
        assert!((trained - expected).abs() < 1e-4 * expected.abs(), "{trained} against {expected}");
    }
}

#[test]
fn products_are_those_of_a_loop_on_any_number_of_threads() {
    let (rows, inner, columns) = (37, 300, 150);
    let (a, b) = (draws(rows * inner, 1), draws(inner * columns, 2));
    let multiply = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let mut out = vec![1.0; rows * columns];
        let (a, b) = (Matrix::new(&a, rows, inner), Matrix::new(&b, inner, columns));
        pool.install(|| Products::new().add(&mut out, a, b));
        out
    };
    let found = multiply(1);
    assert_eq!(found, multiply(3));
    for (place, x) in found.iter().enumerate() {
        let (row, column) = (place / columns, place % columns);
        let exact: f64 =
            (0..inner).map(|k| f64::from(a[row * inner + k]) * f64::from(b[k * columns + column])).sum();
        assert!((f64::from(*x) - exact - 1.0).abs() < 1e-4, "{x} against {exact}");
    }
}

#[test]
fn adam_finds_the_bottom_of_a_bowl_and_the_rate_ends_near_0() {
    let (mut adam, mut at) = (Adam::new(2, 0.0), vec![3.0, -2.0]);
    for step in 0..500 {
        let slope = [2.0 * (at[0] - 1.0), 20.0 * (at[1] - 0.5)];
        adam.step(&mut at, &slope, 0.1 * cycle(step, 500));
    }
    assert!((at[0] - 1.0).abs() < 1e-3 && (at[1] - 0.5).abs() < 1e-3, "{at:?}");
    let rates: Vec<f32> = (0..100).map(|step| cycle(step, 100)).collect();
    let top = rates.iter().copied().fold(0.0, f32::max);
    assert!(rates[0] < 0.12 && top > 0.99 && rates[99] < 0.01, "{rates:?}");
}

/// Pictures of a bright bar, upright or lying, anywhere on a dim ground.
fn bars(rows: usize, seed: u64) -> Examples {
    const SIDE: usize = 8;
    let mut data = Vec::with_capacity(rows * SIDE * SIDE);
    let mut index = Vec::with_capacity(rows);
    for row in 0..rows as u64 {
        let (stands, place) = (random::below(2, seed, row, 0), random::below(SIDE, seed, row, 1));
        index.push(stands as u32);
        for pixel in 0..SIDE * SIDE {
            let on = if stands == 1 { pixel % SIDE == place } else { pixel / SIDE == place };
            let noise = 80.0 * random::unit(seed, row, 2 + pixel as u64) as f32;
            data.push(noise + if on { 120.0 } else { 0.0 });
        }
    }
    let values = Values::Tensor { shape: vec![1, SIDE, SIDE], data };
    let table = Table::new(vec![Column { name: "image".into(), values }]).expect("one column");
    let target = Target::Class { classes: vec!["lies".into(), "stands".into()], index };
    Examples { rows: table, target, weight: None, at: None, entity: None }
}

fn answers(artifact: &Artifact, data: &Examples) -> Vec<f64> {
    let model = OnnxModel::load(artifact).expect("our own bytes");
    model.predict(&data.rows).expect("rows like those of training").values
}

fn right(probability: &[f64], data: &Examples) -> f64 {
    let Target::Class { index, .. } = &data.target else { panic!("classes") };
    let hits = probability.chunks(2).zip(index).filter(|(p, k)| (p[1] > 0.5) == (**k == 1)).count();
    hits as f64 / index.len() as f64
}

fn quick() -> Cnn {
    Cnn { epochs: Some(4), ..Cnn::default() }
}

#[test]
fn cnn_conforms() {
    check_fit(&Cnn { epochs: Some(2), ..Cnn::default() }, &bars(120, 1));
}

/// A network of a few dozen numbers for each answer.
fn small() -> Cnn {
    Cnn { channels: 3, most: 5, room: 4, dense: 0, dropout: 0.0, ..quick() }
}

#[test]
fn a_small_cnn_conforms() {
    check_fit(&Cnn { epochs: Some(2), ..small() }, &bars(120, 1));
}

#[test]
fn a_size_that_is_no_network_is_refused() {
    let said = |cnn: Cnn| cnn.fit(&bars(60, 1), Seed(1), &mut |_| true).expect_err("no network").to_string();
    let expected = "cannot fit `cnn`: 6 channels growing to 5, expected at least 1 and no fewer later";
    assert_eq!(said(Cnn { channels: 6, ..small() }), expected);
    assert!(said(Cnn { room: 1, ..small() }).ends_with("halved down to 1 pixels, expected at least 2"));
    let expected = "the share of dropped numbers is 1, expected 0 to below 1";
    assert!(said(Cnn { dropout: 1.0, ..small() }).ends_with(expected));
}

#[test]
fn bars_are_told_apart_wherever_they_are() {
    let (train, test) = (bars(600, 1), bars(400, 2));
    let artifact = quick().fit(&train, Seed(1), &mut |_| true).expect("a fit");
    let share = right(&answers(&artifact, &test), &test);
    assert!(share > 0.97, "{share}");
}

#[test]
fn a_fit_is_the_same_on_any_number_of_threads() {
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            quick().fit(&bars(5_000, 1).take(&(0..3_300).collect::<Vec<_>>()), Seed(3), &mut |_| true)
        })
    };
    assert_eq!(fit(1).expect("a fit").onnx, fit(3).expect("a fit").onnx);
}

#[test]
fn rows_without_weight_do_not_count() {
    let mut data = bars(600, 1);
    let Target::Class { index, .. } = &mut data.target else { panic!("classes") };
    // the second half is labelled wrong, and weighs nothing
    index[300..].iter_mut().for_each(|k| *k = 1 - *k);
    data.weight = Some((0..600).map(|row| if row < 300 { 2.0 } else { 0.0 }).collect());
    let artifact = quick().fit(&data, Seed(1), &mut |_| true).expect("a fit");
    let test = bars(400, 2);
    let share = right(&answers(&artifact, &test), &test);
    assert!(share > 0.95, "{share}");
}

#[test]
fn soft_labels_teach_how_sure_to_be() {
    let mut data = bars(600, 1);
    let Target::Class { classes, index } = data.target else { panic!("classes") };
    let probability = index.iter().flat_map(|&k| if k == 1 { [0.25, 0.75] } else { [0.75, 0.25] }).collect();
    data.target = Target::Soft { classes, probability };
    let artifact =
        Cnn { epochs: Some(10), ..Cnn::default() }.fit(&data, Seed(1), &mut |_| true).expect("a fit");
    let test = bars(200, 2);
    let found = answers(&artifact, &test);
    let surest = found.chunks(2).map(|p| p[0].max(p[1])).sum::<f64>() / 200.0;
    assert!((surest - 0.75).abs() < 0.06, "{surest}");
    assert!(right(&found, &test) > 0.95);
}

#[test]
fn what_is_no_picture_is_refused() {
    let error = |data: &Examples| quick().fit(data, Seed(1), &mut |_| true).expect_err("refused").to_string();
    let mut data = bars(100, 1);
    let mut columns = data.rows.clone().into_columns();
    columns.push(Column { name: "price".into(), values: Values::Number(vec![1.0; 100]) });
    data.rows = Table::new(columns).expect("equally long");
    assert_eq!(
        error(&data),
        "cannot fit `cnn`: the columns to learn from are `image` (tensor[1, 8, 8]), `price` (number), \
         expected one column of pictures, of channels by height by width"
    );
    let mut data = bars(100, 1);
    let mut columns = data.rows.clone().into_columns();
    if let Values::Tensor { data, .. } = &mut columns[0].values {
        data[70] = f32::NAN;
    }
    data.rows = Table::new(columns).expect("as before");
    let expected = "column `image`: the picture of row 1 has a number that is missing or infinite";
    assert!(error(&data).ends_with(expected), "{}", error(&data));
}

#[test]
fn mlp_conforms() {
    check_fit(&Mlp { epochs: Some(2), ..Mlp::default() }, &mixed::classes(200, 1).examples);
    check_fit(&Mlp { epochs: Some(2), ..Mlp::default() }, &mixed::numbers(200, 1).examples);
}

#[test]
fn a_sum_of_effects_is_learned_from_rows() {
    let (train, test) = (mixed::classes(8_000, 1), mixed::classes(8_000, 2));
    let mlp = Mlp { epochs: Some(8), width: 32, ..Mlp::default() };
    let found = answers(&mlp.fit(&train.examples, Seed(1), &mut |_| true).expect("a fit"), &test.examples);
    let Target::Class { classes, index } = &test.examples.target else { panic!("classes") };
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    let losses = stats::metric::log_losses(&index, &found, classes.len()).expect("probabilities");
    let loss = stats::sum::mean(&losses);
    assert!(loss < test.least_log_loss() + 0.03, "{loss} against {}", test.least_log_loss());
}

#[test]
fn numbers_are_learned_to_within_their_noise() {
    let (train, test) = (mixed::numbers(4_000, 1), mixed::numbers(4_000, 2));
    let mlp = Mlp { epochs: Some(20), width: 32, ..Mlp::default() };
    let found = answers(&mlp.fit(&train.examples, Seed(1), &mut |_| true).expect("a fit"), &test.examples);
    let Target::Number(actual) = &test.examples.target else { panic!("numbers") };
    let mse = stats::sum::mean(&stats::metric::squared_losses(actual, &found).expect("numbers"));
    // noise evenly spread from -1 to 1 has variance 1/3
    assert!(mse < 1.0 / 3.0 + 0.12, "{mse}");
}

#[test]
fn a_series_is_refused() {
    let data = Examples { target: Target::Path { horizon: 2, values: vec![0.0; 200] }, ..bars(100, 1) };
    for trainer in [&Mlp::default() as &dyn Fit, &Cnn::default()] {
        let found = trainer.fit(&data, Seed(1), &mut |_| true);
        assert!(matches!(found, Err(FitError::Task { .. })), "{found:?}");
    }
}

/// Pictures with one bright side.
fn sides(rows: usize) -> Examples {
    let bright = |row: usize, pixel: usize| (pixel % 8 < 4) == (row.is_multiple_of(2));
    let number = |row: usize, pixel: usize| {
        20.0 * random::unit(4, row as u64, pixel as u64) as f32 + if bright(row, pixel) { 50.0 } else { 0.0 }
    };
    let data = (0..rows).flat_map(|row| (0..64).map(move |pixel| number(row, pixel))).collect();
    let image = Column { name: "image".into(), values: Values::Tensor { shape: vec![1, 8, 8], data } };
    let index = (0..rows as u32).map(|row| row % 2).collect();
    let target = Target::Class { classes: vec!["left".into(), "right".into()], index };
    let rows = Table::new(vec![image]).expect("one column");
    Examples { rows, target, weight: None, at: None, entity: None }
}

#[test]
fn left_and_right_are_the_same_in_a_mirror() {
    let data = sides(300);
    let plain = quick().fit(&data, Seed(1), &mut |_| true).expect("a fit");
    assert_eq!(right(&answers(&plain, &data), &data), 1.0);
    let mirrored = Cnn { mirror: true, ..quick() }.fit(&data, Seed(1), &mut |_| true).expect("a fit");
    let unsure = answers(&mirrored, &data).iter().all(|p| (p - 0.5).abs() < 0.2);
    assert!(unsure, "a mirror leaves nothing to tell the sides apart by");
}
