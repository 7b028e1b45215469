//! Contexts of the owner's view of gifts.

use serde::Serialize;
use serde_json::Value;

use super::entry::Typed;
use super::model::{OwnedGift, Place};
use super::thanks;
use crate::campaigns::frame;
use crate::error::FieldError;
use crate::kernel::{Cursor, Listed, Money};
use crate::offline::{Kind, OfflineGift, OfflineState};
use crate::pages::tools::{PageTools, Tool};
use crate::pages::{PageOwner, fields};
use crate::web::Site;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::Shell;

/// What the page reads.
pub(super) struct Read {
    pub gifts: Listed<OwnedGift>,
    pub has_unthanked: bool,
    pub entries: Vec<OfflineGift>,
    pub unconfirmed: Money,
}

/// What has happened to its forms so far.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub typed: Typed,
    pub faults: Vec<FieldError>,
    pub notice: Option<String>,
    pub after: Option<Place>,
    /// Whose words are to be mended: a gift's id, or `all`.
    pub words_of: String,
    pub words: String,
}

/// Context of `page_gifts`.
#[derive(Debug, Serialize)]
pub(super) struct GiftsView {
    shell: Shell,
    tools: PageTools,
    csrf: String,
    here: String,
    on_behalf: bool,
    notice: Option<String>,
    raised: MoneyView,
    donations: i64,
    donors: i64,
    gifts: Vec<GiftItem>,
    after: String,
    more_url: Option<String>,
    has_unthanked: bool,
    usual_words: &'static str,
    all_words: String,
    words_fault: Option<String>,
    all_fault: Option<String>,
    asks_url: Option<String>,
    entries: Vec<EntryItem>,
    unconfirmed: Option<MoneyView>,
    entry_open: bool,
    entry: EntryFields,
    errors: Vec<FieldError>,
}

#[derive(Debug, Serialize)]
struct GiftItem {
    id: String,
    donor: Option<String>,
    amount: Option<MoneyView>,
    comment: Option<String>,
    tribute: Option<String>,
    paid_at: String,
    thanked_at: Option<String>,
    words: String,
    has_fault: bool,
}

#[derive(Debug, Serialize)]
struct EntryItem {
    id: String,
    donor: String,
    anonymous: bool,
    amount: MoneyView,
    kind: &'static str,
    received_on: String,
    note: String,
    pending: bool,
    state: OfflineState,
    reason: String,
}

/// The fields of an entry, shared by the list's form and the entry's own page (`partials/offline_fields`).
#[derive(Debug, Serialize)]
struct EntryFields {
    typed: Typed,
    fault: Value,
    kinds: Vec<KindChoice>,
    currency: String,
}

#[derive(Debug, Serialize)]
struct KindChoice {
    value: Kind,
    label: &'static str,
    selected: bool,
}

const FIELDS: [&str; 6] = [
    "kind",
    "amount",
    "donor_name",
    "donor_email",
    "received_on",
    "note",
];

impl EntryFields {
    fn new(owner: &PageOwner, typed: Typed, faults: &[FieldError]) -> Self {
        Self {
            fault: fields::by_field(faults, &FIELDS),
            kinds: Kind::ALL
                .iter()
                .map(|kind| KindChoice {
                    value: *kind,
                    label: kind.words(),
                    selected: kind.as_str() == typed.kind,
                })
                .collect(),
            currency: owner.overview.campaign.currency.code().to_owned(),
            typed,
        }
    }
}

pub(super) fn shell(site: &Site, nonce: &str, owner: &PageOwner, title: &str) -> Shell {
    let campaign = &owner.overview.campaign;
    let about = (title, campaign.appeal.as_str());
    let mut shell = frame::shell(&site.config, nonce, campaign, site.clock.now(), about).private();
    shell.give_url = None;
    shell
}

