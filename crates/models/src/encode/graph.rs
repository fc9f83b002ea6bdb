//! The features of rows, written as ONNX nodes.
//!
//! Columns of one kind are joined first and treated by one node, since a node costs more than a number.

use super::{Encoder, Scaling, Style, TextColumn};
use crate::onnx::{Dtype, GraphBuilder};
use domain::{Kind, Schema};

impl Encoder {
    /// Declares the raw columns as inputs and writes the nodes; gives the name of a value
    /// `float [N, width]`. To be called on an empty graph, so that the inputs keep their names.
    pub fn write(&self, graph: &mut GraphBuilder) -> String {
        declare(graph, &self.inputs);
        let mut blocks = self.write_numbers(graph);
        blocks.extend(self.write_one_hot(graph));
        blocks.extend(self.ranked.iter().map(|column| write_ranked(graph, column)));
        for column in &self.times {
            blocks.extend(column.parts.iter().map(|part| part.write(graph, &column.name, self.style)));
        }
        for column in &self.tensors {
            let flat = graph.op("Flatten", &[&column.name], vec![("axis", 1.into())]);
            blocks.push(match self.style {
                Style::Linear => write_scaled(graph, &flat, &column.scaling).0,
                Style::Trees => flat,
            });
        }
        join(graph, blocks)
    }

    fn write_numbers(&self, graph: &mut GraphBuilder) -> Vec<String> {
        if self.numbers.is_empty() {
            return Vec::new();
        }
        let joined = join(graph, self.numbers.iter().map(|c| c.name.clone()).collect());
        if self.style == Style::Trees {
            return vec![joined];
        }
        let scaling: Vec<Scaling> = self.numbers.iter().map(|c| c.scaling).collect();
        let (scaled, missing) = write_scaled(graph, &joined, &scaling);
        let flagged: Vec<i64> = (0..).zip(&self.numbers).filter(|(_, c)| c.flag).map(|(i, _)| i).collect();
        if flagged.is_empty() {
            return vec![scaled];
        }
        let places = graph.fresh("flagged");
        graph.initializer_i64(&places, &[flagged.len()], flagged);
        let all = graph.op("Cast", &[&missing], vec![("to", i64::from(Dtype::F32.code()).into())]);
        let flags = graph.op("Gather", &[&all, &places], vec![("axis", 1.into())]);
        vec![scaled, flags]
    }

    fn write_one_hot(&self, graph: &mut GraphBuilder) -> Vec<String> {
        let one_hot = |column: &TextColumn| {
            let levels = vec![("cats_strings", column.levels.clone().into()), ("zeros", 1.into())];
            let hot = graph.ml("OneHotEncoder", &[&column.name], levels);
            graph.op("Flatten", &[&hot], vec![("axis", 1.into())])
        };
        self.one_hot.iter().map(one_hot).collect()
    }
}

/// Declares raw columns as graph inputs of their kind.
pub(crate) fn declare(graph: &mut GraphBuilder, inputs: &Schema) {
    for field in &inputs.fields {
        match &field.kind {
            Kind::Number => graph.input(&field.name, Dtype::F32, &[1]),
            Kind::Text => graph.input(&field.name, Dtype::Str, &[1]),
            Kind::Time => graph.input(&field.name, Dtype::F64, &[1]),
            Kind::Tensor(shape) => graph.input(&field.name, Dtype::F32, shape),
        };
    }
}

fn write_ranked(graph: &mut GraphBuilder, column: &TextColumn) -> String {
    let ranks: Vec<f32> = (1..=column.levels.len()).map(|rank| rank as f32).collect();
    let attributes = vec![
        ("keys_strings", column.levels.clone().into()),
        ("values_floats", ranks.into()),
        ("default_float", 0f32.into()),
    ];
    graph.ml("LabelEncoder", &[&column.name], attributes)
}

/// Fills and scales `[N, scaling.len()]`; gives the result and where something was filled in.
fn write_scaled(graph: &mut GraphBuilder, input: &str, scaling: &[Scaling]) -> (String, String) {
    let constant = |graph: &mut GraphBuilder, name: &str, of: fn(&Scaling) -> f32| {
        let name = graph.fresh(name);
        graph.initializer_f32(&name, &[1, scaling.len()], scaling.iter().map(of).collect());
        name
    };
    let [fill, offset, scale] = [
        constant(graph, "fill", |s| s.fill),
        constant(graph, "offset", |s| s.offset),
        constant(graph, "scale", |s| s.scale),
    ];
    // A number minus itself is NaN when it is NaN or infinite, and 0 otherwise.
    let nothing = graph.op("Sub", &[input, input], vec![]);
    let missing = graph.op("IsNaN", &[&nothing], vec![]);
    let filled = graph.op("Where", &[&missing, &fill, input], vec![]);
    let centred = graph.op("Sub", &[&filled, &offset], vec![]);
    (graph.op("Mul", &[&centred, &scale], vec![]), missing)
}

fn join(graph: &mut GraphBuilder, blocks: Vec<String>) -> String {
    match blocks.as_slice() {
        [one] => one.clone(),
        _ => graph.op("Concat", &blocks, vec![("axis", 1.into())]),
    }
}
