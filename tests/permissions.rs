//! Who may do what (S9): one table of every route of the program by who asks, and the real router asked for every cell.
//!
//! The routes are read from the sources: one that is missing here fails the test, and so does a row whose route is gone.
//! Add rows to the noun that mounts the route. Columns: nobody; the page's own participant; another participant; the
//! captain of that page's team; a coordinator; a coordinator of another season; finance; the owner; a partner.
//!
//! Cells: `o` answered (whatever the form says), `1` 401, `3` 403, `4` 404. Passkeys are not offered on a bare loopback
//! address, so their rows end in 404 here. What stands behind the cells is sent as a form;
//! forms are such that nothing changes. Where a secret in the path is the permission, the row asks with a wrong one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use selvedge::auth::roles::{SetRole, set_role};
use selvedge::auth::{Role, UserId};
use selvedge::campaigns;

use crate::harness::people::Visitor;
use crate::harness::world::World;

const HOME: &str = "
GET    /                                              o o o o o o o o o
GET    /campaigns/{slug}                              o o o o o o o o o
GET    /campaigns/{slug}/leaderboard                  o o o o o o o o o
GET    /campaigns/{slug}/books                        o o o o o o o o o
GET    /campaigns/{slug}/books.csv                    o o o o o o o o o
GET    /campaigns/{slug}/books/copy.json              o o o o o o o o o
GET    /campaigns/{slug}/books/verify                 o o o o o o o o o
POST   /campaigns/{slug}/books/verify                 o o o o o o o o o
GET    /campaigns/{slug}/live                         o o o o o o o o o
GET    /campaigns/{slug}/events                       o o o o o o o o o
GET    /pages/{slug}                                  o o o o o o o o o
GET    /teams/{slug}                                  o o o o o o o o o
GET    /programs/{slug}                               o o o o o o o o o
GET    /partners/{slug}                               o o o o o o o o o
GET    /programs/{slug}/reports/{number}              4 4 4 4 4 4 4 4 4
GET    /groups/{slug}                                 4 4 4 4 4 4 4 4 4
";

const CAMPAIGNS: &str = "
GET    /api/v1/campaigns                              o o o o o o o o o
GET    /api/v1/campaigns/{slug}                       o o o o o o o o o
";

const PAGES: &str = "
GET    /pages/{slug}/card.png                         o o o o o o o o o
GET    /pages/{slug}/events                           o o o o o o o o o
GET    /api/v1/pages/{slug}                           o o o o o o o o o
GET    /api/v1/campaigns/{slug}/pages                 o o o o o o o o o
POST   /api/v1/campaigns/{slug}/pages                 1 o o o o o o o o
PATCH  /api/v1/pages/{slug}                           1 o 3 3 o 3 3 o 3
GET    /api/v1/campaigns/{slug}/leaderboard           o o o o o o o o o
GET    /api/v1/campaigns/{slug}/books                 o o o o o o o o o
GET    /start/slug                                    1 o o o o o o o o
GET    /start/{campaign}                              o o o o o o o o o
POST   /start/{campaign}/bring                        1 o o o o o o o o
GET    /start/{campaign}/{step}                       1 o o o o o o o o
POST   /start/{campaign}/{step}                       1 o o o o o o o o
GET    /pages/{slug}/started                          1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/edit                             1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/edit                             1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/edit/state                       1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/edit/transfer                    1 o 3 3 o 3 3 o 3
GET    /pages/transfer/{token}                        4 4 4 4 4 4 4 4 4
POST   /pages/transfer/{token}                        1 4 4 4 4 4 4 4 4
GET    /pages/{slug}/gifts                            1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/gifts.csv                        1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/gifts/thanks                     1 4 3 3 4 3 3 4 3
POST   /pages/{slug}/gifts/thanks/all                 1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/gifts/offline                    1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/gifts/offline/{id}               1 4 3 3 4 3 3 4 3
POST   /pages/{slug}/gifts/offline/{id}               1 4 3 3 4 3 3 4 3
POST   /pages/{slug}/gifts/offline/{id}/withdraw      1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/asks                             1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/asks                             1 4 3 3 4 3 3 4 3
GET    /pages/{slug}/poster.pdf                       o o o o o o o o o
GET    /pages/{slug}/qr.svg                           o o o o o o o o o
GET    /pages/{slug}/report                           o o o o o o o o o
POST   /pages/{slug}/report                           o o o o o o o o o
GET    /pages/{slug}/share                            1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/updates                          1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/updates                          1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/updates/{update}/remove          1 4 3 3 4 3 3 4 3
";

