//! `keytrail grants`: the grants that the lake saw being made.

use analyze::Condition;
use anyhow::Result;

use super::listing::{self, Filters, Listing};
use crate::ExitStatus;
use crate::arguments::GrantsArguments;
use crate::output::listing::{Column, Row};

const GRANTS: Listing = Listing {
    view: "grants",
    noun: "grant",
    order: &["created_time", "key_arn", "grant_id"],
    columns: &[
        Column { heading: "key", cell: Row::key },
        Column { heading: "grantee", cell: |row| row.principal("grantee_principal", "account_id") },
        Column { heading: "operations", cell: |row| row.first(2, "grant_operations") },
        Column { heading: "created", cell: |row| row.day("created_time") },
        Column { heading: "created by", cell: |row| row.principal("created_by", "account_id") },
        Column {
            heading: "status",
            cell: |row| {
                if row.holds("open") {
                    "open".to_owned()
                } else {
                    format!("{} {}", row.text("closed_how"), row.day("closed_time"))
                }
            },
        },
    ],
};

pub(crate) async fn run(arguments: &GrantsArguments) -> Result<ExitStatus> {
    let session = listing::open(&arguments.listing).await?;
    listing::write(&session, &GRANTS, &filters(arguments), &arguments.listing).await?;
    Ok(ExitStatus::Nothing)
}

fn filters(arguments: &GrantsArguments) -> Filters {
    let mut filters = Filters::default();
    filters.key(arguments.key.as_deref());
    filters.like("--actor", "created_by", arguments.actor.as_deref());
    filters.like("--grantee", "grantee_principal", arguments.grantee.as_deref());
    if arguments.open {
        filters.add("--open", Condition::Holds("open", true));
    }
    filters.none_for("--older-than", "created_time", arguments.older_than, &arguments.listing);
    if arguments.service_made {
        filters.add("--service-made", Condition::Holds("service_made", true));
    }
    if arguments.direct {
        filters.add("--direct", Condition::Holds("service_made", false));
    }
    filters
}
