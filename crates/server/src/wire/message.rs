//! An inference request of the Open Inference Protocol over gRPC, its elements raw or typed, and its response, whose
//! elements are raw where the request's were.

use super::answer::{Cells as Answered, Tensor as Output, find, outputs, told};
use super::dtype::Dtype;
use super::tensor::{Cells, Tensor};
use crate::grpc::proto::infer_parameter::ParameterChoice;
use crate::grpc::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use crate::grpc::proto::model_infer_response::InferOutputTensor;
use crate::grpc::proto::{InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse};
use bytes::Bytes;
use serde_json::Value;
use serving::Answer;

/// The request's tensors. Its inputs are taken out of it; whether they were raw can still be told.
pub fn tensors(asked: &mut ModelInferRequest) -> Result<Vec<Tensor>, String> {
    let inputs = std::mem::take(&mut asked.inputs);
    let raw = &mut asked.raw_input_contents;
    if raw.is_empty() {
        return inputs.into_iter().map(typed).collect();
    }
    if raw.len() != inputs.len() {
        let (found, expected) = (raw.len(), inputs.len());
        return Err(format!(
            "the request has {found} `raw_input_contents`, expected {expected}, one an input, or none"
        ));
    }
    inputs
        .into_iter()
        .zip(raw.iter_mut())
        .map(|(input, bytes)| binary(input, std::mem::take(bytes)))
        .collect()
}

fn binary(input: InferInputTensor, bytes: Bytes) -> Result<Tensor, String> {
    let (name, dtype, shape) = described(&input)?;
    if input.contents.is_some() {
        return Err(format!(
            "input `{name}` has both `contents` and `raw_input_contents`, expected one of them"
        ));
    }
    Tensor::from_bytes(name, shape, dtype, &bytes)
}

fn typed(input: InferInputTensor) -> Result<Tensor, String> {
    let (_, dtype, shape) = described(&input)?;
    let name = &input.name;
    let contents = input.contents.as_ref();
    let contents =
        contents.ok_or_else(|| format!("input `{name}` has neither `contents` nor `raw_input_contents`"))?;
    let (place, cells) = cells(dtype, contents).ok_or_else(|| {
        format!("input `{name}` has datatype {dtype}, expected its elements in `raw_input_contents`")
    })?;
    Tensor::from_cells(name, shape, dtype, cells, place)
}

/// The tensor's name, datatype and shape.
fn described(input: &InferInputTensor) -> Result<(&str, Dtype, Vec<usize>), String> {
    let name = input.name.as_str();
    let shape: Result<Vec<usize>, _> = input.shape.iter().map(|side| usize::try_from(*side)).collect();
    let odd = |_| format!("input `{name}` has shape {:?}, expected sides of 0 or more", input.shape);
    Ok((name, Dtype::named(name, &input.datatype)?, shape.map_err(odd)?))
}

/// The elements, and the name of the place where a datatype's elements stand; 16-bit floats have none.
fn cells(dtype: Dtype, contents: &InferTensorContents) -> Option<(&'static str, Cells)> {
    fn wide<T: Copy + Into<f64>>(cells: &[T]) -> Cells {
        Cells::Numbers(cells.iter().map(|x| (*x).into()).collect())
    }
    Some(match dtype {
        Dtype::Bool => {
            let bits = contents.bool_contents.iter().map(|yes| f64::from(u8::from(*yes)));
            ("bool_contents", Cells::Numbers(bits.collect()))
        }
        Dtype::Int(8) => {
            ("int64_contents", Cells::Numbers(contents.int64_contents.iter().map(|x| *x as f64).collect()))
        }
        Dtype::Uint(8) => {
            ("uint64_contents", Cells::Numbers(contents.uint64_contents.iter().map(|x| *x as f64).collect()))
        }
        Dtype::Int(_) => ("int_contents", wide(&contents.int_contents)),
        Dtype::Uint(_) => ("uint_contents", wide(&contents.uint_contents)),
        Dtype::Fp32 => ("fp32_contents", wide(&contents.fp32_contents)),
        Dtype::Fp64 => ("fp64_contents", wide(&contents.fp64_contents)),
        Dtype::Bytes => ("bytes_contents", Cells::Bytes(contents.bytes_contents.clone())),
        Dtype::Fp16 | Dtype::Bf16 => return None,
    })
}

/// The answer as the request wants it.
pub fn respond(asked: ModelInferRequest, answer: &Answer) -> Result<ModelInferResponse, String> {
    let all = outputs(answer);
    let raw = !asked.raw_input_contents.is_empty();
    let (mut described, mut contents) = (Vec::new(), Vec::new());
    for output in wanted(&asked.outputs, &all)? {
        if raw {
            let mut bytes = Vec::new();
            output.write(&mut bytes);
            contents.push(bytes);
        }
        described.push(output_of(output, raw));
    }
    let (version, parameters) = told(answer);
    Ok(ModelInferResponse {
        model_version: version.into(),
        model_name: asked.model_name,
        id: asked.id,
        parameters: parameters.into_iter().map(|(key, value)| (key, parameter(value))).collect(),
        outputs: described,
        raw_output_contents: contents,
    })
}

fn wanted<'a>(asked: &[InferRequestedOutputTensor], all: &'a [Output]) -> Result<Vec<&'a Output>, String> {
    if asked.is_empty() {
        return Ok(all.iter().collect());
    }
    asked.iter().map(|one| find(all, &one.name, one.parameters.contains_key("classification"))).collect()
}

