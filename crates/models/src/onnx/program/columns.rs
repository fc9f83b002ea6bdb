//! Tables of numbers with few steps: columns that are fed one by one are fed as one matrix, changes of each column are
//! one pass in place, and a product with its addend and what is cut off at 0 is one step.
//!
//! Not an optimiser of graphs: what is known is what trainers of tables write. Invariant: the answers are those of the
//! nodes one by one, bit for bit; what is fed column by column is still taken.

use super::search::{Found, Search, Weights, replace};
use super::{Loader, Step};
use crate::onnx::engine::Engine;
use crate::onnx::node::Kernel;
use crate::onnx::proto;
use crate::onnx::read::ValueType;
use crate::onnx::rows::{Change, Dense, Stage, Stages};
use crate::onnx::tensor::{Data, Dtype};

/// Inputs that a step does nothing with but put them side by side.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::onnx) struct Join {
    /// The slot of the matrix.
    pub slot: usize,
    /// The places of the inputs, each `float [N, 1]`.
    pub inputs: Vec<usize>,
}

/// The joins among the steps.
pub(super) fn joins(steps: &[Step], inputs: &[ValueType]) -> Vec<Join> {
    let column = |slot: &Option<usize>| {
        slot.filter(|&slot| inputs.get(slot).is_some_and(|i| i.dtype == Dtype::F32 && width_of(i) == Some(1)))
    };
    let join = |step: &Step| {
        let inputs = step.inputs.iter().map(column).collect::<Option<Vec<usize>>>()?;
        let slot = (step.op == "Concat" && inputs.len() > 1).then_some(step.outputs.first().copied()??)?;
        // Along the rows, columns would be put one below the other.
        step.side_by_side.then_some(Join { slot, inputs })
    };
    steps.iter().filter_map(join).collect()
}

/// Which inputs are read beside the joins, or answered.
pub(super) fn alone(steps: &[Step], joins: &[Join], kept: &[usize], inputs: usize) -> Vec<bool> {
    let joined = |step: &Step| joins.iter().any(|join| step.outputs == [Some(join.slot)]);
    let read: Vec<usize> = steps
        .iter()
        .filter(|step| !joined(step))
        .flat_map(|step| step.inputs.iter().flatten())
        .copied()
        .collect();
    (0..inputs).map(|slot| kept.contains(&slot) || read.contains(&slot)).collect()
}

impl<'a> Loader<'a> {
    /// Puts steps on rows of numbers together; as [`Loader::fuse`] does with those on texts.
    pub(super) fn fuse_columns(
        &self,
        mut steps: Vec<Step>,
        mut nodes: Vec<&'a proto::Node>,
        inputs: &[ValueType],
        kept: &[usize],
    ) -> Vec<Step> {
        for (step, node) in steps.iter_mut().zip(&nodes) {
            let axis = node.attribute.iter().find(|a| a.name.as_deref() == Some("axis")).and_then(|a| a.i);
            step.side_by_side = step.op == "Concat" && matches!(axis, Some(1 | -1));
        }
        let search = Search::new(&steps, &nodes, self, kept);
        let mut widths = vec![None; self.dtypes.len()];
        inputs.iter().enumerate().for_each(|(slot, input)| widths[slot] = width_of(input));
        let mut found: Vec<Found> = Vec::new();
        for step in 0..steps.len() {
            if found.iter().any(|f| f.members.contains(&step)) {
                continue;
            }
            let chain = search.chain(step, &widths);
            let last = chain.as_ref().map_or(step, |(found, _)| *found.members.last().expect("members"));
            if let [Some(slot)] = steps[last].outputs[..] {
                widths[slot] = chain.as_ref().map(|c| c.1).or_else(|| search.width(step, &widths));
            }
            found.extend(chain.map(|c| c.0));
        }
        replace(&mut steps, &mut nodes, found);
        steps
    }
}

/// How many numbers a row of an input of single floats has; `None` for what is no matrix.
fn width_of(input: &ValueType) -> Option<usize> {
    match input.shape.as_deref() {
        Some(&[_, Some(width)]) if input.dtype == Dtype::F32 => Some(width),
        _ => None,
    }
}

