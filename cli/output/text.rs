//! **Text** from logs is hostile: whoever makes a call chooses names in it. It
//! is escaped for the place where it is shown.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

/// Style of bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Style of what needs a look.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// Style of headings.
pub(crate) const HEAD: Style = Style::new().bold();
/// Style of what is less important.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// For a terminal: control characters, and characters that reorder the line,
/// are shown instead of obeyed.
pub(crate) fn terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{2028}'
            | '\u{2029}' => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
            }
            _ if character.is_control() => safe.extend(character.escape_default()),
            _ => safe.push(character),
        }
    }
    safe
}

/// An error and its causes in one line. Libraries repeat their causes; nobody
/// needs to read them twice.
pub(crate) fn explained(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = brief(&error.to_string());
    let mut cause = error.source();
    while let Some(next) = cause {
        let reason = brief(&next.to_string());
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = next.source();
    }
    text
}

/// The part of an engine's message that says what is wrong: its first line, and
/// not the list of all hundred columns there are.
fn brief(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    line.split(" Valid fields are").next().unwrap_or_default().to_owned()
}

/// A line for people on stdout. A reader that has seen enough is no failure.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stdout(), $($text)*);
    }};
}
pub(crate) use say;

/// Writes data to stdout as it is: no styles, nothing left out.
pub(crate) fn data(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// For a CSV cell: text that a spreadsheet would run as a formula gets an
/// apostrophe in front.
pub(crate) fn csv(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// For a cell of a Markdown table.
pub(crate) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in terminal(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' => {
                safe.push('\\');
                safe.push(character);
            }
            _ => safe.push(character),
        }
    }
    safe
}

/// A count with its noun: `1 file`, `2 files`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds since 1970 as ISO 8601, UTC.
pub(crate) fn time(micros: i64) -> String {
    chrono::DateTime::from_timestamp_micros(micros)
        .map_or_else(|| micros.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(terminal("a\u{1b}[31mb\r\n\u{202e}c"), "a\\u{1b}[31mb\\r\\n\\u{202e}c");
    }

    #[test]
    fn formulas_and_markup_lose_their_force() {
        assert_eq!(csv("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(csv("a=b"), "a=b");
        assert_eq!(markdown("<b>|x"), "&lt;b&gt;\\|x");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "file"), "1 file");
    }
}