impl GiftsView {
    pub(super) fn new(
        site: &Site,
        nonce: &str,
        csrf: String,
        owner: &PageOwner,
        read: &Read,
        shown: Shown,
    ) -> Self {
        let (page, total) = (&owner.overview.page, &owner.overview.total);
        let here = format!("/pages/{}/gifts", page.slug);
        let words_fault = shown
            .faults
            .iter()
            .find(|fault| fault.field == "words")
            .map(|fault| fault.message.clone());
        let for_all = shown.words_of == "all";
        let errors: Vec<FieldError> = shown
            .faults
            .iter()
            .filter(|fault| fault.field != "words")
            .cloned()
            .collect();
        Self {
            shell: shell(site, nonce, owner, "Gifts on your page"),
            tools: PageTools::new(page, Some(Tool::Gifts)),
            csrf,
            on_behalf: owner.on_behalf,
            notice: shown.notice,
            raised: total.raised().into(),
            donations: total.donations,
            donors: total.donors,
            gifts: read
                .gifts
                .items
                .iter()
                .map(|gift| item(gift, &shown.words_of, &shown.words))
                .collect(),
            after: shown
                .after
                .as_ref()
                .map(|place| Cursor::at(place).as_str().to_owned())
                .unwrap_or_default(),
            more_url: read
                .gifts
                .next
                .as_ref()
                .map(|next| format!("{here}?after={}", next.as_str())),
            has_unthanked: read.has_unthanked,
            usual_words: thanks::USUAL,
            all_words: if for_all { shown.words } else { String::new() },
            all_fault: words_fault.clone().filter(|_| for_all),
            words_fault: words_fault.filter(|_| !for_all),
            asks_url: page
                .previous_id
                .map(|_| format!("/pages/{}/asks", page.slug)),
            entries: read.entries.iter().map(entry).collect(),
            unconfirmed: (read.unconfirmed.minor() > 0).then(|| read.unconfirmed.into()),
            entry_open: !errors.is_empty(),
            entry: EntryFields::new(owner, shown.typed, &errors),
            errors,
            here,
        }
    }
}

fn item(gift: &OwnedGift, words_of: &str, words: &str) -> GiftItem {
    let has_fault = gift.id == words_of;
    GiftItem {
        id: gift.id.clone(),
        donor: gift.donor.clone(),
        amount: gift.amount.map(Into::into),
        comment: gift.comment.clone(),
        tribute: gift.tribute.clone(),
        paid_at: gift.paid_at.rfc3339(),
        thanked_at: gift.thanked_at.map(|at| at.rfc3339()),
        words: if has_fault {
            words.to_owned()
        } else {
            String::new()
        },
        has_fault,
    }
}

fn entry(gift: &OfflineGift) -> EntryItem {
    EntryItem {
        id: gift.id.to_string(),
        donor: gift.donor_name.clone(),
        anonymous: gift.anonymous,
        amount: gift.amount().into(),
        kind: gift.kind.words(),
        received_on: gift.received_on.to_string(),
        note: gift.note.clone(),
        pending: gift.state == OfflineState::Pending,
        state: gift.state,
        reason: gift.reason.clone(),
    }
}

/// Context of `page_offline`.
#[derive(Debug, Serialize)]
pub(super) struct EntryView {
    shell: Shell,
    tools: PageTools,
    csrf: String,
    here: String,
    action: String,
    entry: EntryFields,
    errors: Vec<FieldError>,
}

impl EntryView {
    pub(super) fn new(
        site: &Site,
        nonce: &str,
        csrf: String,
        owner: &PageOwner,
        typed: Typed,
        faults: Vec<FieldError>,
    ) -> Self {
        let page = &owner.overview.page;
        let here = format!("/pages/{}/gifts", page.slug);
        Self {
            shell: shell(site, nonce, owner, "A gift outside the program"),
            tools: PageTools::new(page, Some(Tool::Gifts)),
            csrf,
            action: format!("{here}/offline/{}", typed.id),
            here,
            entry: EntryFields::new(owner, typed, &faults),
            errors: faults,
        }
    }
}
