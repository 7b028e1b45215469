//! Importing people from files: what it does, what it refuses, and that a crash leaves nothing half.

use std::time::Duration;

use diesel::prelude::*;
use selvedge::auth::{NewUser, Role, UserId, insert_user};
use selvedge::db::Db;
use selvedge::db::schema::{imports, lists, subscribers, subscription_proofs, subscriptions};
use selvedge::each;
use selvedge::jobs::JobId;
use selvedge::kernel::crash::IMPORT_POINTS;
use selvedge::kernel::{Clock, Line};
use selvedge::subscribers::imports::ops::{self, NewImport};
use selvedge::subscribers::imports::{Import, ImportId, ImportState, model, read};
use selvedge::subscribers::{ListId, SubscriptionState, SuppressionReason};
use tokio::time::Instant;

use super::{OPEN, found, news, reader, rows, stands};
use crate::harness::people::{Answer, Visitor};
use crate::harness::program::Program;
use crate::harness::world::World;

const FORM: &str = "/console/subscribers/imports";

async fn coordinator(world: &World) -> Visitor {
    let user = world.user("coord@example.org", Role::Coordinator).await;
    world.visitor(Some(user)).await
}

async fn send(world: &World, visitor: &Visitor, list: ListId, file: &[u8]) -> Answer {
    let fields = [
        ("list", list.to_string()),
        (
            "basis",
            "ticked on the paper form of the gala, filed in the office".to_owned(),
        ),
        ("agreed_on", "2026-01-15".to_owned()),
        ("agreed", "1".to_owned()),
    ];
    world
        .upload(visitor, FORM, &fields, Some(("file", file)))
        .await
}

async fn import(world: &World, path: &str) -> Import {
    let id: ImportId = path
        .trim_start_matches(&format!("{FORM}/"))
        .split('?')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    world
        .app
        .site
        .db
        .read(move |c| model::by_id(c, id))
        .await
        .unwrap()
}

