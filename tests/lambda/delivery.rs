//! Alerts leave the function, once, whatever becomes of other sinks.

use std::thread;

use serde_json::{Value, json};

use super::{BUCKET, Ground, configuration, fixture, number};

/// A ground whose alerts go into a bucket, and to a web server that is not there.
fn with_sinks(name: &'static str) -> Ground {
    let mut ground = Ground::new(name);
    let sinks = format!(
        "[[sinks]]\nname = \"archive\"\nkind = \"s3\"\ntarget = \"s3://{BUCKET}/{name}/alerts\"\n\
         [[sinks]]\nname = \"pager\"\nkind = \"webhook\"\ntarget = \"http://127.0.0.1:1/alerts\"\n"
    );
    ground.set("KEYTRAIL_CONFIG_TEXT", &configuration(&sinks));
    ground
}

impl Ground {
    /// Objects in the bucket that alerts go to.
    fn delivered(&self) -> usize {
        let prefix = format!("{}/alerts", self.name);
        let listed = self.server.ask(&json!({"bucket": BUCKET, "keys": prefix}));
        listed["keys"].as_array().unwrap().len()
    }
}

#[test]
fn an_alert_arrives_although_another_sink_is_down() {
    let ground = with_sinks("delivered");
    let function = ground.start();
    let answer = function.succeed(&fixture("s3", &ground.deliver(1)));
    assert_eq!(number(&answer, "alerts_raised"), 1, "{answer:#}");
    assert_eq!(number(&answer, "alerts_delivered"), 1, "{answer:#}");
    assert_eq!(number(&answer, "alerts_failed"), 1, "{answer:#}");
    assert_eq!(ground.delivered(), 1);
    let metrics = &function.metrics()[0];
    assert_eq!((&metrics["AlertsDelivered"], &metrics["AlertsFailed"]), (&json!(1), &json!(1)));
    assert!(function.log().iter().any(|line| line.contains("\"sink\":\"pager\"")));
    // It waits before it tries the other one again, and has nothing for this one.
    let answer = function.succeed(&fixture("schedule", ""));
    assert_eq!((number(&answer, "alerts_delivered"), number(&answer, "alerts_failed")), (0, 0));
    assert_eq!(ground.delivered(), 1);
}

#[test]
fn invocations_at_once_deliver_an_alert_once() {
    let ground = with_sinks("delivered_once");
    let event = fixture("s3", &ground.deliver(1));
    let functions = [ground.start(), ground.start()];
    let answers: Vec<Value> = thread::scope(|scope| {
        let running: Vec<_> =
            functions.iter().map(|function| scope.spawn(|| function.succeed(&event))).collect();
        running.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    let delivered: u64 = answers.iter().map(|answer| number(answer, "alerts_delivered")).sum();
    assert_eq!(delivered, 1, "{answers:#?}");
    let claimed = "select count(*) from findings where change = 'claimed' and sink = 'archive'";
    assert_eq!(ground.here.number(claimed), 1);
}
