//! Photographs, updates, reports and sharing, through the whole program.

use diesel::prelude::*;
use selvedge::auth::sessions::{self, NewSession};
use selvedge::auth::{Role, UserId};
use selvedge::db::schema::{donations, page_reports, page_updates, pages, users};
use selvedge::each;
use selvedge::kernel::secret::ExposeSecret;

use super::harness::world::{CAMPAIGN, PAGE, World};
