//! A **listing** of keys, grants or actors: what was asked, and what came of it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use analyze::{Condition, Session};
use anyhow::{Context as _, Result};
use clap::ValueEnum;
use ingest::Lake;

use super::{configuration, now};
use crate::arguments::{AnswerFormat, Duration, ListingArguments};
use crate::output::listing::Column;
use crate::output::text::{FAINT, count, grouped, terminal};
use crate::output::{answer, listing};

/// Rows of a table, unless another number is asked for.
const TABLE_ROWS: usize = 200;

/// What is listed, and how a table shows it.
pub(super) struct Listing {
    /// The view, and the command that lists it.
    pub(super) view: &'static str,
    /// What one row is.
    pub(super) noun: &'static str,
    /// Columns to sort by.
    pub(super) order: &'static [&'static str],
    pub(super) columns: &'static [Column],
}

/// The filters that were typed: as conditions, and as they were typed.
#[derive(Default)]
pub(super) struct Filters {
    conditions: Vec<Condition>,
    typed: Vec<String>,
}

impl Filters {
    pub(super) fn add(&mut self, typed: impl Into<String>, condition: Condition) {
        self.typed.push(typed.into());
        self.conditions.push(condition);
    }

    /// A condition that belongs to the filter added last.
    pub(super) fn require(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    pub(super) fn key(&mut self, key: Option<&str>) {
        if let Some(key) = key {
            self.add(format!("--key {key}"), Condition::Key(key.to_owned()));
        }
    }

    /// Part of a text, or a pattern.
    pub(super) fn like(&mut self, option: &str, column: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.add(format!("{option} {text}"), Condition::Like(column, text.to_owned()));
        }
    }

    /// Nothing in a column within this time.
    pub(super) fn none_for(
        &mut self,
        option: &str,
        column: &'static str,
        span: Option<Duration>,
        arguments: &ListingArguments,
    ) {
        if let Some(span) = span {
            let since = moment(arguments, span);
            self.add(format!("{option} {span}"), Condition::NoneSince(column, since));
        }
    }
}

/// The moment so long before `--at`, microseconds since 1970.
pub(super) fn moment(arguments: &ListingArguments, span: Duration) -> i64 {
    arguments.at.unwrap_or_else(now).timestamp_micros() - span.micros()
}

/// How an argument's value is typed.
pub(super) fn typed(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

pub(super) async fn open(arguments: &ListingArguments) -> Result<Session> {
    let lake = Lake::at(&arguments.lake.lake).await?;
    super::open(&lake, &configuration(arguments.config.as_deref())?).await
}

/// Writes the list, and says how long it is.
pub(super) async fn write(
    session: &Session,
    listed: &Listing,
    filters: &Filters,
    arguments: &ListingArguments,
) -> Result<()> {
    let format = arguments.format;
    let limit = arguments.limit.map(NonZeroUsize::get);
    // A table says how many rows it leaves out, so it must see them.
    let fetched = limit.filter(|_| format != AnswerFormat::Table);
    let frame = session.listing(listed.view, &filters.conditions, listed.order, fetched).await?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.execute_stream().await.context("the query failed")?;
    let mut out = answer::open(arguments.output.as_deref(), format)?;
    let shown_max = limit.unwrap_or(TABLE_ROWS);
    let rows = if format == AnswerFormat::Table {
        listing::write(batches, listed.columns, shown_max, &mut out).await?
    } else {
        answer::write(batches, schema, format, &mut out).await?
    };
    let shown_max = shown_max as u64;
    let said = if rows == 0 {
        nothing(listed, filters, &arguments.lake.lake)
    } else if format == AnswerFormat::Table && rows > shown_max {
        format!(
            "the first {} of {}: --limit shows more, --format csv has all",
            grouped(shown_max),
            count(rows, listed.noun)
        )
    } else if fetched.is_some() && rows == shown_max {
        format!("{}; --limit allows no more", count(rows, listed.noun))
    } else {
        count(rows, listed.noun)
    };
    anstream::eprintln!("{FAINT}{}{FAINT:#}", terminal(&said));
    Ok(())
}

/// What was asked in vain, and what to try.
fn nothing(listed: &Listing, filters: &Filters, lake: &str) -> String {
    let Listing { noun, .. } = listed;
    if filters.typed.is_empty() {
        return format!(
            "no {noun} in the lake {lake}; see what was read: keytrail sql \"select * from runs\""
        );
    }
    let mut said = format!("no {noun} with {}", filters.typed.join(" "));
    if filters.conditions.iter().any(|condition| matches!(condition, Condition::Key(_))) {
        said.push_str("; --key takes part of an ARN, a key id or an alias such as alias/orders");
    }
    if filters.conditions.iter().any(|condition| matches!(condition, Condition::Like(..))) {
        said.push_str("; a principal is part of an ARN, or a pattern of all of it with *");
    }
    format!("{said}; without filters all are listed")
}
