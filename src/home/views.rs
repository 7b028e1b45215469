//! What the templates `home`, `campaign`, `live`, `leaderboard`, `program`, `partner`, `page` and `team` are given.

use serde::Serialize;

use crate::coaching::views::{BadgeView, PageCoachingView};
use crate::diary::views::PageDiaryView;
use crate::stories::views::StoriesPart;
use crate::totals::Tally;

use crate::pages::updates::NewsView;
use crate::teams::public::TeamFacts;
use crate::web::views::figures::{BandView, FigureView, ShareView as PolicyShare, UnitCostView};
use crate::web::views::money::MoneyView;
use crate::web::views::rows::{GiftRow, PageRow, ProgramRow, ShareView, TeamRow};
use crate::web::views::shell::{Link, Shell};

/// Context of `home`.
#[derive(Clone, Debug, Serialize)]
pub struct HomeView {
    /// The frame.
    pub shell: Shell,
    /// Campaigns that take gifts now, the newest first.
    pub campaigns: Vec<CampaignRow>,
    /// Programs that the campaigns pay for.
    pub programs: Vec<ProgramRow>,
}

/// A live campaign on the home page.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignRow {
    /// Its title.
    pub title: String,
    /// Its page.
    pub href: String,
    /// One sentence.
    pub tagline: String,
    /// Where to give.
    pub give_url: String,
    /// First day of the challenge (YYYY-MM-DD).
    pub starts_on: String,
    /// Last day of the challenge.
    pub ends_on: String,
    /// Its band.
    pub band: BandView,
}

/// Context of `campaign`.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignView {
    /// The frame.
    pub shell: Shell,
    /// The campaign's title.
    pub title: String,
    /// One sentence under the title.
    pub tagline: String,
    /// The appeal, sanitised.
    pub appeal_html: String,
    /// `upcoming`, `live` or `closed`.
    pub phase: String,
    /// First day of the challenge (YYYY-MM-DD).
    pub starts_on: String,
    /// Last day of the challenge.
    pub ends_on: String,
    /// Last day on which gifts are taken.
    pub giving_until: String,
    /// Raised, matched, goal.
    pub band: BandView,
    /// Where to give; `None` when gifts are not taken.
    pub give_url: Option<String>,
    /// Where to make a page; `None` until sign-up exists or when closed.
    pub signup_url: Option<String>,
    /// The whole leaderboard.
    pub leaderboard_url: String,
    /// The first pages of the leaderboard.
    pub pages: Vec<PageRow>,
    /// The first teams.
    pub teams: Vec<TeamRow>,
    /// Groups of teams.
    pub team_groups: Vec<Link>,
    /// Where a team is started; `None` where nobody may.
    pub start_team: Option<String>,
    /// The programs that it pays for, with graded figures.
    pub programs: Vec<ProgramRow>,
    /// How undesignated money is divided.
    pub shares: Vec<PolicyShare>,
    /// Which version of the policy is in force.
    pub policy_version: i64,
    /// Since which day (YYYY-MM-DD).
    pub policy_since: String,
    /// What amounts cover.
    pub unit_costs: Vec<UnitCostView>,
    /// Days worn, conversations and what came of them.
    pub tally: Tally,
    /// Questions and answers.
    pub faq: Vec<QuestionView>,
    /// Its newest stories.
    pub stories: Option<StoriesPart>,
}

/// One question of the FAQ.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionView {
    /// The question.
    pub question: String,
    /// The answer, sanitised.
    pub answer_html: String,
}

/// Context of `live`: a screen to hang up in a room.
#[derive(Clone, Debug, Serialize)]
pub struct LiveView {
    /// The frame.
    pub shell: Shell,
    /// The campaign.
    pub campaign: Link,
    /// Its band, kept live.
    pub band: BandView,
    /// The newest gifts.
    pub wall: Vec<GiftRow>,
    /// Where to give, written out for those who see the screen from afar; `None` when gifts are not taken.
    pub give_address: Option<String>,
}

/// Context of `leaderboard`.
#[derive(Clone, Debug, Serialize)]
pub struct LeaderboardView {
    /// The frame.
    pub shell: Shell,
    /// The campaign.
    pub campaign: Link,
    /// Pages by raised, ties by who got there first.
    pub pages: Vec<PageRow>,
    /// Teams by raised.
    pub teams: Vec<TeamRow>,
    /// The next pages, if there are more.
    pub next_url: Option<String>,
}

