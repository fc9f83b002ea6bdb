//! A graph made ready to run: checked once at load, then executed as often as wanted.
//!
//! Not a compiler: nodes run one after the other in the file's order. Invariants: whatever bytes are loaded,
//! the answer is a program or a clear error, in memory bounded by the file's size; whatever is fed, a run
//! gives tensors or an error, and holds at most [`MAX_LIVE`] elements at a time.

mod columns;
mod fuse;
mod search;

use super::engine::{self, Engine};
use super::error::OnnxError;
use super::node::{Inputs, Kernel, Node, Operand};
use super::ops::{self, Refusal};
use super::proto;
use super::read::{self, ValueType};
use super::tensor::{Dtype, Tensor};
use super::weigh::weigh;
pub(super) use columns::Join;
use columns::{alone, joins};
use prost::Message;
use std::collections::{BTreeMap, HashMap};

/// The largest file that is read.
pub const MAX_BYTES: usize = 1 << 29;
/// The most elements that all tensors of a run may have together.
const MAX_LIVE: usize = 1 << 26;
/// The versions of `ai.onnx` whose operators mean what is built here.
pub(super) const OPSETS: std::ops::RangeInclusive<i64> = 7..=26;
/// The versions of `ai.onnx.ml`.
pub(super) const ML_OPSETS: std::ops::RangeInclusive<i64> = 1..=5;

/// A graph ready to run. Cheap to share between threads by reference.
pub struct Program {
    engine: Engine,
    inputs: Vec<ValueType>,
    outputs: Vec<ValueType>,
    output_slots: Vec<usize>,
    /// One entry a value; the constants are filled.
    constants: Vec<Option<Tensor>>,
    steps: Vec<Step>,
    /// Steps whose answer may be fed instead.
    joins: Vec<Join>,
    /// Whether an input is fed by itself even where all joins are fed.
    alone: Vec<bool>,
    widest: usize,
}

/// One node.
struct Step {
    node: String,
    op: String,
    kernel: Kernel,
    inputs: Vec<Option<usize>>,
    outputs: Vec<Option<usize>>,
    /// Whether it puts matrices side by side.
    side_by_side: bool,
    /// Values that no later node reads.
    done: Vec<usize>,
}

