//! **Quoted** text: what others chose, made harmless in a TOML file and in the
//! terminal or editor that shows it.

use std::fmt::Write as _;

/// The text as a TOML string, on one line.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// The text as it stands between the quotes of a TOML string; in a comment, too,
/// it stays on its line.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            safe.push('\\');
            safe.push(character);
        } else if character.is_control() || reorders(character) {
            let _ = write!(safe, "\\u{:04X}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Whether the character changes the order of those around it, or ends the line.
fn reorders(character: char) -> bool {
    matches!(
        character,
        '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{2028}'
            | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_string_on_one_line() {
        for name in ["\"]\nadministrators = [\"*\"]", "a\\b\r\u{7f}\u{9b}[31m\u{202e}", "é 漢"] {
            let text = format!("name = {} # {}", quoted(name), escaped(name));
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
            let table: toml::Table = text.parse().unwrap();
            assert_eq!(table["name"].as_str(), Some(name));
        }
    }
}
