//! Text as it is searched: the tokens that a document is found by, and those that a query asks for. Made here and not by the
//! databases, so that both find the same.
//!
//! Scripts with spaces give words; scripts without give every pair of neighbours and the last character, so that whatever part
//! of a Chinese name is asked for consists of its pairs, and a single character begins one of its tokens. A phone number gives
//! its endings. Words, digits and single characters find whatever begins with them. Tokens are letters and digits: nothing in
//! them is syntax to a database.

mod document;
mod query;

pub use document::Document;
pub use query::Query;

use super::cursor::list_hash;
use crate::db::id::WorkspaceId;

/// Characters of a word that count.
const MAX_WORD: usize = 40;
/// Digits of a phone number that may be asked for by themselves.
const MIN_DIGITS: usize = 4;

/// What stands in front of each token, so that one resource of one workspace has its own. Two that happen to share it slow each
/// other down, and nothing else.
pub fn space(workspace_id: WorkspaceId, resource: &str) -> String {
    let [a, b, c, ..] = list_hash(workspace_id, resource);
    format!("{a:02x}{b:02x}{c:02x}")
}

/// Stands in front of a space where tokens lie that are not everybody's to find; no space begins with it.
const HIDDEN: char = 'h';

/// Letters and digits without anything between them, of one sort.
#[derive(Debug, Clone, Copy)]
struct Run<'t> {
    text: &'t str,
    is_unspaced: bool,
    /// What stands between the last run and this one.
    before: &'t str,
}

impl Run<'_> {
    fn is_number(&self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

fn runs(text: &str, over_spaces: bool) -> Vec<Run<'_>> {
    let slice = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let mut runs: Vec<Run<'_>> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let (is_unspaced, before) = (is_unspaced(c), slice(end, at));
        let goes_on = before.is_empty() || (over_spaces && is_unspaced && before.chars().all(char::is_whitespace));
        end = at + c.len_utf8();
        match runs.last_mut().filter(|run| goes_on && run.is_unspaced == is_unspaced) {
            Some(run) => run.text = slice(start, end),
            None => {
                start = at;
                runs.push(Run { text: slice(start, end), is_unspaced, before });
            }
        }
    }
    runs
}

/// Written without spaces between words: Chinese, Japanese, Thai, Lao, Burmese, Khmer; Korean, whose endings are not parted.
const fn is_unspaced(c: char) -> bool {
    matches!(c as u32,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x2E80..=0xA4CF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0x1_B000..=0x1_B2FF | 0x2_0000..=0x3_FFFF)
}

