//! Networks: a small convolutional one against loops written out, and what may not change an answer.

use domain::{Column, Domain, Field, Kind, OutputKind, Schema, Signature, Table, Task, Values};
use models::onnx::{Attribute, Data, Dtype, Engine, GraphBuilder, OnnxModel, Program, Tensor};
use models::{Artifact, Predict};
use proptest::prelude::*;

const SIDE: usize = 28;
const CHANNELS: usize = 4;
const CLASSES: usize = 3;
const FLAT: usize = CHANNELS * 14 * 14;

/// Numbers between -0.5 and 0.5 that look random and never change.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

/// Divide by 255, convolve, Relu, MaxPool, Flatten, Gemm, Softmax.
fn network() -> GraphBuilder {
    let ints = |v: &[i64]| Attribute::Ints(v.to_vec());
    let mut graph = GraphBuilder::new("network");
    graph.input("image", Dtype::F32, &[1, SIDE, SIDE]);
    graph.initializer_f32("scale", &[], vec![255.0]);
    graph.initializer_f32("kernel", &[CHANNELS, 1, 3, 3], noise(CHANNELS * 9, 1));
    graph.initializer_f32("kernel_bias", &[CHANNELS], noise(CHANNELS, 2));
    graph.initializer_f32("weights", &[CLASSES, FLAT], noise(CLASSES * FLAT, 3));
    graph.initializer_f32("bias", &[CLASSES], noise(CLASSES, 4));
    let image = graph.op("Div", &["image", "scale"], vec![]);
    let sizes = vec![("kernel_shape", ints(&[3, 3])), ("pads", ints(&[1, 1, 1, 1]))];
    let x = graph.op("Conv", &[&image, "kernel", "kernel_bias"], sizes);
    let x = graph.op("Relu", &[x], vec![]);
    let window = vec![("kernel_shape", ints(&[2, 2])), ("strides", ints(&[2, 2]))];
    let x = graph.op("MaxPool", &[x], window);
    let x = graph.op("Flatten", &[x], vec![("axis", 1.into())]);
    let x = graph.op("Gemm", &[&x, "weights", "bias"], vec![("transB", 1.into())]);
    graph.node("", "Softmax", &[x], &["probabilities"], vec![("axis", 1.into())]);
    graph.output("probabilities", Dtype::F32, &[CLASSES]);
    graph
}

/// The same in loops, in double precision.
fn by_hand(image: &[f32]) -> Vec<f64> {
    let (kernel, kernel_bias) = (noise(CHANNELS * 9, 1), noise(CHANNELS, 2));
    let at = |r: isize, c: isize| match (0..SIDE as isize).contains(&r) && (0..SIDE as isize).contains(&c) {
        true => f64::from(image[r as usize * SIDE + c as usize]) / 255.0,
        false => 0.0,
    };
    let convolved = |channel: usize, r: usize, c: usize| {
        let sum: f64 = (0..9)
            .map(|i| {
                let (y, x) = ((r + i / 3) as isize - 1, (c + i % 3) as isize - 1);
                f64::from(kernel[channel * 9 + i]) * at(y, x)
            })
            .sum();
        (sum + f64::from(kernel_bias[channel])).max(0.0)
    };
    let pooled = |i: usize| {
        let (channel, r, c) = (i / 196, i / 14 % 14 * 2, i % 14 * 2);
        [(r, c), (r, c + 1), (r + 1, c), (r + 1, c + 1)]
            .into_iter()
            .map(|(r, c)| convolved(channel, r, c))
            .fold(0.0, f64::max)
    };
    let flat: Vec<f64> = (0..FLAT).map(pooled).collect();
    let (weights, bias) = (noise(CLASSES * FLAT, 3), noise(CLASSES, 4));
    let score = |k: usize| {
        let row = &weights[k * FLAT..(k + 1) * FLAT];
        let sum: f64 = flat.iter().zip(row).map(|(x, &w)| x * f64::from(w)).sum();
        (sum + f64::from(bias[k])).exp()
    };
    let scores: Vec<f64> = (0..CLASSES).map(score).collect();
    let total: f64 = scores.iter().sum();
    scores.into_iter().map(|s| s / total).collect()
}

