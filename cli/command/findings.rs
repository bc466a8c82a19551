//! `keytrail findings`: how the matters stand that detections found, and what
//! became of one.

use analyze::{Condition, Finding, Session, Severity};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::listing::{self, Filters, Listing, moment, typed};
use crate::ExitStatus;
use crate::arguments::{
    FindingsArguments, FindingsCommand, LakeArgument, ListFormat, ListingArguments, MatterState,
};
use crate::output::listing::{Column, Row};
use crate::output::text::data;
use crate::output::{answer, life};

const MATTERS: Listing = Listing {
    view: "matters",
    noun: "matter",
    order: &["severity_rank", "first_found_at", "fingerprint"],
    columns: &[
        Column { heading: "severity", cell: |row| row.text("severity") },
        Column { heading: "detection", cell: |row| row.text("detection") },
        Column { heading: "what", cell: |row| row.text("summary") },
        Column { heading: "state", cell: |row| row.text("state") },
        Column { heading: "found", cell: |row| row.day("first_found_at") },
        Column { heading: "last seen", cell: |row| row.day("last_seen_at") },
        Column { heading: "fingerprint", cell: short },
    ],
};

/// Characters of a fingerprint that tables show: enough to name it.
const SHORT: usize = 12;

fn short(row: &Row) -> String {
    row.text("fingerprint").chars().take(SHORT).collect()
}

pub(crate) async fn run(arguments: &FindingsArguments) -> Result<ExitStatus> {
    let lake = arguments.lake.clone().context("say where the lake is: --lake URI")?;
    let listed = ListingArguments {
        lake: LakeArgument { lake },
        at: None,
        limit: arguments.limit,
        format: arguments.format,
        output: None,
        config: arguments.config.clone(),
    };
    let session = listing::open(&listed).await?;
    if let Some(FindingsCommand::Show { fingerprint, format }) = &arguments.command {
        return show(&session, fingerprint, *format).await;
    }
    listing::write(&session, &MATTERS, &filters(arguments, &listed), &listed).await?;
    Ok(ExitStatus::Nothing)
}

fn filters(arguments: &FindingsArguments, listed: &ListingArguments) -> Filters {
    let mut filters = Filters::default();
    if arguments.state != MatterState::All {
        let state = typed(&arguments.state);
        filters.add(format!("--state {state}"), Condition::Is("state", state));
    }
    if let Some(id) = &arguments.detection {
        filters.add(format!("--detection {id}"), Condition::Is("detection", id.clone()));
    }
    if arguments.min_severity > Severity::Info {
        let least = arguments.min_severity;
        let names = Severity::ALL.into_iter().filter(|severity| *severity >= least);
        let names = names.map(|severity| severity.name().to_owned()).collect();
        filters.add(format!("--min-severity {least}"), Condition::OneOf("severity", names));
    }
    filters.key(arguments.key.as_deref());
    filters.like("--actor", "actor", arguments.actor.as_deref());
    if let Some(span) = arguments.since {
        let since = moment(listed, span);
        filters.add(format!("--since {span}"), Condition::Since("last_seen_at", since));
    }
    filters
}

/// Shows the one matter whose fingerprint begins so.
async fn show(session: &Session, start: &str, format: ListFormat) -> Result<ExitStatus> {
    let named = !start.is_empty() && start.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(named, "{start:?} is no fingerprint: keytrail findings lists them");
    let wanted = [Condition::Like("fingerprint", format!("{}*", start.to_ascii_lowercase()))];
    let matters = rows(session, "matters", &wanted, "fingerprint").await?;
    let matter = match matters.as_slice() {
        [matter] => matter,
        [] => bail!("there is no matter {start}; keytrail findings --state all lists them"),
        several => bail!("{} matters begin with {start}: give more of it", several.len()),
    };
    let fingerprint = matter.get("fingerprint").and_then(Value::as_str).unwrap_or_default();
    let wanted = [Condition::Is("fingerprint", fingerprint.to_owned())];
    let changes = rows(session, "findings", &wanted, "recorded_at").await?;
    let finding: Option<Finding> = matter
        .get("finding")
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str(text).ok());
    if format == ListFormat::Json {
        let mut matter = matter.clone();
        matter.insert("finding".to_owned(), json!(finding));
        matter.insert("life".to_owned(), changes.iter().map(brief).collect());
        data(&serde_json::to_string_pretty(&matter)?)?;
    } else {
        life::print_matter(matter, finding.as_ref(), &changes);
    }
    Ok(ExitStatus::Nothing)
}

/// A change without what is empty, and without the finding, which stands above.
fn brief(change: &Map<String, Value>) -> Value {
    change
        .iter()
        .filter(|(name, value)| !value.is_null() && !["finding", "month"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

async fn rows(
    session: &Session,
    view: &str,
    wanted: &[Condition],
    order: &str,
) -> Result<Vec<Map<String, Value>>> {
    let frame = session.listing(view, wanted, &[order], None).await?;
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.execute_stream().await.context("the query failed")?;
    let mut lines = Vec::new();
    let format = crate::arguments::AnswerFormat::Json;
    answer::write(batches, schema, format, &mut lines).await?;
    Ok(serde_json::from_slice(&lines)?)
}
