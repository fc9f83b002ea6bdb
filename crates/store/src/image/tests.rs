//! Tests of `image`. The numbers of other decoders and filters are Pillow's, from `tests/images/pictures.py`.

use super::*;

const RAMP: &[u8] = include_bytes!("../../tests/images/ramp.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../tests/images/progressive.jpg");
const GREY: &[u8] = include_bytes!("../../tests/images/grey.jpg");
const CMYK: &[u8] = include_bytes!("../../tests/images/cmyk.jpg");
const NOISE: &[u8] = include_bytes!("../../tests/images/noise.png");
const PALETTE: &[u8] = include_bytes!("../../tests/images/palette.png");

#[derive(serde::Deserialize)]
struct Golden {
    file: String,
    shape: [usize; 3],
    numbers: Vec<f32>,
    within: f32,
}

fn shape(channels: usize, height: usize, width: usize) -> ImageShape {
    ImageShape { channels, height, width }
}

fn png(color: png::ColorType, depth: png::BitDepth, size: (u32, u32), samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(samples).expect("samples");
    writer.finish().expect("an end");
    bytes
}

#[test]
fn pictures_are_what_pillow_makes_of_them() {
    let golden: Vec<Golden> = serde_json::from_str(include_str!("../../tests/images/pictures.json"))
        .expect("the committed fixture");
    for Golden { file, shape: [channels, height, width], numbers, within } in golden {
        let bytes = match file.as_str() {
            "ramp.jpg" => RAMP,
            "progressive.jpg" => PROGRESSIVE,
            "grey.jpg" => GREY,
            "cmyk.jpg" => CMYK,
            "noise.png" => NOISE,
            "palette.png" => PALETTE,
            other => panic!("no file {other}"),
        };
        let found = decode(bytes, shape(channels, height, width)).expect("a picture");
        let worst = found.iter().zip(&numbers).map(|(f, n)| (f - n).abs()).fold(0.0, f32::max);
        assert_eq!(found.len(), numbers.len());
        assert!(worst <= within, "{file} as {channels}x{height}x{width}: off by {worst}");
    }
}

#[test]
fn a_header_tells_the_shape() {
    assert_eq!(probe(RAMP), Ok(shape(3, 8, 12)));
    assert_eq!(probe(PROGRESSIVE), Ok(shape(3, 8, 12)));
    assert_eq!(probe(GREY), Ok(shape(1, 8, 12)));
    assert_eq!(probe(CMYK), Ok(shape(3, 8, 12)));
    assert_eq!(probe(NOISE), Ok(shape(3, 5, 7)));
    assert_eq!(probe(PALETTE), Ok(shape(3, 8, 12)));
}

#[test]
fn transparency_is_dropped_and_sixteen_bits_are_scaled() {
    let bytes = png(png::ColorType::Rgba, png::BitDepth::Eight, (1, 1), &[10, 20, 30, 0]);
    assert_eq!(decode(&bytes, shape(3, 1, 1)), Ok(vec![10.0, 20.0, 30.0]));
    let bytes = png(png::ColorType::GrayscaleAlpha, png::BitDepth::Eight, (2, 1), &[10, 255, 20, 0]);
    assert_eq!(probe(&bytes), Ok(shape(1, 1, 2)));
    assert_eq!(decode(&bytes, shape(1, 1, 2)), Ok(vec![10.0, 20.0]));
    let bytes = png(png::ColorType::Grayscale, png::BitDepth::Sixteen, (2, 1), &[255, 255, 1, 1]);
    assert_eq!(decode(&bytes, shape(1, 1, 2)), Ok(vec![255.0, 1.0]));
    let bytes = png(png::ColorType::Grayscale, png::BitDepth::One, (2, 1), &[0b0100_0000]);
    assert_eq!(decode(&bytes, shape(1, 1, 2)), Ok(vec![0.0, 255.0]));
}

#[test]
fn grey_becomes_colour_and_colour_grey() {
    let grey = png(png::ColorType::Grayscale, png::BitDepth::Eight, (2, 1), &[7, 9]);
    assert_eq!(decode(&grey, shape(3, 1, 2)), Ok(vec![7.0, 9.0, 7.0, 9.0, 7.0, 9.0]));
    let colour = png(png::ColorType::Rgb, png::BitDepth::Eight, (1, 1), &[100, 200, 50]);
    let found = decode(&colour, shape(1, 1, 1)).expect("grey");
    assert!((found[0] - (29.9 + 117.4 + 5.7)).abs() < 1e-3, "{found:?}");
}

