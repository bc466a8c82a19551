//! Invocations that are repeated, made at once, or ended early.

use std::thread;

use super::{Ground, deletion, fixture, number};
use crate::harness::pack;
use crate::harness::record::{document, key_arn};

#[test]
fn the_same_event_twice_raises_one_alert() {
    let ground = Ground::new("twice");
    let function = ground.start();
    let event = fixture("s3", &ground.deliver(1));
    let first = function.succeed(&event);
    assert_eq!((number(&first, "events"), number(&first, "alerts_raised")), (1, 1));
    let second = function.succeed(&event);
    assert_eq!((number(&second, "objects_known"), number(&second, "alerts_raised")), (1, 0));
    assert_eq!(ground.raised(), [key_arn(1)]);
}

#[test]
fn invocations_at_once_raise_one_alert_for_each_matter() {
    let ground = Ground::new("at_once");
    let events = [1, 2].map(|number| fixture("s3", &ground.deliver(number)));
    let functions = [ground.start(), ground.start(), ground.start()];
    thread::scope(|scope| {
        for (function, event) in functions.iter().zip([&events[0], &events[1], &events[0]]) {
            scope.spawn(|| function.succeed(event));
        }
    });
    assert_eq!(ground.raised(), [key_arn(1), key_arn(2)]);
    let rows = "select count(*) from events";
    assert_eq!(ground.here.number(rows), 2);
}

#[test]
fn a_run_without_time_stops_and_the_next_one_goes_on() {
    let mut ground = Ground::new("deadline");
    let keys = [1, 2, 3].map(|number| ground.deliver(number));
    // The emulator gives ten minutes.
    ground.set("KEYTRAIL_STOP_BEFORE", "600s");
    let hurried = ground.start();
    let answer = hurried.succeed(&fixture("schedule", ""));
    assert_eq!(answer["stopped_early"], true, "{answer:#}");
    let named = hurried.invoke(&fixture("s3", &keys[0]));
    assert!(named.failed, "{named:#?}");
    let queued = hurried.succeed(&fixture("s3_through_sqs", &keys[0]));
    assert_eq!(queued["batchItemFailures"].as_array().unwrap().len(), 1);
    ground.set("KEYTRAIL_STOP_BEFORE", "20s");
    let answer = ground.start().succeed(&fixture("schedule", ""));
    assert_eq!(answer["stopped_early"], false, "{answer:#}");
    assert_eq!(ground.raised(), [key_arn(1), key_arn(2), key_arn(3)]);
}

#[test]
fn an_object_that_is_told_of_after_it_was_listed_is_known() {
    let ground = Ground::new("listed");
    let function = ground.start();
    let key = ground.deliver_bytes(1, &pack::gzip(document(&[deletion(1)])));
    function.succeed(&fixture("schedule", ""));
    let answer = function.succeed(&fixture("object_created", &key));
    assert_eq!((number(&answer, "objects"), number(&answer, "objects_known")), (0, 1));
}
