//! What the embedded trainer of pictures reaches on Fashion-MNIST: trained on the first rows of its 60,000, tested on
//! its 10,000.
//!
//! Reads the four IDX files, unpacked, which `run.sh` prepares; writes the graph as `cnn.onnx` beside them, for
//! `onnxruntime.py` to judge as well.
//!
//! usage: images FOLDER [ROWS] [EPOCHS]

use domain::{Column, Examples, Table, Target, Values};
use models::neural::Cnn;
use models::onnx::OnnxModel;
use models::{Fit, Predict, Seed};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some(folder) = args.first().map(Path::new) else {
        eprintln!("images: nothing to measure without a folder; see benches/images/run.sh");
        return Ok(());
    };
    let rows = args.get(1).map_or(Ok(60_000), |rows| rows.parse())?;
    let epochs = args.get(2).map(|n| n.parse()).transpose()?;
    let train = read(folder, "train", rows)?;
    let start = Instant::now();
    let mut told = 0;
    let artifact = Cnn { epochs, ..Cnn::default() }.fit(&train, Seed(1), &mut |share| {
        if (share * 20.0) as u32 > told {
            told = (share * 20.0) as u32;
            eprintln!("{:.0}% after {:.0} s", share * 100.0, start.elapsed().as_secs_f64());
        }
        true
    })?;
    println!("rows {rows}, fit in {:.1} s, {} bytes", start.elapsed().as_secs_f64(), artifact.onnx.len());
    let start = Instant::now();
    let right = accuracy(&OnnxModel::load(&artifact)?, &read(folder, "t10k", 10_000)?)?;
    println!("accuracy {right:.4} on 10000 pictures, answered in {:.1} s", start.elapsed().as_secs_f64());
    std::fs::write(folder.join("cnn.onnx"), &artifact.onnx)?;
    Ok(())
}

fn accuracy(model: &OnnxModel, test: &Examples) -> Result<f64, Box<dyn Error>> {
    let Target::Class { classes, index } = &test.target else { unreachable!("read as classes") };
    let answers = model.predict(&test.rows)?.values;
    let best = |p: &[f64]| (0..classes.len()).max_by(|&a, &b| p[a].total_cmp(&p[b]));
    let right = answers.chunks(classes.len()).zip(index).filter(|(p, k)| best(p) == Some(**k as usize));
    Ok(right.count() as f64 / index.len() as f64)
}

fn read(folder: &Path, part: &str, rows: usize) -> Result<Examples, Box<dyn Error>> {
    let pictures = std::fs::read(folder.join(format!("{part}-images-idx3-ubyte")))?;
    let labels = std::fs::read(folder.join(format!("{part}-labels-idx1-ubyte")))?;
    let data: Vec<f32> = pictures[16..].iter().take(rows * 784).map(|&x| f32::from(x)).collect();
    let image = Column { name: "image".into(), values: Values::Tensor { shape: vec![1, 28, 28], data } };
    let classes = (0..10).map(|k| k.to_string()).collect();
    let index = labels[8..].iter().take(rows).map(|&label| u32::from(label)).collect();
    let target = Target::Class { classes, index };
    Ok(Examples { rows: Table::new(vec![image])?, target, weight: None, at: None, entity: None })
}