fn model() -> OnnxModel {
    let kind = Kind::Tensor(vec![1, SIDE, SIDE]);
    let image = Field { name: "image".into(), kind, nullable: false, domain: Domain::Any };
    let classes = vec!["a".into(), "b".into(), "c".into()];
    let signature = Signature {
        task: Task::Classification,
        inputs: Schema { fields: vec![image] },
        output: OutputKind::Probabilities { classes },
    };
    OnnxModel::load(&Artifact { onnx: network().finish(), signature }).expect("a sound graph")
}

fn images(count: usize) -> Table {
    let pixels = noise(count * SIDE * SIDE, 9).iter().map(|x| ((x + 0.5) * 255.0).floor()).collect();
    let values = Values::Tensor { shape: vec![1, SIDE, SIDE], data: pixels };
    Table::new(vec![Column { name: "image".into(), values }]).expect("one column")
}

#[test]
fn a_convolutional_network_answers_as_loops_written_out_do() {
    let (model, rows) = (model(), images(5));
    assert_eq!(model.engine(), Engine::Rten);
    let answers = model.predict(&rows).expect("answers");
    let Values::Tensor { data, .. } = &rows.columns()[0].values else { panic!("images") };
    for (row, image) in data.chunks(SIDE * SIDE).enumerate() {
        for (found, expected) in answers.row(row).iter().zip(by_hand(image)) {
            assert!((found - expected).abs() < 1e-6, "row {row}: {found} for {expected}");
        }
    }
}

#[test]
fn neighbours_and_other_threads_do_not_change_an_answer() {
    let (model, rows) = (model(), images(40));
    let together = model.predict(&rows).expect("answers");
    for row in 0..40 {
        let alone = model.predict(&rows.take(&[row])).expect("an answer");
        let apart = alone.values.iter().zip(together.row(row)).map(|(x, y)| (x - y).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-6);
    }
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| model.predict(&rows).expect("answers"))).collect();
        for answer in asked {
            assert_eq!(answer.join().expect("no panic").values, together.values);
        }
    });
}

#[test]
fn a_small_classic_graph_stays_with_our_own_engine() {
    let mut graph = GraphBuilder::new("line");
    graph.input("x", Dtype::F32, &[2]).initializer_f32("w", &[2, 1], vec![1.0, 2.0]);
    graph.node("", "MatMul", &["x", "w"], &["value"], vec![]).output("value", Dtype::F32, &[1]);
    assert_eq!(Program::load(&graph.finish()).expect("a sound graph").engine(), Engine::Own);
}

#[test]
fn large_products_are_the_same_by_either_engine() {
    for (depth, columns, engine) in [(200, 130, Engine::Own), (1100, 1000, Engine::Rten)] {
        let (x, w) = (noise(7 * depth, 5), noise(depth * columns, 6));
        let mut graph = GraphBuilder::new("wide");
        graph.input("x", Dtype::F32, &[depth]).initializer_f32("w", &[depth, columns], w.clone());
        graph.node("", "MatMul", &["x", "w"], &["value"], vec![]).output("value", Dtype::F32, &[columns]);
        let program = Program::load(&graph.finish()).expect("a sound graph");
        assert_eq!(program.engine(), engine);
        let fed = Tensor::new(vec![7, depth], Data::F32(x.clone())).expect("as the shape says");
        let answer = program.run(&[("x", fed)]).expect("an answer").remove(0).1;
        let Data::F32(found) = answer.data() else { panic!("floats") };
        for (i, found) in found.iter().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let terms =
                (0..depth).map(|k| f64::from(x[row * depth + k]) * f64::from(w[k * columns + column]));
            assert!((f64::from(*found) - terms.sum::<f64>()).abs() < 1e-4);
        }
    }
}

