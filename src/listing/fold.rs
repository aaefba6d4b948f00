//! Text as it is compared: equal on both databases because it is made here and stored.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Compatibility forms and case taken away (Unicode's NFKC and case folding): `Ｈuawei` = `huawei`, `STRASSE` = `straße`.
pub fn fold_compare(text: &str) -> String {
    text.nfkc().default_case_fold().nfkc().collect()
}

/// That with marks taken away, for searching: `Energía` = `energia`, `Straße` = `strasse`.
pub fn fold_search(text: &str) -> String {
    fold_compare(text).nfd().filter(|c| !is_combining_mark(*c)).nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn width_and_case_do_not_count() {
        assert_eq!(fold_compare("ＨＵＡＷＥＩ 华为"), "huawei 华为");
        assert_eq!(fold_compare("Straße"), fold_compare("STRASSE"));
        assert_eq!(fold_compare("Energi\u{301}a"), fold_compare("ENERGÍA"));
        assert_ne!(fold_compare("Energia"), fold_compare("Energía"));
    }

    #[test]
    fn marks_do_not_count_in_a_search() {
        for (text, folded) in [("Energía", "energia"), ("ENERGI\u{301}A", "energia"), ("Straße", "strasse"), ("İzmir", "izmir")] {
            assert_eq!(fold_search(text), folded);
        }
        assert_eq!(fold_search("ﾊﾟﾅｿﾆｯｸ"), fold_search("ハナソニック"));
        assert_eq!(fold_search("삼성 華為"), "삼성 華為");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in ".*") {
            let once = fold_compare(&text);
            prop_assert_eq!(fold_compare(&once), once);
            let once = fold_search(&text);
            prop_assert_eq!(fold_search(&once), once);
        }
    }
}
