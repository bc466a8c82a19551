//! The **life** of matters for people: what is news, and what became of one.

use analyze::Finding;
use analyze::alert::AlertReason;
use analyze::life::NewRun;
use serde_json::{Map, Value};

use super::findings;
use super::text::{FAINT, HEAD, WARN, count, grouped, say, terminal, time};

/// Prints what a run that judged what is new has to tell.
pub(crate) fn print_new(new: &NewRun) {
    for alert in &new.life.raised {
        let why = match alert.reason {
            AlertReason::New => "new",
            AlertReason::Escalated => "worse than before",
            AlertReason::Reminder => "still so",
            AlertReason::Returned => "back again",
            AlertReason::Historical => "from before alerting began",
            AlertReason::Undeliverable => "alerts cannot be delivered",
        };
        findings::print_one(&alert.finding, &format!("{why}, {}", alert.id));
    }
    say!("{HEAD}{}{HEAD:#}", news(new));
    say!("{}", judged(new));
    if let Some(begun) = new.begun_at {
        say!(
            "{WARN}note:{WARN:#} this lake was not judged before, or its log does not say what is new: judged from {}",
            time(begun)
        );
    }
    if new.hours_left > 0 {
        say!(
            "{WARN}note:{WARN:#} {} with new events {} left to the next run",
            count(new.hours_left, "hour"),
            if new.hours_left == 1 { "is" } else { "are" }
        );
    }
    if new.stopped_early {
        say!("{WARN}note:{WARN:#} stopped before all was judged; the next run goes on");
    }
}

/// Counts of what changed, in a line.
fn news(new: &NewRun) -> String {
    let life = &new.life;
    let counts = [
        (life.found, "found"),
        (life.escalated, "worse"),
        (life.closed, "over"),
        (life.suppressed, "suppressed"),
        (life.historical, "historical"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", grouped(*number)))
        .collect();
    let alerts = count(life.raised.len() as u64, "alert");
    if parts.is_empty() {
        return format!("Nothing new: {alerts}.");
    }
    format!("{}: {alerts}.", parts.join(", "))
}

fn judged(new: &NewRun) -> String {
    let run = &new.run;
    format!(
        "Judged by {}: {} with new events in {}, and how things stand at {}; {} in all.",
        count(run.outcomes.len() as u64, "detection"),
        count(new.hours_judged, "hour"),
        count(new.windows, "window"),
        time(new.judged_at),
        count(run.findings.len() as u64, "finding"),
    )
}

/// Prints one matter with all that became of it.
pub(crate) fn print_matter(
    matter: &Map<String, Value>,
    finding: Option<&Finding>,
    changes: &[Map<String, Value>],
) {
    let text = |row: &Map<String, Value>, name: &str| match row.get(name) {
        Some(Value::String(text)) => terminal(text),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    if let Some(finding) = finding {
        findings::print_whole(finding);
    }
    say!(
        "{HEAD}{}{HEAD:#} {} since {}, {}; told {}",
        text(matter, "fingerprint"),
        text(matter, "state"),
        text(matter, "changed_at"),
        text(matter, "severity"),
        match matter.get("alerts").and_then(Value::as_u64) {
            None | Some(0) => "never".to_owned(),
            Some(1) => "once".to_owned(),
            Some(times) => format!("{} times", grouped(times)),
        }
    );
    for change in changes {
        let more: Vec<String> = ["severity", "reason", "until", "alert_id", "sink", "attempt"]
            .iter()
            .map(|name| (*name, text(change, name)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{FAINT}{name}{FAINT:#} {value}"))
            .collect();
        say!(
            "  {} {:<10} {}",
            text(change, "recorded_at"),
            text(change, "change"),
            more.join("  ")
        );
    }
}
