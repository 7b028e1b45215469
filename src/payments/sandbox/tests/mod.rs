//! The sandbox on a real port, driven with the pinned client the program uses in production.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod faults;
mod money;
mod page;
mod shapes;
mod webhooks;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use parking_lot::Mutex;
use serde_json::{Value, json};
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_checkout::CheckoutSession;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
    CreateCheckoutSessionPaymentIntentData, ProductData,
};

use super::{Sandbox, SandboxSettings, routes};
use crate::kernel::Clock;
use crate::kernel::secret::SecretString;

const PAYS: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";
const NO_FUNDS: &str = "4000000000009995";
const AUTHENTICATES: &str = "4000002500003155";
const ACCOUNT: &str = "DE89370400440532013000";

/// One webhook as it came in.
#[derive(Clone)]
struct Hook {
    body: String,
    signature: String,
}

impl Hook {
    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Clone, Default)]
struct Receiver {
    hooks: Arc<Mutex<Vec<Hook>>>,
    /// How many of the next deliveries are answered 500.
    refuse: Arc<AtomicU32>,
}

async fn receive(
    request: HttpRequest,
    body: String,
    receiver: web::Data<Receiver>,
) -> HttpResponse {
    let refused = receiver
        .refuse
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        })
        .is_ok();
    if refused {
        return HttpResponse::InternalServerError().finish();
    }
    let signature = request
        .headers()
        .get("stripe-signature")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    receiver.hooks.lock().push(Hook { body, signature });
    HttpResponse::Ok().finish()
}

/// A processor on a port, its caller and its webhook's receiver.
struct Bench {
    sandbox: Sandbox,
    client: Client,
    http: reqwest::Client,
    base: String,
    clock: Clock,
    receiver: Receiver,
    folder: tempfile::TempDir,
}

/// The answer of the pay page.
struct Page {
    status: u16,
    location: Option<String>,
    html: String,
    policy: String,
}

fn settings(folder: &std::path::Path, base: &str, clock: &Clock) -> SandboxSettings {
    SandboxSettings {
        file: folder.join("processor.db"),
        public_url: base.to_owned(),
        webhook_url: format!("{base}/hook"),
        secrets: vec![
            SecretString::from("whsec_new".to_owned()),
            SecretString::from("whsec_old".to_owned()),
        ],
        clock: clock.clone(),
    }
}

