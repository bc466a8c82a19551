//! Which sink gets what.

use super::*;
use crate::alert::AlertReason;

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_goes_once_to_each_sink_that_wants_it() {
    let outbox = Outbox::new(
        "[[sinks]]\nname = 'all'\nkind = 'stdout'\nmin_severity = 'info'\n\
         [[sinks]]\nname = 'bad'\nkind = 'stdout'\nmin_severity = 'high'\n\
         [[sinks]]\nname = 'elsewhere'\nkind = 'stdout'\naccounts = ['444455556666']\n\
         [[sinks]]\nname = 'here'\nkind = 'stdout'\naccounts = ['444455556666', '111122223333']\n\
         [[sinks]]\nname = 'grants'\nkind = 'stdout'\ndetections = ['grant_*']\n\
         [[sinks]]\nname = 'keys'\nkind = 'stdout'\ndetections = ['grant_*', 'key_dis*']\n",
    )
    .await;
    outbox.raise(&[Severity::Info, Severity::Critical, Severity::Low], NOW).await;
    let fakes: Vec<Fake> = (0..6).map(|_| Fake::that(Manner::Takes)).collect();
    let sinks = outbox.sinks(&fakes.iter().collect::<Vec<_>>());
    let report = outbox.deliver(&sinks, NOW + MINUTE).await;
    assert!(!report.has_failures(), "{report:?}");
    assert_eq!(report.sinks["all"].delivered, 3);
    assert_eq!(report.sinks["all"].waiting, 0);
    let taken: Vec<Vec<String>> = fakes.iter().map(Fake::ids).collect();
    let worst_first = ["b-1", "c-1"];
    assert_eq!(taken[0], ["b-1", "c-1", "a-1"]);
    assert_eq!(taken[1], ["b-1"]);
    assert!(taken[2].is_empty() && taken[4].is_empty(), "{taken:?}");
    assert_eq!(taken[3], worst_first);
    assert_eq!(taken[5], worst_first);
    let again = outbox.deliver(&sinks, NOW + HOUR).await;
    assert_eq!(again, DeliveryReport::default());
    assert_eq!(taken, fakes.iter().map(Fake::ids).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_arrives_as_it_was_raised() {
    let outbox = Outbox::new(ONE_SINK).await;
    let reminder = FindingRow {
        reason: Some("reminder".to_owned()),
        alert_id: Some("a-2".to_owned()),
        ..raised("a", Severity::High, NOW)
    };
    let found = FindingRow {
        fingerprint: Some("a".to_owned()),
        ..FindingRow::new(FindingChange::Found, "run", NOW - 200 * 24 * HOUR)
    };
    outbox.add(&[found, reminder]).await;
    let fake = Fake::that(Manner::Takes);
    outbox.deliver(&outbox.sinks(&[&fake]), NOW + MINUTE).await;
    let alert = fake.taken().remove(0);
    assert_eq!(alert.id, "a-2");
    assert_eq!(alert.reason, AlertReason::Reminder);
    assert_eq!(alert.raised_at, "2026-11-25T10:00:00Z");
    assert_eq!(alert.first_found_at, "2026-05-09T10:00:00Z");
    assert_eq!(alert.finding.summary, "matter a");
    assert_eq!(alert.finding.severity, Severity::High);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_added_gets_the_last_day_and_one_that_is_gone_is_not_waited_for() {
    let mut outbox = Outbox::new(ONE_SINK).await;
    outbox.raise(&[Severity::High], NOW - 30 * HOUR).await;
    outbox.add(&[raised("q", Severity::High, NOW - HOUR)]).await;
    let (team, board) = (Fake::that(Manner::Refuses { retry: false }), Fake::that(Manner::Takes));
    outbox.deliver(&outbox.sinks(&[&team]), NOW).await;
    assert_eq!(outbox.states().await, ["q-1 team dead 1"]);

    outbox.configuration = toml::from_str(&ONE_SINK.replace("team", "board")).unwrap();
    let report = outbox.deliver(&outbox.sinks(&[&board]), NOW + MINUTE).await;
    assert_eq!(board.ids(), ["q-1"]);
    assert!(!report.sinks.contains_key("team"), "{report:?}");
    assert_eq!(outbox.states().await, ["q-1 board delivered 1", "q-1 team not_wanted 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_was_raised_twice_goes_out_once() {
    let outbox = Outbox::new(ONE_SINK).await;
    outbox.raise(&[Severity::High], NOW).await;
    outbox.raise(&[Severity::High], NOW).await;
    let fake = Fake::that(Manner::Takes);
    outbox.deliver(&outbox.sinks(&[&fake]), NOW + MINUTE).await;
    assert_eq!(fake.ids(), ["a-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_cannot_be_read_is_a_dead_letter_and_no_obstacle() {
    let outbox = Outbox::new(ONE_SINK).await;
    let damaged = FindingRow { finding: Some("{".to_owned()), ..raised("d", Severity::High, NOW) };
    let unheard =
        FindingRow { reason: Some("whim".to_owned()), ..raised("u", Severity::High, NOW) };
    outbox.add(&[damaged, unheard, raised("g", Severity::Low, NOW)]).await;
    let fake = Fake::that(Manner::Takes);
    let report = outbox.deliver(&outbox.sinks(&[&fake]), NOW + MINUTE).await;
    assert_eq!(fake.ids(), ["g-1"]);
    assert_eq!((report.sinks["team"].dead, report.sinks["team"].delivered), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lake_and_no_sinks_are_nothing_to_do() {
    let outbox = Outbox::new("").await;
    let sinks = outbox.sinks(&[]);
    assert_eq!(outbox.deliver(&sinks, NOW).await, DeliveryReport::default());
    outbox.raise(&[Severity::High], NOW).await;
    assert_eq!(outbox.deliver(&sinks, NOW).await, DeliveryReport::default());
    let with_sink = Outbox::new(ONE_SINK).await;
    assert_eq!(with_sink.deliver(&sinks, NOW).await, DeliveryReport::default());
}