const TEAMS: &str = "
GET    /teams/{slug}/events                           o o o o o o o o o
GET    /api/v1/teams/{slug}                           o o o o o o o o o
GET    /start-team/{campaign}                         1 o o o o o o o o
POST   /start-team/{campaign}                         1 o o o o o o o o
GET    /teams/{slug}/manage                           1 3 3 o o 3 3 o 3
POST   /teams/{slug}/manage/edit                      1 3 3 o o 3 3 o 3
POST   /teams/{slug}/manage/remove                    1 3 3 4 4 3 3 4 3
POST   /teams/{slug}/manage/co-captain                1 3 3 4 4 3 3 4 3
POST   /teams/{slug}/manage/captain                   1 3 3 4 4 3 3 4 3
POST   /teams/{slug}/manage/request                   1 3 3 4 4 3 3 4 3
POST   /teams/{slug}/manage/invite                    1 3 3 o o 3 3 o 3 email=nobody
POST   /teams/{slug}/manage/revoke                    1 3 3 4 4 3 3 4 3
POST   /teams/{slug}/manage/message                   1 3 3 o o 3 3 o 3
POST   /teams/{slug}/manage/archive                   1 3 3 o o 3 3 o 3
GET    /teams/{team}/join                             1 o o o o o o o o
GET    /teams/join/{token}                            o o o o o o o o o
POST   /teams/join/{token}                            1 o o o o o o o o
GET    /pages/{slug}/team                             1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/team/join/{team}                 1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/team/join/{team}                 1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/team/leave                       1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/team/withdraw                    1 4 3 3 4 3 3 4 3
POST   /api/v1/campaigns/{slug}/teams                 1 o o o o o o o o name=x join_policy=password
POST   /api/v1/teams/{slug}/join                      1 o 3 3 o 3 3 o 3 page=johanna-lindqvist
DELETE /api/v1/teams/{slug}/members/{page}            1 o 3 4 4 3 3 4 3
";

const PARTNERS: &str = "
GET    /api/v1/programs                               o o o o o o o o o
GET    /api/v1/programs/{slug}                        o o o o o o o o o
";

const NEWSLETTERS: &str = "
GET    /newsletters                                   o o o o o o o o o
GET    /newsletters/feed.xml                          o o o o o o o o o
GET    /newsletters/{slug}                            4 4 4 4 4 4 4 4 4
GET    /console/newsletters                           1 3 3 3 o o 3 o 3
POST   /console/newsletters                           1 3 3 3 o 3 3 o 3 campaign=dressember-2026
POST   /console/newsletters/settings                  1 3 3 3 o 3 3 o 3
POST   /console/newsletters/counting                  1 3 3 3 o 3 3 o 3
GET    /console/newsletters/pictures                  1 3 3 3 o o 3 o 3
POST   /console/newsletters/pictures                  1 3 3 3 o o 3 o 3
POST   /console/newsletters/of-report/{report}        1 3 3 3 4 4 3 4 3
GET    /console/newsletters/{id}                      1 3 3 3 4 4 3 4 3
POST   /console/newsletters/{id}                      1 3 3 3 4 4 3 4 3
GET    /console/newsletters/{id}/mail                 1 3 3 3 4 4 3 4 3
POST   /console/newsletters/{id}/mail                 1 3 3 3 4 4 3 4 3
POST   /console/newsletters/{id}/test                 1 3 3 3 4 4 3 4 3
POST   /console/newsletters/{id}/approve              1 3 3 3 4 4 3 4 3
POST   /console/newsletters/{id}/state                1 3 3 3 4 4 3 4 3
";

const STORIES: &str = "
GET    /stories/{slug}                                4 4 4 4 4 4 4 4 4
GET    /campaigns/{slug}/stories                      o o o o o o o o o
GET    /feed.xml                                      o o o o o o o o o
GET    /api/v1/stories                                o o o o o o o o o
GET    /api/v1/stories/{slug}                         4 4 4 4 4 4 4 4 4
GET    /console/stories                               1 3 3 3 o o 3 o 3
POST   /console/stories                               1 3 3 3 o o 3 o 3
GET    /console/harm-words                            1 3 3 3 o 3 3 o 3
POST   /console/harm-words                            1 3 3 3 o 3 3 o 3
GET    /console/stories/{id}                          1 3 3 3 4 4 3 4 3
POST   /console/stories/{id}                          1 3 3 3 4 4 3 4 3
POST   /console/stories/{id}/preview                  1 3 3 3 4 4 3 4 3
POST   /console/stories/{id}/pictures                 1 3 3 3 4 4 3 4 3
POST   /console/stories/{id}/pictures/remove          1 3 3 3 4 4 3 4 3
POST   /console/stories/{id}/answer                   1 3 3 3 4 4 3 4 3
POST   /console/stories/{id}/consents                 1 3 3 3 4 4 3 4 3
POST   /console/stories/{id}/state                    1 3 3 3 4 4 3 4 3
GET    /console/consents                              1 3 3 3 o 3 3 o 3
POST   /console/consents                              1 3 3 3 o 3 3 o 3
GET    /console/new-consent                           1 3 3 3 o 3 3 o 3
GET    /console/consents/{id}                         1 3 3 3 4 3 3 4 3
POST   /console/consents/{id}/name                    1 3 3 3 4 3 3 4 3
POST   /console/consents/{id}/paper                   1 3 3 3 4 3 3 4 3
POST   /console/consents/{id}/sign                    1 3 3 3 4 3 3 4 3
POST   /console/consents/{id}/revoke                  1 3 3 3 4 3 3 4 3
";