fn counts(one: &Import) -> (i64, i64, i64, i64, i64) {
    (one.added, one.joined, one.known, one.kept_out, one.faulty)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_mapped_counted_and_then_imported_as_it_was_counted() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let visitor = coordinator(&world).await;
    reader(&world, "known@example.net", &[]).await;
    reader(&world, "on@example.net", &[news]).await;
    let left = reader(&world, "left@example.net", &[news]).await;
    let suppressed = "bad@example.net".parse().unwrap();
    let now = world.clock.now();
    let said = selvedge::subscribers::proofs::Said::by(selvedge::subscribers::proofs::Door::Staff);
    world
        .app
        .site
        .db
        .tx(move |c| {
            selvedge::subscribers::ops::leave_list(c, left.id, news, &said, now)?;
            let reason = SuppressionReason::HardBounce;
            selvedge::subscribers::ops::suppress(c, &suppressed, reason, "5.1.1", now)
        })
        .await
        .unwrap();
    let file = "Surname;First name;E-Mail;Country;Shoe size\r\n\
        রায়;মায়া;Maya@example.net;in;38\r\n\
        ;;known@example.net;;\r\n\
        ;;ON@example.net;;\r\n\
        ;;left@example.net;;\r\n\
        ;;bad@example.net;;\r\n\
        \"=cmd|' /C calc'!A0\";;formula@example.net;;\r\n\
        @SUM(A1);;no address;;\r\n\
        ;;maya@EXAMPLE.net;;\r\n";
    let sent = send(&world, &visitor, news, file.as_bytes()).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let path = sent.place.split('?').next().unwrap().to_owned();
    let page = world.look(&visitor, &path).await;
    assert!(page.contains("Shoe size") && page.contains("Count what it would do"));
    // Two columns cannot be the same; what was chosen stands there to be mended.
    let names = ["nothing", "nothing", "email", "email", "country"];
    let mut form = vec![("act", "check")];
    form.extend(names.map(|name| ("column", name)));
    let again = world.ask(&visitor, "POST", &path, &form).await;
    assert_eq!(again.status, 422);
    let chosen = |field: &str| {
        again
            .text
            .matches(&format!("value=\"{field}\" selected"))
            .count()
    };
    assert_eq!((chosen("email"), chosen("nothing")), (2, 2));
    let names = ["family_name", "given_name", "email", "country", "nothing"];
    let mut form = vec![("act", "check")];
    form.extend(names.map(|name| ("column", name)));
    world.send(&visitor, &path, &form).await;
    let before = rows(&world).await;
    world.work().await;
    let counted = import(&world, &path).await;
    assert_eq!(counted.state, ImportState::Checked);
    assert_eq!(counts(&counted), (2, 1, 1, 2, 2));
    assert_eq!(rows(&world).await, before, "counting writes nobody");
    let page = world.look(&visitor, &path).await;
    assert!(page.contains("Import 3 people"), "{page}");
    assert!(page.contains("stands at line 2 already"), "{page}");
    world.send(&visitor, &path, &[("act", "start")]).await;
    world.work().await;
    let done = import(&world, &path).await;
    assert_eq!(done.state, ImportState::Done);
    assert_eq!(counts(&done), counts(&counted), "it did what it said");
    assert_eq!(done.lines_done, done.lines);
    let maya = found(&world, "maya@example.net").await.unwrap();
    assert_eq!((maya.name.as_str(), maya.country.as_str()), ("মায়া রায়", "IN"));
    let (on, left) = (SubscriptionState::Confirmed, SubscriptionState::Left);
    for (address, state) in [
        ("maya@example.net", Some(on)),
        ("known@example.net", Some(on)),
        ("formula@example.net", Some(on)),
        ("left@example.net", Some(left)),
    ] {
        assert_eq!(stands(&world, address, news).await, state, "{address}");
    }
    assert!(found(&world, "bad@example.net").await.is_none());
    // Cells that look like formulas are words, and leave as words.
    let csv = world.look(&visitor, "/console/subscribers.csv").await;
    assert!(csv.contains("\"'=cmd|"), "{csv}");
    let faults = world.look(&visitor, &format!("{path}/faults.csv")).await;
    assert!(
        faults.contains("\"8\",\"this is no mail address\",\"'@SUM(A1)\""),
        "{faults}"
    );
    // Nothing of the file is kept but what could not be read.
    let again = world
        .ask(&visitor, "POST", &path, &[("act", "start")])
        .await;
    assert_eq!(again.status, 409);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_imports_says_how_these_people_agreed() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let visitor = coordinator(&world).await;
    let file = b"email\nmaya@example.net\n";
    let whole = [
        ("list", news.to_string()),
        ("basis", "ticked on paper at the gala".to_owned()),
        ("agreed_on", "2026-01-15".to_owned()),
        ("agreed", "1".to_owned()),
    ];
    for missing in ["list", "basis", "agreed_on", "agreed"] {
        let fields: Vec<(&str, String)> = whole
            .iter()
            .filter(|(name, _)| *name != missing)
            .cloned()
            .collect();
        let answer = world
            .upload(&visitor, FORM, &fields, Some(("file", file)))
            .await;
        assert_eq!(answer.status, 422, "{missing}");
    }
    let mut late = whole.to_vec();
    late[2].1 = "2999-01-01".to_owned();
    let answer = world
        .upload(&visitor, FORM, &late, Some(("file", file)))
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(rows(&world).await, (0, 0));
    world.done().await;
}

/// Show 6: clear errors, process alive, nothing half imported.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_are_refused_by_name_and_leave_nothing_behind() {
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let visitor = coordinator(&world).await;
    let utf16: Vec<u8> = "email\nzoë@example.net\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut bomb = flate2_of(&vec![b'a'; 1 << 20]);
    bomb.extend(b"email\n");
    let wide = format!("email{}\nmaya@example.net\n", ",x".repeat(9_999));
    let open = format!("email,name\nmaya@example.net,\"{}", "Maya\n".repeat(50_000));
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("is empty", Vec::new()),
        ("archive", bomb),
        ("spreadsheet", b"PK\x03\x04\x14\x00".to_vec()),
        ("Latin-1", b"email,name\nzoe@example.net,Zo\xeb\n".to_vec()),
        ("NUL", utf16),
        ("NUL", b"email\nmaya@example.net\0\n".to_vec()),
        ("columns", wide.into_bytes()),
        ("quotation mark", open.into_bytes()),
        (
            "quotation mark",
            b"email,name\nmaya@example.net,\"Maya\n".to_vec(),
        ),
    ];
    for (word, file) in &files {
        let answer = send(&world, &visitor, news, file).await;
        assert_eq!(answer.status, 422, "{word}: {}", answer.place);
        let word = if file.is_empty() {
            "choose a CSV file"
        } else {
            word
        };
        assert!(answer.text.contains(word), "{word}");
    }
    assert_eq!(rows(&world).await, (0, 0));
    let kept = world
        .app
        .site
        .db
        .read(|c| model::newest(c, 10))
        .await
        .unwrap();
    assert!(kept.is_empty());
    assert_eq!(world.get("/readyz").await.0, 200);
    world.done().await;
}

