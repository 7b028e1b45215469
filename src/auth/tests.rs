#![allow(clippy::unwrap_used)]

use diesel::prelude::*;
use secrecy::ExposeSecret;

use super::model::{self, NewUser};
use super::token::{self, Access};
use super::*;
use crate::db::schema::users;
use crate::db::testing::fresh;
use crate::each;
use crate::error::AppError;
use crate::kernel::{Clock, Line};

fn person(email: &str) -> NewUser {
    NewUser {
        id: UserId::new(),
        email: email.parse().unwrap(),
        name: Line::parse("Maya Roy", 80).unwrap(),
        password_hash: None,
        roles: vec![Role::Participant, Role::Owner],
    }
}

#[tokio::test]
async fn an_address_has_one_user_however_its_letters_are_cased() {
    let (db, _guard) = fresh().await;
    let now = Clock::system().now();
    let maya = person("Maya.Roy@example.org");
    let id = maya.id;
    db.tx(move |c| model::insert_user(c, &maya, now))
        .await
        .unwrap();
    let again = person("maya.roy@EXAMPLE.org");
    let refused = db.tx(move |c| model::insert_user(c, &again, now)).await;
    assert!(matches!(
        refused,
        Err(AppError::Conflict {
            code: "email_taken",
            ..
        })
    ));
    db.tx(move |c| model::grant_role(c, id, Role::Owner, now))
        .await
        .unwrap();
    let (found, roles) = db
        .read(move |c| {
            let user = model::user_by_email(c, &"MAYA.ROY@example.org".parse().unwrap())?.unwrap();
            let roles = model::roles_of(c, user.id)?;
            Ok((user, roles))
        })
        .await
        .unwrap();
    assert_eq!(found.id, id);
    assert_eq!(found.email.as_str(), "Maya.Roy@example.org");
    assert_eq!(roles, [Role::Owner, Role::Participant]);
}

#[tokio::test]
async fn a_token_lets_its_holder_in_until_it_is_revoked_or_the_user_kept_out() {
    let (db, _guard) = fresh().await;
    let now = Clock::system().now();
    let maya = person("maya@example.org");
    let user = maya.id;
    let scopes = vec![
        "pages:write".parse().unwrap(),
        "donations:read".parse().unwrap(),
    ];
    let (first, secret) = NewToken::make(user, scopes.clone()).unwrap();
    let (second, other) = NewToken::make(user, scopes).unwrap();
    let revoked = first.id;
    db.tx(move |c| {
        model::insert_user(c, &maya, now)?;
        token::insert(c, &first, now)?;
        token::insert(c, &second, now)
    })
    .await
    .unwrap();

    let holds = |bearer: String| {
        let db = db.clone();
        async move { db.read(move |c| token::verify(c, &bearer)).await.unwrap() }
    };
    let (secret, other) = (
        secret.expose_secret().to_owned(),
        other.expose_secret().to_owned(),
    );
    let holder = holds(secret.clone()).await.unwrap();
    assert_eq!(holder.user, user);
    assert_eq!(holder.roles, [Role::Owner, Role::Participant]);
    assert!(holder.may("donations", Access::Read).is_ok());
    assert!(holder.may("donations", Access::Write).is_err());
    assert!(holder.may("pages", Access::Read).is_err());
    assert!(holds("guess".into()).await.is_none());
    assert!(
        holds(crate::kernel::secret::sha256_hex(&secret))
            .await
            .is_none()
    );

    db.tx(move |c| token::revoke(c, revoked, now))
        .await
        .unwrap();
    assert!(holds(secret).await.is_none());
    assert!(
        db.tx(move |c| token::revoke(c, revoked, now))
            .await
            .is_err()
    );
    assert!(holds(other.clone()).await.is_some());
    db.tx(move |c| {
        let target = users::table.filter(users::id.eq(user));
        each!(c, c => diesel::update(target).set(users::disabled_at.eq(now)).execute(c))?;
        Ok(())
    })
    .await
    .unwrap();
    assert!(holds(other).await.is_none());
}

#[test]
fn passwords_fit_their_hash_alone_and_do_not_print() {
    let typed = Password::parse("correct horse battery").unwrap();
    let phc = typed.hash().unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!password::is_outdated(&phc));
    assert!(password::is_outdated("$argon2id$v=19$m=4096,t=2,p=1$x$y"));
    assert!(typed.fits(&phc).unwrap());
    assert_ne!(phc, typed.hash().unwrap());
    let other = Password::parse("correct horse battery ").unwrap();
    assert!(!other.fits(&phc).unwrap());
    assert!(!other.fits("plain text").unwrap());
    assert!(!format!("{typed:?}").contains("horse"));
}

#[test]
fn passwords_have_12_to_128_characters() {
    assert!(Password::parse("elevenchars").is_err());
    assert!(Password::parse("twelve chars").is_ok());
    assert!(Password::parse(&"é".repeat(128)).is_ok());
    assert!(Password::parse(&"é".repeat(129)).is_err());
}

#[test]
fn scopes_name_a_noun_and_an_access() {
    let scope: Scope = "pages:write".parse().unwrap();
    assert_eq!((scope.noun(), scope.access()), ("pages", Access::Write));
    assert_eq!(scope.to_string(), "pages:write");
    for text in [
        "",
        "pages",
        "pages:",
        ":read",
        "Pages:read",
        "pages:admin",
        "pages:read:x",
        "*:read",
    ] {
        assert!(text.parse::<Scope>().is_err(), "{text}");
    }
}