#[test]
fn what_is_written_is_read_back() {
    for shape in [shape(1, 3, 5), shape(3, 4, 2)] {
        let data: Vec<f32> = (0..shape.numbers()).map(|i| (i * 37 % 256) as f32).collect();
        assert_eq!(decode(&encode_png(&data, shape), shape), Ok(data));
    }
    let odd = encode_png(&[-3.0, 300.0, f32::NAN, 1.6], shape(1, 2, 2));
    assert_eq!(decode(&odd, shape(1, 2, 2)), Ok(vec![0.0, 255.0, 0.0, 2.0]));
}

#[test]
fn a_few_bytes_cannot_ask_for_gigabytes() {
    let mut bytes = png(png::ColorType::Grayscale, png::BitDepth::Eight, (1, 1), &[7]);
    let side = 50_000u32.to_be_bytes();
    bytes[16..20].copy_from_slice(&side);
    bytes[20..24].copy_from_slice(&side);
    let crc = crc32fast::hash(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&crc);
    let expected = Err(ImageError::Pixels { width: 50_000, height: 50_000 });
    assert_eq!(decode(&bytes, shape(1, 28, 28)), expected);
    assert_eq!(probe(&bytes).map(|_| vec![]), expected);

    let mut bytes = RAMP.to_vec();
    let frame = bytes.windows(2).position(|w| w == [0xFF, 0xC0]).expect("a frame header");
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    assert_eq!(decode(&bytes, shape(3, 8, 8)), Err(ImageError::Pixels { width: 65_535, height: 65_535 }));
    assert_eq!(decode(&vec![0; MAX_BYTES + 1], shape(1, 1, 1)), Err(ImageError::Bytes(MAX_BYTES + 1)));
}

#[test]
fn a_picture_that_is_cut_off_is_told_wherever_it_is_cut() {
    for whole in [RAMP, PROGRESSIVE, NOISE, PALETTE] {
        // the last chunk of a PNG is empty
        for length in 8..whole.len() - 14 {
            let found = decode(&whole[..length], shape(3, 8, 12));
            assert!(matches!(found, Err(ImageError::Broken { .. })), "{length} of {} bytes", whole.len());
        }
    }
}

#[test]
fn other_formats_are_named() {
    let refused = |bytes: &[u8]| decode(bytes, shape(1, 1, 1)).expect_err("no picture").to_string();
    assert_eq!(refused(b""), "found no bytes, expected a PNG or JPEG picture");
    assert_eq!(refused(b"GIF89a"), "found a GIF, expected a PNG or JPEG picture");
    assert_eq!(
        refused(b"hello"),
        "found 5 bytes that begin with 68 65 6C 6C, expected a PNG or JPEG picture"
    );
    let error = decode(RAMP, shape(2, 8, 12)).expect_err("two channels").to_string();
    assert!(error.starts_with("a picture of 2x8x12 was asked for"), "{error}");
    assert!(decode(RAMP, shape(3, usize::MAX, 2)).is_err());
}

#[test]
fn a_shape_is_read_as_it_is_printed() {
    assert_eq!("1x28x28".parse(), Ok(shape(1, 28, 28)));
    assert_eq!(shape(3, 32, 16).to_string().parse(), Ok(shape(3, 32, 16)));
    for wrong in ["28x28", "1x28x28x1", "ax2x3", ""] {
        assert!(wrong.parse::<ImageShape>().is_err(), "{wrong}");
    }
}

#[test]
fn odd_sizes_are_resized_within_the_range_of_the_picture() {
    let samples: Vec<u8> = (0..7).map(|i| i * 30).collect();
    let bytes = png(png::ColorType::Grayscale, png::BitDepth::Eight, (7, 1), &samples);
    for (height, width) in [(1, 1), (1, 6), (5, 1), (3, 50), (2, 7)] {
        let found = decode(&bytes, shape(1, height, width)).expect("a picture");
        assert_eq!(found.len(), height * width);
        assert!(found.iter().all(|x| (-1e-3..=180.001).contains(x)), "{height}x{width}: {found:?}");
    }
}