fn flate2_of(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A gigabyte is refused, declared or not, nothing of it is kept, and memory stays flat.
#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_is_refused_while_it_streams() {
    let mut program = Program::new().await;
    program.start(None).await;
    let cookie = program_visitor(&program).await;
    let before = program.kib("VmRSS");
    for declared in [true, false] {
        let (answer, sent) = pour(&program.base, &cookie, declared).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 413"),
            "{answer}"
        );
        // What still comes is read and thrown away, so that a browser gets to see the answer; nothing of it is kept.
        assert!(sent > 0);
    }
    let grown = program.kib("VmHWM").saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB");
    let http = crate::harness::program::client(Duration::from_secs(10));
    let alive = http
        .get(format!("{}/readyz", program.base))
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status().as_u16(), 200);
    program.kill();
}

/// Sends a gigabyte until it is refused; answers what was said, and how much was taken.
async fn pour(base: &str, cookie: &str, declared: bool) -> (String, usize) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    const WHOLE: usize = 1 << 30;
    let host = base.trim_start_matches("http://");
    let mut line = tokio::net::TcpStream::connect(host).await.unwrap();
    let length = match declared {
        true => format!("content-length: {WHOLE}"),
        false => "transfer-encoding: chunked".to_owned(),
    };
    let head = format!(
        "POST {FORM} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\ncontent-type: multipart/form-data; boundary=cloth\r\n{length}\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut piece =
        b"--cloth\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n"
            .to_vec();
    piece.resize(1 << 20, b'a');
    let mut sent = 0;
    while sent < WHOLE {
        let mut out = Vec::new();
        if !declared {
            out.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        }
        out.extend(&piece);
        if !declared {
            out.extend(b"\r\n");
        }
        let wrote = tokio::time::timeout(Duration::from_secs(5), line.write_all(&out)).await;
        match wrote {
            Ok(Ok(())) => sent += piece.len(),
            // The server closed the line, or reads no more.
            Ok(Err(_)) | Err(_) => break,
        }
    }
    let mut said = vec![0; 4_096];
    let read = tokio::time::timeout(Duration::from_secs(5), line.read(&mut said)).await;
    let length = read.map(|read| read.unwrap_or(0)).unwrap_or(0);
    (String::from_utf8_lossy(&said[..length]).into_owned(), sent)
}

