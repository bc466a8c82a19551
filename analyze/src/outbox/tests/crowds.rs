//! Runs at once, and runs that die.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn of_runs_at_once_each_alert_is_delivered_by_one() {
    let outbox = Outbox::new(TWO_SINKS).await;
    outbox.raise(&[Severity::High; 25], NOW).await;
    let (team, board) = (
        Fake::that(Manner::TakesSlowly(Duration::from_millis(30))),
        Fake::that(Manner::TakesSlowly(Duration::from_millis(60))),
    );
    let sinks = outbox.sinks(&[&team, &board]);
    let later = NOW + MINUTE;
    let runs = tokio::join!(
        outbox.deliver(&sinks, later),
        outbox.deliver(&sinks, later),
        outbox.deliver(&sinks, later),
    );
    for fake in [&team, &board] {
        let mut ids = fake.ids();
        ids.sort();
        let mut once = ids.clone();
        once.dedup();
        assert_eq!(ids.len(), 25, "{runs:?}");
        assert_eq!(ids, once);
    }
    let delivered = |report: &DeliveryReport| report.sinks.get("team").map_or(0, |s| s.delivered);
    assert_eq!(delivered(&runs.0) + delivered(&runs.1) + delivered(&runs.2), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_after_delivery_makes_one_repeat_with_the_same_ids() {
    let outbox = Outbox::new(ONE_SINK).await;
    outbox.raise(&[Severity::High, Severity::Low], NOW).await;
    let fake = Fake::that(Manner::TakesAndHangs);
    let sinks = outbox.sinks(&[&fake]);
    let dying = outbox.deliver(&sinks, NOW + MINUTE);
    let mut dying = Box::pin(dying);
    while fake.ids().len() < 2 {
        // Dropped as soon as the sink has them: nothing is recorded.
        let _still_going =
            tokio::time::timeout(Duration::from_millis(5), dying.as_mut()).await.is_err();
    }
    drop(dying);
    assert_eq!(outbox.states().await, ["a-1 team claimed 1", "b-1 team claimed 1"]);

    fake.start_to(Manner::Takes);
    let early = outbox.deliver(&sinks, NOW + 10 * MINUTE).await;
    assert_eq!((early.sinks["team"].delivered, early.sinks["team"].waiting), (0, 2));
    outbox.deliver(&sinks, NOW + 17 * MINUTE).await;
    outbox.deliver(&sinks, NOW + 60 * MINUTE).await;
    assert_eq!(fake.ids(), ["a-1", "b-1", "a-1", "b-1"]);
    assert_eq!(outbox.states().await, ["a-1 team delivered 2", "b-1 team delivered 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_kills_every_run_ends_as_a_dead_letter() {
    let outbox = Outbox::new(&format!("[alerts]\nattempts_max = 2\n{ONE_SINK}")).await;
    outbox.raise(&[Severity::High], NOW).await;
    let claimed = |attempt: i64, at: i64| FindingRow {
        alert_id: Some("a-1".to_owned()),
        sink: Some("team".to_owned()),
        attempt: Some(attempt),
        until: Some(at + 15 * MINUTE),
        ..FindingRow::new(FindingChange::Claimed, "died", at)
    };
    outbox.add(&[claimed(1, NOW + MINUTE), claimed(2, NOW + 20 * MINUTE)]).await;
    let fake = Fake::that(Manner::Takes);
    let report = outbox.deliver(&outbox.sinks(&[&fake]), NOW + HOUR).await;
    assert_eq!(report.sinks["team"].dead, 1);
    assert!(fake.ids().is_empty());
    assert_eq!(outbox.states().await, ["a-1 team dead 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_clock_is_behind_is_believed() {
    let outbox = Outbox::new(ONE_SINK).await;
    outbox.raise(&[Severity::High], NOW).await;
    let fake = Fake::that(Manner::Refuses { retry: false });
    let sinks = outbox.sinks(&[&fake]);
    outbox.deliver(&sinks, NOW + HOUR).await;
    fake.start_to(Manner::Takes);
    let run = DeliveryRun { run_id: "behind", now: NOW + MINUTE, stop: &GO_ON };
    let (lake, configuration) = (&outbox.lake, &outbox.configuration);
    let revived = retry_dead_letters(lake, configuration, Some("board"), &run).await.unwrap();
    assert_eq!(revived, 0);
    let revived = retry_dead_letters(lake, configuration, None, &run).await.unwrap();
    assert_eq!(revived, 1);
    outbox.deliver(&sinks, NOW + MINUTE).await;
    assert_eq!(fake.ids(), ["a-1"]);
    assert_eq!(outbox.states().await, ["a-1 team delivered 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_to_stop_begins_nothing_and_the_next_one_goes_on() {
    let outbox = Outbox::new(ONE_SINK).await;
    outbox.raise(&[Severity::High], NOW).await;
    let fake = Fake::that(Manner::Takes);
    let sinks = outbox.sinks(&[&fake]);
    let stop = AtomicBool::new(true);
    let run = DeliveryRun { run_id: "run", now: NOW + MINUTE, stop: &stop };
    let report =
        deliver_within(&outbox.lake, &outbox.configuration, &sinks, &run, QUICK).await.unwrap();
    assert_eq!((report.sinks["team"].put_off, report.sinks["team"].waiting), (1, 1));
    assert!(!report.has_failures() && fake.ids().is_empty());
    assert_eq!(outbox.states().await, ["a-1 team failed 0"]);
    outbox.deliver(&sinks, NOW + 3 * MINUTE).await;
    assert_eq!(outbox.states().await, ["a-1 team delivered 1"]);
}
