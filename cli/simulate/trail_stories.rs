//! Trail stories are incidents about the logs themselves: trails, the buckets they lie in, and what arrives.

use super::actors::service;
use super::digest::TRAIL;
use super::incidents::{Deed, Place, Silence, Stage};
use super::labels::FIRST_TIME_DAYS;
use super::telling::decrypt;

const DAY: i64 = 86_400;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    blind_trail(stage, home);
    stopped(stage, home);
    amended(stage, last);
    if stage.days() >= 5 {
        storage_tampered(stage, last);
    }
    silence(stage);
}

fn trail_arn(stage: &Stage<'_>, place: Place, name: &str) -> String {
    format!(
        "arn:{}:cloudtrail:{}:{}:trail/{name}",
        stage.estate.partition,
        stage.estate.regions[place.region].name,
        stage.account(place).id
    )
}

/// The trail stops logging KMS, and is put right again a little later.
fn blind_trail(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.78);
    let actor = stage.role(place, "LoggingOperator", "drew.park", time, true);
    let arn = trail_arn(stage, place, TRAIL);
    let deed = |excluded: &str| {
        let selectors = format!(
            r#"[{{"readWriteType":"All","includeManagementEvents":true,"dataResources":[],"excludeManagementEventSources":[{excluded}]}}]"#
        );
        Deed {
            name: "PutEventSelectors",
            source: "cloudtrail.amazonaws.com",
            request: format!(r#"{{"trailName":"{arn}","eventSelectors":{selectors}}}"#),
            response: format!(r#"{{"trailARN":"{arn}","eventSelectors":{selectors}}}"#),
            ..Deed::default()
        }
    };
    let seen = [stage.act(place, time, &actor, &deed(r#""kms.amazonaws.com""#))];
    stage.act(place, time + 1_200, &actor, &deed(""));
    stage.label(
        "kms_excluded_from_trail",
        "the trail excluded KMS for twenty minutes",
        place,
        &actor,
        None,
        &seen,
    );
}

/// The trail stands still for ten minutes.
fn stopped(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.83);
    let actor = stage.role(place, "TrailOperator", "max.ferris", time, true);
    let arn = trail_arn(stage, place, TRAIL);
    let deed = |name| Deed {
        name,
        source: "cloudtrail.amazonaws.com",
        request: format!(r#"{{"name":"{arn}"}}"#),
        ..Deed::default()
    };
    let seen = [stage.act(place, time, &actor, &deed("StopLogging"))];
    stage.act(place, time + 600, &actor, &deed("StartLogging"));
    let title = "the trail was stopped for ten minutes";
    stage.label("trail_stopped", title, place, &actor, None, &seen);
}

/// A trail is made, and days later the bucket it writes to is let forget.
fn storage_tampered(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.19);
    let actor = stage.role(place, "StorageOperator", "ty.marlow", time - 3 * DAY, true);
    let (bucket, name) = (format!("second-logs-{}", stage.account(place).id), "second-trail");
    let arn = trail_arn(stage, place, name);
    let create = Deed {
        name: "CreateTrail",
        source: "cloudtrail.amazonaws.com",
        request: format!(r#"{{"name":"{name}","s3BucketName":"{bucket}"}}"#),
        response: format!(
            r#"{{"name":"{name}","s3BucketName":"{bucket}","includeGlobalServiceEvents":true,"isMultiRegionTrail":false,"trailARN":"{arn}","logFileValidationEnabled":false,"isOrganizationTrail":false}}"#
        ),
        ..Deed::default()
    };
    stage.act(place, time - 3 * DAY, &actor, &create);
    let host = format!("{bucket}.s3.{}", stage.estate.partition.domain());
    let policy = Deed {
        name: "PutBucketPolicy",
        source: "s3.amazonaws.com",
        request: format!(
            r#"{{"bucketName":"{bucket}","Host":"{host}","policy":"","bucketPolicy":{{"Version":"2012-10-17","Statement":[{{"Sid":"Hold","Effect":"Deny","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"s3:PutObject","Resource":"arn:{}:s3:::{bucket}/*"}}]}}}}"#,
            stage.estate.partition
        ),
        ..Deed::default()
    };
    let lifecycle = Deed {
        name: "PutBucketLifecycle",
        source: "s3.amazonaws.com",
        request: format!(
            r#"{{"bucketName":"{bucket}","Host":"{host}","lifecycle":"","LifecycleConfiguration":{{"Rule":{{"ID":"all","Status":"Enabled","Filter":{{"Prefix":""}},"Expiration":{{"Days":1}}}},"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"}}}}"#
        ),
        ..Deed::default()
    };
    let seen =
        [stage.act(place, time, &actor, &policy), stage.act(place, time + 120, &actor, &lifecycle)];
    let title = "a bucket of logs was closed to CloudTrail and told to forget";
    stage.label("log_storage_tampered", title, place, &actor, None, &seen);
}

/// CloudTrail corrects one record, and delivers another late.
fn amended(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.23);
    let actor = stage.machine(place, "quotes-service", time);
    let key = stage.new_key(place, "quotes");
    let request_id = stage.dice.uuid();
    let deed = || Deed { request_id: Some(request_id), ..decrypt(&key, r#""purpose":"quote""#) };
    let original = stage.act(place, time, &actor, &deed());
    let corrected = Deed {
        extra: format!(
            r#","addendum":{{"reason":"UPDATED_DATA","updatedFields":"userAgent","originalRequestID":"{}","originalEventID":"{}"}}"#,
            super::text::uuid_text(request_id),
            original.event_id
        ),
        ..deed()
    };
    let seen = [stage.act(place, time, &actor, &corrected)];
    let title = "CloudTrail corrected a record";
    stage.label("amended_events", title, place, &actor, Some(&key), &seen);
    let late = Deed {
        extra: r#","addendum":{"reason":"DELIVERY_DELAY"}"#.to_owned(),
        ..decrypt(&key, r#""purpose":"quote""#)
    };
    let seen = [stage.act(place, time + 60, &actor, &late)];
    let title = "CloudTrail delivered a record late";
    stage.label("amended_events", title, place, &actor, Some(&key), &seen);
}

/// Nothing arrives any more from the second account, in the Region where it is busiest.
fn silence(stage: &mut Stage<'_>) {
    let place = Place { account: 1, region: 0 };
    // The other accounts have stories of the last day to tell.
    let few = stage.estate.accounts.len() < 3;
    if few || stage.days() <= FIRST_TIME_DAYS || !stage.hears_hourly(place) {
        return;
    }
    stage.silence = Some(Silence { place, from: stage.end - DAY });
    let title = "no log file has arrived for a day";
    let nobody = service("cloudtrail.amazonaws.com");
    stage.label("coverage_gap", title, place, &nobody, None, &[]);
}
