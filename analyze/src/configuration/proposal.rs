//! A **proposal**: the configuration that a lake suggests, for a person to edit.
//! Names in it were chosen by whoever made calls; they are quoted and stay
//! comments where trusting them would be rash.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::quoted::{escaped, quoted};
use super::review::is_account;
use super::seen::{self, Deed, OtherAccount};
use crate::error::AnalyzeError;
use crate::session::Session;

/// Lines of one list; further ones are counted.
const LINES_MAX: usize = 200;

/// Active days within 90 that still count as rarely.
const RARE_DAYS_MAX: u64 = 3;

/// Days that the lake must span before "rarely" means anything.
const SPAN_DAYS_MIN: i64 = 30;

const HEAD: &str = "\
# What is yours and whom you trust, as the logs suggest it. Nobody has judged it:
# read each line, take out what should not be, and put it where KeyTrail runs as
# keytrail.toml. Lines with a number sign are questions to you.
";

const TAIL: &str = "\
# Automations known to be noisy; SQL sees them as role 'quiet'.
quiet = []

# How single detections are to differ, such as:
# [detections.stale_grant]
# severity = \"low\"
# parameters = { stale_after = \"120d\" }
";

/// Proposes a configuration. `session` is of the lake, opened without one.
///
/// # Errors
/// When the lake cannot be asked.
pub async fn propose(session: &Session) -> Result<String, AnalyzeError> {
    let own = seen::own_accounts(session).await?;
    let others = seen::other_accounts(session).await?;
    let deeds = seen::deeds(session).await?;
    let span = seen::span(session).await?;
    Ok(written(&own, &others, &deeds, &span))
}

fn written(
    own: &[String],
    others: &[OtherAccount],
    deeds: &[Deed],
    span: &(String, String),
) -> String {
    let mut text = HEAD.to_owned();
    if span.1.is_empty() {
        text += "# The lake holds no calls of KMS yet.\n";
    } else {
        let _ = writeln!(text, "# Calls from {} to {}.", escaped(&span.0), escaped(&span.1));
    }
    text += "\n[trust]\n# Your organization, if you have one.\n# organization_id = \"o-...\"\n\n";
    let lines = own.iter().map(|account| (is_account(account), account.as_str(), String::new()));
    list(&mut text, "own_accounts", "Accounts whose logs are in the lake.", lines);
    let lines = others.iter().map(|other| (false, other.account_id.as_str(), other.told()));
    list(&mut text, "trusted_accounts", "Accounts of others. Which may have access?", lines);
    for (field, role, what) in [
        ("creators", "creator", "Who created or replicated keys."),
        ("administrators", "administrator", "Who administered keys."),
        ("users", "user", "Who encrypted, decrypted, signed or verified."),
    ] {
        let lines = deeds
            .iter()
            .filter(|deed| deed.role == role)
            .map(|deed| (deed.is_safe(), deed.actor.as_str(), deed.told()));
        list(&mut text, field, what, lines);
    }
    let (what, long_enough) = if days(span) >= SPAN_DAYS_MIN {
        ("Roles for emergencies. These administer on few days: are they such?", true)
    } else {
        ("Roles for emergencies. The logs are too short to tell who is rarely seen.", false)
    };
    let lines = deeds
        .iter()
        .filter(|deed| long_enough && deed.is_rare())
        .map(|deed| (false, deed.actor.as_str(), deed.told()));
    list(&mut text, "break_glass", what, lines);
    text + TAIL
}

/// Writes one list: whether a line counts, its text, and what to say of it.
fn list<'a>(
    text: &mut String,
    field: &str,
    what: &str,
    lines: impl Iterator<Item = (bool, &'a str, String)>,
) {
    let _ = writeln!(text, "# {what}\n{field} = [");
    let mut left_out = 0_usize;
    for (index, (counts, value, told)) in lines.enumerate() {
        if index >= LINES_MAX {
            left_out += 1;
            continue;
        }
        let sign = if counts { "" } else { "# " };
        let told = if told.is_empty() { told } else { format!(" # {told}") };
        let _ = writeln!(text, "    {sign}{},{told}", quoted(value));
    }
    if left_out > 0 {
        let _ = writeln!(text, "    # and {left_out} more");
    }
    text.push_str("]\n\n");
}

