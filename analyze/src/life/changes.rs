//! The **changes** that a judgement makes to what is known: a function of both,
//! of the rules and of the moment, and of nothing else.

use ingest::{FindingChange, FindingRow};

use super::judgement::Judgement;
use super::known::{Known, Matter, MatterState};
use super::summary;
use crate::alert::AlertReason;
use crate::configuration::{Accepted, Rules};
use crate::finding::Finding;

const HOUR: i64 = 3_600_000_000;
pub(super) const DAY: i64 = 24 * HOUR;

/// A matter that goes on is noted once a day, and earlier when its last call is
/// this much later than noted: the log must not grow with every run.
const MUCH_LATER: i64 = 6 * HOUR;

/// Rows to be written, and what they need.
struct Changes<'a> {
    known: &'a Known,
    judgement: &'a Judgement,
    rules: &'a Rules,
    run_id: &'a str,
    now: i64,
    rows: Vec<FindingRow>,
}

/// What a judgement changes.
pub(super) fn changes(
    known: &Known,
    judgement: &Judgement,
    rules: &Rules,
    run_id: &str,
    now: i64,
) -> Vec<FindingRow> {
    let mut changes = Changes { known, judgement, rules, run_id, now, rows: Vec::new() };
    for finding in judgement.findings.values() {
        changes.take(finding);
    }
    for matter in known.matters.values() {
        if !judgement.findings.contains_key(&matter.fingerprint) {
            changes.miss(matter);
        }
    }
    let summary = summary::raised(known, &changes.rows, rules, run_id, now);
    changes.rows.extend(summary);
    changes.rows
}

impl Changes<'_> {
    /// A finding: suppressed, historical, new, or of a matter that is known.
    fn take(&mut self, finding: &Finding) {
        let matter = self.known.matters.get(&finding.fingerprint);
        let of_events = self.judgement.is_of_events(finding);
        if let Some(accepted) = self.rules.accepts(finding, self.now) {
            self.accept(finding, matter, accepted);
            return;
        }
        let historical = self.is_historical(finding, of_events);
        let Some(matter) = matter else {
            if historical {
                self.add(FindingChange::Historical, finding, None, None);
            } else {
                self.add(FindingChange::Found, finding, None, None);
                self.raise(finding, None, AlertReason::New);
            }
            return;
        };
        // Whoever closed it has looked later than we have.
        if matter.state == MatterState::Closed && self.judgement.judged_at < matter.changed_at {
            return;
        }
        // Who was told of a matter is told that it is back, however old it is.
        let historical = historical && matter.alerts == 0;
        match matter.state {
            MatterState::Open => self.go_on(finding, matter, of_events),
            // That calls of long ago are counted worse is no news; a state is now.
            MatterState::Historical
                if historical && (of_events || finding.severity <= matter.severity) =>
            {
                self.see(finding, matter, of_events);
            }
            MatterState::Historical if historical => self.go_on(finding, matter, of_events),
            _ if historical => {
                self.add(FindingChange::Historical, finding, Some(matter), None);
            }
            state => {
                let why = match state {
                    MatterState::Closed => "returned",
                    MatterState::Suppressed => "suppression_ended",
                    _ => "went_on",
                };
                self.add(FindingChange::Found, finding, Some(matter), Some(why));
                let back = state == MatterState::Closed || matter.alerts > 0;
                let reason = if back { AlertReason::Returned } else { AlertReason::New };
                self.raise(finding, Some(matter), reason);
            }
        }
    }

    /// An open matter: worse, the same, or the same for so long that people are
    /// told again.
    fn go_on(&mut self, finding: &Finding, matter: &Matter, of_events: bool) {
        if finding.severity > matter.severity {
            self.add(FindingChange::Escalated, finding, Some(matter), None);
            self.raise(finding, Some(matter), AlertReason::Escalated);
            return;
        }
        let went_on = !of_events || last_moment(finding) > matter.last_moment();
        let told = matter.last_raised_at;
        let long_ago = told.is_none_or(|told| self.now - told >= self.rules.renotify_after);
        if went_on && long_ago {
            self.add(FindingChange::Seen, finding, Some(matter), None);
            self.raise(finding, Some(matter), AlertReason::Reminder);
        } else {
            self.see(finding, matter, of_events);
        }
    }

    /// Notes that a matter was seen again, if that is news.
    fn see(&mut self, finding: &Finding, matter: &Matter, of_events: bool) {
        let (last, known) = (last_moment(finding), matter.last_moment());
        let doubled = matter.event_count.is_some_and(|before| {
            count(finding).is_some_and(|count| count >= before.max(1).saturating_mul(2))
        });
        let day_over = self.now - matter.last_seen_at >= DAY;
        let news = if of_events {
            // Judging an hour again shows the same calls again.
            doubled || last - known >= MUCH_LATER || (last > known && day_over)
        } else {
            doubled || last - known >= DAY || day_over
        };
        if news {
            self.add(FindingChange::Seen, finding, Some(matter), None);
        }
    }

    /// A finding that is known and accepted: recorded once for each suppression.
    fn accept(&mut self, finding: &Finding, matter: Option<&Matter>, accepted: &Accepted) {
        match matter {
            Some(matter) if is_accepted_by(matter, accepted) => {
                self.see(finding, matter, self.judgement.is_of_events(finding));
            }
            _ => self.suppress(finding, matter, accepted),
        }
    }

    /// A matter that was not found: over, accepted meanwhile, or none of our
    /// business.
    fn miss(&mut self, matter: &Matter) {
        if matter.state == MatterState::Closed {
            return;
        }
        if self.judgement.is_over(matter) {
            self.rows.push(FindingRow {
                fingerprint: Some(matter.fingerprint.clone()),
                detection: Some(matter.detection.clone()),
                severity: Some(matter.severity.name().to_owned()),
                account_id: matter.account_id.clone(),
                region: matter.region.clone(),
                reason: Some("gone".to_owned()),
                ..FindingRow::new(FindingChange::Closed, self.run_id, matter.after(self.now))
            });
            return;
        }
        let Some(finding) = matter.finding() else { return };
        if let Some(accepted) = self.rules.accepts(&finding, self.now)
            && !is_accepted_by(matter, accepted)
        {
            self.suppress(&finding, Some(matter), accepted);
        }
    }

    fn suppress(&mut self, finding: &Finding, matter: Option<&Matter>, accepted: &Accepted) {
        self.add(FindingChange::Suppressed, finding, matter, Some(&accepted.reason));
        if let Some(row) = self.rows.last_mut() {
            row.until = Some(accepted.until);
        }
    }

    /// What happened is as old as its last call; a state, as old as it is true.
    fn is_historical(&self, finding: &Finding, of_events: bool) -> bool {
        let moment = if of_events { last_moment(finding) } else { event_time(finding) };
        self.rules.from.is_some_and(|from| moment < from)
    }

    fn add(
        &mut self,
        change: FindingChange,
        finding: &Finding,
        matter: Option<&Matter>,
        reason: Option<&str>,
    ) {
        let mut row = row(change, finding, matter, self.run_id, self.now);
        row.reason = reason.map(str::to_owned);
        // Seen again is worse only if it says so; and another window may count
        // fewer of the same calls.
        if let Some(matter) = matter
            .filter(|matter| change == FindingChange::Seen && matter.state != MatterState::Closed)
        {
            row.severity = Some(matter.severity.max(finding.severity).name().to_owned());
            row.last_time = row.last_time.max(matter.last_time);
            row.event_count = row.event_count.max(matter.event_count);
        }
        self.rows.push(row);
    }

    fn raise(&mut self, finding: &Finding, matter: Option<&Matter>, reason: AlertReason) {
        let number = matter.map_or(0, |matter| matter.alerts) + 1;
        let mut row = row(FindingChange::Raised, finding, matter, self.run_id, self.now);
        row.alert_id = Some(alert_id(&finding.fingerprint, number));
        row.reason = Some(reason_name(reason).to_owned());
        self.rows.push(row);
    }
}

