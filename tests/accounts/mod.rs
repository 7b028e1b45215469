//! Accounts: signing up, signing in, second factors, one's own data (S1, S3 to S7, S20).

mod browsers;
mod deletion;
mod doors;
mod factors;
mod limits;
mod own;

use selvedge::auth::{self, NewUser, Password, Role, UserId};
use selvedge::kernel::Line;

use crate::harness::world::World;

pub const PASSWORD: &str = "a quiet blue loom";

/// Somebody made at the command line.
pub async fn person(world: &World, email: &str, roles: &[Role]) -> UserId {
    let new = NewUser {
        id: UserId::new(),
        email: email.parse().unwrap(),
        name: Line::parse("Mira Das", 80).unwrap(),
        password_hash: Some(Password::parse(PASSWORD).unwrap().hash().unwrap()),
        roles: roles.to_vec(),
    };
    let (id, now) = (new.id, world.clock.now());
    world
        .app
        .site
        .db
        .tx(move |c| auth::insert_user(c, &new, now))
        .await
        .unwrap();
    id
}