impl Bench {
    async fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let sandbox = Sandbox::open(settings(folder.path(), &base, &clock)).unwrap();
        let receiver = Receiver::default();
        let (handle, hooks) = (sandbox.handle(), web::Data::new(receiver.clone()));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(handle.clone())
                .app_data(hooks.clone())
                .configure(routes)
                .route("/hook", web::post().to(receive))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        actix_web::rt::spawn(server);
        let client = ClientBuilder::new("sk_test_sandbox")
            .url(format!("{base}/sandbox/stripe/"))
            .build()
            .unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            sandbox,
            client,
            http,
            base,
            clock,
            receiver,
            folder,
        }
    }

    /// A second process on the same file.
    fn reopen(&self) -> Sandbox {
        Sandbox::open(settings(self.folder.path(), &self.base, &self.clock)).unwrap()
    }

    async fn control(&self, change: Value) -> Value {
        let (status, answer) = self.try_control(change).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn try_control(&self, change: Value) -> (u16, Value) {
        let url = format!("{}/sandbox/control", self.base);
        let answer = self.http.post(url).json(&change).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn state(&self) -> Value {
        let url = format!("{}/sandbox/state", self.base);
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// A call without the client, to see status, headers and raw body.
    async fn raw(
        &self,
        post: bool,
        path: &str,
        form: &[(&str, &str)],
        key: Option<&str>,
    ) -> reqwest::Response {
        let url = format!("{}/sandbox/stripe/v1/{path}", self.base);
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut call = if post {
            self.http.post(url).body(body)
        } else {
            self.http.get(format!("{url}?{body}"))
        };
        call = call.header("authorization", "Bearer rk_test_1");
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        call.send().await.unwrap()
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        self.raw(false, path, query, None)
            .await
            .json()
            .await
            .unwrap()
    }

    async fn create(&self, amount: i64) -> CheckoutSession {
        self.create_with(amount, "usd", &["card"], None)
            .await
            .unwrap()
    }

    async fn create_with(
        &self,
        amount: i64,
        currency: &str,
        methods: &[&str],
        key: Option<&str>,
    ) -> Result<CheckoutSession, StripeError> {
        let strategy = match key {
            Some(key) => RequestStrategy::Idempotent(IdempotencyKey::new(key).unwrap()),
            None => RequestStrategy::Once,
        };
        request(&self.base, amount, currency, methods)
            .customize()
            .request_strategy(strategy)
            .send(&self.client)
            .await
    }

    /// Fills in the pay page as a browser would.
    async fn pay(&self, session: &CheckoutSession, card: &str) -> Page {
        let fields = [
            ("card_number", card),
            ("exp", "12/34"),
            ("cvc", "123"),
            ("name", "Ana <Ruiz>"),
        ];
        self.post_page(&format!("/sandbox/pay/{}", session.id.as_str()), &fields)
            .await
    }

    async fn post_page(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let call = self.http.post(format!("{}{path}", self.base)).body(body);
        page(call.send().await.unwrap()).await
    }

    async fn get_page(&self, path: &str) -> Page {
        let call = self.http.get(format!("{}{path}", self.base));
        page(call.send().await.unwrap()).await
    }

    /// A session paid in full.
    async fn paid(&self, amount: i64) -> CheckoutSession {
        let session = self.create(amount).await;
        assert_eq!(self.pay(&session, PAYS).await.status, 303);
        session
    }

    /// The session's intent as it is now.
    async fn intent(&self, session: &CheckoutSession) -> String {
        let path = format!("checkout/sessions/{}", session.id.as_str());
        self.get(&path, &[]).await["payment_intent"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    async fn deliver_all(&self) {
        while self.sandbox.deliver_due_once().await > 0 {}
    }

    fn events(&self) -> Vec<Value> {
        self.receiver.hooks.lock().iter().map(Hook::event).collect()
    }
}

async fn page(answer: reqwest::Response) -> Page {
    let header = |name: &str| {
        let value = answer.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    Page {
        status: answer.status().as_u16(),
        location: header("location"),
        policy: header("content-security-policy").unwrap_or_default(),
        html: answer.text().await.unwrap(),
    }
}

fn request(base: &str, amount: i64, currency: &str, methods: &[&str]) -> CreateCheckoutSession {
    let metadata: HashMap<String, String> = [
        ("donation".to_owned(), "don_1".to_owned()),
        ("page".to_owned(), "ana".to_owned()),
    ]
    .into();
    let price = CreateCheckoutSessionLineItemsPriceData {
        currency: currency.parse().unwrap(),
        product: None,
        product_data: Some(ProductData::new("Gift to <Kolkata>")),
        recurring: None,
        tax_behavior: None,
        unit_amount: Some(amount),
        unit_amount_decimal: None,
    };
    let mut line = CreateCheckoutSessionLineItems::new();
    line.price_data = Some(price);
    line.quantity = Some(1);
    let mut intent = CreateCheckoutSessionPaymentIntentData::new();
    intent.metadata = Some(metadata.clone());
    intent.description = Some("A gift".to_owned());
    let methods: Vec<_> = methods.iter().map(|name| name.parse().unwrap()).collect();
    CreateCheckoutSession::new()
        .mode(stripe_checkout::CheckoutSessionMode::Payment)
        .line_items(vec![line])
        .client_reference_id("don_1")
        .customer_email("ana@example.org")
        .metadata(metadata)
        .payment_intent_data(intent)
        .allowed_payment_method_types(methods)
        .submit_type(stripe_checkout::CheckoutSessionSubmitType::Donate)
        .success_url(format!("{base}/thanks?s={{CHECKOUT_SESSION_ID}}"))
        .cancel_url(format!("{base}/give?a=1&b=2"))
}

#[test]
fn the_version_is_the_pinned_librarys() {
    assert_eq!(super::API_VERSION, stripe_client_core::VERSION.as_str());
}

#[actix_web::test]
async fn everything_outlives_the_process() {
    let bench = Bench::start().await;
    let paid = bench.paid(5_000).await;
    bench
        .control(json!({ "webhooks": { "duplicate": 1 }, "clock_advance_days": 1 }))
        .await;
    let state = bench.state().await;
    let again = bench.reopen();
    let body = again
        .work(super::store::Origin::default(), move |teller| {
            teller.retrieve(super::store::Kind::Session, paid.id.as_str())
        })
        .await
        .unwrap();
    assert_eq!(body["payment_status"], "paid");
    assert_eq!(state["currencies"]["usd"]["gross"], 5_000);
    assert_eq!(state["control"]["webhooks"]["duplicate"], 1);
    // Reopened on an unturned clock, as after a restart, the processor's day goes on.
    let fresh = Clock::system();
    let third = Sandbox::open(settings(bench.folder.path(), &bench.base, &fresh)).unwrap();
    assert!(third.now().seconds() - Clock::system().now().seconds() > 86_000);
}
