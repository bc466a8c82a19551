//! `keytrail keys`: the keys in the lake.

use analyze::{Condition, Session};
use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMicrosecondType;

use super::listing::{self, Filters, Listing, moment, typed};
use crate::ExitStatus;
use crate::arguments::{KeyManager, KeysArguments};
use crate::output::listing::{Column, Row};
use crate::output::text::{WARN, count, time};

const KEYS: Listing = Listing {
    view: "keys",
    noun: "key",
    order: &["account_id", "aws_region", "key_arn"],
    columns: &[
        Column { heading: "key", cell: Row::key },
        Column { heading: "alias", cell: |row| row.first(1, "aliases") },
        Column { heading: "manager", cell: |row| row.text("key_manager") },
        Column {
            heading: "state",
            cell: |row| {
                let state = format!("{} {}", row.text("state"), row.day("deletion_date"));
                state.trim_end().to_owned()
            },
        },
        Column { heading: "rotation", cell: |row| row.text("rotation") },
        Column { heading: "created", cell: |row| row.day("created_time") },
        Column { heading: "last used", cell: |row| row.day("last_used_time") },
    ],
};

pub(crate) async fn run(arguments: &KeysArguments) -> Result<ExitStatus> {
    let session = listing::open(&arguments.listing).await?;
    listing::write(&session, &KEYS, &filters(arguments), &arguments.listing).await?;
    if let Some(span) = arguments.unused_for {
        warn_of_late_logs(&session, moment(&arguments.listing, span)).await?;
    }
    Ok(ExitStatus::Nothing)
}

fn filters(arguments: &KeysArguments) -> Filters {
    let mut filters = Filters::default();
    filters.key(arguments.key.as_deref());
    if let Some(account) = &arguments.account {
        let condition = Condition::Is("account_id", account.clone());
        filters.add(format!("--account {account}"), condition);
    }
    if let Some(region) = &arguments.region {
        filters.add(format!("--region {region}"), Condition::Is("aws_region", region.clone()));
    }
    if let Some(state) = &arguments.state {
        let state = typed(state);
        let condition = Condition::Is("state", state.replace('-', "_"));
        filters.add(format!("--state {state}"), condition);
    }
    if let Some(manager) = &arguments.manager {
        let value = match manager {
            KeyManager::Customer => "customer",
            KeyManager::Aws => "AWS",
            KeyManager::Unknown => "unknown",
        };
        let condition = Condition::Is("key_manager", value.to_owned());
        filters.add(format!("--manager {}", typed(manager)), condition);
    }
    if let Some(span) = arguments.unused_for {
        let since = moment(&arguments.listing, span);
        filters.none_for("--unused-for", "last_used_time", Some(span), &arguments.listing);
        // A key that is younger than that has not been unused for so long.
        filters.require(Condition::NoneSince("created_time", since));
    }
    filters
}

/// Silence tells something only where logs reach back far enough.
async fn warn_of_late_logs(session: &Session, since: i64) -> Result<()> {
    let sql = "select min(hour) as start from coverage group by account_id, region";
    let batches = session.query(sql).await?.collect().await.context("the query failed")?;
    let mut starts: Vec<i64> = Vec::new();
    for batch in &batches {
        let column = batch.column(0).as_primitive_opt::<TimestampMicrosecondType>();
        starts.extend(column.into_iter().flatten().flatten());
    }
    let late = starts.iter().filter(|start| **start > since).count();
    if late > 0 {
        anstream::eprintln!(
            "{WARN}warning:{WARN:#} logs of {late} of {} begin after {}: use before they begin is not seen",
            count(starts.len() as u64, "account and Region pair"),
            time(since),
        );
    }
    Ok(())
}