/// `x` convolved with these settings; the error's text when it fails.
fn convolve(
    shape: &[usize],
    kernel: &[usize],
    settings: Vec<(&str, Attribute)>,
) -> Result<Vec<usize>, String> {
    let mut graph = GraphBuilder::new("conv");
    graph.input("x", Dtype::F32, &shape[1..]);
    let count = kernel.iter().product();
    graph.initializer_f32("w", kernel, vec![1.0; count]);
    graph.node("", "Conv", &["x", "w"], &["y"], settings).output("y", Dtype::F32, &[]);
    let program = Program::load(&graph.finish()).map_err(|e| e.to_string())?;
    let x = Tensor::new(shape.to_vec(), Data::F32(vec![1.0; shape.iter().product()])).ok_or("too large")?;
    let answers = program.run_ordered(&[&x]).map_err(|e| e.to_string())?;
    Ok(answers[0].shape().to_vec())
}

#[test]
fn convolutions_that_ask_for_too_much_are_refused() {
    let ints = |v: &[i64]| Attribute::Ints(v.to_vec());
    let check = |shape: &[usize], kernel: &[usize], settings, part: &str| {
        let error = convolve(shape, kernel, settings).expect_err("must fail");
        assert!(error.contains(part), "`{error}` does not say `{part}`");
    };
    check(&[1, 1, 4, 4], &[1, 1, 3, 3], vec![("pads", ints(&[30_000; 4]))], "is too large");
    check(&[1, 1, 4, 4], &[1, 1, 3, 3], vec![("pads", ints(&[i64::MAX; 4]))], "attribute `pads` holds");
    check(&[1, 1, 4, 4], &[1, 1, 3, 3], vec![("strides", ints(&[0, 1]))], "attribute `strides` holds 0");
    check(&[1, 1, 4, 4], &[1, 1, 5, 5], vec![], "larger than 4 elements");
    check(&[1, 1, 4, 4], &[1, 2, 3, 3], vec![], "do not make 1 groups");
    check(&[1, 2, 4, 4], &[3, 1, 3, 3], vec![("group", 2.into())], "do not make 2 groups");
    check(&[1, 1, 4, 4, 4], &[1, 1, 3, 3, 3], vec![], "one or two spatial dimensions");
    assert_eq!(convolve(&[0, 1, 4, 4], &[2, 1, 3, 3], vec![]), Ok(vec![0, 2, 2, 2]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the sizes, a convolution answers with the shape that the specification gives, or says why not.
    #[test]
    fn convolutions_answer_or_say_why_not(
        (batch, channels, side) in (0usize..3, 1usize..5, 1usize..9),
        (filters, kernel, group) in (1usize..5, 1usize..5, 1i64..4),
        (stride, dilation, pad) in (1i64..4, 1i64..4, 0i64..4),
    ) {
        let both = |x: i64| Attribute::Ints(vec![x, x]);
        let settings = vec![
            ("group", group.into()),
            ("strides", both(stride)),
            ("dilations", both(dilation)),
            ("pads", Attribute::Ints(vec![pad; 4])),
        ];
        let inner = (channels / group as usize).max(1);
        let room = side as i64 + 2 * pad - ((kernel as i64 - 1) * dilation + 1);
        let fits = room >= 0 && channels as i64 % group == 0 && filters as i64 % group == 0;
        let found = convolve(&[batch, channels, side, side], &[filters, inner, kernel, kernel], settings);
        match fits {
            true => {
                let out = (room / stride + 1) as usize;
                prop_assert_eq!(found, Ok(vec![batch, filters, out, out]));
            }
            false => prop_assert!(found.is_err()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is changed in a network's file, it is refused, or answers or fails without a panic.
    #[test]
    fn changed_bytes_of_a_network_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = network().finish();
        // the weights are most of the file, and any of them are as good as others
        let end = bytes.iter().position(|&b| b == b'w').unwrap_or(bytes.len()).max(600).min(bytes.len());
        for (place, value) in changes {
            let place = place.index(end);
            bytes[place] = value;
        }
        if let Ok(program) = Program::load(&bytes)
            && let [input] = program.inputs()
        {
            let shape: Vec<usize> = match &input.shape {
                Some(shape) => shape.iter().map(|d| d.unwrap_or(2).min(32)).collect(),
                None => vec![2, 1, SIDE, SIDE],
            };
            let count = shape.iter().product();
            if let Some(fed) = Tensor::new(shape, Data::F32(noise(count, 7))) {
                // whether it succeeds is not the question here
                let _ = program.run_ordered(&[&fed]);
            }
        }
    }
}
