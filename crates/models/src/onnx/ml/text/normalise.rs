//! `StringNormalizer`: one case for all letters, and texts that are left out.
//!
//! Case is changed letter by letter, as C libraries do it and so onnxruntime: a letter whose other case is
//! several letters keeps to one. So the final sigma of a Greek word is no exception, and `ß` has no upper case.

use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor};
use std::collections::HashSet;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Kept,
    Lower,
    Upper,
}

impl Case {
    fn of(node: &Node<'_>) -> Result<Case, String> {
        match node.str("case_change_action")?.unwrap_or("NONE") {
            "NONE" => Ok(Case::Kept),
            "LOWER" => Ok(Case::Lower),
            "UPPER" => Ok(Case::Upper),
            other => Err(format!("there is no case_change_action `{other}`")),
        }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Case::Kept => text.into(),
            Case::Lower => lower(text),
            Case::Upper => text.chars().map(upper_letter).collect(),
        }
    }
}

/// A text in small letters, letter by letter.
pub(crate) fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(lower_letter).collect()
}

fn lower_letter(letter: char) -> char {
    // The only letter whose small form is two: the dotted capital I of Turkish.
    letter.to_lowercase().next().unwrap_or(letter)
}

fn upper_letter(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => capital(letter),
    }
}

/// The single capital of a letter whose upper case is several: Greek vowels with an iota below have one.
fn capital(letter: char) -> char {
    let code = u32::from(letter);
    let up = match code {
        0x1F80..=0x1FAF => code | 8,
        0x1FB3 | 0x1FC3 | 0x1FF3 => code + 9,
        _ => code,
    };
    char::from_u32(up).unwrap_or(letter)
}

pub(in crate::onnx) fn string_normalizer(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::Str])?;
    // letters have the same cases in all the languages whose locales are in use, Turkish apart
    if let Some(locale) = node.str("locale")?.filter(|l| l.starts_with("tr") || l.starts_with("az")) {
        return Err(format!("the letter cases of locale `{locale}` are not supported"));
    }
    let case = Case::of(node)?;
    let sensitive = node.flag("is_case_sensitive", false)?;
    let compared = match (sensitive, case) {
        (true, _) => Case::Kept,
        (false, Case::Upper) => Case::Upper,
        (false, _) => Case::Lower,
    };
    let stop: HashSet<String> =
        node.strs("stopwords")?.unwrap_or_default().into_iter().map(|s| compared.apply(s)).collect();
    Kernel::one(Dtype::Str, move |inputs| {
        let t = need(inputs, 0)?;
        let Data::Str(texts) = t.data() else { return Err("texts are expected".into()) };
        let stays = |text: &&Arc<str>| stop.is_empty() || !stop.contains(&compared.apply(text));
        let kept = texts.iter().filter(stays).map(|text| match case {
            Case::Kept => text.clone(),
            _ => case.apply(text).into(),
        });
        shaped(t, kept.collect(), !stop.is_empty())
    })
}

/// What is left of a vector or of a single row; where nothing is, one empty text.
fn shaped(t: &Tensor, mut kept: Vec<Arc<str>>, filtered: bool) -> Result<Tensor, String> {
    if filtered && kept.is_empty() && !t.is_empty() {
        kept.push("".into());
    }
    match *t.shape() {
        [_] => tensor(vec![kept.len()], Data::Str(kept)),
        [1, _] => tensor(vec![1, kept.len()], Data::Str(kept)),
        _ => Err(format!("shape {:?} is neither a vector nor a single row", t.shape())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_change_case_one_by_one() {
        assert_eq!(lower("ÉCOLE ΣΑΣ İ"), "école σασ i");
        assert_eq!(Case::Upper.apply("straße ŉ ᾳ ᾀ é"), "STRAßE ŉ ᾼ ᾈ É");
    }
}