/// How wide the rows behind a slot are, where they are rows of single floats.
type Widths = [Option<usize>];

impl Search<'_, '_> {
    fn input(&self, step: usize, place: usize) -> Option<usize> {
        self.steps[step].inputs.get(place).copied().flatten()
    }

    /// Of a step's answer, where that is known without looking for more.
    fn width(&self, step: usize, widths: &Widths) -> Option<usize> {
        let step = &self.steps[step];
        let all: Option<Vec<usize>> = step.inputs.iter().map(|slot| widths[(*slot)?]).collect();
        step.side_by_side.then_some(all?.iter().sum())
    }

    /// The longest run of stages from this step on, and the width of the rows behind it.
    fn chain(&self, first: usize, widths: &Widths) -> Option<(Found, usize)> {
        let known = |slot: &usize| widths[*slot].is_some();
        let input = self.input(first, 0).filter(known).or_else(|| self.input(first, 1).filter(known))?;
        let (mut members, mut stages) = (Vec::new(), Vec::new());
        let (mut at, mut value, mut width) = (Some(first), input, widths[input]?);
        while let Some((steps, stage)) = at.and_then(|step| self.stage(step, value, width)) {
            if let Some(Stage::Dense(dense)) = &stage {
                width = dense.outputs;
            }
            let last = *steps.last().expect("a stage has steps");
            members.extend(steps);
            stages.extend(stage);
            at = self.next(last);
            match self.steps[last].outputs[..] {
                [Some(slot)] => value = slot,
                _ => break,
            }
        }
        // A single change is no faster here than where it is.
        let worth = members.len() > 1 || matches!(stages[..], [Stage::Dense(_)]);
        let all = Stages { width: widths[input]?, stages, outputs: width };
        let kernel = Kernel::one(Dtype::F32, move |inputs| all.run(inputs)).ok()?;
        worth.then_some((Found { members, input, kernel }, width))
    }

    /// What a step, or some from it on, do to the rows of a slot; nothing where they only pass them on.
    fn stage(&self, step: usize, value: usize, width: usize) -> Option<(Vec<usize>, Option<Stage>)> {
        if let Some((steps, dense)) = self.dense(step, value, width) {
            return Some((steps, Some(Stage::Dense(dense))));
        }
        if self.steps[step].op == "Softmax" {
            let last = matches!(self.node(step, Dtype::F32).ok()?.int("axis").ok()?, None | Some(1 | -1));
            return (last && width > 0).then(|| (vec![step], Some(Stage::Softmax)));
        }
        self.change(step, value, width).map(|(steps, change)| (steps, change.map(Stage::Change)))
    }

    /// What a step, or steps from it on, change in the rows of a slot; nothing where they only pass them on.
    fn change(&self, step: usize, value: usize, width: usize) -> Option<(Vec<usize>, Option<Change>)> {
        if let Some((steps, fill)) = self.fill(step, value, width) {
            return Some((steps, Some(Change::Fill(fill))));
        }
        let (op, inputs) = (self.steps[step].op.as_str(), &self.steps[step].inputs);
        let first = inputs.first() == Some(&Some(value));
        let alone = first && inputs.len() == 1;
        let one = |change| alone.then_some(change);
        let two = |change: fn(Vec<f32>) -> Change, either: bool| {
            let place = if first { 1 } else { 0 };
            let fits = inputs.len() == 2 && (first || (either && inputs[1] == Some(value)));
            Some(change(self.columns(step, fits.then_some(place)?, width)?))
        };
        let change = match op {
            "Identity" => return alone.then(|| (vec![step], None)),
            "Relu" => one(Change::Relu),
            "Log" => one(Change::Log),
            "Sqrt" => one(Change::Sqrt),
            "Add" => two(Change::Add, true),
            "Mul" => two(Change::Mul, true),
            "Sub" => two(Change::Sub, false),
            "Div" => two(Change::Div, false),
            "Clip" if first && inputs.len() == 3 => {
                Some(Change::Clip(self.number(step, 1)?, self.number(step, 2)?))
            }
            _ => None,
        };
        Some((vec![step], Some(change?)))
    }