/// A value during a run.
enum Slot<'a> {
    Empty,
    Constant(&'a Tensor),
    Fed(&'a Tensor),
    Made(Tensor),
}

impl Program {
    /// Reads and checks a file.
    pub fn load(bytes: &[u8]) -> Result<Program, OnnxError> {
        if bytes.len() > MAX_BYTES {
            let why = format!("it has {} bytes, more than {MAX_BYTES}", bytes.len());
            return Err(OnnxError::Refused(why));
        }
        weigh(bytes).map_err(OnnxError::Malformed)?;
        let model = proto::Model::decode(bytes).map_err(|e| OnnxError::Malformed(e.to_string()))?;
        if !model.functions.is_empty() {
            return Err(OnnxError::Refused("it defines functions of its own".into()));
        }
        let opsets = opsets(&model)?;
        let graph = model.graph.as_ref().ok_or_else(|| OnnxError::Malformed("it holds no graph".into()))?;
        Loader::load(graph, &opsets)
    }

    /// Who computes the products.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What is fed, in the file's order. Constants that a file lists among its inputs are left out.
    pub fn inputs(&self) -> &[ValueType] {
        &self.inputs
    }

    /// What is answered, in the file's order.
    pub fn outputs(&self) -> &[ValueType] {
        &self.outputs
    }

    /// The most columns of n-grams, or distances to constant rows, that a row is spread out to; 0 where none is.
    pub(super) fn widest(&self) -> usize {
        self.widest
    }

    /// Runs on named tensors; every input must be named once.
    pub fn run(&self, feeds: &[(&str, Tensor)]) -> Result<Vec<(String, Tensor)>, OnnxError> {
        let find = |input: &ValueType| feeds.iter().find(|(name, _)| *name == input.name);
        let missing = |input: &ValueType| OnnxError::Input {
            name: input.name.clone(),
            found: "missing".into(),
            expected: input.to_string(),
        };
        let ordered = self.inputs.iter().map(|i| find(i).map(|(_, t)| t).ok_or_else(|| missing(i)));
        let answers = self.run_ordered(&ordered.collect::<Result<Vec<_>, _>>()?)?;
        Ok(self.outputs.iter().map(|o| o.name.clone()).zip(answers).collect())
    }

    /// Runs on tensors in the order of [`Program::inputs`]; answers in the order of [`Program::outputs`].
    pub fn run_ordered(&self, feeds: &[&Tensor]) -> Result<Vec<Tensor>, OnnxError> {
        self.check_feeds(feeds)?;
        let fed: Vec<(usize, &Tensor)> = feeds.iter().copied().enumerate().collect();
        self.answer(&fed)
    }

    /// Inputs that may be fed as one matrix, column by column. Where all are, only inputs that [`Program::is_alone`]
    /// says are fed beside them, by [`Program::run_joined`].
    pub(super) fn joins(&self) -> &[Join] {
        &self.joins
    }

    /// Whether an input is read beside the joins.
    pub(super) fn is_alone(&self, input: usize) -> bool {
        self.alone[input]
    }

    /// Runs on one matrix a join, in their order, and on the other inputs, each with its place.
    pub(super) fn run_joined(
        &self,
        joined: &[Tensor],
        others: &[(usize, Tensor)],
    ) -> Result<Vec<Tensor>, OnnxError> {
        let joined = self.joins.iter().map(|join| join.slot).zip(joined);
        let fed: Vec<(usize, &Tensor)> = joined.chain(others.iter().map(|(slot, t)| (*slot, t))).collect();
        self.answer(&fed)
    }

    fn answer(&self, fed: &[(usize, &Tensor)]) -> Result<Vec<Tensor>, OnnxError> {
        match self.engine {
            Engine::Own => self.execute(fed),
            Engine::Rten => engine::alone(|| self.execute(fed)).unwrap_or_else(|why| {
                Err(OnnxError::Run { node: "graph".into(), op: self.engine.to_string(), why })
            }),
        }
    }

    /// `fed` are slots with their values.
    fn execute(&self, fed: &[(usize, &Tensor)]) -> Result<Vec<Tensor>, OnnxError> {
        let constants = self.constants.iter().map(|c| c.as_ref().map_or(Slot::Empty, Slot::Constant));
        let mut slots: Vec<Slot<'_>> = constants.collect();
        for &(slot, feed) in fed {
            slots[slot] = Slot::Fed(feed);
        }
        let mut live: usize = fed.iter().map(|(_, t)| t.len()).sum();
        for step in &self.steps {
            if matches!(step.outputs[..], [Some(slot)] if matches!(slots[slot], Slot::Fed(_))) {
                continue;
            }
            step.run(&mut slots, &mut live).map_err(|why| OnnxError::Run {
                node: step.node.clone(),
                op: step.op.clone(),
                why,
            })?;
        }
        Ok(self.output_slots.iter().map(|&s| slots[s].get().cloned().expect("load saw it written")).collect())
    }

    fn check_feeds(&self, feeds: &[&Tensor]) -> Result<(), OnnxError> {
        for (index, input) in self.inputs.iter().enumerate() {
            let found = feeds.get(index);
            if !found.is_some_and(|t| input.accepts(t.dtype(), t.shape())) {
                let found = found.map_or("missing".into(), |t| format!("{}{:?}", t.dtype(), t.shape()));
                let (name, expected) = (input.name.clone(), input.to_string());
                return Err(OnnxError::Input { name, found, expected });
            }
        }
        Ok(())
    }
}

impl Step {
    fn run(&self, slots: &mut [Slot<'_>], live: &mut usize) -> Result<(), String> {
        let inputs: Vec<Option<&Tensor>> =
            self.inputs.iter().map(|i| i.and_then(|i| slots[i].get())).collect();
        let outputs = self.call(&inputs)?;
        for (slot, tensor) in self.outputs.iter().zip(outputs) {
            if let Some(slot) = *slot {
                *live += tensor.len();
                slots[slot] = Slot::Made(tensor);
            }
        }
        if *live > MAX_LIVE {
            return Err(format!("the run holds {live} elements, more than {MAX_LIVE}"));
        }
        for &slot in &self.done {
            if let Slot::Made(tensor) = std::mem::replace(&mut slots[slot], Slot::Empty) {
                *live -= tensor.len();
            }
        }
        Ok(())
    }

    fn call(&self, inputs: &Inputs<'_>) -> Result<Vec<Tensor>, String> {
        let outputs = (self.kernel.run)(inputs)?;
        let types = outputs.iter().map(Tensor::dtype);
        if outputs.len() < self.outputs.len() || !types.eq(self.kernel.outputs.iter().copied()) {
            return Err("the operator did not answer what it promised".into());
        }
        Ok(outputs)
    }
}

impl Slot<'_> {
    fn get(&self) -> Option<&Tensor> {
        match self {
            Slot::Empty => None,
            Slot::Constant(tensor) | Slot::Fed(tensor) => Some(tensor),
            Slot::Made(tensor) => Some(tensor),
        }
    }
}

/// The operator sets that a file imports, each checked to be of a version that is known.
fn opsets(model: &proto::Model) -> Result<BTreeMap<&str, i64>, OnnxError> {
    let mut sets = BTreeMap::new();
    for import in &model.opset_import {
        let (domain, version) = (domain(import.domain.as_deref()), import.version.unwrap_or(0));
        let known = match domain {
            "ai.onnx" => OPSETS.contains(&version),
            ops::ML => ML_OPSETS.contains(&version),
            _ => true,
        };
        if !known || sets.insert(domain, version).is_some_and(|old| old != version) {
            let why = format!("version {version} of operator set `{domain}` is not supported");
            return Err(OnnxError::Refused(why));
        }
    }
    Ok(sets)
}

/// A domain under its full name.
fn domain(name: Option<&str>) -> &str {
    match name {
        None | Some("") => "ai.onnx",
        Some(name) => name,
    }
}

/// What is known while the nodes are read.
struct Loader<'a> {
    engine: Engine,
    slots: HashMap<&'a str, usize>,
    dtypes: Vec<Dtype>,
    /// Shared with the program; a node's own constant joins it after the node.
    constants: Vec<Option<Tensor>>,
    /// Made by an operator whose answer is a map, which is given as a tensor here.
    maps: Vec<bool>,
}