impl OtherAccount {
    fn told(&self) -> String {
        let did = if self.called { "called your keys" } else { "owns keys that yours called" };
        format!(
            "{did}: {}, last {}: {}",
            calls(self.calls),
            escaped(&self.last_day),
            escaped(&self.operations)
        )
    }
}

impl Deed {
    fn told(&self) -> String {
        let mut text = format!("{}, last {}", calls(self.calls), escaped(&self.last_day));
        if self.actor.ends_with(":root") {
            text += "; root: better nobody";
        } else if self.actor.contains('*') {
            text += "; the star in its name would match others";
        } else if self.is_rare() {
            let days = if self.active_days == 1 { "day" } else { "days" };
            let _ = write!(text, "; active on {} {days} of 90", self.active_days);
        }
        text
    }

    /// Whether the actor can be proposed without a question: no root, and no
    /// name that would match others.
    fn is_safe(&self) -> bool {
        !self.actor.ends_with(":root") && !self.actor.contains('*') && !self.actor.is_empty()
    }

    /// Whether this is a person's role that administers, and is rarely used.
    fn is_rare(&self) -> bool {
        self.role == "administrator"
            && self.person
            && self.active_days <= RARE_DAYS_MAX
            && self.actor.contains(":role/")
    }
}

fn calls(number: u64) -> String {
    format!("{number} call{}", if number == 1 { "" } else { "s" })
}

/// Days from the first to the last.
fn days(span: &(String, String)) -> i64 {
    match (span.0.parse::<NaiveDate>(), span.1.parse::<NaiveDate>()) {
        (Ok(first), Ok(last)) => (last - first).num_days(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Configuration;
    use super::*;

    fn deed(actor: &str, role: &str, person: bool) -> Deed {
        Deed {
            actor: actor.to_owned(),
            role: role.to_owned(),
            calls: 2,
            last_day: "2026-10-05".to_owned(),
            person,
            active_days: 1,
        }
    }

    fn proposed(deeds: &[Deed], span: (&str, &str)) -> (String, Configuration) {
        let other = OtherAccount {
            account_id: "444455556666".to_owned(),
            called: true,
            calls: 12,
            operations: "Decrypt\nown_accounts = []".to_owned(),
            last_day: "2026-10-05".to_owned(),
        };
        let span = (span.0.to_owned(), span.1.to_owned());
        let own = ["111122223333".to_owned(), "none".to_owned()];
        let text = written(&own, &[other], deeds, &span);
        let configuration = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        (text, configuration)
    }

    #[test]
    fn a_proposal_is_a_valid_configuration_whatever_names_are_in_it() {
        let hostile = "arn:aws:iam::111122223333:role/x\"]\nusers = [\"*\"]\r#\u{202e}";
        let plain = "arn:aws:iam::111122223333:role/KeyAdmin";
        let (text, configuration) = proposed(
            &[
                deed(plain, "administrator", false),
                deed("role/x\"]\r#\u{202e}", "administrator", false),
                deed(hostile, "user", false),
                deed("arn:aws:iam::111122223333:root", "creator", true),
            ],
            ("2026-10-01", "2026-10-05"),
        );
        let trust = &configuration.trust;
        assert_eq!(trust.own_accounts, ["111122223333"]);
        assert!(trust.trusted_accounts.is_empty(), "{text}");
        assert_eq!(trust.administrators, [plain, "role/x\"]\r#\u{202e}"]);
        assert!(trust.users.is_empty() && trust.creators.is_empty(), "{text}");
        assert_eq!(trust.review().errors, Vec::<String>::new());
        assert!(text.contains("\"444455556666\", # called your keys: 12 calls"), "{text}");
        assert!(text.contains("too short"), "{text}");
    }

    #[test]
    fn roles_of_people_that_rarely_administer_are_asked_about() {
        let rare = "arn:aws:iam::111122223333:role/Emergency";
        let (text, configuration) =
            proposed(&[deed(rare, "administrator", true)], ("2026-08-01", "2026-10-05"));
        assert!(configuration.trust.break_glass.is_empty(), "{text}");
        let question =
            format!("    # \"{rare}\", # 2 calls, last 2026-10-05; active on 1 day of 90");
        assert!(text.contains(&question), "{text}");
    }
}
