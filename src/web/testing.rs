//! A real HTTP server on loopback for tests of handlers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use serde_json::Value;

use crate::db::Db;
use crate::kernel::Clock;

/// A server that answers until it is dropped.
pub struct Served {
    base: String,
    handle: actix_web::dev::ServerHandle,
}

/// Serves `routes` over `db` at a free port.
pub fn serve(db: &Db, clock: &Clock, routes: fn(&mut ServiceConfig)) -> Served {
    let (db, clock) = (Data::new(db.clone()), Data::new(clock.clone()));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(db.clone())
            .app_data(clock.clone())
            .configure(routes)
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Served { base, handle }
}

impl Served {
    /// Status and JSON of `GET path`.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = reqwest::get(format!("{}{path}", self.base)).await.unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let expected = if status == 200 {
            "application/json"
        } else {
            "application/problem+json"
        };
        assert_eq!(kind, expected, "{path}");
        (status, answer.json().await.unwrap())
    }

    /// Asks `path` and expects 200.
    pub async fn ok(&self, path: &str) -> Value {
        let (status, json) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {json}");
        json
    }

    /// Asks `path` and expects 422; answers the first field that is to be mended.
    pub async fn refused(&self, path: &str) -> String {
        let (status, json) = self.get(path).await;
        assert_eq!(status, 422, "{path}: {json}");
        json["errors"][0]["field"].as_str().unwrap().to_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Telling the server is enough; the test's runtime ends with it.
        drop(self.handle.stop(false));
    }
}
