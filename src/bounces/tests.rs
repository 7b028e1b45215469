#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::message::read;
use super::ops::{Kind, Report, Whose};
use crate::deliveries::DeliveryId;
use crate::deliveries::return_path::{Purpose, ReturnPath};

async fn path() -> ReturnPath {
    let (db, _folder) = crate::jobs::tests::fresh_db().await;
    db.tx(|conn| ReturnPath::open(conn, "back.example.org", &"k".repeat(43)))
        .await
        .unwrap()
}

/// A report as servers write it: multipart/report of three parts.
fn dsn(to: &str, status: &str, prose: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: {to}\nSubject: Undelivered\nAuto-Submitted: auto-replied\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"b1\"\n\n\
         --b1\nContent-Type: text/plain\n\n{prose}\n\n--b1\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example.net\nArrival-Date: Tue, 1 Dec 2026 08:00:00 +0000\n\n\
         Final-Recipient: rfc822; asha@example.net\n{status}\n\n--b1\nContent-Type: text/rfc822-headers\n\nSubject: x\n\n--b1--\n"
    )
    .replace('\n', "\r\n")
}

fn arf(to: &str, kind: &str, original: &str) -> String {
    format!(
        "From: fbl@provider.example\nTo: {to}\nSubject: FW: news\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"f\"\n\n\
         --f\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n--f\nContent-Type: message/feedback-report\n\n\
         Feedback-Type: {kind}\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n\n--f\nContent-Type: message/rfc822\n\n{original}\n\n--f--\n"
    )
    .replace('\n', "\r\n")
}

