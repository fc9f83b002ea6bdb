//! The whole ensemble as one graph: members over the same raw columns, judges over their answers, and the blend.

use super::second::ANSWERS;
use crate::contract::FitError;
use crate::onnx::{Dtype, GraphBuilder, Merger, OnnxError};
use crate::zoo::normalised;
use stats::distill::Blend;

/// Keeps logarithms finite, as [`Blend`] does.
const LEAST: f32 = 1e-15;

/// The bytes of the ensemble's graph.
pub(super) fn write(
    members: &[Vec<u8>],
    judges: &[Vec<u8>],
    blend: &Blend,
    classes: usize,
) -> Result<Vec<u8>, FitError> {
    let mut merger = Merger::new("ensemble");
    // The answer's name is taken before a part's own answer can have it.
    let answer_name = merger.graph.fresh("probabilities");
    let refused = |e: OnnxError| FitError::Write { trainer: "ensemble".into(), why: e.to_string() };
    let add = |merger: &mut Merger, onnx: &[u8], bound: &[(&str, &str)]| {
        let names = merger.add(onnx, bound).map_err(refused)?;
        names.into_iter().next().ok_or_else(|| refused(OnnxError::Malformed("a part answers nothing".into())))
    };
    let mut answers = Vec::new();
    for member in members {
        answers.push(add(&mut merger, member, &[])?);
    }
    let joined = merger.graph.op("Concat", &answers, vec![("axis", 1.into())]);
    let mut said = Vec::new();
    for judge in judges {
        said.push(add(&mut merger, judge, &[(ANSWERS, &joined)])?);
    }
    let mut graph = merger.graph;
    let pooled = pool(&mut graph, &said, blend);
    let answer = normalised(&mut graph, &pooled);
    graph.output(&answer_name, Dtype::F32, &[classes]);
    graph.node("", "Identity", &[&answer], &[&answer_name], vec![]);
    Ok(graph.finish())
}

fn pool(graph: &mut GraphBuilder, said: &[String], blend: &Blend) -> String {
    let number = |graph: &mut GraphBuilder, stem: &str, x: f32| {
        let name = graph.fresh(stem);
        graph.initializer_f32(&name, &[1], vec![x]);
        name
    };
    let least = number(graph, "least", LEAST);
    let mut groups = Vec::new();
    for group in &blend.groups {
        let mut logs = Vec::new();
        for &(place, power) in &group.members {
            let above = graph.op("Max", &[&said[place], &least], vec![]);
            let log = graph.op("Log", &[&above], vec![]);
            let power = number(graph, "power", power as f32);
            logs.push(graph.op("Mul", &[&log, &power], vec![]));
        }
        let sum = graph.op("Sum", &logs, vec![]);
        let product = graph.op("Exp", &[&sum], vec![]);
        let weight = number(graph, "share", group.weight as f32);
        groups.push(graph.op("Mul", &[&product, &weight], vec![]));
    }
    graph.op("Sum", &groups, vec![])
}