/// The cookie of a browser that has been on a page with a form.
async fn program_visitor(program: &Program) -> String {
    let http = crate::harness::program::client(Duration::from_secs(10));
    let page = http
        .get(format!("{}/subscribe", program.base))
        .send()
        .await
        .unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// An import of `count` people that waits for its worker, counted already.
async fn prepare(db: &Db, count: usize) -> (ImportId, ListId) {
    let mut text = String::from("email,name\n");
    for n in 0..count {
        text.push_str(&format!("reader{n}@example.net,Reader {n}\n"));
    }
    let sheet = read::sheet(text.as_bytes()).unwrap();
    let now = Clock::system().now();
    let (id, by, job) = (ImportId::new(), UserId::new(), JobId::new());
    let list = db
        .tx(move |c| {
            let new = NewUser {
                id: by,
                email: "coord@example.org".parse().unwrap(),
                name: Line::parse("Coord", 80).unwrap(),
                password_hash: None,
                roles: vec![Role::Coordinator],
            };
            insert_user(c, &new, now)?;
            let query = lists::table
                .filter(lists::slug.eq("news"))
                .select(lists::id);
            let list: ListId = each!(c, c => query.first(c))?;
            let new = NewImport {
                id,
                list,
                basis: Line::parse("ticked on paper at the gala", 300).unwrap(),
                agreed_on: "2026-01-15".parse().unwrap(),
                by,
            };
            ops::keep(c, &new, &sheet, now)?;
            let counted = imports::state.eq(ImportState::Checked);
            each!(c, c => diesel::update(imports::table.find(id)).set(counted).execute(c))?;
            ops::start(c, id, by, job, now)?;
            Ok(list)
        })
        .await
        .unwrap();
    (id, list)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_dies_goes_on_where_it_was() {
    let mut stories = Vec::new();
    for name in IMPORT_POINTS {
        stories.push((*name, tokio::spawn(die_at(name))));
    }
    for (name, story) in stories {
        story
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

async fn die_at(name: &'static str) {
    const PEOPLE: usize = 2_300;
    let mut program = Program::new().await;
    let db = program.db().await;
    let (id, list) = prepare(&db, PEOPLE).await;
    db.close().await;
    program.start(Some(name)).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while !program.has_died() {
        assert!(Instant::now() < deadline, "{name} was never passed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let db = program.db().await;
    let half = db.read(move |c| model::by_id(c, id)).await.unwrap();
    let there = people(&db, list).await;
    assert_eq!(there.0, half.added, "{name}: what is told is what is there");
    assert_eq!(there, (half.added, half.added, half.added), "{name}");
    assert!(half.added < i64::try_from(PEOPLE).unwrap());
    assert_eq!(half.added, half.lines_done);
    db.close().await;
    program.start(None).await;
    let db = program.db().await;
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let now = db.read(move |c| model::by_id(c, id)).await.unwrap();
        if now.state == ImportState::Done {
            assert_eq!(now.added, i64::try_from(PEOPLE).unwrap(), "{name}");
            assert_eq!(now.lines_done, now.lines);
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{name}: {:?}\n{}",
            now.state,
            program.words()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let all = i64::try_from(PEOPLE).unwrap();
    assert_eq!(people(&db, list).await, (all, all, all), "{name}");
    db.close().await;
    program.kill();
}

/// Subscribers, subscriptions and proofs of a list.
async fn people(db: &Db, list: ListId) -> (i64, i64, i64) {
    db.read(move |c| {
        let said = subscribers::table
            .filter(
                subscribers::id
                    .eq_any(subscription_proofs::table.select(subscription_proofs::subscriber_id)),
            )
            .count();
        let people = each!(c, c => said.get_result(c))?;
        let on = subscriptions::table
            .filter(subscriptions::list_id.eq(list))
            .count();
        let on = each!(c, c => on.get_result(c))?;
        let proofs = each!(c, c => subscription_proofs::table.count().get_result(c))?;
        Ok((people, on, proofs))
    })
    .await
    .unwrap()
}

/// 100,000 rows: prints how long counting and importing took.
/// A hundred thousand under a minute; here a tenth of it, on whatever machine. `SELVEDGE_IMPORT_ROWS=100000 cargo test
/// subscribers::imports::many -- --nocapture` measures the whole.
#[tokio::test(flavor = "multi_thread")]
async fn many_people_are_imported_in_little_time() {
    let most: usize = std::env::var("SELVEDGE_IMPORT_ROWS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_000);
    let world = World::with(OPEN).await;
    let news = news(&world).await;
    let visitor = coordinator(&world).await;
    let mut text = String::from("email,name,country\n");
    for n in 0..most {
        text.push_str(&format!("reader{n}@example{}.net,Reader {n},US\n", n % 97));
    }
    let begun = Instant::now();
    let sent = send(&world, &visitor, news, text.as_bytes()).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let uploaded = begun.elapsed();
    let path = sent.place.split('?').next().unwrap().to_owned();
    let form = [
        ("act", "check"),
        ("column", "email"),
        ("column", "name"),
        ("column", "country"),
    ];
    world.send(&visitor, &path, &form).await;
    world.app.runner.run_due().await.unwrap();
    let counted = begun.elapsed();
    world.send(&visitor, &path, &[("act", "start")]).await;
    world.app.runner.run_due().await.unwrap();
    let whole = begun.elapsed();
    let done = import(&world, &path).await;
    assert_eq!(
        (done.state, usize::try_from(done.added).unwrap()),
        (ImportState::Done, most)
    );
    println!(
        "sent {uploaded:?}, counted {:?}, imported {:?}",
        counted - uploaded,
        whole - counted
    );
    assert!(whole < Duration::from_secs(60), "{whole:?}");
    world.done().await;
}
