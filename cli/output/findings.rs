//! **Findings** for people: grouped by what they are, worst first.

use std::collections::BTreeMap;

use analyze::{DetectionRun, Finding, Severity};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use textwrap::{Options, WordSeparator, WordSplitter};

use super::text::{FAINT, HEAD, WARN, count, grouped, say, terminal, time};

/// Findings of one detection shown in full; further ones are counted.
const SHOWN_MAX: usize = 12;

/// Prints a run: its findings, or what was looked at when there are none.
pub(crate) fn print(run: &DetectionRun, lake: &str, own_accounts_inferred: bool) {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in &run.findings {
        match groups.iter_mut().find(|(id, _)| *id == finding.detection) {
            Some((_, group)) => group.push(finding),
            None => groups.push((&finding.detection, vec![finding])),
        }
    }
    for (_, group) in &groups {
        print_group(group);
    }
    let (start, end) = (time(run.window.start), time(run.window.end));
    if run.findings.is_empty() {
        say!("{HEAD}Nothing found{HEAD:#} from {start} to {end}.");
        let ids: Vec<&str> =
            run.outcomes.iter().map(|outcome| outcome.detection.as_str()).collect();
        say!("{}", wrapped(&format!("Checked: {}.", ids.join(", ")), 0));
    } else {
        say!(
            "{HEAD}{}{HEAD:#} from {start} to {end}: {}.",
            count(run.findings.len() as u64, "finding"),
            by_severity(run)
        );
    }
    say!("{}", wrapped(&judged(run, lake, own_accounts_inferred), 0));
    if !run.disabled.is_empty() {
        let ids = terminal(&run.disabled.join(", "));
        say!("{}", wrapped(&format!("Not judged, as the configuration says: {ids}."), 0));
    }
    for place in &run.not_determinable {
        say!(
            "{WARN}not determinable:{WARN:#} {} for {} {}: {}, since its logs are incomplete",
            place.detection,
            terminal(&place.account_id),
            terminal(&place.region),
            if place.entities == 1 {
                "1 matter".to_owned()
            } else {
                format!("{} matters", grouped(place.entities))
            },
        );
    }
}

/// What was judged, in words.
fn judged(run: &DetectionRun, lake: &str, own_accounts_inferred: bool) -> String {
    let coverage = &run.coverage;
    let mut text = format!(
        "Judged by {}: {} in the lake {}",
        count(run.outcomes.len() as u64, "detection"),
        count(run.events, "KMS event"),
        terminal(lake),
    );
    if coverage.places == 0 {
        text.push_str("; no logs arrived for this window, so nothing found means nothing known.");
    } else {
        text += &format!(
            "; logs of {} arrived in {} of {} hours.",
            count(coverage.places as u64, "account and Region pair"),
            grouped(coverage.hours_covered),
            grouped(coverage.hours),
        );
    }
    if own_accounts_inferred {
        text.push_str(" No configuration: every account with logs here counts as ours.");
    }
    text
}

fn by_severity(run: &DetectionRun) -> String {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for finding in &run.findings {
        *counts.entry(finding.severity).or_default() += 1;
    }
    counts
        .iter()
        .rev()
        .map(|(severity, number)| format!("{number} {severity}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Prints a finding with what it is, and a remark.
pub(crate) fn print_one(finding: &Finding, remark: &str) {
    say!(
        "{HEAD}{}{HEAD:#} {FAINT}{} ({}){FAINT:#}",
        terminal(&finding.title),
        terminal(&finding.detection),
        terminal(remark)
    );
    print_finding(finding);
    say!("{}\n", wrapped(&format!("Look first at: {}", terminal(&finding.respond)), 2));
}

/// Prints a finding with all that is said of its kind.
pub(crate) fn print_whole(finding: &Finding) {
    print_group(&[finding]);
}

fn print_group(group: &[&Finding]) {
    let Some(first) = group.first() else { return };
    say!("{HEAD}{}{HEAD:#} {FAINT}{}{FAINT:#}", terminal(&first.title), terminal(&first.detection));
    for finding in group.iter().take(SHOWN_MAX) {
        print_finding(finding);
    }
    if group.len() > SHOWN_MAX {
        say!(
            "  {FAINT}... and {} more of this kind (--format json has all){FAINT:#}",
            group.len() - SHOWN_MAX
        );
    }
    say!("{}", wrapped(&format!("Why it matters: {}", terminal(&first.why)), 2));
    say!("{}", wrapped(&format!("Look first at: {}", terminal(&first.respond)), 2));
    say!("{}\n", wrapped(&format!("May be: {}", terminal(&first.benign)), 2));
}

fn print_finding(finding: &Finding) {
    let style = style(finding.severity);
    say!(
        "  {style}{:<8}{style:#} {}",
        finding.severity,
        wrapped(&terminal(&finding.summary), 11).trim_start()
    );
    let field = |name: &str, value: &str| {
        say!("           {FAINT}{name:<6}{FAINT:#} {value}");
    };
    if let Some(actor) = &finding.actor {
        field("who", &terminal(actor));
    }
    if let Some(key) = &finding.key_arn {
        field("key", &terminal(key));
    }
    let place =
        [&finding.account_id, &finding.region].into_iter().flatten().map(|text| terminal(text));
    field("where", &place.collect::<Vec<_>>().join(" "));
    field("when", &when(finding));
    let details: Vec<String> = finding
        .details
        .iter()
        .filter_map(|(name, value)| Some(format!("{}: {}", name.replace('_', " "), detail(value)?)))
        .collect();
    if !details.is_empty() {
        field("more", wrapped(&terminal(&details.join("; ")), 18).trim_start());
    }
    if let Some(id) = finding.event_ids.first() {
        let more = finding.event_ids.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        field("event", &format!("{}{more}", terminal(id)));
    }
}

fn when(finding: &Finding) -> String {
    let mut text = terminal(&finding.event_time);
    if let (Some(first), Some(last)) = (&finding.first_time, &finding.last_time)
        && first != last
    {
        text = format!("{} to {}", terminal(first), terminal(last));
    }
    if let Some(times) = finding.event_count.filter(|times| *times > 1) {
        text += &format!(", {} times", grouped(times));
    }
    text
}

/// A detail in few words; long texts such as whole policies stay in the JSON.
fn detail(value: &Value) -> Option<String> {
    const CHARACTERS_MAX: usize = 160;
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) => items.iter().filter_map(detail).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    let cut: String = text.chars().take(CHARACTERS_MAX).collect();
    Some(if cut.len() < text.len() { format!("{cut}...") } else { text })
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::White.on(AnsiColor::Red).bold(),
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Info => Style::new().dimmed(),
    }
}

fn wrapped(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    textwrap::fill(
        text,
        Options::new(100)
            .initial_indent(&indent)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation)
            .word_separator(WordSeparator::AsciiSpace),
    )
}

/// Detections that could not run, on stderr.
pub(crate) fn complain(run: &DetectionRun) {
    for outcome in &run.outcomes {
        if let Some(error) = &outcome.error {
            anstream::eprintln!(
                "{WARN}not judged:{WARN:#} {}: {}",
                outcome.detection,
                terminal(error)
            );
        }
    }
}
