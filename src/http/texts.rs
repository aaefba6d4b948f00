//! What text may be made of, and the patterns by which the document says so.
//!
//! Classes are written out, since programs do not agree about what `\s` and `\w` are.

/// Text on one or several lines: no control characters but line ends and tabs.
pub const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// Such text with something in it that is not white space.
pub const SOME_TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// A value in a query: no control characters at all.
pub const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// Control characters are in no text, but for line ends and tabs.
pub fn is_refused(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn the_patterns_say_what_is_checked() {
        let pattern = |text: &str| Regex::new(text).expect("a pattern");
        let (text, some, line) = (pattern(TEXT), pattern(SOME_TEXT), pattern(LINE));
        for c in ('\0'..'\u{3100}').chain(['\u{feff}', '\u{1f389}']) {
            let (one, among) = (c.to_string(), format!("a{c}b"));
            assert_eq!(text.is_match(&one), !is_refused(c), "{c:?}");
            assert_eq!(some.is_match(&one), !is_refused(c) && !c.is_whitespace(), "{c:?}");
            assert_eq!(some.is_match(&among), !is_refused(c), "{c:?}");
            assert_eq!(line.is_match(&one), !c.is_control(), "{c:?}");
        }
        assert!(text.is_match("") && line.is_match("") && !some.is_match(""));
    }
}
