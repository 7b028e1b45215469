#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use
)]

//! The platform over real sockets: a site on a migrated temporary SQLite file, a server on port 0.

mod bodies;
mod forms;
mod pages;
mod serving;
mod uploads;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};

use super::server::Bound;
use super::site::Site;
use super::stop::{Stop, StopSwitch};
use super::templates::Templates;
use crate::config::Config;
use crate::db::{Db, DbSettings, migrations};
use crate::error::AppResult;
use crate::kernel::Clock;

/// A site on its own database. The folder lives as long as the value.
struct Ground {
    site: Data<Site>,
    folder: tempfile::TempDir,
}

async fn ground(settings: &[(&str, &str)]) -> Ground {
    ground_with(settings, |_| {}).await
}

async fn ground_with(settings: &[(&str, &str)], change: impl FnOnce(&mut Site)) -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let mut overrides = vec![
        ("database.url", format!("sqlite://{}", file.display())),
        ("site.data_dir", folder.path().display().to_string()),
        ("http.port", "0".to_owned()),
        ("http.workers", "2".to_owned()),
    ];
    overrides.extend(
        settings
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned())),
    );
    let config = Config::load(None, &HashMap::new(), &overrides).unwrap();
    let mut db = DbSettings::new(config.database_url().unwrap());
    db.create = true;
    let db = Db::open(db).await.unwrap();
    db.exclusive(migrations::up).await.unwrap();
    let templates = Templates::load(None).unwrap();
    let config = Arc::new(config);
    let mut site = Site::open(Arc::clone(&config), db, Clock::system(), templates)
        .await
        .unwrap();
    site.error_context = super::views::error::context(config);
    change(&mut site);
    Ground {
        site: Data::new(site),
        folder,
    }
}

/// A served site.
struct Served {
    address: SocketAddr,
    stop: StopSwitch,
    ended: tokio::task::JoinHandle<AppResult<()>>,
    client: reqwest::Client,
}

fn serve<C>(ground: &Ground, configure: C) -> Served
where
    C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let bound = Bound::new(&ground.site.config).unwrap();
    let address = bound.address();
    let (switch, stop) = Stop::by_hand();
    let ended = tokio::task::spawn_local(bound.serve(ground.site.clone(), configure, stop));
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    Served {
        address,
        stop: switch,
        ended,
        client,
    }
}

impl Served {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(self.url(path))
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(self.url(path))
    }
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    match response.headers().get(name) {
        Some(value) => value.to_str().unwrap(),
        None => "",
    }
}
