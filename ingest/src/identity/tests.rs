use super::*;

fn identity_of(json: &str) -> (String, String, String) {
    let record = Record::read(json).unwrap();
    let identity = identify(&record);
    (
        identity.actor.to_string(),
        format!("{} {}", identity.actor_kind, identity.actor_kind_reason),
        format!("{} {} direct={}", identity.mfa, identity.mfa_reason, identity.direct_call),
    )
}

#[test]
#[expect(clippy::too_many_lines, reason = "the decision table, row by row")]
fn each_row_of_the_decision_table_has_its_verdict() {
    let role = r#""type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/App/s1""#;
    let issuer =
        r#""sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/team/App"}"#;
    let app = "arn:aws:iam::111122223333:role/team/App";
    let user = r#""type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accessKeyId":"AKIAEXAMPLE""#;
    let ann = "arn:aws:iam::111122223333:user/ann";
    let cases = [
        // A long-term key: no session, so no flag.
        (format!("{{{user}}}"), ann, "unknown no_evidence", "no long_term_key direct=true"),
        // A session made with MFA.
        (
            format!(r#"{{{user},"sessionContext":{{"attributes":{{"mfaAuthenticated":"true"}}}}}}"#),
            ann, "person mfa_session", "yes session_flag direct=true",
        ),
        // The same as a real boolean.
        (
            format!(r#"{{{user},"sessionContext":{{"attributes":{{"mfaAuthenticated":true}}}}}}"#),
            ann, "person mfa_session", "yes session_flag direct=true",
        ),
        // Forwarded by a service: "false" says nothing, "true" is believed.
        (
            format!(r#"{{{user},"invokedBy":"AWS Internal","sessionContext":{{"sessionIssuer":{{}},"webIdFederationData":{{}},"attributes":{{"mfaAuthenticated":"false"}}}}}}"#),
            ann, "unknown no_evidence", "unknown forwarded direct=false",
        ),
        (
            format!(r#"{{{user},"invokedBy":"s3.amazonaws.com","sessionContext":{{"attributes":{{"mfaAuthenticated":"true"}}}}}}"#),
            ann, "person mfa_session", "yes session_flag direct=false",
        ),
        (
            format!(r#"{{{role},"sessionContext":{{{issuer},"attributes":{{"mfaAuthenticated":"false"}}}}}}"#),
            app, "unknown no_evidence", "no session_flag direct=true",
        ),
        (
            format!(r#"{{{role},"sessionContext":{{{issuer},"ec2RoleDelivery":"2.0","attributes":{{"mfaAuthenticated":"false"}}}}}}"#),
            app, "workload ec2_role_delivery", "unknown service direct=true",
        ),
        (
            format!(r#"{{{role},"sessionContext":{{{issuer},"webIdFederationData":{{"federatedProvider":"x"}},"attributes":{{"mfaAuthenticated":"false"}}}}}}"#),
            app, "workload web_identity", "unknown identity_provider direct=true",
        ),
        (
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a/ann@example.com","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a"},"attributes":{"mfaAuthenticated":"false"}}}"#.to_owned(),
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a",
            "person identity_center", "unknown identity_provider direct=true",
        ),
        (
            r#"{"type":"AWSAccount","principalId":"AROAEXAMPLE:s","accountId":"444455556666"}"#.to_owned(),
            "444455556666", "unknown other_account", "unknown cross_account direct=true",
        ),
        (
            r#"{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}"#.to_owned(),
            "cloudtrail.amazonaws.com", "service service_principal", "not_applicable service direct=false",
        ),
        // Written by KMS itself: no type.
        (
            r#"{"accountId":"111122223333","invokedBy":"AWS Internal"}"#.to_owned(),
            "AWS Internal", "service service_principal", "not_applicable service direct=false",
        ),
        (
            r#"{"type":"AssumedRole","arn":"arn:aws-cn:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0abc","accessKeyId":""}"#.to_owned(),
            "arn:aws-cn:sts::111122223333:assumed-role/aws:ec2-infrastructure",
            "service service_principal", "not_applicable service direct=false",
        ),
        (
            r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}"#.to_owned(),
            "arn:aws:iam::111122223333:root", "person root", "no long_term_key direct=true",
        ),
        (
            r#"{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"u-1","identityStoreArn":"x"}}"#.to_owned(),
            "u-1", "person identity_center", "unknown identity_provider direct=true",
        ),
        ("{}".to_owned(), "unknown", "service service_principal", "not_applicable service direct=false"),
    ];
    for (identity, actor, kind, mfa) in cases {
        let json = format!(r#"{{"userIdentity":{identity}}}"#);
        let found = identity_of(&json);
        assert_eq!(found, (actor.to_owned(), kind.to_owned(), mfa.to_owned()), "{json}");
    }
}

#[test]
fn a_role_session_without_an_issuer_still_names_its_role() {
    let (actor, _, _) = identity_of(
        r#"{"userIdentity":{"type":"AssumedRole","arn":"arn:aws-us-gov:sts::111122223333:assumed-role/App/s/2"}}"#,
    );
    assert_eq!(actor, "arn:aws-us-gov:iam::111122223333:role/App");
}
