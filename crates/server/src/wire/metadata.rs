//! What a model takes and answers, as the Open Inference Protocol tells it.

use super::dtype::Dtype;
use super::tensor::datatype;
use crate::grpc::proto;
use domain::{Kind, OutputKind, Signature};
use serde_json::{Value, json};
use serving::{Refusal, Snapshot};

/// A model's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    name: String,
    versions: Vec<String>,
    inputs: Vec<Described>,
    outputs: Vec<Described>,
}

/// A tensor's name, datatype and shape, in which -1 stands for any number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Described {
    name: String,
    dtype: Dtype,
    shape: Vec<i64>,
}

/// The metadata of a version that serves: the intended one where none is given.
pub fn metadata(snapshot: &Snapshot, version: Option<&str>) -> Result<Metadata, Refusal> {
    let signature = snapshot.chain_for(version)?[0].signature();
    let versions = snapshot.chain().iter().map(|link| link.version().0.clone()).collect();
    let inputs = signature.inputs.fields.iter().map(|field| {
        let block: &[usize] = if let Kind::Tensor(block) = &field.kind { block } else { &[] };
        Described::of(&field.name, datatype(&field.kind), block)
    });
    let (name, inputs) = (snapshot.model().to_owned(), inputs.collect());
    Ok(Metadata { name, versions, inputs, outputs: outputs(signature) })
}

fn outputs(signature: &Signature) -> Vec<Described> {
    let mut outputs = match &signature.output {
        OutputKind::Probabilities { classes } => vec![
            Described::of("probabilities", Dtype::Fp64, &[classes.len()]),
            Described::of("label", Dtype::Bytes, &[]),
        ],
        OutputKind::Value => vec![Described::of("value", Dtype::Fp64, &[])],
        OutputKind::Path { horizon } => vec![Described::of("forecast", Dtype::Fp64, &[*horizon])],
    };
    outputs.push(Described::of("prediction_id", Dtype::Bytes, &[]));
    outputs
}

impl Metadata {
    /// For HTTP.
    pub fn json(&self) -> Value {
        let tensors = |all: &[Described]| {
            let told =
                |t: &Described| json!({"name": t.name, "datatype": t.dtype.to_string(), "shape": t.shape});
            all.iter().map(told).collect::<Vec<Value>>()
        };
        json!({
            "name": self.name, "versions": self.versions, "platform": "incumbent",
            "inputs": tensors(&self.inputs), "outputs": tensors(&self.outputs),
        })
    }

    /// For gRPC.
    pub fn message(self) -> proto::ModelMetadataResponse {
        let tensors = |all: Vec<Described>| {
            let told = |t: Described| proto::model_metadata_response::TensorMetadata {
                name: t.name,
                datatype: t.dtype.to_string(),
                shape: t.shape,
            };
            all.into_iter().map(told).collect()
        };
        proto::ModelMetadataResponse {
            name: self.name,
            versions: self.versions,
            platform: "incumbent".into(),
            inputs: tensors(self.inputs),
            outputs: tensors(self.outputs),
        }
    }
}

impl Described {
    fn of(name: &str, dtype: Dtype, block: &[usize]) -> Described {
        let sides = block.iter().map(|side| i64::try_from(*side).unwrap_or(-1));
        Described { name: name.into(), dtype, shape: std::iter::once(-1).chain(sides).collect() }
    }
}
