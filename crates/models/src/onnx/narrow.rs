//! Weights as 8-bit integers, a scale for each output: a quarter of the bytes, at a rounding of each weight.
//!
//! Not a faster product: `DequantizeLinear` widens the weights once, when the file is loaded, and sums are of floats as
//! before. Invariant: only constant matrices of `MatMul`, `Gemm` and `Conv` change, each weight by half a scale at most.

use super::build::{Attribute, node_proto, tensor_proto};
use super::error::OnnxError;
use super::proto;
use super::read;
use super::tensor::{Data, Tensor};
use prost::Message;
use std::collections::{HashMap, HashSet};

/// Fewer weights than this hardly take room; a scale each output would be more.
const FEW: usize = 256;
/// The largest integer of the symmetric range.
const TOP: f32 = 127.0;
/// `DequantizeLinear` knows an axis from this version of its set on.
const OPSET: i64 = 13;

/// A file with narrowed weights.
///
/// - *What it answers.* The same model in a quarter of the bytes.
/// - *Assumptions.* The weights of one output are of one size, so that a 127th of the largest is little.
/// - *When it misleads.* A few huge weights make the steps coarse for all others of their output: measure the loss.
/// - *Source.* Jacob et al. 2018, section 3, per-channel and symmetric as Krishnamoorthi 2018 has it.
/// - *Checked against.* onnxruntime 1.32 on the same bytes, 5e-7 apart with its basic optimisations; its extended ones
///   round the rows as well, and differ by 0.008. Each weight's distance.
///
/// `None` where there is nothing to narrow, or the file's operator set is older than 13.
pub fn narrow(onnx: &[u8]) -> Result<Option<Vec<u8>>, OnnxError> {
    let mut model = proto::Model::decode(onnx).map_err(|e| OnnxError::Malformed(e.to_string()))?;
    let opset = model.opset_import.iter().find(|set| set.domain.as_deref().unwrap_or("").is_empty());
    if opset.and_then(|set| set.version).is_none_or(|version| version < OPSET) {
        return Ok(None);
    }
    let Some(graph) = &mut model.graph else { return Ok(None) };
    let axes = axes(graph);
    let mut widening = Vec::new();
    let mut constants = Vec::with_capacity(graph.initializer.len());
    for constant in std::mem::take(&mut graph.initializer) {
        let axis = axes.get(constant.name.as_deref().unwrap_or_default());
        match axis.and_then(|&axis| Some((axis, rounded(&constant, axis)?))) {
            Some((axis, (integers, scales))) => {
                widening.push(widen(&constant, axis, [&integers, &scales]));
                constants.extend([integers, scales]);
            }
            None => constants.push(constant),
        }
    }
    graph.initializer = constants;
    if widening.is_empty() {
        return Ok(None);
    }
    graph.node.splice(0..0, widening);
    Ok(Some(model.encode_to_vec()))
}

/// Constants that nothing but products read, and along which of their dimensions the outputs lie.
fn axes(graph: &proto::Graph) -> HashMap<String, usize> {
    let mut axes = HashMap::new();
    let mut otherwise: HashSet<&str> = graph.output.iter().filter_map(|o| o.name.as_deref()).collect();
    for node in &graph.node {
        for (place, name) in node.input.iter().enumerate() {
            match axis(node).filter(|_| place == 1) {
                Some(axis) if *axes.entry(name.clone()).or_insert(axis) == axis => {}
                _ => {
                    otherwise.insert(name);
                }
            }
        }
    }
    axes.retain(|name, _| !otherwise.contains(name.as_str()));
    axes
}

/// The dimension of a product's second input along which its outputs lie.
fn axis(node: &proto::Node) -> Option<usize> {
    let turned = node.attribute.iter().any(|a| a.name.as_deref() == Some("transB") && a.i == Some(1));
    match node.op_type.as_deref()? {
        "MatMul" => Some(1),
        "Gemm" => Some(usize::from(!turned)),
        "Conv" => Some(0),
        _ => None,
    }
}

