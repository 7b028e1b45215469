#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use serde_json::json;

#[test]
fn every_mail_renders_its_sample_in_three_parts() {
    let templates = Templates::load(None).unwrap();
    let names: Vec<&str> = templates.names().collect();
    assert!(names.contains(&"receipt") && names.contains(&"page_gift"));
    for name in names {
        let mail = templates
            .render(name, templates.sample(name).unwrap())
            .unwrap();
        assert!(!mail.html.contains("{{"), "{name}");
        assert!(!mail.html.contains("<mj-"), "{name}");
        assert!(!mail.html.contains("fonts.googleapis"), "{name}");
        assert!(mail.text.len() > 100);
        if let Ok(folder) = std::env::var("SELVEDGE_MAIL_PREVIEW") {
            let folder = Path::new(&folder);
            std::fs::write(folder.join(format!("{name}.html")), &mail.html).unwrap();
            std::fs::write(folder.join(format!("{name}.txt")), &mail.text).unwrap();
        }
    }
}

#[test]
fn the_receipt_says_what_it_must_whatever_is_unknown() {
    let templates = Templates::load(None).unwrap();
    let mut context = templates.sample("receipt").unwrap().clone();
    let mail = templates.render("receipt", &context).unwrap();
    assert_eq!(
        mail.subject,
        "Your receipt for $50: Dressember 2026 (DR26-000042)"
    );
    for part in [&mail.text, &mail.html] {
        for said in [
            "$34.25",
            "$15.75",
            "$51.75",
            "DR26-000042",
            "1 December 2026",
        ] {
            assert!(part.contains(said), "{said}");
        }
    }
    for unknown in ["fee", "fee_cover", "page", "tribute", "comment"] {
        context[unknown] = Value::Null;
    }
    context["programs"][0]["amount"] = Value::Null;
    let mail = templates.render("receipt", &context).unwrap();
    assert!(
        mail.text
            .contains("still to be confirmed by the card processor")
    );
    assert!(
        mail.html
            .contains("still to be confirmed by the card processor")
    );
    assert!(!mail.text.contains("\n\n\n") && !mail.text.contains("You wrote"));
}

#[test]
fn an_anonymous_gift_of_hidden_amount_tells_neither() {
    let templates = Templates::load(None).unwrap();
    let mut context = templates.sample("page_gift").unwrap().clone();
    context["giver"] = Value::Null;
    context["amount"] = Value::Null;
    let mail = templates.render("page_gift", &context).unwrap();
    assert_eq!(mail.subject, "Someone gave on your page");
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("Someone who wishes to stay anonymous"));
        assert!(!part.contains("Anjali") && !part.contains("$50"));
    }
}

#[test]
fn a_missing_field_is_an_error_not_a_hole() {
    let templates = Templates::load(None).unwrap();
    let sample = templates.sample("receipt").unwrap().clone();
    for field in sample.as_object().unwrap().keys() {
        let mut context = sample.clone();
        context.as_object_mut().unwrap().remove(field);
        assert!(templates.render("receipt", &context).is_err(), "{field}");
    }
}

#[test]
fn what_people_typed_is_text_in_html_and_one_line_in_a_subject() {
    let templates = Templates::load(None).unwrap();
    let mut context = templates.sample("page_gift").unwrap().clone();
    context["comment"] = json!("<script>alert(1)</script>");
    let mail = templates.render("page_gift", &context).unwrap();
    assert!(!mail.html.contains("<script>"));
    assert!(mail.text.contains("<script>"));
    context["giver"] = json!("x".repeat(3_000));
    let mail = templates.render("page_gift", &context).unwrap();
    assert_eq!(mail.subject.chars().count(), SUBJECT_MOST);
    for hostile in ["E\r\nBcc: x@y.org", "a\nb", "a\u{0}b", "a\u{202e}b"] {
        context["giver"] = json!(hostile);
        assert!(templates.render("page_gift", &context).is_err());
    }
    context["giver"] = json!("Anjali");
    context["accent"] = json!("red;background:url(//x)");
    assert!(templates.render("page_gift", &context).is_err());
}

#[test]
fn a_folder_overrides_a_part_and_is_held_to_the_same_rules() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder.path().join("receipt");
    std::fs::create_dir(&mail).unwrap();
    std::fs::write(mail.join(SUBJECT), "Thanks for {{money gift}}\n").unwrap();
    let templates = Templates::load(Some(folder.path())).unwrap();
    let sample = templates.sample("receipt").unwrap().clone();
    let subject = templates.render("receipt", &sample).unwrap().subject;
    assert_eq!(subject, "Thanks for $50");

    for broken in ["{{no_such_field}}", "{{#if gift}}", "{{money donor_name}}"] {
        std::fs::write(mail.join(SUBJECT), broken).unwrap();
        assert!(Templates::load(Some(folder.path())).is_err(), "{broken}");
    }
    std::fs::remove_file(mail.join(SUBJECT)).unwrap();
    std::fs::write(
        mail.join(MJML),
        "<mjml><mj-body>{{no_such_field}}</mj-body></mjml>",
    )
    .unwrap();
    assert!(Templates::load(Some(folder.path())).is_err());
    std::fs::write(
        mail.join(MJML),
        "<mjml><mj-body><mj-include path=\"x\" /></mj-body></mjml>",
    )
    .unwrap();
    assert!(Templates::load(Some(folder.path())).is_err());

    let lone = folder.path().join("lone");
    std::fs::create_dir(&lone).unwrap();
    std::fs::write(lone.join(SUBJECT), "Hello").unwrap();
    std::fs::remove_file(mail.join(MJML)).unwrap();
    assert!(Templates::load(Some(folder.path())).is_err());
}