const SUBSCRIBERS: &str = "
GET    /subscribe                                     o o o o o o o o o
POST   /subscribe                                     o o o o o o o o o
GET    /subscribe/sent                                o o o o o o o o o
GET    /subscribe/{token}                             o o o o o o o o o
POST   /subscribe/{token}                             o o o o o o o o o
GET    /n/{token}/open.gif                            4 4 4 4 4 4 4 4 4
GET    /n/{token}/{link}                              4 4 4 4 4 4 4 4 4
GET    /unsubscribe/{token}                           4 4 4 4 4 4 4 4 4
POST   /unsubscribe/{token}                           4 4 4 4 4 4 4 4 4
GET    /preferences/{token}                           4 4 4 4 4 4 4 4 4
POST   /preferences/{token}                           4 4 4 4 4 4 4 4 4
GET    /preferences/{token}/data                      4 4 4 4 4 4 4 4 4
POST   /preferences/{token}/erase                     4 4 4 4 4 4 4 4 4
GET    /console/subscribers                           1 3 3 3 o o 3 o 3
POST   /console/subscribers                           1 3 3 3 o o 3 o 3
GET    /console/subscribers.csv                       1 3 3 3 o o 3 o 3
GET    /console/subscribers/imports                   1 3 3 3 o 3 3 o 3
POST   /console/subscribers/imports                   1 3 3 3 o 3 3 o 3
GET    /console/subscribers/imports/{id}              1 3 3 3 4 3 3 4 3
POST   /console/subscribers/imports/{id}              1 3 3 3 4 3 3 4 3
GET    /console/subscribers/imports/{id}/faults.csv   1 3 3 3 4 3 3 4 3
GET    /console/subscribers/suppressions              1 3 3 3 o 3 3 o 3
POST   /console/subscribers/suppressions              1 3 3 3 o 3 3 o 3
GET    /console/subscribers/{id}                      1 3 3 3 4 4 3 4 3
POST   /console/subscribers/{id}                      1 3 3 3 4 4 3 4 3
GET    /console/lists                                 1 3 3 3 o o 3 o 3
POST   /console/lists                                 1 3 3 3 o 3 3 o 3
POST   /console/lists/{id}                            1 3 3 3 4 4 3 4 3
";

// A partner's role opens nothing without a place at a partner's desk; tests/desk.rs has those who sit there.
const DESK: &str = "
GET    /desk                                          1 3 3 3 3 3 3 3 3
POST   /desk/reports                                  1 3 3 3 3 3 3 3 3
GET    /desk/reports/{id}                             1 3 3 3 3 3 3 3 3
POST   /desk/reports/{id}                             1 3 3 3 3 3 3 3 3
POST   /desk/reports/{id}/documents                   1 3 3 3 3 3 3 3 3
GET    /desk/reports/{id}/documents/{document}        1 3 3 3 3 3 3 3 3
POST   /desk/reports/{id}/documents/{document}        1 3 3 3 3 3 3 3 3
GET    /desk/reports/{id}/{step}                      1 3 3 3 3 3 3 3 3
POST   /desk/reports/{id}/{step}                      1 3 3 3 3 3 3 3 3
GET    /desk/programs/{slug}                          1 3 3 3 3 3 3 3 3
POST   /desk/programs/{slug}                          1 3 3 3 3 3 3 3 3
GET    /desk/invitations/{token}                      o o o o o o o o o
POST   /desk/invitations/{token}                      1 o o o o o o o o
";

const GIFTS: &str = "
GET    /give/{campaign}                               o o o o o o o o o
POST   /give/{campaign}                               o o o o o o o o o
GET    /thanks/{token}                                4 4 4 4 4 4 4 4 4
GET    /gifts/{token}                                 4 4 4 4 4 4 4 4 4
GET    /matches/{token}                               4 4 4 4 4 4 4 4 4
POST   /webhooks/stripe                               o o o o o o o o o
POST   /webhooks/mail/inbound                         4 4 4 4 4 4 4 4 4
POST   /webhooks/mail/postmark                        4 4 4 4 4 4 4 4 4
POST   /webhooks/mail/sendgrid                        4 4 4 4 4 4 4 4 4
POST   /webhooks/mail/ses                             4 4 4 4 4 4 4 4 4
POST   /api/v1/donations                              o o o o o o o o o
GET    /api/v1/donations/{id}                         4 4 4 4 4 4 4 4 4
GET    /api/v1/pages/{slug}/donations                 o o o o o o o o o
";