    /// A number minus itself is NaN when it is missing or infinite; what stands there instead.
    fn fill(&self, step: usize, value: usize, width: usize) -> Option<(Vec<usize>, Vec<f32>)> {
        (self.steps[step].op == "Sub" && self.steps[step].inputs == [Some(value); 2]).then_some(())?;
        let missing = self.next(step).filter(|&next| self.steps[next].op == "IsNaN")?;
        let chosen = self.next(missing).filter(|&next| self.steps[next].op == "Where")?;
        let reads = self.steps[chosen].inputs.first() == self.steps[missing].outputs.first()
            && self.input(chosen, 2) == Some(value);
        Some((vec![step, missing, chosen], self.columns(chosen, reads.then_some(1)?, width)?))
    }

    /// A product with constant weights, what is added to it, what is cut off.
    fn dense(&self, step: usize, value: usize, width: usize) -> Option<(Vec<usize>, Dense)> {
        let own = self.loader.engine == Engine::Own && self.input(step, 0) == Some(value);
        let Weights { matrix, inputs, outputs, addend } = self.weights(step).filter(|_| own)?;
        // 0 times a weight must be 0 for zeros to be left out.
        let sound = inputs > 0 && outputs > 0 && matrix.iter().all(|w| w.is_finite());
        (sound && inputs == width && Dense::is_worth(inputs, outputs)).then_some(())?;
        let mut dense = Dense::new(&matrix, inputs, outputs);
        dense.addend = addend;
        let mut members = vec![step];
        let follows = |members: &[usize], op: &str| {
            self.next(*members.last()?).filter(|&next| self.steps[next].op == op)
        };
        if let Some(next) = follows(&members, "Add").filter(|_| dense.addend.is_none()) {
            let product = self.steps[step].outputs.first().copied().flatten();
            let place = usize::from(self.input(next, 0) == product);
            dense.addend = Some(self.columns(next, place, dense.outputs)?);
            members.push(next);
        }
        if let Some(next) = follows(&members, "Relu") {
            dense.relu = true;
            members.push(next);
        }
        Some((members, dense))
    }