fn output_of(output: &Output, raw: bool) -> InferOutputTensor {
    let contents = (!raw).then(|| match output.cells() {
        Answered::Numbers(cells) => {
            InferTensorContents { fp64_contents: cells.clone(), ..InferTensorContents::default() }
        }
        Answered::Texts(cells) => InferTensorContents {
            bytes_contents: cells.iter().map(|text| text.clone().into_bytes()).collect(),
            ..InferTensorContents::default()
        },
    });
    InferOutputTensor {
        name: output.name.into(),
        datatype: output.dtype.to_string(),
        shape: output.shape.iter().map(|side| *side as i64).collect(),
        parameters: Default::default(),
        contents,
    }
}

fn parameter(value: Value) -> InferParameter {
    let choice = match value {
        Value::Bool(yes) => ParameterChoice::BoolParam(yes),
        Value::String(text) => ParameterChoice::StringParam(text),
        other => ParameterChoice::StringParam(other.to_string()),
    };
    InferParameter { parameter_choice: Some(choice) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, datatype: &str, shape: &[i64]) -> InferInputTensor {
        InferInputTensor {
            name: name.into(),
            datatype: datatype.into(),
            shape: shape.to_vec(),
            ..Default::default()
        }
    }

    fn with(mut input: InferInputTensor, contents: InferTensorContents) -> ModelInferRequest {
        input.contents = Some(contents);
        ModelInferRequest { inputs: vec![input], ..Default::default() }
    }

    fn read(mut asked: ModelInferRequest) -> Result<Cells, String> {
        tensors(&mut asked).map(|mut tensors| tensors.remove(0).cells)
    }

    #[test]
    fn every_datatype_has_its_place() {
        let none = InferTensorContents::default;
        let check = |datatype: &str, contents: InferTensorContents, expect: &[f64]| {
            let shape = [expect.len() as i64];
            let found = read(with(input("x", datatype, &shape), contents));
            assert_eq!(found, Ok(Cells::Numbers(expect.to_vec())), "{datatype}");
        };
        check("BOOL", InferTensorContents { bool_contents: vec![true, false], ..none() }, &[1.0, 0.0]);
        for small in ["INT8", "INT16", "INT32"] {
            check(small, InferTensorContents { int_contents: vec![-3], ..none() }, &[-3.0]);
        }
        for small in ["UINT8", "UINT16", "UINT32"] {
            check(small, InferTensorContents { uint_contents: vec![200], ..none() }, &[200.0]);
        }
        check("INT64", InferTensorContents { int64_contents: vec![-7], ..none() }, &[-7.0]);
        check("UINT64", InferTensorContents { uint64_contents: vec![7], ..none() }, &[7.0]);
        check("FP32", InferTensorContents { fp32_contents: vec![0.5], ..none() }, &[0.5]);
        check("FP64", InferTensorContents { fp64_contents: vec![0.1], ..none() }, &[0.1]);
        let text = InferTensorContents { bytes_contents: vec![b"ab".to_vec()], ..none() };
        assert_eq!(read(with(input("x", "BYTES", &[1]), text)), Ok(Cells::Bytes(vec![b"ab".to_vec()])));
    }

    #[test]
    fn raw_elements_are_those_of_http() {
        let raw = vec![Bytes::copy_from_slice(&41_i32.to_le_bytes())];
        let asked = ModelInferRequest {
            inputs: vec![input("x", "INT32", &[1])],
            raw_input_contents: raw,
            ..Default::default()
        };
        assert_eq!(read(asked), Ok(Cells::Numbers(vec![41.0])));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let said = |asked| read(asked).expect_err("does not fit");
        let doubles = |x: &[f64]| InferTensorContents { fp64_contents: x.to_vec(), ..Default::default() };
        let bare = |input| ModelInferRequest { inputs: vec![input], ..Default::default() };
        assert_eq!(
            said(bare(input("x", "FP64", &[1]))),
            "input `x` has neither `contents` nor `raw_input_contents`"
        );
        assert_eq!(
            said(with(input("x", "FP32", &[1]), doubles(&[1.0]))),
            "input `x` has 0 elements in `fp32_contents`, expected 1 for shape [1]"
        );
        assert_eq!(
            said(with(input("x", "FP16", &[1]), doubles(&[1.0]))),
            "input `x` has datatype FP16, expected its elements in `raw_input_contents`"
        );
        assert_eq!(
            said(with(input("x", "FP64", &[-1]), doubles(&[1.0]))),
            "input `x` has shape [-1], expected sides of 0 or more"
        );
        let mut both = with(input("x", "FP64", &[1]), doubles(&[1.0]));
        both.raw_input_contents = vec![Bytes::from_static(&[0; 8])];
        assert_eq!(
            said(both.clone()),
            "input `x` has both `contents` and `raw_input_contents`, expected one of them"
        );
        both.raw_input_contents.push(Bytes::new());
        assert_eq!(said(both), "the request has 2 `raw_input_contents`, expected 1, one an input, or none");
        assert!(
            said(with(input("x", "FP64", &[i64::MAX, 4]), doubles(&[]))).contains("expected fewer elements")
        );
        assert!(
            said(with(input("x", "FLOAT", &[1]), doubles(&[1.0])))
                .starts_with("input `x` has datatype FLOAT")
        );
    }
}