const CONSOLE: &str = "
GET    /console                                       1 3 3 3 o o o o 3
GET    /console/pages                                 1 3 3 3 o 3 3 o 3
POST   /console/pages                                 1 3 3 3 o o 3 o 3
GET    /console/pages.csv                             1 3 3 3 o 3 3 o 3
GET    /console/pages/{slug}                          1 3 3 3 o 3 3 o 3
POST   /console/pages/{slug}                          1 3 3 3 o 3 3 o 3
GET    /console/participants                          1 3 3 3 o 3 3 o 3
GET    /console/participants.csv                      1 3 3 3 o 3 3 o 3
GET    /console/people/{id}                           1 3 3 3 o 4 3 o 3
POST   /console/people/{id}/role                      1 3 3 3 3 3 3 o 3
POST   /console/people/{id}/access                    1 3 3 3 3 3 3 o 3
GET    /console/teams                                 1 3 3 3 o 3 3 o 3
GET    /console/teams.csv                             1 3 3 3 o 3 3 o 3
GET    /console/seasons                               1 3 3 3 o o 3 o 3
POST   /console/seasons                               1 3 3 3 o 3 3 o 3
GET    /console/new-season                            1 3 3 3 o 3 3 o 3
GET    /console/seasons/{slug}                        1 3 3 3 o 3 3 o 3
POST   /console/seasons/{slug}                        1 3 3 3 o 3 3 o 3
GET    /console/seasons/{slug}/again                  1 3 3 3 o 3 3 o 3
POST   /console/seasons/{slug}/again                  1 3 3 3 o 3 3 o 3
POST   /console/seasons/{slug}/policy                 1 3 3 3 o 3 3 o 3
POST   /console/seasons/{slug}/state                  1 3 3 3 o 3 3 o 3
GET    /console/finance                               1 3 3 3 3 3 o o 3
POST   /console/finance/covers                        1 3 3 3 3 3 o o 3 campaign=dressember-2026
POST   /console/finance/covers/{id}                   1 3 3 3 3 3 4 4 3
GET    /console/grants                                1 3 3 3 3 3 o o 3
POST   /console/grants                                1 3 3 3 3 3 o o 3 campaign=dressember-2026
GET    /console/grants/{number}                       1 3 3 3 3 3 4 4 3
POST   /console/grants/{number}                       1 3 3 3 3 3 4 4 3
POST   /console/grants/{number}/pay                   1 3 3 3 3 3 4 4 3
GET    /console/grants/{number}/slips/{tranche}       1 3 3 3 3 3 4 4 3
GET    /console/policies                              1 3 3 3 o o o o 3
POST   /console/policies                              1 3 3 3 o 3 o o 3 campaign=dressember-2026
POST   /console/policies/{id}/approve                 1 3 3 3 3 3 4 4 3
POST   /console/policies/{id}/discard                 1 3 3 3 4 4 4 4 3
GET    /console/audit                                 1 3 3 3 o 3 3 o 3
GET    /console/audit.csv                             1 3 3 3 o 3 3 o 3
GET    /console/offline                               1 3 3 3 o 3 3 o 3
GET    /console/offline/new                           1 3 3 3 o 3 3 o 3
POST   /console/offline/new                           1 3 3 3 4 4 3 4 3
GET    /console/offline/{id}                          1 3 3 3 4 4 3 4 3
POST   /console/offline/{id}                          1 3 3 3 4 4 3 4 3
POST   /console/offline/{id}/confirm                  1 3 3 3 4 4 3 4 3
POST   /console/offline/{id}/give-back                1 3 3 3 4 4 3 4 3
GET    /console/offline/{id}/receipt                  1 3 3 3 4 4 3 4 3
GET    /console/offline/{id}/receipt.pdf              1 3 3 3 4 4 3 4 3
GET    /console/deposits                              1 3 3 3 o 3 o o 3
POST   /console/deposits                              1 3 3 3 4 4 4 4 3
POST   /console/deposits/{id}                         1 3 3 3 4 4 4 4 3
GET    /console/matching                              1 3 3 3 o 3 o o 3
POST   /console/matching                              1 3 3 3 4 4 4 4 3
GET    /console/matching/{id}                         1 3 3 3 4 4 4 4 3
POST   /console/matching/{id}                         1 3 3 3 4 4 4 4 3
GET    /console/payouts                               1 3 3 3 o 3 o o 3
GET    /console/payouts/{id}                          1 3 3 3 4 3 4 4 3
GET    /console/findings                              1 3 3 3 o 3 o o 3
POST   /console/findings/{id}                         1 3 3 3 4 3 4 4 3
GET    /console/newsletters/{id}/sending              1 3 3 3 4 4 3 4 3
POST   /console/newsletters/{id}/sending              1 3 3 3 4 4 3 4 3
GET    /console/newsletters/{id}/results              1 3 3 3 4 4 3 4 3
GET    /console/newsletters/{id}/results.csv          1 3 3 3 4 4 3 4 3
GET    /console/newsletters/{id}/recipients           1 3 3 3 4 4 3 4 3
GET    /console/newsletters/{id}/recipients.csv       1 3 3 3 4 4 3 4 3
GET    /console/groups                                1 3 3 3 o 3 3 o 3
POST   /console/groups                                1 3 3 3 4 4 3 4 3
GET    /console/groups/{id}                           1 3 3 3 4 4 3 4 3
POST   /console/groups/{id}                           1 3 3 3 4 4 3 4 3
GET    /console/partners                              1 3 3 3 o 3 3 o 3
GET    /console/partners/{slug}                       1 3 3 3 o 3 3 o 3
POST   /console/partners/{slug}                       1 3 3 3 o 3 3 o 3
GET    /console/programs                              1 3 3 3 o 3 3 o 3
GET    /console/programs/{slug}                       1 3 3 3 o 3 3 o 3
POST   /console/programs/{slug}                       1 3 3 3 o 3 3 o 3
GET    /console/unit-costs                            1 3 3 3 o 3 3 o 3
POST   /console/unit-costs                            1 3 3 3 o 3 3 o 3
POST   /console/unit-costs/{id}                       1 3 3 3 4 3 3 4 3
GET    /console/partner-reports                       1 3 3 3 o o 3 o 3
GET    /console/partner-reports/{id}                  1 3 3 3 4 4 3 4 3
POST   /console/partner-reports/{id}                  1 3 3 3 4 4 3 4 3
GET    /console/partner-reports/documents/{id}        1 3 3 3 4 4 3 4 3
GET    /console/reports                               1 3 3 3 o o 3 o 3
POST   /console/reports/{id}                          1 3 3 3 4 4 3 4 3
";

