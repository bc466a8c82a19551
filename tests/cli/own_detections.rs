//! Detections of a user's own, beside the built-in ones.

use super::detect::{detect, findings, loud_lake};

#[test]
fn text_of_callers_is_shown_and_not_obeyed() {
    let here = loud_lake();
    let summary = "concat(session_name, chr(27), '[31m', chr(13), chr(8238))";
    here.write(
        "detections/agents.sql",
        DETECTION.replace("%ID%", "agents").replace("%SUMMARY%", summary),
    );
    let said = detect(&here, &["agents"], &["--detections", "detections"]);
    assert_eq!(said.code, Some(1), "{said}");
    let obeyed = |letter: char| letter == '\u{202e}' || letter.is_control() && letter != '\n';
    assert!(!said.stdout.contains(obeyed), "{said:?}");
    assert!(said.stdout.contains("robin\\u{1b}[31m|<script>"), "{said}");
    let said = detect(&here, &["agents"], &["--detections", "detections", "--format", "json"]);
    assert_eq!(
        findings(&said)[0]["summary"],
        "robin\u{1b}[31m|<script>\u{7f}\u{9b}\u{1b}[31m\r\u{202e}"
    );
}

#[test]
fn a_detection_that_fails_is_named_and_the_others_are_judged() {
    let here = loud_lake();
    let broken = "cast(1 / (length(actor) - length(actor)) as varchar)";
    here.write(
        "detections/broken.sql",
        DETECTION.replace("%ID%", "broken").replace("%SUMMARY%", broken),
    );
    let said = detect(&here, &["broken", "root_used_kms"], &["--detections", "detections"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("broken"), "{said}");
    assert!(said.stdout.contains("root_used_kms"), "{said}");
}

/// A detection of every event that has a session name.
const DETECTION: &str = r#"-- id = "%ID%"
-- title = "A test"
-- kind = "event"
-- severity = "medium"
-- confidence = "low"
-- attack = []
-- controls = []
-- lookback = "0d"
-- entity = ["actor"]
-- why = "w"
-- benign = "b"
-- respond = "r"
-- see = []
select
    event_time,
    recipient_account_id as account_id,
    aws_region as region,
    actor,
    key_arn,
    make_array(event_id) as event_ids,
    %SUMMARY% as summary
from events
where event_time >= $window_start
    and event_time < $window_end
    and event_name = 'ScheduleKeyDeletion'
order by event_time
"#;