fn cut(word: &str) -> String {
    word.chars().take(MAX_WORD).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::query::Term;
    use super::*;
    use crate::listing::fold::fold_search;

    fn finds(query: &str, document: &Document) -> bool {
        let found = |term: &Term| match term {
            Term::Whole(token) => document.tokens.contains(token),
            Term::Beginning(token) => document.tokens.iter().any(|known| known.starts_with(token)),
        };
        let query = Query::parse(query);
        !query.is_empty() && query.clauses.iter().all(|clause| clause.iter().any(|terms| terms.iter().all(found)))
    }

    fn document(texts: &[&str], numbers: &[&str]) -> Document {
        let mut document = Document::default();
        texts.iter().for_each(|text| document.add_text(text));
        numbers.iter().for_each(|digits| document.add_number(digits));
        document
    }

    #[test]
    fn the_words_of_the_contract() {
        let known =
            document(&["深圳华为技术有限公司", "Energía Solar S.A.", "张　三", "info@example.com"], &["8613800138000", "13800138000"]);
        let single = "华为 为技 公 司 圳华为技 energia ENERGÍA 张三 张 info@example.com 0013 8001 380013 +8613800 008613800138000";
        for query in single.split_whitespace() {
            assert!(finds(query, &known), "{query}");
        }
        for query in ["华为 solar", "solar 8000 张三", "138 0013 8000", "(138) 0013-8000", "+86 138 0013", "华为138-0013"] {
            assert!(finds(query, &known), "{query}");
        }
        for query in ["为华", "华技", "nergia", "solar wind", "0014", "138 0014", "三张", "张三丰", "%", "🎉", "' \" ( & |", ""]
        {
            assert!(!finds(query, &known), "{query}");
        }
    }

    #[test]
    fn what_is_too_much_is_left_out() {
        let mut large = document(&["华为"], &[]);
        (0..200_000).for_each(|number| large.add_text(&format!("w{number}")));
        assert!(finds("华为", &large) && large.render("abc123").len() < 1_000_000);
    }

    #[test]
    fn what_is_hidden_lies_apart() {
        let mut half = document(&["华为"], &[]);
        half.hide(true);
        half.add_number("8000");
        assert_eq!(half.render("a"), "a为 a华为 ha8000");
        assert!(finds("华为", &half) && !finds("8000", &half));
        assert!(!space(WorkspaceId::new(), "customer").starts_with(HIDDEN), "spaces are hexadecimal");
    }

    #[test]
    fn both_databases_are_asked_the_same() {
        let query = Query::parse("Ｏ'Neil 华为技术 1-80*");
        assert_eq!(query.for_sqlite("abc"), r#""abc为技" AND "abc华为" AND "abc技术" AND "abc1"* AND "abc80"* AND "abcneil"* AND "abco"*"#);
        assert_eq!(Query::parse("1-803").for_sqlite("a"), "((\"a1\"* AND \"a803\"*) OR (\"a1803\"*))");
        assert_eq!(Query::parse("1-803 x").for_postgres("a"), "(('a1':* & 'a803':*) | ('a1803':*)) & 'ax':*");
        let mut whole = Query::parse("华为 8");
        whole.find_hidden();
        assert_eq!(whole.for_sqlite("a"), r#"("a华为" OR "ha华为") AND ("a8"* OR "ha8"*)"#);
        assert_eq!(whole.for_postgres("a"), "('a华为' | 'ha华为') & ('a8':* | 'ha8':*)");
    }

    proptest! {
        #[test]
        fn any_part_of_a_chinese_name_finds_it(name in "[一-龥㐀-㐿]{1,20}", from: prop::sample::Index, to: prop::sample::Index) {
            let characters: Vec<char> = name.chars().collect();
            let (from, to) = (from.index(characters.len()), to.index(characters.len()));
            let part: String = characters[from.min(to)..=from.max(to)].iter().collect();
            prop_assert!(finds(&part, &document(&["Acme", &name], &[])));
        }

        #[test]
        fn any_four_digits_find_a_number(digits in "[0-9]{4,15}", from: prop::sample::Index, length in 4_usize..15) {
            let from = from.index(digits.len() - 3);
            let part = &digits[from..(from + length).min(digits.len())];
            prop_assert!(finds(part, &document(&[], &[&digits])));
        }

        #[test]
        fn a_name_is_found_by_how_it_begins(name in "[ -~华为技术éß１가-힣\u{300}ๆ-๛]{1,30}|.{1,30}", length: prop::sample::Index) {
            let folded = fold_search(&name);
            let characters: Vec<char> = folded.chars().collect();
            let beginning: String = characters.iter().take(length.index(characters.len() + 1)).collect();
            prop_assert!(Query::parse(&beginning).is_empty() || finds(&beginning, &document(&[&name], &[])));
        }

        #[test]
        fn nothing_in_a_token_is_syntax(text in ".*", other in "[ -~]*") {
            let known = document(&[&text, &other], &[]);
            let asked = [Query::parse(&text), Query::parse(&other)];
            let terms = asked.iter().flat_map(|query| query.clauses.iter().flatten().flatten()).map(|term| match term {
                Term::Whole(token) | Term::Beginning(token) => token,
            });
            for token in known.tokens.iter().chain(terms) {
                prop_assert!(!token.is_empty() && token.chars().all(|c| c.is_alphanumeric() && !c.is_ascii_uppercase()), "{token:?}");
            }
        }
    }
}