const SEGMENTS: &str = "
GET    /console/segments                              1 3 3 3 o o 3 o 3
POST   /console/segments                              1 3 3 3 o o 3 o 3
GET    /console/new-segment                           1 3 3 3 o o 3 o 3
GET    /console/segments/{id}                         1 3 3 3 4 4 3 4 3
POST   /console/segments/{id}                         1 3 3 3 4 4 3 4 3
GET    /console/sequences                             1 3 3 3 o o 3 o 3
POST   /console/sequences                             1 3 3 3 o o 3 o 3
GET    /console/new-sequence                          1 3 3 3 o o 3 o 3
GET    /console/sequences/{id}                        1 3 3 3 4 4 3 4 3
POST   /console/sequences/{id}                        1 3 3 3 4 4 3 4 3
POST   /console/sequences/{id}/steps                  1 3 3 3 4 4 3 4 3
POST   /console/sequences/{id}/steps/{step}           1 3 3 3 4 4 3 4 3
GET    /console/simulator                             1 3 3 3 o o 3 o 3
GET    /console/tips                                  1 3 3 3 o o 3 o 3
POST   /console/tips                                  1 3 3 3 4 4 3 4 3
";

const DIARY: &str = "
GET    /pages/{slug}/diary                            o o o o o o o o o
POST   /pages/{slug}/diary/again                      1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/diary/visibility                 1 o 3 3 o 3 3 o 3 is_public=1
GET    /pages/{slug}/diary/{day}                      1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/diary/{day}                      1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/diary/{day}/remove               1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/sponsor                          o o o o o o o o o
POST   /pages/{slug}/sponsor                          o o o o o o o o o
GET    /pages/{slug}/sponsor/sent                     o o o o o o o o o
GET    /sponsor/{token}                               4 4 4 4 4 4 4 4 4
POST   /sponsor/{token}/confirm                       4 4 4 4 4 4 4 4 4
POST   /sponsor/{token}/cancel                        4 4 4 4 4 4 4 4 4
GET    /pages/{slug}/talks                            1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/talks                            1 o 3 3 o 3 3 o 3
GET    /pages/{slug}/talks/{id}                       1 4 3 3 4 3 3 4 3
POST   /pages/{slug}/talks/{id}                       1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/talks/{id}/remove                1 o 3 3 o 3 3 o 3
GET    /api/v1/pages/{slug}/diary                     o o o o o o o o o
POST   /api/v1/pages/{slug}/diary                     1 o 3 3 o 3 3 o 3 day=2026-12-01 outfit=dress
";

const COACHING: &str = "
GET    /pages/{slug}/coach                            1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/coach/promises                   1 o 3 3 o 3 3 o 3
POST   /pages/{slug}/coach/promises/{id}              1 4 3 3 4 3 3 4 3
";

