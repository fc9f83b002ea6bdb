//! `Tokenizer` of onnxruntime: texts to tokens, each row filled up to the longest.

use super::pattern::Pattern;
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};
use std::sync::Arc;

/// The most characters that tokens may be asked to have at least.
const MAX_LEAST: i64 = 1024;
/// What stands before the first token of a text, where tokens are marked.
const START: &str = "\u{2}";
/// What stands after the last one.
const END: &str = "\u{3}";

/// Where tokens begin and end.
#[derive(Debug)]
enum Rule {
    /// Every character is one.
    Characters,
    /// Every match is one.
    Tokens(Pattern),
    /// What lies between the matches of each expression in turn.
    Separators(Vec<Pattern>),
}

/// How texts are taken apart.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    rule: Rule,
    /// The fewest characters of a token.
    least: usize,
    mark: bool,
    pad: Arc<str>,
}

impl Tokenizer {
    /// Tokens are the matches of an expression that is known to be sound.
    pub fn matching(expression: &str) -> Tokenizer {
        let pattern = Pattern::new(expression).expect("the caller's expression is sound");
        Tokenizer { rule: Rule::Tokens(pattern), least: 1, mark: false, pad: "".into() }
    }

    /// Reads a node's settings.
    pub(in crate::onnx) fn of(node: &Node<'_>) -> Result<Tokenizer, String> {
        let mark = node.int("mark")?.ok_or("attribute `mark` is missing")? != 0;
        let pad = node.str("pad_value")?.ok_or("attribute `pad_value` is missing")?.into();
        let least = node.int("mincharnum")?.ok_or("attribute `mincharnum` is missing")?;
        if !(1..=MAX_LEAST).contains(&least) {
            return Err(format!("mincharnum is {least}, expected 1 to {MAX_LEAST}"));
        }
        let separators = node.strs("separators")?.filter(|s| !s.is_empty());
        let rule = match (separators.as_deref(), node.str("tokenexp")?) {
            (Some([""]), _) | (None, Some(".")) => Rule::Characters,
            (Some(list), _) => {
                Rule::Separators(list.iter().map(|s| Pattern::new(s)).collect::<Result<_, _>>()?)
            }
            (None, Some(expression)) if !expression.is_empty() => Rule::Tokens(Pattern::new(expression)?),
            _ => return Err("neither `separators` nor `tokenexp` is there".into()),
        };
        if matches!(rule, Rule::Characters) && least > 1 {
            return Err(format!("mincharnum is {least}, but every character is a token"));
        }
        Ok(Tokenizer { rule, least: least as usize, mark, pad })
    }

    /// Whether a row's tokens are its text's and no others: no marks, and no filling that is in the vocabulary.
    pub(in crate::onnx) fn is_plain(&self, known: impl Fn(&str) -> bool) -> bool {
        !self.mark && !known(&self.pad)
    }

    /// The tokens of a text, without marks and filling.
    pub fn tokens<'t>(&self, text: &'t str) -> Vec<&'t str> {
        match &self.rule {
            Rule::Characters => text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect(),
            Rule::Tokens(pattern) => self.matches(pattern, text),
            Rule::Separators(separators) => separators.iter().fold(vec![text], |pieces, separator| {
                pieces.into_iter().flat_map(|piece| self.between(separator, piece)).collect()
            }),
        }
    }

    fn matches<'t>(&self, pattern: &Pattern, text: &'t str) -> Vec<&'t str> {
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(range) = pattern.find(text, from) {
            let token = &text[range.clone()];
            if self.is_long(token) {
                found.push(token);
                from = range.end;
            } else {
                from = after(text, range.start);
            }
        }
        found
    }

    fn between<'t>(&self, separator: &Pattern, text: &'t str) -> Vec<&'t str> {
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(range) = separator.find(text, from) {
            found.push(&text[from..range.start]);
            from = if range.is_empty() { after(text, range.start) } else { range.end };
        }
        found.extend(text.get(from..));
        found.retain(|token| self.is_long(token));
        found
    }

    fn is_long(&self, token: &str) -> bool {
        token.chars().take(self.least).count() == self.least
    }

    fn run(&self, t: &Tensor) -> Result<Tensor, String> {
        let Data::Str(texts) = t.data() else { return Err("texts are expected".into()) };
        if !matches!(t.shape(), [_] | [_, _]) {
            return Err(format!("shape {:?} is neither a vector nor rows by columns", t.shape()));
        }
        let rows: Vec<Vec<&str>> = texts.iter().map(|text| self.tokens(text)).collect();
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let marks = if self.mark && longest > 0 { 2 } else { 0 };
        let shape = [t.shape(), &[longest + marks]].concat();
        elements(&shape).ok_or_else(|| format!("the tokens' shape {shape:?} is too large"))?;
        let (start, end): (Arc<str>, Arc<str>) = (START.into(), END.into());
        let mut out: Vec<Arc<str>> = Vec::with_capacity(rows.len() * (longest + marks));
        for row in rows {
            let full = out.len() + longest + marks;
            out.extend((marks > 0).then(|| start.clone()));
            out.extend(row.into_iter().map(Arc::from));
            out.extend((marks > 0).then(|| end.clone()));
            out.resize(full, self.pad.clone());
        }
        tensor(shape, Data::Str(out))
    }
}

/// Where the character after the one at `at` begins.
fn after(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

pub(in crate::onnx) fn tokenizer(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::Str])?;
    let tokenizer = Tokenizer::of(node)?;
    Kernel::one(Dtype::Str, move |inputs| tokenizer.run(need(inputs, 0)?))
}
