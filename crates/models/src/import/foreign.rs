//! Files that are not ONNX, recognised by their first bytes.
//!
//! None of them is ever read further: a pickle runs code when it is read.

use super::error::ImportError;

const SKLEARN: &str =
    "export it where it was made: skl2onnx.to_onnx(model, X[:1].astype(numpy.float32)).SerializeToString()";
const TORCH: &str = "export it where it was made: torch.onnx.export(model.eval(), (example,), \"model.onnx\", \
                     input_names=[\"input\"], dynamic_axes={\"input\": {0: \"N\"}}, dynamo=False)";
const KERAS: &str =
    "export it where it was made: tf2onnx.convert.from_keras(model, output_path=\"model.onnx\")";
const LIGHTGBM: &str = "export it where it was made: onnxmltools.convert_lightgbm(model, initial_types=[(\"input\", \
                        FloatTensorType([None, F]))], zipmap=False)";
const XGBOOST: &str = "export it where it was made: onnxmltools.convert_xgboost(model, initial_types=[(\"input\", \
                       FloatTensorType([None, F]))])";
const CATBOOST: &str = "export it where it was made: model.save_model(\"model.onnx\", format=\"onnx\")";
const WEIGHTS: &str = "it holds weights without the computation; load them where the model is defined and export \
                       that: torch.onnx.export(model.eval(), (example,), \"model.onnx\")";
const UNPACK: &str = "unpack it first; what comes out must be ONNX";
const OTHER: &str = "export the model as ONNX where it was made";

/// Refuses what is known not to be ONNX; whether anything else is, the decoder finds out.
pub(super) fn refuse(bytes: &[u8]) -> Result<(), ImportError> {
    match recognise(bytes) {
        Some((format, hint)) => Err(ImportError::Foreign { format, hint }),
        None => Ok(()),
    }
}

fn recognise(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let early = |part: &[u8]| bytes[..bytes.len().min(4096)].windows(part.len()).any(|w| w == part);
    Some(match bytes {
        _ if starts(b"PK\x03\x04") && early(b"data.pkl") => ("a PyTorch checkpoint (a pickle inside)", TORCH),
        _ if starts(b"PK\x03\x04") && (early(b"config.json") || early(b"metadata.json")) => {
            ("a Keras model", KERAS)
        }
        _ if starts(b"PK\x03\x04") => ("a zip archive", UNPACK),
        _ if starts(b"\x80\x02\x8a\x0a\x6c\xfc") => ("a PyTorch checkpoint (a pickle)", TORCH),
        // protocols 2 to 5; those before have no mark and are refused by the decoder
        [0x80, 2..=5, ..] => ("a pickle or joblib file", SKLEARN),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => ("a compressed joblib file", SKLEARN),
        _ if starts(b"\x1f\x8b") || starts(b"BZh") || starts(b"\xfd7zXZ") || starts(b"\x28\xb5\x2f\xfd") => {
            ("a compressed file", UNPACK)
        }
        _ if starts(b"\x89HDF\r\n\x1a\n") => ("an HDF5 file (Keras)", KERAS),
        _ if is_safetensors(bytes) => ("a safetensors file", WEIGHTS),
        _ if starts(b"GGUF") => ("a GGUF file", WEIGHTS),
        _ if bytes.get(4..8) == Some(b"TFL3") => ("a TensorFlow Lite model", KERAS),
        _ if starts(b"CBM1") => ("a CatBoost model", CATBOOST),
        _ if starts(b"tree\n") && early(b"version=") => ("a LightGBM text model", LIGHTGBM),
        _ if (starts(b"{") && early(b"\"learner\"")) || starts(b"{L\0\0\0\0\0\0\0\x07learner") => {
            ("an XGBoost model", XGBOOST)
        }
        _ if starts(b"binf") || starts(b"bs64") => ("an XGBoost model", XGBOOST),
        _ if starts(b"{") || starts(b"[") => ("a JSON file", OTHER),
        _ if starts(b"<?xml") || starts(b"<PMML") => ("an XML file (PMML)", OTHER),
        _ if starts(b"\x93NUMPY") => ("a NumPy array", OTHER),
        _ => return None,
    })
}

/// The length of a header, and then the header, which is JSON.
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length) < 1 << 32 && rest.starts_with(b"{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], format: &str, hint: &str) {
        let error = refuse(bytes).expect_err("must be refused");
        assert!(error.to_string().contains(format), "{error}");
        assert!(error.hint().is_some_and(|h| h.contains(hint)), "{error}");
    }

    #[test]
    fn formats_are_recognised_and_their_export_named() {
        check(b"\x80\x04\x95\x10\0", "pickle or joblib", "skl2onnx");
        check(b"\x78\x9c\x01", "compressed joblib", "skl2onnx");
        check(b"PK\x03\x04\0\0archive/data.pkl", "PyTorch", "torch.onnx.export");
        check(b"PK\x03\x04\0\0config.json", "Keras", "tf2onnx");
        check(b"PK\x03\x04\0\0x.npy", "zip", "unpack");
        check(b"\x10\0\0\0\0\0\0\0{\"w\":{}}", "safetensors", "torch.onnx.export");
        check(b"\x89HDF\r\n\x1a\n\0", "HDF5", "tf2onnx");
        check(b"tree\nversion=v4\n", "LightGBM", "convert_lightgbm");
        check(b"{\"learner\":{}}", "XGBoost", "convert_xgboost");
        check(b"{L\0\0\0\0\0\0\0\x07learner{", "XGBoost", "convert_xgboost");
        check(b"CBM1....", "CatBoost", "format=\"onnx\"");
        check(b"\x1f\x8b\x08", "compressed", "unpack");
    }

    #[test]
    fn what_is_not_recognised_is_left_to_the_decoder() {
        assert!(refuse(b"").is_ok());
        // an ONNX file begins with its IR version
        assert!(refuse(&[0x08, 0x08, 0x12, 0x08]).is_ok());
    }
}