const MEDIA: &str = "
GET    /media/{id}/{file}                             4 4 4 4 4 4 4 4 4
";

const ACCOUNTS: &str = "
GET    /account                                       1 o o o o o o o o
GET    /account/data                                  1 o o o o o o o o
GET    /account/security                              1 o o o o o o o o
GET    /account/settings                              1 o o o o o o o o
GET    /login/again                                   1 o o o o o o o o
GET    /login/second-factor                           1 o o o o o o o o
GET    /login                                         o o o o o o o o o
GET    /login/link                                    o o o o o o o o o
GET    /login/sent                                    o o o o o o o o o
GET    /reset                                         o o o o o o o o o
GET    /signup                                        o o o o o o o o o
GET    /signup/sent                                   o o o o o o o o o
POST   /login                                         o o o o o o o o o
POST   /login/link                                    o o o o o o o o o
POST   /reset                                         o o o o o o o o o
POST   /signup                                        o o o o o o o o o
POST   /api/v1/signup                                 o o o o o o o o o
GET    /login/link/{token}                            o o o o o o o o o
GET    /reset/{token}                                 o o o o o o o o o
GET    /verify/{token}                                o o o o o o o o o
GET    /account/address/{token}                       o o o o o o o o o
GET    /mail/{kind}/off/{token}                       4 4 4 4 4 4 4 4 4
POST   /login/link/{token}                            o o o o o o o o o
POST   /reset/{token}                                 o o o o o o o o o
POST   /verify/{token}                                o o o o o o o o o
POST   /account/address/{token}                       o o o o o o o o o
POST   /mail/{kind}/off/{token}                       4 4 4 4 4 4 4 4 4
POST   /account/address                               1 o o o o o o o o
POST   /account/delete                                1 o o o o o o o o
POST   /account/export                                1 o o o o o o o o
POST   /account/mail                                  1 o o o o o o o o
POST   /account/name                                  1 o o o o o o o o
POST   /account/password                              1 o o o o o o o o
POST   /account/passkeys/begin                        1 4 4 4 4 4 4 4 4
POST   /account/passkeys/finish                       1 o o o o o o o o
POST   /account/second-factor/begin                   1 o o o o o o o o
POST   /account/second-factor/codes                   1 o o o o o o o o
POST   /account/second-factor/confirm                 1 o o o o o o o o
POST   /account/second-factor/off                     1 o o o o o o o o
POST   /account/sessions/end-others                   1 o o o o o o o o
POST   /login/again                                   1 1 1 1 1 1 1 1 1
POST   /login/second-factor                           1 1 1 1 1 1 1 1 1
POST   /login/passkey/begin                           1 4 4 4 4 4 4 4 4
POST   /login/passkey/finish                          1 o o o o o o o o
POST   /logout                                        o o o o o o o o o
POST   /account/passkeys/{id}/remove                  1 4 4 4 4 4 4 4 4
POST   /account/passkeys/{id}/rename                  1 4 4 4 4 4 4 4 4
POST   /account/sessions/{id}/end                     1 4 4 4 4 4 4 4 4
GET    /api/v1/me                                     1 o o o o o o o o
";

const PROGRAM: &str = "
GET    /api/openapi.json                              o o o o o o o o o
GET    /assets/{path:.*}                              4 4 4 4 4 4 4 4 4
GET    /favicon.ico                                   o o o o o o o o o
";

const TABLE: &[&str] = &[
    HOME,
    ACCOUNTS,
    CAMPAIGNS,
    PAGES,
    TEAMS,
    PARTNERS,
    STORIES,
    SUBSCRIBERS,
    NEWSLETTERS,
    DESK,
    GIFTS,
    DIARY,
    COACHING,
    MEDIA,
    CONSOLE,
    SEGMENTS,
    PROGRAM,
];

/// What is mounted in tests and demonstrations alone, or on the operator's own listener.
const ELSEWHERE: [&str; 2] = ["/sandbox/", "/metrics"];

