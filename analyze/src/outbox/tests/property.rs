//! What holds whatever is in the log.

use proptest::prelude::*;

use super::super::delivery::Delivery;
use super::super::due::choose;
use super::super::outcome::{plain, wait_micros};
use super::super::send::GROUP;
use super::*;

fn state() -> impl Strategy<Value = DeliveryState> {
    use DeliveryState::{Claimed, Dead, Delivered, Due, Failed, NotWanted};
    prop::sample::select(vec![Due, Claimed, Delivered, Failed, Dead, NotWanted])
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let one = (
        (0..40_u32, 0..3_u32, prop::sample::select(Severity::ALL.to_vec())),
        (state(), 0..12_u32, -50..10_i64),
        (prop::option::of(-30..30_i64), prop::option::of(-30..1_i64)),
    );
    let one =
        one.prop_map(|((alert, sink, severity), (state, attempt, raised), (until, changed))| {
            let changed = changed.filter(|_| state != DeliveryState::Due);
            Delivery {
                alert_id: format!("m{alert}-1"),
                fingerprint: format!("m{alert}"),
                detection: "key_disabled".to_owned(),
                severity,
                account_id: None,
                raised_at: NOW + raised * HOUR,
                sink: format!("sink{sink}"),
                state,
                attempt,
                until: until.map(|minutes| NOW + minutes * MINUTE),
                changed_at: changed.map(|minutes| NOW + minutes * MINUTE),
            }
        });
    prop::collection::vec(one, 0..300)
}

proptest! {
    #[test]
    fn nothing_is_chosen_that_is_done_claimed_or_to_wait(all in deliveries(), max in 0..10_u32) {
        let chosen = choose(all.clone(), NOW, max);
        for delivery in chosen.due.iter().chain(&chosen.given_up) {
            prop_assert!(all.contains(delivery));
            prop_assert!(matches!(
                delivery.state,
                DeliveryState::Due | DeliveryState::Claimed | DeliveryState::Failed
            ));
            prop_assert!(delivery.until.is_none_or(|until| until <= NOW));
        }
        prop_assert!(chosen.due.iter().all(|delivery| delivery.attempt < max.max(1)));
        prop_assert!(chosen.given_up.iter().all(|delivery| delivery.attempt >= max.max(1)));
    }

    #[test]
    fn what_is_chosen_is_bounded_and_worst_first(all in deliveries()) {
        let chosen = choose(all, NOW, 8);
        for sink in ["sink0", "sink1", "sink2"] {
            prop_assert!(chosen.due.iter().filter(|one| one.sink == sink).count() <= 100);
        }
        prop_assert!(chosen.due.is_sorted_by_key(|one| std::cmp::Reverse(one.severity)));
    }

    #[test]
    fn the_order_of_the_log_does_not_matter(all in deliveries(), turn in 0..300_usize) {
        let mut turned = all.clone();
        turned.rotate_left(turn.min(all.len()));
        let (straight, turned) = (choose(all, NOW, 8), choose(turned, NOW, 8));
        prop_assert_eq!(straight.waiting, turned.waiting);
        prop_assert_eq!(straight.dead, turned.dead);
        let count = |due: &[Delivery]| due.len();
        prop_assert_eq!(count(&straight.due), count(&turned.due));
    }

    #[test]
    fn a_sink_that_took_nothing_last_gets_a_few(all in deliveries()) {
        let failing: Vec<Delivery> = all
            .into_iter()
            .filter(|one| one.state != DeliveryState::Delivered)
            .chain([Delivery {
                state: DeliveryState::Failed,
                attempt: 1,
                changed_at: Some(NOW),
                until: Some(NOW + HOUR),
                sink: "sink0".to_owned(),
                alert_id: "last".to_owned(),
                fingerprint: "last".to_owned(),
                detection: String::new(),
                severity: Severity::Low,
                account_id: None,
                raised_at: NOW,
            }])
            .collect();
        let chosen = choose(failing, NOW, 8);
        prop_assert!(chosen.due.iter().filter(|one| one.sink == "sink0").count() <= GROUP);
    }

    #[test]
    fn waits_are_a_minute_at_least_and_six_hours_at_most(
        all in deliveries(),
        attempt in any::<u32>(),
    ) {
        for delivery in all {
            let wait = wait_micros(&Delivery { attempt, ..delivery });
            prop_assert!((MINUTE..=6 * HOUR).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn reasons_are_short_and_plain(text in any::<String>()) {
        let reason = plain(&text);
        prop_assert!(reason.chars().count() <= 500);
        prop_assert!(!reason.chars().any(char::is_control));
    }
}