fn is_accepted_by(matter: &Matter, accepted: &Accepted) -> bool {
    matter.state == MatterState::Suppressed
        && matter.until == Some(accepted.until)
        && matter.reason.as_deref() == Some(&accepted.reason)
}

/// A row about a finding.
pub(super) fn row(
    change: FindingChange,
    finding: &Finding,
    matter: Option<&Matter>,
    run_id: &str,
    now: i64,
) -> FindingRow {
    let whole = change != FindingChange::Seen;
    FindingRow {
        fingerprint: Some(finding.fingerprint.clone()),
        detection: Some(finding.detection.clone()),
        severity: Some(finding.severity.name().to_owned()),
        event_time: Some(event_time(finding)),
        last_time: finding.last_time.as_deref().and_then(micros),
        event_count: count(finding),
        account_id: finding.account_id.clone(),
        region: finding.region.clone(),
        actor: finding.actor.clone(),
        key_arn: finding.key_arn.clone(),
        summary: Some(finding.summary.clone()),
        finding: whole.then(|| serde_json::to_string(finding).unwrap_or_default()),
        ..FindingRow::new(change, run_id, matter.map_or(now, |matter| matter.after(now)))
    }
}

/// The id of an alert: the same for every attempt and every sink.
pub(super) fn alert_id(fingerprint: &str, number: u64) -> String {
    format!("{fingerprint}-{number}")
}

/// As it is written in the column `reason`.
pub(super) fn reason_name(reason: AlertReason) -> &'static str {
    match reason {
        AlertReason::New => "new",
        AlertReason::Escalated => "escalated",
        AlertReason::Reminder => "reminder",
        AlertReason::Returned => "returned",
        AlertReason::Historical => "historical",
        AlertReason::Undeliverable => "undeliverable",
    }
}

fn count(finding: &Finding) -> Option<i64> {
    finding.event_count.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// When it happened or became true. The engine wrote it, so it is a time.
fn event_time(finding: &Finding) -> i64 {
    micros(&finding.event_time).unwrap_or_default()
}

fn last_moment(finding: &Finding) -> i64 {
    let last = finding.last_time.as_deref().and_then(micros);
    last.map_or(event_time(finding), |last| last.max(event_time(finding)))
}

fn micros(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_micros())
}
