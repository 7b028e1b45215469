//! Photographs, updates, reports and sharing, through the whole program (S10, S11, S17).

use actix_web::web::Bytes;
use diesel::prelude::*;
use image::{ImageFormat, Rgb, RgbImage};
use selvedge::auth::model::{NewUser, insert_user};
use selvedge::auth::sessions::{self, NewSession};
use selvedge::auth::{Role, UserId};
use selvedge::db::schema::{
    audit_log, diary_entries, donations, media as media_table, page_reports, pages,
};
use selvedge::each;
use selvedge::kernel::secret::ExposeSecret;
use selvedge::kernel::{Limit, Line};
use selvedge::media::{self, MediaId, Size, Use};
use selvedge::pages::reports::{self, ReportState};
use selvedge::pages::updates;
use selvedge::totals::Tally;
use selvedge::totals::tallies::{self, Counted};

use super::harness::world::{CAMPAIGN, PAGE, World};

/// One person's browser: its session and the cookie of its forms.
struct Browser<'w> {
    world: &'w World,
    session: Option<String>,
}

struct Answer {
    status: u16,
    place: String,
    text: String,
}

impl<'w> Browser<'w> {
    fn stranger(world: &'w World) -> Self {
        Self {
            world,
            session: None,
        }
    }

    async fn of(world: &'w World, user: UserId) -> Self {
        Self::with(world, user, true).await
    }

    /// Signed in, the second factor shown or not.
    async fn with(world: &'w World, user: UserId, second_factor: bool) -> Self {
        let (mut session, secret) = NewSession::make(user, "test").unwrap();
        session.second_factor = second_factor;
        let now = world.clock.now();
        let site = &world.app.site;
        site.db
            .tx(move |c| sessions::begin(c, &session, now))
            .await
            .unwrap();
        Self {
            world,
            session: Some(format!("selvedge-session={}", secret.expose_secret())),
        }
    }

    async fn owner_of(world: &'w World, page: &'static str) -> Self {
        Self::of(world, owner(world, page).await).await
    }

    fn cookies(&self, more: &str) -> String {
        let session = self.session.as_deref().unwrap_or("other=1");
        format!("{session}; {more}")
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let request = self.world.http.get(self.world.url(path));
        let request = request.header("cookie", self.cookies("a=b"));
        request.send().await.unwrap()
    }

    /// The form at `path`: its cookie, its seal and its text.
    async fn form(&self, path: &str) -> (String, String, String) {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let cookies = answer.headers().get_all("set-cookie");
        let cookie = cookies
            .iter()
            .map(|value| value.to_str().unwrap())
            .find(|value| value.starts_with("selvedge-csrf"))
            .and_then(|value| value.split(';').next())
            .unwrap()
            .to_owned();
        let text = answer.text().await.unwrap();
        let seal = text.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let seal = seal.split('"').next().unwrap().to_owned();
        (cookie, seal, text)
    }

    /// Fills in the form at `form` and sends it to `path`, as browsers send forms with files.
    async fn send(
        &self,
        form: &str,
        path: &str,
        fields: &[(&str, &str)],
        photo: Option<&[u8]>,
    ) -> Answer {
        let (cookie, seal, _) = self.form(form).await;
        let mut body = Vec::new();
        let mut part = |head: &str, value: &[u8]| {
            let lead = format!("--cloth\r\nContent-Disposition: form-data; {head}\r\n\r\n");
            body.extend_from_slice(lead.as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        };
        for (name, value) in fields {
            part(&format!("name=\"{name}\""), value.as_bytes());
        }
        part("name=\"csrf\"", seal.as_bytes());
        let photo = photo.unwrap_or_default();
        part("name=\"photo\"; filename=\"a.jpg\"", photo);
        body.extend_from_slice(b"--cloth--\r\n");
        let answer = self
            .world
            .http
            .post(self.world.url(path))
            .header("cookie", self.cookies(&cookie))
            .header("content-type", "multipart/form-data; boundary=cloth")
            .body(body)
            .send()
            .await
            .unwrap();
        let place = answer.headers().get("location");
        Answer {
            status: answer.status().as_u16(),
            place: place.map_or_else(String::new, |place| place.to_str().unwrap().to_owned()),
            text: answer.text().await.unwrap(),
        }
    }

    /// The same with a form without files.
    async fn fill(&self, form: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (cookie, seal, _) = self.form(form).await;
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &seal);
        body.extend_pairs(fields);
        let request = self.world.http.post(self.world.url(path));
        let answer = request
            .header("cookie", self.cookies(&cookie))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
            .unwrap();
        let place = answer.headers().get("location");
        Answer {
            status: answer.status().as_u16(),
            place: place.map_or_else(String::new, |place| place.to_str().unwrap().to_owned()),
            text: answer.text().await.unwrap(),
        }
    }
}