    fn number(&self, step: usize, place: usize) -> Option<f32> {
        match self.constant(step, place)?.data() {
            Data::F32(v) if v.len() == 1 => Some(v[0]),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::{Dtype, GraphBuilder, Program, Tensor, tensor::Data};
    use proptest::prelude::*;

    const WIDTH: usize = 5;

    /// Columns filled, changed, multiplied twice, each value beside it read once more where it is `watched`, so that no
    /// two steps can be one.
    fn graph(watched: bool) -> Vec<u8> {
        let mut graph = GraphBuilder::new("columns");
        let names: Vec<String> = (0..WIDTH).map(|i| format!("c{i}")).collect();
        names.iter().for_each(|name| {
            graph.input(name, Dtype::F32, &[1]);
        });
        let mut seen = Vec::new();
        let constant = |graph: &mut GraphBuilder, shape: &[usize], from: f32| {
            let name = graph.fresh("k");
            let count = shape.iter().product::<usize>();
            graph.initializer_f32(&name, shape, (0..count).map(|i| (from + i as f32 * 0.37).sin()).collect());
            name
        };
        let row = [1, WIDTH];
        let [fill, add, scale, low, high, w, b, v, c] = [
            (&row[..], 1.0),
            (&[1][..], 2.0),
            (&row[..], 3.0),
            (&[][..], -1.0),
            (&[][..], 1.5),
            (&[WIDTH, 40][..], 4.0),
            (&[40][..], 5.0),
            (&[3, 40][..], 6.0),
            (&[1, 3][..], 7.0),
        ]
        .map(|(shape, from)| constant(&mut graph, shape, from));
        let mut value = graph.op("Concat", &names, vec![("axis", 1.into())]);
        let mut op = |graph: &mut GraphBuilder, op: &str, inputs: &[&str], settings| {
            let made = graph.op(op, inputs, settings);
            seen.push(made.clone());
            made
        };
        let nothing = op(&mut graph, "Sub", &[&value, &value], vec![]);
        let missing = graph.op("IsNaN", &[&nothing], vec![]);
        value = op(&mut graph, "Where", &[&missing, &fill, &value], vec![]);
        value = op(&mut graph, "Relu", &[&value], vec![]);
        value = op(&mut graph, "Add", &[&add, &value], vec![]);
        value = op(&mut graph, "Sqrt", &[&value], vec![]);
        value = op(&mut graph, "Mul", &[&value, &scale], vec![]);
        value = op(&mut graph, "Clip", &[&value, &low, &high], vec![]);
        value = op(&mut graph, "Gemm", &[&value, &w, &b], vec![]);
        value = op(&mut graph, "Relu", &[&value], vec![]);
        value = op(&mut graph, "Gemm", &[&value, &v], vec![("transB", 1.into())]);
        value = op(&mut graph, "Add", &[&c, &value], vec![]);
        value = op(&mut graph, "Div", &[&value, &c], vec![]);
        value = op(&mut graph, "Sub", &[&value, &c], vec![]);
        value = op(&mut graph, "Softmax", &[&value], vec![("axis", 1.into())]);
        graph.node("", "Identity", &[&value], &["value"], vec![]);
        graph.output("value", Dtype::F32, &[3]);
        if watched {
            for (place, name) in seen.iter().enumerate() {
                let watch = format!("watch_{place}");
                graph.node("", "Abs", &[name], &[&watch], vec![]).output(&watch, Dtype::F32, &[0]);
            }
        }
        graph.finish()
    }

    fn column(cells: &[f32], place: usize) -> Tensor {
        let column: Vec<f32> = cells.iter().skip(place).step_by(WIDTH).copied().collect();
        Tensor::new(vec![column.len(), 1], Data::F32(column)).expect("one number a row")
    }

    fn bits(t: &Tensor) -> Vec<u32> {
        let Data::F32(v) = t.data() else { panic!("floats") };
        v.iter().map(|x| x.to_bits()).collect()
    }

    #[test]
    fn twenty_nodes_are_two_steps() {
        let program = Program::load(&graph(false)).expect("a sound graph");
        let ops: Vec<&str> = program.steps.iter().map(|step| step.op.as_str()).collect();
        // The join, and all that is done to its rows.
        assert_eq!(ops, ["Concat", "Identity"]);
        assert_eq!(program.joins().len(), 1);
        assert!((0..WIDTH).all(|input| !program.is_alone(input)));
    }

    proptest! {
        #[test]
        fn answers_are_those_of_the_nodes_one_by_one(
            cells in prop::collection::vec(
                prop_oneof![Just(0.0f32), Just(f32::NAN), Just(f32::INFINITY), -9.0f32..9.0], WIDTH..=WIDTH * 7,
            ),
        ) {
            let cells = &cells[..cells.len() / WIDTH * WIDTH];
            let (few, many) = (graph(false), graph(true));
            let (few, many) = (Program::load(&few).expect("sound"), Program::load(&many).expect("sound"));
            prop_assert!(many.steps.len() > 3 * few.steps.len());
            let columns: Vec<Tensor> = (0..WIDTH).map(|place| column(cells, place)).collect();
            let columns: Vec<&Tensor> = columns.iter().collect();
            let found = few.run_ordered(&columns).expect("answers").remove(0);
            let expected = many.run_ordered(&columns).expect("answers").remove(0);
            prop_assert_eq!(bits(&found), bits(&expected));
            let rows = cells.len() / WIDTH;
            let joined = Tensor::new(vec![rows, WIDTH], Data::F32(cells.to_vec())).expect("rows");
            prop_assert_eq!(bits(&few.run_joined(&[joined], &[]).expect("answers")[0]), bits(&found));
        }
    }
}