impl<'a> Loader<'a> {
    fn load(graph: &'a proto::Graph, opsets: &BTreeMap<&str, i64>) -> Result<Program, OnnxError> {
        let engine = Engine::of(graph);
        let mut loader =
            Loader { engine, slots: HashMap::new(), dtypes: vec![], constants: vec![], maps: vec![] };
        let inputs = loader.declare(graph)?;
        let (mut steps, mut nodes) = (Vec::with_capacity(graph.node.len()), vec![]);
        for (index, node) in graph.node.iter().enumerate() {
            if let Some(step) = loader.step(node, index, opsets)? {
                steps.push(step);
                nodes.push(node);
            }
        }
        let (outputs, output_slots) = loader.outputs(graph)?;
        let (steps, nodes, widest) = loader.fuse(steps, nodes, &output_slots);
        let widest = widest.max(loader.farthest(&steps));
        let mut steps = loader.fuse_columns(steps, nodes, &inputs, &output_slots);
        let joins = joins(&steps, &inputs);
        loader.drop_constants(&steps, &output_slots);
        forget(&mut steps, &output_slots, loader.dtypes.len());
        let alone = alone(&steps, &joins, &output_slots, inputs.len());
        let constants = loader.constants;
        Ok(Program { engine, inputs, outputs, output_slots, constants, steps, joins, alone, widest })
    }

