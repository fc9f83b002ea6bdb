//! A trained network as ONNX nodes.

use super::network::{Layer, Network};
use crate::onnx::{Attribute, GraphBuilder};

impl Network {
    /// Writes the layers behind the value `input`, a row's numbers shaped as the first layer takes them; gives the
    /// name of the answers, `float [N, outputs]`. What training drops is not written.
    pub fn write(&self, graph: &mut GraphBuilder, parameters: &[f32], input: &str) -> String {
        let mut value = input.to_string();
        let mut flat = !self.layers.iter().any(|layer| matches!(layer, Layer::Conv(_)));
        for layer in &self.layers {
            value = match layer {
                Layer::Conv(conv) => {
                    let shape = [conv.outputs, conv.inputs, 3, 3];
                    let weights = constant(graph, "weights", &shape, &parameters[conv.weights.clone()]);
                    let bias = constant(graph, "bias", &[conv.outputs], &parameters[conv.bias.clone()]);
                    let settings = vec![("kernel_shape", ints(&[3, 3])), ("pads", ints(&[1, 1, 1, 1]))];
                    graph.op("Conv", &[&value, &weights, &bias], settings)
                }
                Layer::Pool(_) => {
                    let settings = vec![("kernel_shape", ints(&[2, 2])), ("strides", ints(&[2, 2]))];
                    graph.op("MaxPool", &[&value], settings)
                }
                Layer::Relu => graph.op("Relu", &[&value], vec![]),
                Layer::Dropout(_) => continue,
                Layer::Dense(dense) => {
                    if !std::mem::replace(&mut flat, true) {
                        value = graph.op("Flatten", &[&value], vec![("axis", 1.into())]);
                    }
                    let shape = [dense.inputs, dense.outputs];
                    let weights = constant(graph, "weights", &shape, &parameters[dense.weights.clone()]);
                    let bias = constant(graph, "bias", &[dense.outputs], &parameters[dense.bias.clone()]);
                    graph.op("Gemm", &[&value, &weights, &bias], vec![])
                }
            };
        }
        value
    }
}

/// A constant of a new name.
pub(super) fn constant(graph: &mut GraphBuilder, stem: &str, shape: &[usize], data: &[f32]) -> String {
    let name = graph.fresh(stem);
    graph.initializer_f32(&name, shape, data.to_vec());
    name
}

fn ints(values: &[i64]) -> Attribute {
    values.to_vec().into()
}
