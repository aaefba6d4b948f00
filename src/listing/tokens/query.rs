//! What is asked for, and how each database is asked.

use super::{HIDDEN, MIN_DIGITS, Run, cut, runs};
use crate::listing::fold::fold_search;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Term {
    Whole(String),
    Beginning(String),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Of each clause one alternative, and of that all terms.
    pub(super) clauses: Vec<Vec<Vec<Term>>>,
    finds_hidden: bool,
}

impl Query {
    pub fn parse(text: &str) -> Self {
        let folded = fold_search(text);
        let runs = runs(&folded, false);
        let (mut clauses, mut rest) = (Vec::new(), runs.as_slice());
        while let Some((first, others)) = rest.split_first() {
            let digits = others.iter().take_while(|run| first.is_number() && run.is_number() && run.before.chars().all(is_dialled)).count();
            let (group, after) = rest.split_at(1 + digits);
            clauses.push(if first.is_unspaced { vec![pairs(first.text)] } else { words(group) });
            rest = after;
        }
        clauses.sort_unstable();
        clauses.dedup();
        Self { clauses, finds_hidden: false }
    }

    /// For somebody from whom nothing is hidden.
    pub const fn find_hidden(&mut self) {
        self.finds_hidden = true;
    }

    /// Whether there was no letter or digit.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// For FTS5's `MATCH`.
    pub fn for_sqlite(&self, space: &str) -> String {
        self.render([" AND ", " OR "], space, |term, space| match term {
            Term::Whole(token) => format!("\"{space}{token}\""),
            Term::Beginning(token) => format!("\"{space}{token}\"*"),
        })
    }

    /// A `tsquery`.
    pub fn for_postgres(&self, space: &str) -> String {
        self.render([" & ", " | "], space, |term, space| match term {
            Term::Whole(token) => format!("'{space}{token}'"),
            Term::Beginning(token) => format!("'{space}{token}':*"),
        })
    }

    fn render(&self, [and, or]: [&str; 2], space: &str, one: impl Fn(&Term, &str) -> String) -> String {
        let term = |term: &Term| match self.finds_hidden {
            true => format!("({}{or}{})", one(term, space), one(term, &format!("{HIDDEN}{space}"))),
            false => one(term, space),
        };
        let all = |terms: &Vec<Term>| terms.iter().map(&term).collect::<Vec<_>>().join(and);
        let any = |alternatives: &Vec<Vec<Term>>| match alternatives.as_slice() {
            [only] => all(only),
            several => format!("({})", several.iter().map(|terms| format!("({})", all(terms))).collect::<Vec<_>>().join(or)),
        };
        self.clauses.iter().map(any).collect::<Vec<_>>().join(and)
    }
}

fn pairs(text: &str) -> Vec<Term> {
    let characters: Vec<char> = text.chars().collect();
    let mut terms: Vec<Term> = match characters.as_slice() {
        [only] => vec![Term::Beginning(only.to_string())],
        several => several.windows(2).map(|pair| Term::Whole(pair.iter().collect())).collect(),
    };
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// A word, or groups of digits, which may be one phone number: `138 0013 8000`, `0086-138…`.
fn words(group: &[Run<'_>]) -> Vec<Vec<Term>> {
    let beginning = |text: &str| Term::Beginning(cut(text));
    let mut alternatives = vec![group.iter().map(|run| beginning(run.text)).collect()];
    let joined: String = group.iter().filter(|run| run.is_number()).map(|run| run.text).collect();
    let national = joined.strip_prefix("00").filter(|number| number.len() >= MIN_DIGITS);
    alternatives.extend((joined.len() >= MIN_DIGITS && group.len() > 1).then(|| vec![beginning(&joined)]));
    alternatives.extend(national.map(|number| vec![beginning(number)]));
    alternatives
}

/// What people write between the digits of a phone number.
fn is_dialled(c: char) -> bool {
    " +-./()".contains(c)
}
