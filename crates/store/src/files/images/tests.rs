//! Tests of `images`.

use crate::files::{Format, ReadError, ReadOptions, read_table, sniff};
use crate::image::{ImageShape, encode_png};
use domain::{Table, Values};
use std::io::Write;
use std::path::Path;

const GREY: ImageShape = ImageShape { channels: 1, height: 1, width: 2 };

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("written");
}

fn read(path: &Path) -> Result<Table, ReadError> {
    read_table(path, &ReadOptions::default())
}

/// The error of a folder, with its own path cut off.
fn refused(folder: &Path, path: &Path) -> String {
    let place = format!("{}/", folder.display());
    read(path).expect_err("refused").to_string().replace(&place, "")
}

fn columns(table: &Table) -> (Vec<f32>, Vec<String>) {
    let Some(Values::Tensor { shape, data }) = table.column("image").map(|c| &c.values) else {
        panic!("pictures");
    };
    let Some(Values::Text(labels)) = table.column("label").map(|c| &c.values) else { panic!("labels") };
    assert_eq!((table.columns().len(), shape.len()), (2, 3));
    (data.clone(), labels.iter().flatten().cloned().collect())
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    put(root, "dog/b.PNG", &encode_png(&[5.0, 6.0], GREY));
    put(root, "dog/a.png", &encode_png(&[3.0, 4.0], GREY));
    put(root, "cat/z.png", &encode_png(&[1.0, 2.0], GREY));
    put(root, "cat/.hidden.png", b"x");
    put(root, "cat/notes.txt", b"x");
    put(root, ".cache/x.png", b"x");
    put(root, "README.md", b"x");
    assert_eq!(sniff(root).expect("a folder"), Format::ImageFolder);
    let (data, labels) = columns(&read(root).expect("readable"));
    assert_eq!(data, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(labels, ["cat", "dog", "dog"]);
}

#[test]
fn what_is_no_folder_of_classes_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let why = "holds no sub-folder, expected one a class with pictures in it";
    assert_eq!(refused(root, root), format!("{} {why}", root.display()));
    put(root, "flat/1.png", &encode_png(&[1.0, 2.0], GREY));
    assert_eq!(refused(root, &root.join("flat")), format!("flat {why}"));
    put(root, "train/cat/1.png", &encode_png(&[1.0, 2.0], GREY));
    let why = "is a folder, expected pictures: its parent is taken for a class";
    assert_eq!(refused(root, root), format!("train/cat {why}"));
    put(root, "bare/cat/notes.txt", b"x");
    let why = "holds no PNG or JPEG file, expected the pictures of a class";
    assert_eq!(refused(root, &root.join("bare")), format!("bare/cat {why}"));
}

#[test]
fn a_bad_picture_is_named_by_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    put(root, "cat/1.png", &encode_png(&[1.0, 2.0], GREY));
    put(root, "cat/2.webp", b"RIFF1234WEBP");
    assert_eq!(refused(root, root), "cat/2.webp: found a WebP picture, expected a PNG or JPEG picture");
    std::fs::remove_file(root.join("cat/2.webp")).expect("removed");
    put(root, "dog/3.png", &encode_png(&[1.0], ImageShape { width: 1, ..GREY }));
    let why = "the picture is 1x1x1, expected 1x1x2 (channels, height, width) as the first one is";
    assert_eq!(refused(root, root), format!("dog/3.png: {why}"));
    let options = ReadOptions { image: Some(GREY), ..ReadOptions::default() };
    assert_eq!(columns(&read_table(root, &options).expect("resized")).0, [1.0, 2.0, 1.0, 1.0]);
}

fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
    file.extend(bytes);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte")
}

#[test]
fn idx_is_read_plain_and_compressed() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let (pictures, labels) = (idx(&[2, 1, 2], &[1, 2, 255, 4]), idx(&[2], &[9, 0]));
    put(root, "train-images-idx3-ubyte", &pictures);
    put(root, "train-labels-idx1-ubyte.gz", &gzip(&labels));
    put(root, "t10k-images-idx3-ubyte.gz", &gzip(&pictures));
    put(root, "t10k-labels-idx1-ubyte.gz", &gzip(&labels));
    for name in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"] {
        let path = root.join(name);
        assert_eq!(sniff(&path).expect("idx"), Format::Idx);
        let (data, labels) = columns(&read(&path).expect("readable"));
        assert_eq!(data, [1.0, 2.0, 255.0, 4.0]);
        assert_eq!(labels, ["9", "0"]);
    }
}

#[test]
fn idx_that_lies_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let check = |name: &str, bytes: &[u8], expected: &str| {
        put(root, name, bytes);
        assert_eq!(refused(root, &root.join(name)), format!("{name} is not readable as IDX: {expected}"));
    };
    let alone = idx(&[2, 1, 2], &[1, 2, 3, 4]);
    check("images-a", &alone, "its labels are not beside it, expected labels-a");
    check("a", &alone, "`images` is not in its name, so that the file of its labels cannot be told");
    check("images-b", &idx(&[2, 1, 2], &[1]), "1 bytes follow its header, expected [2, 1, 2]");
    check("images-c", &idx(&[1, 1, 2], &[1; 9]), "more bytes follow its header, expected [1, 1, 2]");
    check("images-d", &idx(&[1, 1, 2], &[1; 9])[..7], "its header is cut off");
    let huge = [u32::MAX; 3];
    let expected = format!("its header asks for {huge:?} bytes, expected at most 536870912");
    check("images-e", &gzip(&idx(&huge, &[])), &expected);
    let expected = "it begins with [00, 00, 08, 01], expected [00, 00, 08, 03] for grey pictures as bytes";
    check("labels-f", &idx(&[2], &[1, 2]), expected);
    put(root, "labels-g", &idx(&[3], &[1, 2, 3]));
    put(root, "images-g", &alone);
    let error = refused(root, &root.join("images-g"));
    assert!(
        error.starts_with("labels-g is not readable as IDX: it has 3 labels for the 2 pictures"),
        "{error}"
    );
    let cut = gzip(&alone);
    put(root, "images-h.gz", &cut[..cut.len() - 9]);
    let error = refused(root, &root.join("images-h.gz"));
    assert!(error.contains("it is cut off or damaged"), "{error}");
}

#[test]
fn fashion_mnist_is_read() {
    let Some(path) = testkit::shared("data/fashion-mnist/t10k-images-idx3-ubyte.gz") else { return };
    let (data, labels) = columns(&read(&path).expect("readable"));
    assert_eq!((data.len(), labels.len()), (10_000 * 28 * 28, 10_000));
    assert_eq!(labels[..5], ["9", "2", "1", "1", "6"]);
    let mean = data.iter().map(|&x| f64::from(x)).sum::<f64>() / data.len() as f64;
    assert!((mean / 255.0 - 0.2868).abs() < 1e-3, "{mean}");
}
