//! What an object is found by.

use std::collections::BTreeSet;

use super::{HIDDEN, MIN_DIGITS, cut, runs};
use crate::listing::fold::fold_search;

/// What a document may hold; PostgreSQL has no room for more than 1 MiB.
const MAX_BYTES: usize = 400_000;

/// What an object is found by. When there is too much, what was added last is left out.
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub(super) tokens: BTreeSet<String>,
    /// What it is found by besides, by those who may find everything.
    hidden: BTreeSet<String>,
    /// Whether what is added now is hidden.
    is_hiding: bool,
    bytes: usize,
}

impl Document {
    pub fn add_text(&mut self, text: &str) {
        let folded = fold_search(text);
        // People write 张　三 so that it is as wide as three characters: there, a space does not part.
        for run in runs(&folded, true) {
            if run.is_unspaced {
                let characters: Vec<char> = run.text.chars().filter(|c| !c.is_whitespace()).collect();
                characters.windows(2).for_each(|pair| self.add(pair.iter().collect()));
                characters.last().into_iter().for_each(|last| self.add(last.to_string()));
            } else {
                self.add(cut(run.text));
            }
        }
    }

    /// A phone number in one of its writings, as digits.
    pub fn add_number(&mut self, digits: &str) {
        for start in 0..=digits.len().saturating_sub(MIN_DIGITS) {
            digits.get(start..).into_iter().for_each(|ending| self.add(cut(ending)));
        }
    }

    /// What is added from now on is hidden, or is not.
    pub const fn hide(&mut self, is_hiding: bool) {
        self.is_hiding = is_hiding;
    }

    fn add(&mut self, token: String) {
        let bytes = self.bytes + token.len();
        let tokens = if self.is_hiding { &mut self.hidden } else { &mut self.tokens };
        if bytes <= MAX_BYTES && tokens.insert(token) {
            self.bytes = bytes;
        }
    }

    /// The tokens with spaces between them.
    pub fn render(&self, space: &str) -> String {
        let shown = self.tokens.iter().map(|token| format!("{space}{token}"));
        let tokens: Vec<String> = shown.chain(self.hidden.iter().map(|token| format!("{HIDDEN}{space}{token}"))).collect();
        tokens.join(" ")
    }
}