    /// Lets go of constants that no step reads any more.
    fn drop_constants(&mut self, steps: &[Step], kept: &[usize]) {
        let mut used = vec![false; self.constants.len()];
        let read = steps.iter().flat_map(|s| s.inputs.iter().flatten()).chain(kept);
        read.for_each(|&slot| used[slot] = true);
        for (constant, used) in self.constants.iter_mut().zip(used) {
            if !used {
                *constant = None;
            }
        }
    }

    /// To how many constant rows a row's distances are measured at once.
    fn farthest(&self, steps: &[Step]) -> usize {
        let others = steps.iter().filter(|step| step.op == "CDist").filter_map(|step| *step.inputs.get(1)?);
        let count = |slot: usize| self.constants[slot].as_ref().and_then(|t| t.shape().first()).copied();
        others.filter_map(count).max().unwrap_or(0)
    }

    /// Gives slots to inputs, which come first, and initialisers.
    fn declare(&mut self, graph: &'a proto::Graph) -> Result<Vec<ValueType>, OnnxError> {
        if !graph.sparse_initializer.is_empty() {
            return Err(OnnxError::Refused("it has sparse constants".into()));
        }
        let constants: std::collections::HashSet<&str> =
            graph.initializer.iter().map(|t| t.name.as_deref().unwrap_or_default()).collect();
        let mut inputs = vec![];
        for info in &graph.input {
            let name = info.name.as_deref().unwrap_or_default();
            if constants.contains(name) {
                continue;
            }
            let found = read::value_type(info).map_err(|why| OnnxError::Refused(format!("input {why}")))?;
            let found =
                found.ok_or_else(|| OnnxError::Refused(format!("input `{name}` is a sequence or a map")))?;
            self.define(name, found.dtype, None)?;
            inputs.push(found);
        }
        for proto in &graph.initializer {
            let name = proto.name.as_deref().unwrap_or_default();
            let tensor =
                read::tensor(proto).map_err(|why| OnnxError::Refused(format!("constant `{name}`: {why}")))?;
            self.define(name, tensor.dtype(), Some(tensor))?;
        }
        Ok(inputs)
    }

    fn define(&mut self, name: &'a str, dtype: Dtype, constant: Option<Tensor>) -> Result<usize, OnnxError> {
        let slot = self.dtypes.len();
        if name.is_empty() || self.slots.insert(name, slot).is_some() {
            return Err(OnnxError::Refused(format!("the value `{name}` is defined twice or has no name")));
        }
        self.dtypes.push(dtype);
        self.constants.push(constant);
        self.maps.push(false);
        Ok(slot)
    }

    /// Makes a node ready to run; `None` when it is a constant.
    fn step(
        &mut self,
        proto: &'a proto::Node,
        index: usize,
        opsets: &BTreeMap<&str, i64>,
    ) -> Result<Option<Step>, OnnxError> {
        let op = proto.op_type.clone().unwrap_or_default();
        let name = proto.name.as_deref().filter(|n| !n.is_empty());
        let name = name.map_or_else(|| format!("#{index}"), String::from);
        let bad = |why| OnnxError::Node { node: name.clone(), op: op.clone(), why };
        let inputs = self.find(&proto.input).map_err(bad)?;
        let kernel = self.kernel(proto, &inputs, opsets).map_err(|refusal| match refusal {
            Refusal::Bad(why) => bad(why),
            Refusal::Unknown => OnnxError::Operator {
                domain: domain(proto.domain.as_deref()).into(),
                op: op.clone(),
                node: name.clone(),
            },
        })?;
        if proto.output.len() > kernel.outputs.len() {
            return Err(bad(format!("{} outputs, it has {}", proto.output.len(), kernel.outputs.len())));
        }
        // Weights that are stored narrow are widened once.
        let given: Vec<Option<&Tensor>> = inputs.iter().map(|i| self.constants[(*i)?].as_ref()).collect();
        let fixed = op == "DequantizeLinear" && given.iter().all(Option::is_some);
        if op == "Constant" || fixed {
            let tensor = (kernel.run)(&given).map_err(bad)?.into_iter().next();
            let name = proto.output.first().map_or("", String::as_str);
            self.define(name, kernel.outputs[0], tensor)?;
            return Ok(None);
        }
        let mut outputs = vec![];
        for (name, &dtype) in proto.output.iter().zip(&kernel.outputs) {
            outputs.push(if name.is_empty() { None } else { Some(self.define(name, dtype, None)?) });
        }
        if op == "ZipMap" {
            outputs.iter().flatten().for_each(|&slot| self.maps[slot] = true);
        }
        Ok(Some(Step { node: name, op, kernel, inputs, outputs, side_by_side: false, done: vec![] }))
    }

