//! **Hostile text**: whoever makes a call chooses names in it. It is made
//! harmless for the reader it goes to, and cut to a length.

/// What stands at the end of a text that was cut.
const CUT: &str = "...";

/// One line without characters that are obeyed instead of shown, of at most so
/// many characters.
pub(crate) fn plain(text: &str, characters_max: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(characters_max));
    for character in text.chars().take(characters_max.saturating_add(1)) {
        if is_obeyed(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    cut(safe, characters_max)
}

/// At most so many characters, with a sign where some are missing.
pub(crate) fn cut(text: String, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text;
    }
    let kept = characters_max.saturating_sub(CUT.len());
    text.chars().take(kept).chain(CUT.chars()).take(characters_max).collect()
}

/// Whether a reader's program would do something with it: end the line, move the
/// cursor, turn the line round, or hide.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_obeyed_is_shown() {
        assert_eq!(plain("a\u{1b}[31mb\r\nc", 100), "a\\u{1b}[31mb\\u{d}\\u{a}c");
        assert_eq!(plain("x\u{202e}y\u{200b}z", 100), "x\\u{202e}y\\u{200b}z");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(plain("abcdefgh", 8), "abcdefgh");
        assert_eq!(plain("abcdefghi", 8), "abcde...");
        assert_eq!(plain("abc", 2), "..");
        assert_eq!(plain("üüüü", 3), "...");
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_harmless_line_within_its_length(
            text in any::<String>(),
            characters_max in 0_usize..60,
        ) {
            let safe = plain(&text, characters_max);
            prop_assert!(safe.chars().count() <= characters_max);
            prop_assert!(!safe.chars().any(is_obeyed));
        }
    }
}