async fn owner(world: &World, page: &'static str) -> UserId {
    let query = pages::table
        .filter(pages::slug.eq(page))
        .select(pages::owner_id);
    let read = world.app.site.db.read(move |c| {
        let owner: Option<UserId> = each!(c, c => query.first(c))?;
        Ok(owner)
    });
    read.await.unwrap().unwrap()
}

async fn coordinator(world: &World) -> UserId {
    let user = NewUser {
        id: UserId::new(),
        email: "noor@selvedge.example".parse().unwrap(),
        name: Line::parse("Noor", 80).unwrap(),
        password_hash: None,
        roles: vec![Role::Coordinator],
    };
    let (id, now) = (user.id, world.clock.now());
    let done = world.app.site.db.tx(move |c| insert_user(c, &user, now));
    done.await.unwrap();
    id
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_pixel(width, height, Rgb([40, 120, 60]));
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

/// A JPEG whose first segment says where it was taken.
fn with_place() -> Vec<u8> {
    let plain = jpeg(900, 600);
    let place = b"Exif\0\0II*\0\x08\0\0\0\0\0 GPS 22.5726N 88.3639E";
    let length = u16::try_from(place.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, place, &plain[2..]].concat()
}

/// Twenty-one bytes of head that promise 400 million pixels.
fn bomb() -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    let head = [
        &20_000u32.to_be_bytes()[..],
        &20_000u32.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    let mut crc = flate2::Crc::new();
    crc.update(b"IHDR");
    crc.update(&head);
    out.extend_from_slice(&head);
    out.extend_from_slice(&crc.sum().to_be_bytes());
    out
}

fn text_of(answer: &reqwest::Response, header: &str) -> String {
    let value = answer.headers().get(header);
    value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

/// A photograph of the page's owner, set as the page's.
async fn page_photo(world: &World, page: &'static str) -> MediaId {
    let site = &world.app.site;
    let owner = owner(world, page).await;
    let bytes = Bytes::from(jpeg(900, 900));
    let new = media::take(site, owner, Use::Page, media::crop_of(""), bytes)
        .await
        .unwrap();
    let (id, now) = (new.id, world.clock.now());
    let page_id = site.db.tx(move |c| {
        media::insert(c, &new, now)?;
        let target = pages::table.filter(pages::slug.eq(page));
        each!(c, c => diesel::update(target)
            .set((pages::photo.eq(Some(id.to_string())), pages::photo_alt.eq("A green dress")))
            .execute(c))?;
        let target = pages::table.filter(pages::slug.eq(page)).select(pages::id);
        let id: selvedge::ids::PageId = each!(c, c => target.first(c))?;
        Ok(id)
    });
    let page_id = page_id.await.unwrap();
    site.views.changed("page", &page_id.to_string());
    id
}

#[actix_web::test]
async fn a_photo_is_seen_by_whom_may_see_it_and_gone_when_it_is_taken_down() {
    let world = World::new().await;
    let (stranger, own) = (
        Browser::stranger(&world),
        Browser::owner_of(&world, PAGE).await,
    );
    let other = Browser::owner_of(&world, "sam-okafor").await;
    let id = page_photo(&world, PAGE).await;
    let url = media::url(id, Size::Middle);
    let seen = stranger.get(&url).await;
    assert_eq!(seen.status(), 200);
    assert_eq!(text_of(&seen, "content-type"), "image/jpeg");
    assert_eq!(text_of(&seen, "x-content-type-options"), "nosniff");
    assert!(text_of(&seen, "content-security-policy").contains("sandbox"));
    assert_eq!(
        text_of(&seen, "cache-control"),
        "public, max-age=86400, s-maxage=60, immutable"
    );
    for (path, status) in [
        (media::url(MediaId::new(), Size::Middle), 404),
        (format!("/media/{id}/641.jpg"), 404),
        (format!("/media/{id}/640.png"), 404),
        ("/media/..%2f..%2fetc/640.jpg".to_owned(), 404),
    ] {
        assert_eq!(stranger.get(&path).await.status(), status, "{path}");
    }
    let (site, now) = (&world.app.site, world.clock.now());
    site.db.tx(move |c| media::hide(c, id, now)).await.unwrap();
    media::withdrawn(site, id);
    assert_eq!(stranger.get(&url).await.status(), 404);
    assert_eq!(other.get(&url).await.status(), 404);
    let staff = Browser::with(&world, coordinator(&world).await, false).await;
    let half = staff.get(&url).await.status();
    assert_eq!(half, 404, "no second factor was shown");
    let hidden = own.get(&url).await;
    assert_eq!(hidden.status(), 200);
    assert_eq!(text_of(&hidden, "cache-control"), "private, no-store");
    assert!(text_of(&hidden, "content-security-policy").contains("sandbox"));
    site.db.tx(move |c| media::show(c, id)).await.unwrap();
    media::shown_again(site, id);
    assert_eq!(stranger.get(&url).await.status(), 200);
    site.db
        .tx(move |c| media::remove(c, id, now))
        .await
        .unwrap();
    media::withdrawn(site, id);
    for size in Size::ALL {
        let url = media::url(id, size);
        assert_eq!(stranger.get(&url).await.status(), 410, "{url}");
        assert_eq!(own.get(&url).await.status(), 410, "{url}");
    }
    world.done().await;
}

/// A photograph of the owner's, as an update and a diary's day of the page hold it.
async fn more_photos(world: &World, page: &'static str) -> [MediaId; 2] {
    let site = &world.app.site;
    let owner = owner(world, page).await;
    let take = async |of| {
        let bytes = Bytes::from(jpeg(300, 300));
        media::take(site, owner, of, media::crop_of(""), bytes)
            .await
            .unwrap()
    };
    let news = take(Use::PageUpdate).await;
    let day = take(Use::DiaryEntry).await;
    let (ids, now) = ([news.id, day.id], world.clock.now());
    let done = site.db.tx(move |c| {
        media::insert(c, &news, now)?;
        media::insert(c, &day, now)?;
        let target = pages::table.filter(pages::slug.eq(page)).select(pages::id);
        let page: selvedge::ids::PageId = each!(c, c => target.first(c))?;
        let update = updates::PostUpdate {
            id: updates::UpdateId::new(),
            page,
            body: updates::parse_body("Three days in").unwrap(),
            photo: Some(news.id),
            photo_alt: "A tie".into(),
        };
        updates::post(c, &update, now)?;
        let row = (
            diary_entries::id.eq("dia_00000000000000000000000000000001"),
            diary_entries::page_id.eq(page),
            diary_entries::day.eq("2026-12-01"),
            diary_entries::outfit.eq("dress"),
            diary_entries::note.eq(""),
            diary_entries::photo.eq(Some(day.id)),
            diary_entries::photo_alt.eq(""),
            diary_entries::is_public.eq(true),
            diary_entries::is_backfill.eq(false),
            diary_entries::created_at.eq(now),
            diary_entries::updated_at.eq(now),
        );
        each!(c, c => diesel::insert_into(diary_entries::table).values(row).execute(c))?;
        let counted = Counted {
            page,
            campaign: selvedge::campaigns::model::by_slug(c, &CAMPAIGN.parse().unwrap())?
                .campaign
                .id,
            is_shown: true,
        };
        tallies::add(c, counted, Tally::DAY)
    });
    done.await.unwrap();
    ids
}

#[actix_web::test]
async fn a_page_that_goes_and_comes_back_takes_all_its_photos_along() {
    let world = World::new().await;
    let own = Browser::owner_of(&world, PAGE).await;
    let staff = Browser::of(&world, coordinator(&world).await).await;
    let stranger = Browser::stranger(&world);
    let mut ids = vec![page_photo(&world, PAGE).await];
    ids.extend(more_photos(&world, PAGE).await);
    let urls: Vec<String> = ids
        .iter()
        .flat_map(|id| Size::ALL.map(|size| media::url(*id, size)))
        .collect();
    let all_are = async |status: u16, when: &str| {
        for url in &urls {
            assert_eq!(stranger.get(url).await.status(), status, "{url} {when}");
            assert_eq!(own.get(url).await.status(), 200, "{url} {when}, its owner");
        }
    };
    all_are(200, "live").await;
    let desk = format!("/console/pages/{PAGE}");
    let tools = (
        format!("/pages/{PAGE}/edit"),
        format!("/pages/{PAGE}/edit/state"),
    );
    for (by, (form, to), verb, status) in [
        (&staff, (&desk, &desk), "hide", 404),
        (&staff, (&desk, &desk), "show", 200),
        (&own, (&tools.0, &tools.1), "archive", 404),
        (&own, (&tools.0, &tools.1), "unarchive", 200),
        (&staff, (&desk, &desk), "archive", 404),
    ] {
        let fields = [("do", verb), ("reason", "Not your name")];
        let done = by.fill(form, to, &fields).await;
        assert_eq!(done.status, 303, "{verb}: {}", done.text);
        all_are(status, verb).await;
    }
    // What is posted meanwhile stays unseen too.
    let file = jpeg(300, 300);
    let place = format!("/pages/{PAGE}/updates");
    let fields = [("body", "Still here"), ("photo_alt", "")];
    let posted = own.send(&place, &place, &fields, Some(&file)).await;
    assert_eq!(posted.status, 303, "{}", posted.text);
    let newest = media_table::table
        .order(media_table::created_at.desc())
        .select((media_table::id, media_table::hidden_at.is_not_null()));
    let newest = world.app.site.db.read(move |c| {
        let found: Vec<(MediaId, bool)> = each!(c, c => newest.load(c))?;
        Ok(found)
    });
    let newest = newest.await.unwrap();
    assert_eq!(newest.len(), 4);
    assert!(newest.iter().all(|(_, is_hidden)| *is_hidden), "{newest:?}");
    world.done().await;
}

#[actix_web::test]
async fn news_is_posted_by_the_owner_shown_newest_first_and_taken_down_with_its_photo() {
    let world = World::new().await;
    let own = Browser::owner_of(&world, PAGE).await;
    let tool = format!("/pages/{PAGE}/updates");
    let page = format!("/pages/{PAGE}");
    let photo = with_place();
    assert!(photo.windows(3).any(|w| w == b"GPS"));
    let said = [
        (
            "body",
            "Day nine: **the first stranger asked.** <img src=x onerror=alert(1)>",
        ),
        ("photo_alt", "Two people at a bus stop"),
    ];
    let posted = own.send(&tool, &tool, &said, Some(&photo)).await;
    assert_eq!(
        (posted.status, posted.place.as_str()),
        (303, tool.as_str()),
        "{}",
        posted.text
    );
    let (_, public) = world.get(&page).await;
    assert!(public.contains("<strong>the first stranger asked.</strong>"));
    assert!(!public.contains("<img src=x"));
    assert!(public.contains("alt=\"Two people at a bus stop\" width=\"900\" height=\"600\""));
    let url = public.split("class=\"news-photo\" src=\"").nth(1).unwrap();
    let url = url.split('"').next().unwrap().to_owned();
    let served = Browser::stranger(&world).get(&url).await;
    assert_eq!(served.status(), 200);
    let bytes = served.bytes().await.unwrap();
    assert!(!bytes.windows(4).any(|w| w == b"Exif" || w == b"22.5"));

    for n in 2..=4 {
        let body = format!("Piece number {n}");
        let sent = own.send(&tool, &tool, &[("body", &body)], None).await;
        assert_eq!(sent.status, 303);
    }
    let (_, public) = world.get(&page).await;
    let public = public.replace("&#x3D;", "=");
    let at = |text: &str| public.find(text);
    assert!(at("Piece number 4") < at("Piece number 3") && at("Piece number 2").is_some());
    assert!(at("the first stranger").is_none(), "three at once");
    let older = public.split("?news=").nth(1).unwrap();
    let older = format!("{page}?news={}", older.split('#').next().unwrap());
    let (status, older) = world.get(&older).await;
    assert!(status == 200 && older.contains("the first stranger"));

    let (_, _, list) = own.form(&tool).await;
    // The oldest stands last.
    let (before, _) = list.rsplit_once("/remove\"").unwrap();
    let (_, place) = before.rsplit_once("action=\"").unwrap();
    let removal = format!("{place}/remove");
    let other = Browser::owner_of(&world, "sam-okafor").await;
    let theirs = "/pages/sam-okafor/updates";
    let foreign = other.send(theirs, &removal, &[], None).await;
    assert_eq!(foreign.status, 403);
    let crossed = removal.replace(PAGE, "sam-okafor");
    assert_eq!(other.send(theirs, &crossed, &[], None).await.status, 404);
    assert_eq!(own.send(&tool, &removal, &[], None).await.status, 303);
    let (_, _, list) = own.form(&tool).await;
    assert!(!list.contains("the first stranger"));
    assert_eq!(Browser::stranger(&world).get(&url).await.status(), 410);
    assert_eq!(own.send(&tool, &removal, &[], None).await.status, 303);
    world.done().await;
}

#[actix_web::test]
async fn what_cannot_be_taken_is_said_beside_the_field_and_nothing_typed_is_lost() {
    let world = World::new().await;
    let own = Browser::owner_of(&world, PAGE).await;
    let tool = format!("/pages/{PAGE}/updates");
    let typed = [("body", "Kept words, আমার কথা"), ("photo_alt", "Kept alt")];
    for (photo, words) in [
        (bomb(), "too many pixels"),
        (b"GIF89a and so on".to_vec(), "JPEG, PNG or WebP"),
        (b"<svg onload=alert(1)>".to_vec(), "JPEG, PNG or WebP"),
    ] {
        let answer = own.send(&tool, &tool, &typed, Some(&photo)).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains(words), "{words}");
        assert!(answer.text.contains("id=\"photo-error\""));
        assert!(answer.text.contains("Kept words, আমার কথা") && answer.text.contains("Kept alt"));
    }
    let empty = own.send(&tool, &tool, &[("body", "  ")], None).await;
    assert_eq!(empty.status, 422);
    assert!(empty.text.contains("write what is new"));
    let turned = own
        .send(&tool, &tool, &[("body", "a\u{202e}b")], None)
        .await;
    assert_eq!(turned.status, 422);
    let (status, _) = world.get(&tool).await;
    assert_eq!(status, 401, "a tool of the owner's alone");
    world.done().await;
}

#[actix_web::test]
async fn a_report_reaches_the_queue_and_one_mail_and_is_handled_once() {
    let world = World::new().await;
    let staff = coordinator(&world).await;
    let anybody = Browser::stranger(&world);
    let form = format!("/pages/{PAGE}/report");
    let thanks = format!("{form}?sent=1");
    let report = async |fields: &[(&str, &str)]| anybody.send(&form, &form, fields, None).await;
    let machine = report(&[("reason", "hate"), ("website", "http://buy.example")]).await;
    let person = [
        ("reason", "money"),
        ("words", "The reporter's own words"),
        ("email", "witness@example.org"),
    ];
    let first = report(&person).await;
    let second = report(&[("reason", "copied")]).await;
    for answer in [&machine, &first, &second] {
        assert_eq!(
            (answer.status, answer.place.as_str()),
            (303, thanks.as_str())
        );
    }
    let (_, said) = world.get(&thanks).await;
    assert!(said.contains("Thank you for telling us"));
    let lacking = report(&[
        ("reason", ""),
        ("words", "Kept words"),
        ("email", "no address"),
    ])
    .await;
    assert_eq!(lacking.status, 422);
    assert!(lacking.text.contains("choose what is wrong") && lacking.text.contains("Kept words"));
    assert_eq!(report(&[("reason", "other")]).await.status, 422);

    let db = &world.app.site.db;
    let open = db
        .read(|c| reports::list(c, ReportState::Open, None, None, Limit::MOST))
        .await
        .unwrap();
    assert_eq!(open.items.len(), 2, "the machine's is not among them");
    assert_eq!(open.items[0].slug.as_str(), PAGE);
    world.work().await;
    let mails = world.mails_to("noor@selvedge.example").await;
    assert_eq!(mails.len(), 1, "one mail for the first open report");
    let mail = mails[0].to_string();
    assert!(mail.contains("The money does not seem to go where it says"));
    assert!(!mail.contains("own words") && !mail.contains("witness@"));

    let handled = open.items[0].clone();
    let (now, words) = (
        world.clock.now(),
        Line::parse("Asked the owner", 200).unwrap(),
    );
    let handle = move |c: &mut selvedge::db::Conn| {
        reports::handle(c, &handled, staff, ReportState::Dismissed, &words, now)
    };
    db.tx(handle.clone()).await.unwrap();
    let again = db.tx(handle).await.unwrap_err();
    assert!(again.to_string().contains("handled this report already"));
    let (left, deeds) = db
        .read(|c| {
            let open = page_reports::table
                .filter(page_reports::state.eq("open"))
                .count();
            let left: i64 = each!(c, c => open.get_result(c))?;
            let deeds = audit_log::table
                .filter(audit_log::action.eq("page_report.handle"))
                .count();
            let deeds: i64 = each!(c, c => deeds.get_result(c))?;
            Ok((left, deeds))
        })
        .await
        .unwrap();
    assert_eq!((left, deeds), (1, 1));
    let (_, page) = world.get(&format!("/pages/{PAGE}")).await;
    assert!(page.contains(&format!("href=\"{form}\"")));
    assert_eq!(world.get("/pages/nobody/report").await.0, 404);
    world.done().await;
}

#[actix_web::test]
async fn a_page_is_passed_on_in_words_code_card_and_poster() {
    let world = World::new().await;
    let own = Browser::owner_of(&world, PAGE).await;
    world.paid(&World::gift(2_500)).await;
    let share = format!("/pages/{PAGE}/share");
    let text = own.get(&share).await.text().await.unwrap();
    assert!(text.contains("So far $25 of my goal of $1,500 has come in."));
    for source in [
        "whatsapp", "sms", "mail", "facebook", "x", "linkedin", "copy",
    ] {
        assert!(
            text.contains(&format!("utm_source&#x3D;{source}&amp;"))
                || text.contains(&format!("utm_source={source}&amp;")),
            "{source}"
        );
        assert!(
            source == "copy" || text.contains(&format!("utm_source%3D{source}%26")),
            "{source}"
        );
    }
    assert!(!text.contains("class=\"note\""));
    assert_eq!(world.get(&share).await.0, 401);
    let other = Browser::owner_of(&world, "sam-okafor").await;
    assert_eq!(other.get(&share).await.status(), 403);
    let bengali = Browser::owner_of(&world, "maya-sen").await;
    let text = bengali
        .get("/pages/maya-sen/share")
        .await
        .text()
        .await
        .unwrap();
    assert!(text.contains("cannot write every script yet"));

    let (status, code) = world.get(&format!("/pages/{PAGE}/qr.svg")).await;
    assert!(status == 200 && code.starts_with("<svg ") && code.contains("#ffffff"));
    let stranger = Browser::stranger(&world);
    for page in [PAGE, "maya-sen", "nuria-ferrer-de-la-torre"] {
        for (paper, size) in [("a4", "595.28 841.89"), ("letter", "612 792")] {
            let poster = stranger
                .get(&format!("/pages/{page}/poster.pdf?paper={paper}"))
                .await;
            assert_eq!(text_of(&poster, "content-type"), "application/pdf");
            let bytes = poster.bytes().await.unwrap();
            assert!(bytes.starts_with(b"%PDF-") && bytes.len() < 600_000);
            assert!(
                String::from_utf8_lossy(&bytes).contains(&format!("[0 0 {size}]")),
                "{page} {paper}"
            );
        }
    }
    assert_eq!(world.get("/pages/nobody/poster.pdf").await.0, 404);
    let card = |text: &str| {
        let version = text.split("card.png?v&#x3D;").nth(1).unwrap();
        version[..16].to_owned()
    };
    let before = card(&world.get(&format!("/pages/{PAGE}")).await.1);
    page_photo(&world, PAGE).await;
    let (_, page) = world.get(&format!("/pages/{PAGE}")).await;
    assert_ne!(
        card(&page),
        before,
        "the card's address changes with the photo"
    );
    assert!(page.contains("alt=\"A green dress\" width=\"640\" height=\"640\""));
    let (_, board) = world
        .get(&format!("/campaigns/{CAMPAIGN}/leaderboard"))
        .await;
    assert!(board.contains("/160.jpg"));
    let (_, give) = world.get(&format!("/give/{CAMPAIGN}?page={PAGE}")).await;
    assert!(give.contains("/160.jpg"));
    world.done().await;
}

#[actix_web::test]
async fn the_way_by_which_a_giver_came_stays_with_the_gift() {
    let world = World::new().await;
    let stranger = Browser::stranger(&world);
    let (_, page) = world
        .get(&format!(
            "/pages/{PAGE}?utm_source=whatsapp&utm_medium=share"
        ))
        .await;
    let give = page.split("href=\"/give/").nth(1).unwrap();
    let give = format!("/give/{}", give.split('"').next().unwrap());
    let give = give.replace("&amp;", "&").replace("&#x3D;", "=");
    assert!(give.contains("utm_source=whatsapp"), "{give}");
    // The page without a source is another one, and a stranger's word does not fill the cache.
    for path in [
        format!("/pages/{PAGE}"),
        format!("/pages/{PAGE}?utm_source=made-up"),
    ] {
        let (_, page) = world.get(&path).await;
        assert!(!page.contains("utm_source=whatsapp\"") && !page.contains("made-up"));
        assert!(page.contains("source."), "the script carries others on");
    }
    let (cookie, seal, form) = stranger.form(&give).await;
    let key = form
        .split("name=\"idempotency_key\" value=\"")
        .nth(1)
        .unwrap();
    let key = key.split('"').next().unwrap();
    assert!(form.contains("name=\"source\" value=\"whatsapp\""));
    let body = format!(
        "csrf={seal}&idempotency_key={key}&page={PAGE}&source=whatsapp&amount_choice=5000&name=Asha&email=asha%40example.org"
    );
    let sent = world
        .http
        .post(world.url(&format!("/give/{CAMPAIGN}")))
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    assert_eq!(sent.send().await.unwrap().status(), 303);
    let sources = world.app.site.db.read(|c| {
        let sources: Vec<Option<String>> =
            each!(c, c => donations::table.select(donations::source).load(c))?;
        Ok(sources)
    });
    assert_eq!(sources.await.unwrap(), [Some("whatsapp".to_owned())]);
    world.done().await;
}