/// N15: thirty reports of the shapes that servers write, and what each means.
#[tokio::test]
async fn thirty_reports_are_read_by_their_fields() {
    let path = path().await;
    let id = DeliveryId::new();
    let to = path.address(Purpose::Report, id).unwrap().to_string();
    let hard = |status: &str| Some((Kind::Hard, status.to_owned()));
    let soft = |status: &str| Some((Kind::Soft, status.to_owned()));
    let spam = Some((Kind::Complaint, String::new()));
    let prose = "Your message could not be delivered: 5.1.1 user unknown";
    let original = format!(
        "Return-Path: <{to}>\nFrom: a@b.org\nTo: asha@example.net\nSubject: news\nMessage-ID: <x@y>\n\nHello"
    );
    let elsewhere = "fbl@selvedge.example";
    let samples: Vec<(String, Option<(Kind, String)>)> = vec![
        // Postfix, Exim, Exchange, Gmail, Yahoo, qmail-like, Sendmail: dead addresses.
        (
            dsn(
                &to,
                "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <asha>: User unknown",
                prose,
            ),
            hard("5.1.1"),
        ),
        (
            dsn(
                &to,
                "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist",
                "",
            ),
            hard("5.1.1"),
        ),
        (
            dsn(
                &to,
                "Action: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound",
                "",
            ),
            hard("5.1.10"),
        ),
        (dsn(&to, "action: FAILED\nstatus: 5.1.2", ""), hard("5.1.2")),
        (
            dsn(
                &to,
                "Action: failed (bad address)\nStatus: 5.1.3 (syntax)",
                "",
            ),
            hard("5.1.3"),
        ),
        (dsn(&to, "Action: failed\nStatus: 5.1.6", ""), hard("5.1.6")),
        (
            dsn(
                &to,
                "Action: failed\nStatus: 5.2.1\nDiagnostic-Code: smtp; 550 5.2.1 disabled",
                "",
            ),
            hard("5.2.1"),
        ),
        (
            dsn(
                &to,
                "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp;\n\t550 5.1.1 no mailbox\n\there",
                "",
            ),
            hard("5.1.1"),
        ),
        (
            dsn(
                &to,
                "Action: failed\nDiagnostic-Code: smtp; 550 5.1.1 gone",
                "",
            ),
            hard("5.1.1"),
        ),
        (
            dsn(
                &format!("<{}>", to.to_uppercase()),
                "Action: failed\nStatus: 5.1.1",
                "",
            ),
            hard("5.1.1"),
        ),
        // What may pass, or is about this mail.
        (
            dsn(
                &to,
                "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 mailbox full",
                prose,
            ),
            soft("5.2.2"),
        ),
        (
            dsn(&to, "Action: failed\nStatus: 4.4.7", prose),
            soft("4.4.7"),
        ),
        (
            dsn(
                &to,
                "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 [192.0.2.1] blocked",
                prose,
            ),
            soft("5.7.1"),
        ),
        (
            dsn(&to, "Action: failed\nStatus: 5.3.4", prose),
            soft("5.3.4"),
        ),
        (
            dsn(&to, "Action: failed\nStatus: 5.7.26", ""),
            soft("5.7.26"),
        ),
        (dsn(&to, "Action: failed\nStatus: 5.0.0", ""), soft("5.0.0")),
        (dsn(&to, "Action: failed\nStatus: 4.2.2", ""), soft("4.2.2")),
        (
            dsn(&to, "Action: failed\nDiagnostic-Code: smtp; rejected", ""),
            soft(""),
        ),
        // Not final, or no failure: whatever the prose says.
        (
            dsn(
                &to,
                "Action: delayed\nStatus: 4.4.1\nWill-Retry-Until: Thu, 3 Dec 2026 08:00:00 +0000",
                prose,
            ),
            None,
        ),
        (dsn(&to, "Action: delivered\nStatus: 2.0.0", prose), None),
        (dsn(&to, "Action: relayed\nStatus: 2.1.9", prose), None),
        (dsn(&to, "Action: expanded\nStatus: 2.0.0", prose), None),
        (dsn(&to, "Status: 5.1.1", prose), None),
        // Several recipients of one report: the one that failed.
        (
            dsn(
                &to,
                "Action: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; b@example.net\nAction: failed\nStatus: 5.1.1",
                "",
            ),
            hard("5.1.1"),
        ),
        // Complaints.
        (arf(elsewhere, "abuse", &original), spam.clone()),
        (arf(&to, "abuse", "Subject: cut off"), spam.clone()),
        (arf(elsewhere, "fraud", &original), spam.clone()),
        (arf(elsewhere, "opt-out", &original), spam.clone()),
        (arf(elsewhere, "not-spam", &original), None),
        // An out-of-office note is no report, whatever it quotes.
        (
            format!(
                "From: asha@example.net\r\nTo: {to}\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\n{prose}\r\n"
            ),
            None,
        ),
    ];
    assert_eq!(samples.len(), 30);
    let mut wrong = Vec::new();
    for (number, (raw, meant)) in samples.iter().enumerate() {
        let found = read(raw.as_bytes(), None, &path);
        let said = found
            .as_ref()
            .map(|report| (report.kind, report.status.clone()));
        let is_ours = found.is_none_or(|report| report.whose == Whose::Delivery(id));
        if said != *meant || !is_ours {
            wrong.push(format!("{number}: {said:?}, meant {meant:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_no_token_of_ours_proves_is_ignored_and_a_reader_can_leave_by_mail() {
    let path = path().await;
    let id = DeliveryId::new();
    let own = path.address(Purpose::Report, id).unwrap().to_string();
    let failed = "Action: failed\nStatus: 5.1.1";
    let (local, domain) = own.split_once('@').unwrap();
    let mut bent = local.to_owned();
    bent.pop();
    bent.push('g');
    for forged in [
        format!("{bent}@{domain}"),
        format!("{local}@elsewhere.org"),
        "b+@back.example.org".to_owned(),
        "asha@example.org".to_owned(),
    ] {
        assert_eq!(read(dsn(&forged, failed, "").as_bytes(), None, &path), None);
    }
    // The envelope's word counts before the head's.
    let found = read(
        dsn("list@example.org", failed, "").as_bytes(),
        Some(&own),
        &path,
    );
    assert_eq!(found.unwrap().kind, Kind::Hard);
    let leave = path.address(Purpose::Leave, id).unwrap();
    let mail = |robot: &str| {
        format!(
            "From: asha@example.net\r\nTo: <{leave}>\r\n{robot}Subject: unsubscribe\r\n\r\n\r\n"
        )
    };
    let found: Report = read(mail("").as_bytes(), None, &path).unwrap();
    assert_eq!(
        (found.kind, found.whose),
        (Kind::Leave, Whose::Delivery(id))
    );
    assert_eq!(
        read(
            mail("Auto-Submitted: auto-replied\r\n").as_bytes(),
            None,
            &path
        ),
        None
    );
    for nonsense in [
        "",
        "\r\n\r\n",
        "\u{0}\u{1}",
        "Content-Type: multipart/report; boundary=x\r\n\r\n--x",
    ] {
        assert_eq!(read(nonsense.as_bytes(), None, &path), None);
    }
}
