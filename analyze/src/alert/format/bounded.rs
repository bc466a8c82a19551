//! **Bounded** text: no more bytes than a service takes. A limit that AWS states in
//! characters is kept in bytes, however it counts them.

use super::hostile::plain;

/// What stands where text was cut.
const CUT: char = '…';

/// One harmless line of at most so many bytes.
pub(crate) fn line(text: &str, bytes_max: usize) -> String {
    cut(plain(&writable(text), bytes_max).trim(), bytes_max)
}

/// The beginning of a text, of at most so many bytes.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let mark = if bytes_max < CUT.len_utf8() { 0 } else { CUT.len_utf8() };
    let mut kept = text[..text.floor_char_boundary(bytes_max - mark)].to_owned();
    if mark > 0 {
        kept.push(CUT);
    }
    kept
}

/// Text without the two characters beyond control characters that XML cannot
/// write: SQS [refuses] them.
///
/// [refuses]: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
pub(crate) fn writable(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abc…");
        assert_eq!(cut("äöü", 5), "ä…");
        assert_eq!(cut("äöü", 1), "");
    }

    #[test]
    fn a_line_has_no_breaks_and_nothing_that_xml_cannot_write() {
        assert_eq!(line(" a\nb\u{ffff} ", 100), "a\\u{a}b\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_its_limit(text in any::<String>(), limit in 0_usize..40) {
            prop_assert!(line(&text, limit).len() <= limit);
            prop_assert!(!line(&text, 1_000).contains(char::is_control));
        }
    }
}
