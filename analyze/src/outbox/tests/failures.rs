//! Sinks that are slow, down or closed.

use super::*;
use crate::alert::AlertReason;

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_hangs_holds_up_no_other_and_is_tried_again() {
    let outbox = Outbox::new(TWO_SINKS).await;
    outbox.raise(&[Severity::High], NOW).await;
    let (team, board) = (Fake::that(Manner::Hangs), Fake::that(Manner::Takes));
    let sinks = outbox.sinks(&[&team, &board]);
    let report = outbox.deliver(&sinks, NOW + MINUTE).await;
    assert_eq!(board.ids(), ["a-1"]);
    assert_eq!((report.sinks["team"].failed, report.sinks["board"].delivered), (1, 1));
    assert!(report.has_failures());
    let reason = report.sinks["team"].last_reason.clone().unwrap();
    assert!(reason.starts_with("no answer in time"), "{reason}");
    team.start_to(Manner::Takes);
    outbox.deliver(&sinks, NOW + 3 * MINUTE).await;
    assert_eq!((team.ids(), board.ids()), (vec!["a-1".to_owned()], vec!["a-1".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_tried_less_and_less_often_and_then_not_any_more() {
    let outbox = Outbox::new(&format!("[alerts]\nattempts_max = 3\n{ONE_SINK}")).await;
    outbox.raise(&[Severity::High], NOW).await;
    let fake = Fake::that(Manner::Refuses { retry: true });
    let sinks = outbox.sinks(&[&fake]);
    for (minutes, attempt) in [(1, 1), (1, 1), (3, 2), (4, 2), (5, 2), (8, 3), (900, 3)] {
        outbox.deliver(&sinks, NOW + minutes * MINUTE).await;
        let state = if attempt == 3 { "dead" } else { "failed" };
        let stands = outbox.states().await;
        assert_eq!(stands, [format!("a-1 team {state} {attempt}")], "after {minutes} minutes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_alerts_do_not_arrive_is_told_to_the_other_sinks_once_a_day() {
    let outbox = Outbox::new(
        "[[sinks]]\nname = 'team'\nkind = 'stdout'\n\
         [[sinks]]\nname = 'board'\nkind = 'stdout'\ndetections = ['grant_*']\n\
         min_severity = 'critical'\n",
    )
    .await;
    let (team, board) = (Fake::that(Manner::Refuses { retry: false }), Fake::that(Manner::Takes));
    let sinks = outbox.sinks(&[&team, &board]);
    let mut dead = 0;
    for (hours, told) in [(1, 1), (2, 1), (30, 2)] {
        let at = NOW + hours * HOUR;
        outbox.add(&[raised(&name(usize::try_from(hours).unwrap()), Severity::Low, at)]).await;
        let report = outbox.deliver(&sinks, at).await;
        dead += 1;
        assert_eq!((report.sinks["team"].dead, report.sinks["team"].dead_letters), (1, dead));
        assert_eq!(board.ids().len(), told, "after {hours} hours");
    }
    let alert = board.taken().remove(0);
    assert_eq!(alert.reason, AlertReason::Undeliverable);
    assert_eq!(alert.finding.detection, "alert_undeliverable");
    assert_eq!(
        alert.finding.summary,
        "1 alert could not be delivered to the sink team: no such place"
    );
    assert!(alert.id.ends_with("-20261125"), "{}", alert.id);
    assert!(team.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_down_is_tried_with_a_few_alerts_until_it_is_back() {
    let outbox = Outbox::new(ONE_SINK).await;
    outbox.raise(&[Severity::High; 30], NOW).await;
    let fake = Fake::that(Manner::Refuses { retry: true });
    let sinks = outbox.sinks(&[&fake]);
    let first = outbox.deliver(&sinks, NOW + MINUTE).await;
    assert_eq!((first.sinks["team"].failed, first.sinks["team"].put_off), (10, 20));
    let second = outbox.deliver(&sinks, NOW + 3 * MINUTE).await;
    assert_eq!((second.sinks["team"].failed, second.sinks["team"].put_off), (10, 0));
    fake.start_to(Manner::Takes);
    let third = outbox.deliver(&sinks, NOW + HOUR).await;
    assert_eq!((third.sinks["team"].delivered, third.sinks["team"].waiting), (10, 20));
    let fourth = outbox.deliver(&sinks, NOW + HOUR + MINUTE).await;
    assert_eq!((fourth.sinks["team"].delivered, fourth.sinks["team"].waiting), (20, 0));
    let mut ids = fake.ids();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_group_that_is_taken_in_part_the_rest_is_tried_again() {
    let outbox = Outbox::new(ONE_SINK).await;
    outbox.raise(&[Severity::High, Severity::Low, Severity::High], NOW).await;
    let fake = Fake::that(Manner::TakesOnly(Severity::High));
    let sinks = outbox.sinks(&[&fake]);
    let report = outbox.deliver(&sinks, NOW + MINUTE).await;
    assert_eq!((report.sinks["team"].delivered, report.sinks["team"].failed), (2, 1));
    fake.start_to(Manner::Takes);
    outbox.deliver(&sinks, NOW + 3 * MINUTE).await;
    assert_eq!(fake.ids(), ["c-1", "a-1", "b-1"]);
}