    /// The slots of a node's inputs, all of which must have been defined before.
    fn find(&self, names: &[String]) -> Result<Vec<Option<usize>>, String> {
        let slot = |name: &String| match self.slots.get(name.as_str()) {
            _ if name.is_empty() => Ok(None),
            Some(&slot) if self.maps[slot] => Err(format!("`{name}` is a map, which no operator here takes")),
            Some(&slot) => Ok(Some(slot)),
            None => {
                Err(format!("`{name}` is not defined before it: the nodes are out of order, or form a cycle"))
            }
        };
        names.iter().map(slot).collect()
    }

    fn kernel(
        &self,
        proto: &proto::Node,
        inputs: &[Option<usize>],
        opsets: &BTreeMap<&str, i64>,
    ) -> Result<Kernel, Refusal> {
        let domain = domain(proto.domain.as_deref());
        let op = proto.op_type.as_deref().unwrap_or_default();
        let compile = ops::find(domain, op).ok_or(Refusal::Unknown)?;
        let opset = opsets.get(domain).copied();
        let opset = opset.ok_or_else(|| Refusal::Bad(format!("operator set `{domain}` is not imported")))?;
        let operand =
            |slot: usize| Operand { dtype: self.dtypes[slot], constant: self.constants[slot].as_ref() };
        let inputs = inputs.iter().map(|i| i.map(operand)).collect();
        let node = Node::new(proto, (opset, self.engine), inputs)?;
        let kernel = compile(&node)?;
        node.all_read()?;
        Ok(kernel)
    }

    fn outputs(&self, graph: &proto::Graph) -> Result<(Vec<ValueType>, Vec<usize>), OnnxError> {
        let (mut types, mut slots) = (vec![], vec![]);
        for info in &graph.output {
            let name = info.name.clone().unwrap_or_default();
            let refuse = |why: String| OnnxError::Refused(format!("output `{name}` {why}"));
            let slot =
                *self.slots.get(name.as_str()).ok_or_else(|| refuse("is written by no node".into()))?;
            let declared =
                read::value_type(info).map_err(|why| OnnxError::Refused(format!("output {why}")))?;
            let found = self.dtypes[slot];
            types.push(match declared {
                Some(declared) if declared.dtype == found => declared,
                Some(declared) => return Err(refuse(format!("is {found}, declared as {}", declared.dtype))),
                None if self.maps[slot] => ValueType { name, dtype: found, shape: None },
                None => return Err(refuse("is declared as a sequence or map, but is a tensor".into())),
            });
            slots.push(slot);
        }
        match slots.is_empty() {
            true => Err(OnnxError::Refused("it has no outputs".into())),
            false => Ok((types, slots)),
        }
    }
}

/// Notes after which step each value is read for the last time, so that a run can let it go.
fn forget(steps: &mut [Step], kept: &[usize], slots: usize) {
    let mut seen = vec![false; slots];
    kept.iter().for_each(|&slot| seen[slot] = true);
    for step in steps.iter_mut().rev() {
        let touched = step.inputs.iter().chain(&step.outputs).flatten();
        step.done = touched.copied().filter(|&slot| !std::mem::replace(&mut seen[slot], true)).collect();
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nodes = self.steps.len();
        write!(f, "Program({nodes} nodes by {}, {:?} -> {:?})", self.engine, self.inputs, self.outputs)
    }
}