/// Context of `program`.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramView {
    /// The frame.
    pub shell: Shell,
    /// The program.
    pub name: String,
    /// Who runs it.
    pub partner: Link,
    /// Country and place, as far as they may be named.
    pub place: String,
    /// At work since.
    pub since: Option<i64>,
    /// One or two sentences.
    pub summary: String,
    /// The drawn cover.
    pub cover_svg: String,
    /// What it meets, sanitised.
    pub need_html: String,
    /// What it does.
    pub work: Vec<WorkView>,
    /// Graded figures.
    pub figures: Vec<FigureView>,
    /// What amounts cover now.
    pub unit_costs: Vec<UnitCostView>,
    /// Ways to take part that the partner names.
    pub take_part: Vec<String>,
    /// "For more": links.
    pub more: Vec<Link>,
    /// Where to give with this program chosen.
    pub give_url: Option<String>,
    /// The newest stories about it.
    pub stories: Option<StoriesPart>,
    /// Published reports of its partner, the newest first.
    pub reports: Vec<ReportRow>,
    /// Where it shelters people: the region, and more once it was released.
    pub shelters: Vec<ShelterView>,
    /// Who stands for it, once that was released.
    pub contacts: Vec<ContactView>,
}

/// A published report in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ReportRow {
    /// Its title.
    pub title: String,
    /// Where it can be read.
    pub href: String,
    /// When it was published.
    pub published_at: String,
}

/// A shelter, as far as it may be shown.
#[derive(Clone, Debug, Serialize)]
pub struct ShelterView {
    /// Its region.
    pub region: String,
    /// Its name, once it was released.
    pub name: Option<String>,
    /// Its place, once it was released.
    pub place: Option<String>,
}

/// A member of the partner's staff whose name was released.
#[derive(Clone, Debug, Serialize)]
pub struct ContactView {
    /// How they are called.
    pub name: String,
    /// What they do.
    pub duty: String,
}

/// What a report was paid from; no people.
#[derive(Clone, Debug, Serialize)]
pub struct PaidFrom {
    /// The grant's number.
    pub grant: String,
    /// Which part of it.
    pub part: i32,
    /// How much.
    pub amount: MoneyView,
    /// When it was paid.
    pub paid_on: Option<String>,
    /// Out of which campaign.
    pub campaign: Link,
}

/// Context of `program_report`.
#[derive(Clone, Debug, Serialize)]
pub struct ReportPageView {
    /// The frame.
    pub shell: Shell,
    /// Its title.
    pub title: String,
    /// The program.
    pub program: Link,
    /// Who reports.
    pub partner: Link,
    /// When it was published.
    pub published_at: String,
    /// The plain-language part, sanitised.
    pub plain_html: String,
    /// Graded figures.
    pub figures: Vec<FigureView>,
    /// What it was paid from.
    pub paid: Option<PaidFrom>,
}

/// One kind of work of a program.
#[derive(Clone, Debug, Serialize)]
pub struct WorkView {
    /// "Rescue".
    pub title: String,
    /// A sentence or two.
    pub text: String,
}

/// Context of `partner`.
#[derive(Clone, Debug, Serialize)]
pub struct PartnerView {
    /// The frame.
    pub shell: Shell,
    /// The organisation.
    pub name: String,
    /// Its country.
    pub country: String,
    /// One or two sentences.
    pub summary: String,
    /// What it is, sanitised.
    pub about_html: String,
    /// Its drawn cloth.
    pub cover_svg: String,
    /// Its programs here.
    pub programs: Vec<ProgramRow>,
    /// Its own site and contact.
    pub more: Vec<Link>,
}

/// What a page's gifts paid for at one program.
#[derive(Clone, Debug, Serialize)]
pub struct PagePaidView {
    /// The program, or the campaign's own fund.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Paid to the partner out of this page's gifts.
    pub granted: MoneyView,
    /// What of them still lies in the fund.
    pub held: MoneyView,
    /// The grants that it was paid in.
    pub grants: Vec<PaidGrantView>,
}

/// A page's part of a grant.
#[derive(Clone, Debug, Serialize)]
pub struct PaidGrantView {
    /// The grant's number.
    pub number: String,
    /// Where the open books tell of it.
    pub href: String,
    /// This page's part.
    pub amount: MoneyView,
}

