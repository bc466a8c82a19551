//! Path stories are incidents about the way a call takes to KMS: endpoints and TLS.

use super::incidents::{Deed, Place, Stage};
use super::labels::FIRST_TIME_DAYS;
use super::telling::decrypt;

const DAY: i64 = 86_400;

/// Plants every story of its kind that the plan has room for.
pub(super) fn plant_all(stage: &mut Stage<'_>, home: Place, last: Place) {
    refused_by_endpoint(stage, home);
    old_tls(stage, last);
    if stage.days() > FIRST_TIME_DAYS {
        from_outside(stage, home);
    }
}

/// For weeks a program called through the VPC endpoint, and then its credentials do so from outside.
fn from_outside(stage: &mut Stage<'_>, place: Place) {
    let days = stage.days().min(21) - 1;
    let time = stage.recent(0.54);
    let actor = stage.machine(place, "pricing-service", time - days * DAY);
    let key = stage.new_key(place, "prices");
    let account = stage.account(place);
    let calls = super::context_stories::HABIT;
    let context = r#""purpose":"prices""#;
    for call in 1..=calls {
        let deed =
            Deed { vpc_endpoint: &account.vpc_endpoints[place.region], ..decrypt(&key, context) };
        stage.act(place, time - call * days * DAY / calls - 3_600, &actor, &deed);
    }
    let outside = actor.at("203.0.113.61");
    let seen: Vec<_> = (0..3)
        .map(|step| stage.decrypt(place, time + step * 45, &outside, &key, context))
        .collect();
    let title = "a program's credentials were used outside of its VPC";
    stage.label("kms_outside_vpc_endpoint", title, place, &outside, Some(&key), &seen);
}

/// The policy of the VPC endpoint stops somebody with credentials of another account.
fn refused_by_endpoint(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.6);
    let actor = stage.stranger().at("192.0.2.144");
    let account = stage.account(place);
    let seen: Vec<_> = (0..3)
        .map(|step| {
            let deed = Deed {
                name: "Decrypt",
                error: Some((
                    "VpceAccessDenied",
                    "The request was denied due to a VPC endpoint policy".to_owned(),
                )),
                event_type: "AwsVpceEvent",
                category: "NetworkActivity",
                vpc_endpoint: &account.vpc_endpoints[place.region],
                extra: format!(r#","vpcEndpointAccountId":"{}""#, account.id),
                shared_event_id: Some(stage.dice.uuid()),
                read_only: true,
                ..Deed::default()
            };
            stage.act(place, time + step * 8, &actor, &deed)
        })
        .collect();
    let title = "a VPC endpoint refused calls of an unknown account";
    stage.label("vpc_endpoint_denied", title, place, &actor, None, &seen);
}

/// An old program still speaks TLS 1.1.
fn old_tls(stage: &mut Stage<'_>, place: Place) {
    let time = stage.recent(0.67);
    let actor = stage.machine(place, "fax-gateway", time);
    let key = stage.new_key(place, "fax");
    let seen: Vec<_> = (0..3)
        .map(|step| {
            let deed = Deed { tls_version: "TLSv1.1", ..decrypt(&key, r#""purpose":"fax""#) };
            stage.act(place, time + step * 300, &actor, &deed)
        })
        .collect();
    let title = "a program called KMS over TLS 1.1";
    stage.label("outdated_tls", title, place, &actor, Some(&key), &seen);
}
