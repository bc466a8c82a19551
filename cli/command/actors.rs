//! `keytrail actors`: who did what on which key.

use analyze::Condition;
use anyhow::Result;

use super::listing::{self, Filters, Listing, moment, typed};
use crate::ExitStatus;
use crate::arguments::{ActorsArguments, KeyRole};
use crate::output::listing::{Column, Row};

const ACTORS: Listing = Listing {
    view: "actors",
    noun: "actor and key pair",
    order: &["actor", "key_arn"],
    columns: &[
        Column { heading: "actor", cell: |row| row.principal("actor", "key_account_id") },
        Column { heading: "kind", cell: |row| row.text("actor_kind") },
        Column { heading: "key", cell: Row::key },
        Column { heading: "role", cell: roles },
        Column { heading: "calls", cell: |row| row.text("calls") },
        Column { heading: "denied", cell: |row| row.text("denied_calls") },
        Column { heading: "last call", cell: |row| row.day("last_time") },
    ],
};

pub(crate) async fn run(arguments: &ActorsArguments) -> Result<ExitStatus> {
    let session = listing::open(&arguments.listing).await?;
    listing::write(&session, &ACTORS, &filters(arguments), &arguments.listing).await?;
    Ok(ExitStatus::Nothing)
}

fn filters(arguments: &ActorsArguments) -> Filters {
    let mut filters = Filters::default();
    filters.key(arguments.key.as_deref());
    filters.like("--actor", "actor", arguments.actor.as_deref());
    if let Some(kind) = &arguments.kind {
        let kind = typed(kind);
        filters.add(format!("--kind {kind}"), Condition::Is("actor_kind", kind));
    }
    if let Some(role) = &arguments.role {
        let column = match role {
            KeyRole::Creator => "creator",
            KeyRole::Administrator => "administrator",
            KeyRole::User => "user",
            KeyRole::GrantManager => "grant_manager",
        };
        filters.add(format!("--role {}", typed(role)), Condition::Holds(column, true));
    }
    if let Some(span) = arguments.active_within {
        let since = moment(&arguments.listing, span);
        filters.add(format!("--active-within {span}"), Condition::Since("last_time", since));
    }
    filters.none_for("--idle-for", "last_time", arguments.idle_for, &arguments.listing);
    filters
}

/// What the actor did on the key, in the words of `--role`.
fn roles(row: &Row) -> String {
    let roles = [
        ("creator", "creator"),
        ("administrator", "administrator"),
        ("grant_manager", "grant-manager"),
        ("user", "user"),
    ];
    let held: Vec<&str> =
        roles.into_iter().filter(|(column, _)| row.holds(column)).map(|(_, role)| role).collect();
    held.join(", ")
}