/// Context of `page`.
#[derive(Clone, Debug, Serialize)]
pub struct PageView {
    /// The frame.
    pub shell: Shell,
    /// The page's title.
    pub title: String,
    /// The participant.
    pub participant: String,
    /// The campaign it belongs to.
    pub campaign: Link,
    /// The team, if any.
    pub team: Option<Link>,
    /// A photograph, if there is one.
    pub photo_url: Option<String>,
    /// The same in its largest size.
    pub photo_large_url: Option<String>,
    /// What the photograph shows.
    pub photo_alt: String,
    /// That others do not see the page, and why.
    pub private_note: Option<String>,
    /// Money by cash and cheque that staff have not confirmed; not in the total.
    pub unconfirmed: Option<MoneyView>,
    /// The drawn portrait that stands in for it.
    pub portrait_svg: String,
    /// The story, sanitised; empty shows the campaign's words.
    pub story_html: String,
    /// Raised, matched, goal.
    pub band: BandView,
    /// Where to give; `None` when gifts are not taken.
    pub give_url: Option<String>,
    /// Last day on which gifts are taken (YYYY-MM-DD).
    pub giving_until: String,
    /// The newest gifts.
    pub wall: Vec<GiftRow>,
    /// More gifts, if there are more.
    pub wall_more_url: Option<String>,
    /// What amounts cover.
    pub unit_costs: Vec<UnitCostView>,
    /// Where undesignated gifts on this page go: the programs.
    pub programs: Vec<Link>,
    /// Badges earned and promises made.
    pub coaching: PageCoachingView,
    /// Days worn, conversations and what came of them.
    pub tally: Tally,
    /// The style diary; `None` where the season has none.
    pub diary: Option<PageDiaryView>,
    /// Ways to share.
    pub share: ShareView,
    /// The newest updates.
    pub news: PageNewsView,
    /// What the page's gifts have paid for, once a grant took of them.
    pub paid: Vec<PagePaidView>,
    /// Where something wrong with the page is reported.
    pub report_url: String,
}

/// Context of `partials/page_news`.
#[derive(Clone, Debug, Serialize)]
pub struct PageNewsView {
    /// Updates, newest first.
    pub items: Vec<NewsView>,
    /// Older ones, if there are any.
    pub more_url: Option<String>,
}

/// Context of `team`.
#[derive(Clone, Debug, Serialize)]
pub struct TeamView {
    /// The frame.
    pub shell: Shell,
    /// The team.
    pub name: String,
    /// The campaign it belongs to.
    pub campaign: Link,
    /// Who leads it, whom it belongs to, and the way in.
    pub facts: TeamFacts,
    /// What it says about itself, sanitised.
    pub story_html: String,
    /// Its drawn cloth.
    pub cover_svg: String,
    /// Raised by the team and its pages.
    pub band: BandView,
    /// Where to give to the team itself.
    pub give_url: Option<String>,
    /// Its pages, by raised.
    pub roster: Vec<PageRow>,
    /// Where the roster goes on.
    pub roster_more: Option<String>,
    /// The newest gifts to the team itself.
    pub wall: Vec<GiftRow>,
    /// Badges earned.
    pub badges: Vec<BadgeView>,
    /// Days worn on its pages, conversations and what came of them.
    pub tally: Tally,
    /// Ways to share.
    pub share: ShareView,
}

/// Context of `group`.
#[derive(Clone, Debug, Serialize)]
pub struct GroupView {
    /// The frame.
    pub shell: Shell,
    /// The group.
    pub name: String,
    /// What holds its teams together, in a word.
    pub kind: String,
    /// The campaign it belongs to.
    pub campaign: Link,
    /// What it says about itself, sanitised.
    pub story_html: String,
    /// Its drawn cloth.
    pub cover_svg: String,
    /// Raised by its teams.
    pub raised: MoneyView,
    /// The sum of its teams' goals; `None` when none has one.
    pub goal: Option<MoneyView>,
    /// Paid gifts to its teams.
    pub gifts: i64,
    /// How many teams count for it.
    pub teams_count: i64,
    /// How many pages that are shown are in them.
    pub pages_count: i64,
    /// Its teams, by raised.
    pub teams: Vec<TeamRow>,
}