/// The season, page, team, person that rows are about.
fn example(route: &str, own: UserId) -> String {
    let slug = match route
        .trim_start_matches("/console")
        .trim_start_matches("/api/v1")
    {
        rest if rest.starts_with("/pages") => "johanna-lindqvist",
        rest if rest.starts_with("/teams") => "the-tuesday-seams",
        rest if rest.starts_with("/programs") => "ijm-kolkata",
        rest if rest.starts_with("/partners") => "international-justice-mission",
        _ => "dressember-2026",
    };
    let path = route
        .replace("{slug}", slug)
        .replace("{campaign}", "dressember-2026")
        .replace("{token}", &"x".repeat(43))
        .replace("{path:.*}", "none.css")
        .replace("{day}", "2026-12-01")
        .replace("{step}", "name")
        .replace("{kind}", "tips")
        .replace("{team}", "the-tuesday-seams")
        .replace("{page}", "johanna-lindqvist")
        .replace("{number}", "1")
        .replace("{document}", &format!("doc_{}", "0".repeat(32)))
        .replace("{update}", &format!("upd_{}", "0".repeat(32)))
        .replace("{number}", "G-2026-999")
        .replace("{tranche}", &format!("tra_{}", "0".repeat(32)))
        .replace("{file}", "640.jpg");
    let path = path.replace("/groups/dressember-2026", "/groups/nobody");
    if path.starts_with("/console/people/") {
        return path.replace("{id}", &own.to_string());
    }
    // Nothing has this id: whoever may ask is told so.
    let kind = match route {
        route if route.contains("/newsletters/") => "nws",
        route if route.contains("/offline/") => "off",
        route if route.contains("/deposits/") => "dep",
        route if route.contains("/matching/") => "mpo",
        route if route.contains("/segments/") => "seg",
        route if route.contains("/sequences/") => "seq",
        route if route.contains("/stories/") => "sto",
        route if route.contains("/consents/") => "con",
        route if route.contains("/groups/") => "tgr",
        route if route.contains("/policies/") => "pol",
        route if route.contains("/covers/") => "cov",
        route if route.contains("/reports/") => "rpt",
        route if route.contains("/imports/") => "imp",
        route if route.contains("/subscribers/") => "sub",
        route if route.contains("/lists/") => "lst",
        route if route.starts_with("/media") => "med",
        route if route.contains("/passkeys/") => "pky",
        route if route.contains("/sessions/") => "ses",
        route if route.contains("/talks/") => "tlk",
        _ => "don",
    };
    let path = path.replace("{id}", &format!("{kind}_{}", "0".repeat(32)));
    // The season decides what a coordinator of another one may list.
    let listed = [
        "/console/pages",
        "/console/pages.csv",
        "/console/participants",
        "/console/participants.csv",
        "/console/teams",
        "/console/teams.csv",
        "/console/audit",
        "/console/audit.csv",
        "/console/offline",
        "/console/offline/new",
        "/console/deposits",
        "/console/matching",
        "/console/groups",
    ];
    if listed.contains(&path.as_str()) {
        return format!("{path}?campaign=dressember-2026");
    }
    path
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, into);
        } else if name.ends_with(".rs") && !name.contains("test") {
            into.push(path);
        }
    }
}

/// Every method and route that the sources mount.
fn mounted() -> BTreeSet<(String, String)> {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code: String = text
            .split("#[cfg(test)]")
            .next()
            .unwrap()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for (place, _) in code.match_indices("web::resource(") {
            let rest = &code[place + "web::resource(".len()..];
            let Some(route) = literal(rest) else { continue };
            let end = ["web::resource(", "web::scope(", ".service(", ";"]
                .iter()
                .filter_map(|stop| rest.find(stop))
                .min()
                .unwrap_or(rest.len());
            methods(&rest[..end], &route, &mut found);
        }
        // A closure that mounts several routes below one: `let deed = |name: &str| web::resource(format!("…/{name}"))`.
        for (place, _) in code.match_indices("web::resource(format!(\"") {
            let below = code[place..].split('"').nth(1).unwrap();
            let below = below
                .replace("{name}", "")
                .replace("{{", "{")
                .replace("}}", "}");
            let name = code[..place].rsplit("let ").next().unwrap();
            let call = format!("{}(\"", name.split_whitespace().next().unwrap());
            for (at, _) in code.match_indices(&call) {
                let rest = &code[at + call.len() - 1..];
                let end = rest.find(".to(").unwrap_or(rest.len());
                let route = format!("{below}{}", literal(rest).unwrap());
                methods(&rest[..end], &route, &mut found);
            }
        }
        for (place, _) in code.match_indices(".route(") {
            let rest = &code[place + ".route(".len()..];
            let Some(route) = literal(rest) else { continue };
            let end = rest.find(".to(").unwrap_or(rest.len());
            methods(&rest[..end], &route, &mut found);
        }
    }
    found.retain(|(_, route)| {
        // The sandbox's mailbox is a scope whose routes are relative.
        let is_relative = route.is_empty() || route == "/{id}" || route.starts_with("/{id}/");
        !is_relative && !ELSEWHERE.iter().any(|prefix| route.starts_with(prefix))
    });
    found
}

fn literal(rest: &str) -> Option<String> {
    let rest = rest.trim_start().strip_prefix('"')?;
    Some(rest.split('"').next()?.to_owned())
}