/// A constant as integers and one scale an output; `None` where it is no matrix of enough finite floats.
fn rounded(constant: &proto::TensorProto, axis: usize) -> Option<(proto::TensorProto, proto::TensorProto)> {
    let wide = read::tensor(constant).ok()?;
    let Data::F32(weights) = wide.data() else { return None };
    let shape = wide.shape();
    // a product of more dimensions is many products, each with outputs of its own
    let whole = shape.len() == 2 || axis == 0 && shape.len() > 2;
    if !whole || weights.len() < FEW || weights.iter().any(|w| !w.is_finite()) {
        return None;
    }
    let (outputs, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let output = |i: usize| i / inner % outputs;
    let mut scales = vec![0f32; outputs];
    weights.iter().enumerate().for_each(|(i, w)| scales[output(i)] = scales[output(i)].max(w.abs() / TOP));
    // an output of nothing but zeros
    scales.iter_mut().filter(|scale| **scale == 0.0).for_each(|scale| *scale = 1.0);
    let integer = |(i, w): (usize, &f32)| (w / scales[output(i)]).round_ties_even().clamp(-TOP, TOP) as i8;
    let name = constant.name.as_deref().unwrap_or_default();
    let integers = proto::TensorProto {
        dims: constant.dims.clone(),
        data_type: Some(INT8),
        name: Some(format!("{name}_int8")),
        raw_data: Some(weights.iter().enumerate().map(integer).map(|q| q as u8).collect()),
        ..Default::default()
    };
    let scales = Tensor::new(vec![outputs], Data::F32(scales))?;
    Some((integers, tensor_proto(&format!("{name}_scale"), &scales)))
}

/// The code of `int8` among element types.
const INT8: i32 = 3;

/// The node that gives the constant back under its name.
fn widen(
    constant: &proto::TensorProto,
    axis: usize,
    [integers, scales]: [&proto::TensorProto; 2],
) -> proto::Node {
    let name = constant.name.clone().unwrap_or_default();
    let names = [integers, scales].map(|t| t.name.as_deref().unwrap_or_default());
    let attributes = vec![("axis", Attribute::Int(axis as i64))];
    node_proto(format!("{name}_widened"), ("", "DequantizeLinear"), &names, &[&name], attributes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Dtype, GraphBuilder, Program, parameters};

    /// `x W + b` and `(x W + b) V`, with outputs of very unlike sizes.
    fn layers() -> (Vec<u8>, Vec<f32>) {
        let mut graph = GraphBuilder::new("layers");
        let weights: Vec<f32> = (0..40 * 8).map(|i| (i as f32 * 0.7).sin() * 10f32.powi(i % 8 - 4)).collect();
        graph.input("x", Dtype::F32, &[40]);
        graph.initializer_f32("w", &[40, 8], weights.clone());
        graph.initializer_f32("b", &[8], vec![0.5; 8]);
        graph.initializer_f32("small", &[8, 2], vec![1.0; 16]);
        graph.node("", "Gemm", &["x", "w", "b"], &["hidden"], vec![]);
        graph.output("y", Dtype::F32, &[2]);
        graph.node("", "MatMul", &["hidden", "small"], &["y"], vec![]);
        (graph.finish(), weights)
    }

    #[test]
    fn each_weight_moves_by_half_a_scale_of_its_output_at_most() {
        let (wide, weights) = layers();
        let bytes = narrow(&wide).expect("our own bytes").expect("a matrix of 320");
        let model = proto::Model::decode(bytes.as_slice()).expect("our own bytes");
        let constant = |name: &str| {
            let graph = model.graph.as_ref().expect("a graph");
            let found = graph.initializer.iter().find(|t| t.name.as_deref() == Some(name));
            read::tensor(found.unwrap_or_else(|| panic!("no `{name}`")))
                .expect("our own constant")
                .into_parts()
                .1
        };
        let (Data::I64(integers), Data::F32(scales)) = (constant("w_int8"), constant("w_scale")) else {
            panic!("other types")
        };
        for (i, (w, q)) in weights.iter().zip(integers).enumerate() {
            let scale = scales[i % 8];
            assert!((w - q as f32 * scale).abs() <= 0.5001 * scale, "weight {i}: {w}, {q} * {scale}");
        }
        assert_eq!(constant("small"), Data::F32(vec![1.0; 16]), "few weights stay");
        assert_eq!(parameters(&bytes).expect("our own bytes"), parameters(&wide).expect("our own bytes") + 8);
    }

    #[test]
    fn the_narrow_file_answers_nearly_the_same_from_fewer_bytes() {
        let (wide, weights) = layers();
        let bytes = narrow(&wide).expect("our own bytes").expect("a matrix of 320");
        let x =
            Tensor::new(vec![1, 40], Data::F32((0..40).map(|i| (i as f32).cos()).collect())).expect("a row");
        let run = |bytes: &[u8]| {
            let answers = Program::load(bytes).expect("it loads").run(&[("x", x.clone())]).expect("it runs");
            let Data::F32(numbers) = answers[0].1.data().clone() else { panic!("other types") };
            numbers
        };
        // half a scale of each weight, times the row, over all outputs of the first layer
        let Data::F32(row) = x.data() else { panic!("other types") };
        let scale = |o: usize| weights.iter().skip(o).step_by(8).fold(0f32, |m, w| m.max(w.abs())) / 127.0;
        let most = 0.5 * row.iter().map(|x| x.abs()).sum::<f32>() * (0..8).map(scale).sum::<f32>();
        for (a, b) in run(&wide).iter().zip(run(&bytes)) {
            assert!(a != &b && (a - b).abs() <= most, "{a} {b}, {most}");
        }
        assert!(bytes.len() + 3 * 320 < wide.len() + 250, "{} of {}", bytes.len(), wide.len());
    }

    #[test]
    fn what_something_else_reads_and_what_is_too_small_stays() {
        let mut graph = GraphBuilder::new("shared");
        graph.input("x", Dtype::F32, &[16]);
        graph.initializer_f32("w", &[16, 16], vec![0.1; 256]);
        graph.node("", "MatMul", &["x", "w"], &["a"], vec![]);
        graph.output("y", Dtype::F32, &[16]);
        graph.node("", "MatMul", &["a", "w"], &["y"], vec![]);
        let once = narrow(&graph.finish()).expect("our own bytes");
        assert!(once.is_some(), "two products may share");
        assert_eq!(narrow(&once.expect("just seen")).expect("our own bytes"), None, "nothing is left");
        graph.output("sum", Dtype::F32, &[16]);
        graph.node("", "Add", &["a", "w"], &["sum"], vec![]);
        assert_eq!(narrow(&graph.finish()).expect("our own bytes"), None);
    }
}
