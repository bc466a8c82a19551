//! `keytrail detections show`: one detection, with the parameters in force.

use analyze::{Detection, Header};
use anyhow::Result;
use serde_json::json;
use textwrap::{WordSeparator, WordSplitter};

use crate::ExitStatus;
use crate::arguments::{ListFormat, ShowArguments};
use crate::command::configuration;
use crate::command::detect::{all, named};
use crate::output::text::{HEAD, WARN, data, say, terminal};

pub(super) fn run(arguments: ShowArguments) -> Result<ExitStatus> {
    let written = all(arguments.detections.as_deref())?;
    let mut in_force = written.clone();
    configuration(arguments.config.as_deref())?
        .with_settings(arguments.set)
        .apply(&mut in_force)?;
    let ids = [arguments.id];
    for (detection, written) in named(in_force, &ids)?.iter().zip(&named(written, &ids)?) {
        if arguments.format == ListFormat::Json {
            data(&serde_json::to_string_pretty(&json!({
                "header": detection.header,
                "enabled": detection.enabled,
                "defaults": written.header.parameters,
                "sql": detection.text,
            }))?)?;
        } else {
            print(detection, &written.header);
        }
    }
    Ok(ExitStatus::Nothing)
}

fn print(detection: &Detection, written: &Header) {
    let header = &detection.header;
    say!(
        "{HEAD}{}{HEAD:#} ({}{}, {})",
        terminal(&header.title),
        header.severity,
        beside(&header.severity, &written.severity),
        header.kind.name()
    );
    if !detection.enabled {
        say!("{WARN}disabled by the configuration{WARN:#}");
    }
    let list =
        |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let history = header.history.iter().map(|days| {
        let before = beside(days, written.history.as_ref().unwrap_or(days));
        ("history", format!("{days}{before}"))
    });
    let lookback = format!("{}{}", header.lookback, beside(&header.lookback, &written.lookback));
    let fields = [
        ("why", header.why.clone()),
        ("benign", header.benign.clone()),
        ("respond", header.respond.clone()),
        ("attack", list(&header.attack)),
        ("controls", list(&header.controls)),
        ("entity", list(&header.entity)),
        ("lookback", lookback),
    ];
    for (name, value) in fields.into_iter().chain(history).chain([("see", list(&header.see))]) {
        say!("{name:<11} {}", wrapped(&value));
    }
    for (name, value) in &header.parameters {
        let default = written.parameters.get(name).unwrap_or(value);
        let default = beside(&value.display(), &default.display());
        say!("parameter   {name} = {}{}", terminal(&value.display()), terminal(&default));
    }
    say!();
    for line in detection.text.lines().skip_while(|line| line.starts_with("--")) {
        say!("{}", terminal(line));
    }
}

/// The default, to stand beside a value that was changed.
fn beside<T: PartialEq + std::fmt::Display>(value: &T, default: &T) -> String {
    if value == default { String::new() } else { format!(" (default {default})") }
}

fn wrapped(value: &str) -> String {
    let indent = " ".repeat(12);
    let text = textwrap::fill(
        &terminal(value),
        textwrap::Options::new(100)
            .initial_indent(&indent)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation)
            .word_separator(WordSeparator::AsciiSpace),
    );
    text.trim_start().to_owned()
}