fn methods(part: &str, route: &str, found: &mut BTreeSet<(String, String)>) {
    let mut any = false;
    for (call, method) in [
        ("web::get()", "GET"),
        ("web::post()", "POST"),
        ("web::put()", "PUT"),
        ("web::patch()", "PATCH"),
        ("web::delete()", "DELETE"),
        (".get(", "GET"),
        (".post(", "POST"),
        (".patch(", "PATCH"),
        (".delete(", "DELETE"),
    ] {
        if part.contains(call) {
            any = true;
            found.insert((method.to_owned(), route.to_owned()));
        }
    }
    if !any {
        found.insert(("ANY".to_owned(), route.to_owned()));
    }
}

type Row = (String, String, Vec<char>, Vec<(String, String)>);

fn table() -> Vec<Row> {
    let lines = TABLE.iter().flat_map(|noun| noun.lines());
    lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut word = || words.next().unwrap_or_else(|| panic!("{line}")).to_owned();
            let (method, route) = (word(), word());
            let cells: Vec<char> = (0..9).map(|_| word().chars().next().unwrap()).collect();
            let form = words
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            (method, route, cells, form)
        })
        .collect()
}

#[test]
fn every_route_stands_in_the_table_once() {
    let mut rows: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (method, route, _, _) in table() {
        *rows.entry((method, route)).or_default() += 1;
    }
    let listed: BTreeSet<_> = rows.keys().cloned().collect();
    let mounted = mounted();
    let missing: Vec<_> = mounted.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&mounted).collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    assert!(gone.is_empty(), "no longer mounted: {gone:#?}");
    let twice: Vec<_> = rows.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "twice in the table: {twice:#?}");
}

/// The nine who ask, in the order of the columns.
async fn everybody(world: &World) -> (Vec<Option<UserId>>, UserId) {
    let own = world.user_of("johanna-lindqvist@example.org").await;
    let other = world.user_of("sam-okafor@example.org").await;
    let captain = world.user_of("maya-roy@example.org").await;
    let coordinator = world
        .user("coordinator@staff.example", Role::Coordinator)
        .await;
    let elsewhere = world
        .user("elsewhere@staff.example", Role::Coordinator)
        .await;
    let finance = world.user("finance@staff.example", Role::Finance).await;
    let owner = world.user("owner@staff.example", Role::Owner).await;
    let partner = world.user("partner@staff.example", Role::Partner).await;
    let now = world.clock.now();
    world
        .app
        .site
        .db
        .tx(move |c| {
            let slug = selvedge::demo::LAST_SEASON.parse().unwrap();
            let season = campaigns::model::any_by_slug(c, &slug)?.unwrap();
            let narrowed = SetRole {
                user: elsewhere,
                role: Role::Coordinator,
                has: true,
                campaigns: vec![season.id],
            };
            set_role(c, &narrowed, now)
        })
        .await
        .unwrap();
    let all = [
        own,
        other,
        captain,
        coordinator,
        elsewhere,
        finance,
        owner,
        partner,
    ];
    let columns = std::iter::once(None).chain(all.into_iter().map(Some));
    (columns.collect(), own)
}

/// What a cell of the table says, of a status.
fn cell(status: u16) -> char {
    match status {
        401 => '1',
        403 => '3',
        404 => '4',
        status if status < 500 && status != 405 => 'o',
        _ => '!',
    }
}

async fn status_of(
    world: &World,
    who: Option<UserId>,
    visitor: &Visitor,
    (method, path): (&str, &str),
    form: &[(&str, &str)],
) -> u16 {
    if !path.starts_with("/api/") {
        return if path.ends_with("/events") {
            // A stream does not end: its head is enough.
            let answer = world.http.get(world.url(path)).send().await.unwrap();
            answer.status().as_u16()
        } else {
            world.ask(visitor, method, path, form).await.status
        };
    }
    let mut request = world.http.request(method.parse().unwrap(), world.url(path));
    if let Some(who) = who {
        let scopes = ["pages:read", "pages:write", "teams:read", "teams:write"];
        request = request.bearer_auth(world.token(who, &scopes).await);
    }
    if method != "GET" {
        let body: serde_json::Map<String, serde_json::Value> = form
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).into()))
            .collect();
        request = request.json(&body);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_the_table_holds() {
    let world = World::with(&[("auth.staff_second_factor", "false")]).await;
    let (columns, own) = everybody(&world).await;
    let mut wrong = Vec::new();
    for (method, route, cells, form) in table() {
        let path = example(&route, own);
        let form: Vec<(&str, &str)> = form
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let mut seen = String::new();
        for who in &columns {
            // A session of its own each time: some routes end it.
            let visitor = world.visitor(*who).await;
            let status = status_of(&world, *who, &visitor, (&method, &path), &form).await;
            seen.push(cell(status));
        }
        let wanted: String = cells.iter().collect();
        if seen != wanted {
            wrong.push(format!("{method} {route}: wanted {wanted}, is {seen}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.done().await;
}
