//! What was **seen**: accounts and actors in the lake.

use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::AnalyzeError;
use crate::session::Session;

/// An account of others that took part in calls of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherAccount {
    pub(super) account_id: String,
    /// Whether it called, or owns a key that was called.
    pub(super) called: bool,
    pub(super) calls: u64,
    pub(super) operations: String,
    pub(super) last_day: String,
}

/// What an actor did in one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) actor: String,
    /// `creator`, `administrator` or `user`.
    pub(super) role: String,
    pub(super) calls: u64,
    pub(super) last_day: String,
    /// Whether evidence of a person was seen.
    pub(super) person: bool,
    /// Days with calls, within the last 90 of the lake.
    pub(super) active_days: u64,
}

/// Accounts that calls came from or keys belong to, other than our own.
const OTHER_ACCOUNTS: &str = "
    with seen as (
        select actor_account_id as account_id, 'actor' as side, event_name, calls, last_time
        from key_usage
        where error_code is null
        union all
        select key_account_id, 'key', event_name, calls, last_time
        from key_usage
        where error_code is null
    )
    select
        account_id,
        side,
        sum(calls) as calls,
        array_to_string(array_agg(distinct event_name order by event_name), ', ') as operations,
        max(last_time) as last_time
    from seen
    where account_id is not null
        and account_id <> ''
        and account_id not in (select account_id from own_accounts)
    group by account_id, side
    order by account_id, side";

/// Actors of our accounts by role, by the rules of the view `actors`, with what
/// that view lacks: the days on which they called.
const DEEDS: &str = "
    with habits as (
        select
            key_usage.actor,
            bool_or(key_usage.actor_kind = 'person') as person,
            count(distinct date_trunc('day', key_usage.hour)) as active_days
        from key_usage
        cross join (select max(hour) as newest from key_usage) as lake
        where key_usage.hour >= lake.newest - interval '90 days'
        group by key_usage.actor
    ),

    deeds as (
        select
            key_usage.actor,
            case
                when operations.class = 'cryptographic' then 'user'
                else operations.role
            end as deed,
            key_usage.calls,
            key_usage.last_time
        from key_usage
        join kms_operations as operations on operations.event_name = key_usage.event_name
        where key_usage.error_code is null
            and key_usage.actor_kind <> 'service'
            and key_usage.actor_account_id in (select account_id from own_accounts)
    )

    select
        deeds.actor,
        deeds.deed,
        sum(deeds.calls) as total,
        max(deeds.last_time) as last_time,
        coalesce(bool_or(habits.person), false) as person,
        coalesce(max(habits.active_days), 0) as active_days
    from deeds
    left join habits on habits.actor = deeds.actor
    where deeds.deed in ('creator', 'administrator', 'user')
    group by deeds.actor, deeds.deed
    order by total desc, deeds.actor";

pub(super) async fn other_accounts(session: &Session) -> Result<Vec<OtherAccount>, AnalyzeError> {
    let rows = rows::<5>(session, OTHER_ACCOUNTS).await?;
    Ok(rows
        .into_iter()
        .map(|[account_id, side, calls, operations, last_time]| OtherAccount {
            account_id,
            called: side == "actor",
            calls: calls.parse().unwrap_or_default(),
            operations,
            last_day: day(&last_time),
        })
        .collect())
}

pub(super) async fn deeds(session: &Session) -> Result<Vec<Deed>, AnalyzeError> {
    let rows = rows::<6>(session, DEEDS).await?;
    Ok(rows
        .into_iter()
        .map(|[actor, role, calls, last_time, person, active_days]| Deed {
            actor,
            role,
            calls: calls.parse().unwrap_or_default(),
            last_day: day(&last_time),
            person: person == "true",
            active_days: active_days.parse().unwrap_or_default(),
        })
        .collect())
}

/// First and last day of KMS calls in the lake; empty without any.
pub(super) async fn span(session: &Session) -> Result<(String, String), AnalyzeError> {
    let sql = "select min(hour) as first_hour, max(hour) as last_hour from key_usage";
    let rows = rows::<2>(session, sql).await?;
    Ok(rows.into_iter().next().map(|[first, last]| (day(&first), day(&last))).unwrap_or_default())
}

/// Our accounts, as the session was told or found out.
pub(super) async fn own_accounts(session: &Session) -> Result<Vec<String>, AnalyzeError> {
    let sql = "select account_id from own_accounts order by account_id";
    Ok(rows::<1>(session, sql).await?.into_iter().map(|[account]| account).collect())
}

/// Everybody who called anything that the lake keeps.
pub(super) async fn actors(session: &Session) -> Result<Vec<String>, AnalyzeError> {
    let sql = "select distinct actor from ( \
               select actor from key_usage \
               union all \
               select actor from events where activity = 'manage') \
               where actor is not null";
    Ok(rows::<1>(session, sql).await?.into_iter().map(|[actor]| actor).collect())
}

/// The rows of a query as text; null is empty.
async fn rows<const N: usize>(
    session: &Session,
    sql: &str,
) -> Result<Vec<[String; N]>, AnalyzeError> {
    let failed = |error| AnalyzeError::query("what the lake has seen cannot be read", error);
    let batches = session.query(sql).await?.collect().await.map_err(failed)?;
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in &batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(error.into()))?;
        for row in 0..batch.num_rows() {
            rows.push(std::array::from_fn(|column| {
                columns.get(column).map(|column| column.value(row).to_string()).unwrap_or_default()
            }));
        }
    }
    Ok(rows)
}

/// The day of a time.
fn day(time: &str) -> String {
    time.chars().take(10).collect()
}
