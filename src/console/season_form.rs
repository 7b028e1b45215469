//! The form of a season: from what was typed to a command, and from a season to its form.

use super::fields::Typed;
use crate::campaigns::edit::EditCampaign;
use crate::campaigns::rules::SeasonRules;
use crate::campaigns::{Campaign, CampaignId, Question};
use crate::error::{AppError, AppResult, FieldError};
use crate::ids::ProgramId;
use crate::kernel::{Currency, Day, Line, Money};
use crate::web::markdown::Story;

/// Questions at most.
const QUESTIONS: usize = 30;

/// Reads fields, gathering what is to be mended.
struct Reader<'a> {
    typed: &'a Typed,
    currency: Currency,
    faults: Vec<FieldError>,
}

impl Reader<'_> {
    fn fault<T>(&mut self, field: &str, message: impl ToString) -> Option<T> {
        self.faults.push(FieldError::new(field, message));
        None
    }

    fn read<T, E: ToString>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.typed.text(field).trim()) {
            Ok(value) => Some(value),
            Err(error) => self.fault(field, error.to_string()),
        }
    }

    fn line(&mut self, field: &str, most: usize) -> Option<Line> {
        self.read(field, |text| Line::parse(text, most))
    }

    fn day(&mut self, field: &str) -> Option<Day> {
        self.read(field, str::parse)
    }

    /// An amount; an empty field is nothing.
    fn money(&mut self, field: &str) -> Option<Money> {
        let currency = self.currency;
        self.read(field, |text| match text {
            "" => Ok(Money::zero(currency)),
            text => Money::parse_typed(text, currency),
        })
    }

    fn days(&mut self, field: &str) -> Option<i64> {
        self.read(field, |text| match text.parse::<i64>() {
            Ok(days @ 0..=366) => Ok(days),
            _ => Err("write a number of days from 0 to 366"),
        })
    }

    fn amounts(&mut self, field: &str) -> Option<Vec<Money>> {
        let currency = self.currency;
        self.read(field, |text| {
            text.split([';', ' '])
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Money::parse_typed(part, currency))
                .collect::<Result<Vec<_>, _>>()
        })
    }

    fn questions(&mut self) -> Option<Vec<Question>> {
        let typed = self.typed;
        let pairs = typed.all("faq_question").zip(typed.all("faq_answer"));
        let mut questions = Vec::new();
        for (question, answer) in
            pairs.filter(|(q, a)| !q.trim().is_empty() || !a.trim().is_empty())
        {
            let line = Line::parse(question, 300);
            let text = Story::parse(answer);
            match (line, text) {
                (Ok(line), Ok(text)) if !text.as_str().is_empty() => questions.push(Question {
                    question: line.into_string(),
                    answer: text.as_str().to_owned(),
                }),
                (Ok(_), Ok(_)) => return self.fault("faq", "give each question an answer"),
                (Err(error), _) => return self.fault("faq", error),
                (_, Err(error)) => return self.fault("faq", error),
            }
        }
        if questions.len() > QUESTIONS {
            return self.fault("faq", "thirty questions are enough");
        }
        Some(questions)
    }

    /// The ticked programs by the numbers beside them.
    fn programs(&mut self) -> Option<Vec<ProgramId>> {
        let mut ticked = Vec::new();
        for (place, text) in self.typed.all("program").enumerate() {
            let Ok(id) = text.parse::<ProgramId>() else {
                return self.fault("programs", "choose programs of the list");
            };
            let number = self.typed.text(&format!("place_{text}")).trim().parse();
            ticked.push((number.unwrap_or(u32::MAX), place, id));
        }
        ticked.sort_unstable();
        Some(ticked.into_iter().map(|(_, _, id)| id).collect())
    }

    fn rules(&mut self, before: &SeasonRules) -> Option<SeasonRules> {
        let mut rules = before.clone();
        let typed = self.typed;
        rules.approve_pages = typed.ticked("approve_pages");
        rules.invited_only = typed.ticked("invited_only");
        rules.staff_make_teams = typed.ticked("staff_make_teams");
        rules.diary.is_on = typed.ticked("diary_on");
        rules.diary.sponsors = typed.ticked("diary_sponsors");
        rules.coaching.is_on = typed.ticked("coaching_on");
        rules.badges_off = typed
            .text("badges_off")
            .split([',', '\n', ' '])
            .map(str::trim)
            .filter(|word| !word.is_empty() && word.len() <= 60)
            .map(str::to_owned)
            .take(60)
            .collect();
        let page_goal = self.money("page_goal");
        let page_story = self.read("page_story", Story::parse);
        let page_title = match self.typed.text("page_title").trim() {
            "" => Some(String::new()),
            _ => self.line("page_title", 200).map(Line::into_string),
        };
        let backfill = self.days("backfill_days");
        let freezes = self.days("freezes");
        let between = self.days("days_between");
        let nudge = self.days("nudge_after_days");
        rules.page_goal = page_goal?.minor();
        rules.page_story = page_story?.as_str().to_owned();
        rules.page_title = page_title?;
        rules.diary.backfill_days = backfill?;
        rules.diary.freezes = freezes?;
        rules.coaching.days_between = between?;
        rules.coaching.nudge_after_days = nudge?;
        Some(rules)
    }
}

/// The command of a typed form.
///
/// # Errors
/// [`AppError::Invalid`] with every field to mend.
pub(super) fn parse(
    typed: &Typed,
    id: CampaignId,
    currency: Currency,
    before: &SeasonRules,
) -> AppResult<EditCampaign> {
    let mut reader = Reader {
        typed,
        currency,
        faults: Vec::new(),
    };
    let version = typed.text("version").parse().unwrap_or(1);
    let title = reader.line("title", 200);
    let appeal = reader.line("appeal", 400);
    let story = reader.read("story", Story::parse);
    let days = [
        reader.day("starts_on"),
        reader.day("ends_on"),
        reader.day("giving_until"),
    ];
    let (goal, minimum) = (reader.money("goal"), reader.money("minimum"));
    let suggested = reader.amounts("suggested");
    let accent = reader.read("accent", str::parse);
    let faq = reader.questions();
    let programs = reader.programs();
    let rules = reader.rules(before);
    let faults = std::mem::take(&mut reader.faults);
    let command = || {
        let [starts_on, ends_on, giving_until] = days;
        Some(EditCampaign {
            id,
            version,
            title: title?,
            appeal: appeal?,
            story: story?,
            starts_on: starts_on?,
            ends_on: ends_on?,
            giving_until: giving_until?,
            goal: goal?,
            minimum: minimum?,
            suggested: suggested?,
            accent: accent?,
            faq: faq?,
            programs: programs?,
            rules: rules?,
        })
    };
    command().ok_or(AppError::Invalid(faults))
}

/// The form of a season as it stands.
pub(super) fn of(campaign: &Campaign, programs: &[ProgramId]) -> Typed {
    let mut typed = Typed::default();
    typed.set("version", campaign.version);
    typed.set("title", &campaign.title);
    typed.set("appeal", &campaign.appeal);
    typed.set("story", &campaign.story);
    typed.set("starts_on", campaign.starts_on);
    typed.set("ends_on", campaign.ends_on);
    typed.set("giving_until", campaign.giving_until);
    typed.set("goal", campaign.goal().decimal());
    typed.set("minimum", campaign.minimum().decimal());
    let suggested: Vec<String> = campaign.suggested().iter().map(|m| m.decimal()).collect();
    typed.set("suggested", suggested.join(" "));
    typed.set("accent", &campaign.accent);
    for question in &campaign.faq.0 {
        typed.set("faq_question", &question.question);
        typed.set("faq_answer", &question.answer);
    }
    for (number, program) in (1..).zip(programs) {
        typed.set("program", program);
        typed.set(&format!("place_{program}"), number);
    }
    set_rules(&mut typed, &campaign.rules.0, campaign.currency);
    typed
}

/// The fields of the rules as they stand.
pub(super) fn set_rules(typed: &mut Typed, rules: &SeasonRules, currency: Currency) {
    typed.tick("approve_pages", rules.approve_pages);
    typed.tick("invited_only", rules.invited_only);
    typed.tick("staff_make_teams", rules.staff_make_teams);
    let goal = Money::new(rules.page_goal, currency);
    typed.set(
        "page_goal",
        if rules.page_goal == 0 {
            String::new()
        } else {
            goal.decimal()
        },
    );
    typed.set("page_title", &rules.page_title);
    typed.set("page_story", &rules.page_story);
    typed.tick("diary_on", rules.diary.is_on);
    typed.set("backfill_days", rules.diary.backfill_days);
    typed.set("freezes", rules.diary.freezes);
    typed.tick("diary_sponsors", rules.diary.sponsors);
    typed.set("badges_off", rules.badges_off.join(", "));
    typed.tick("coaching_on", rules.coaching.is_on);
    typed.set("days_between", rules.coaching.days_between);
    typed.set("nudge_after_days", rules.coaching.nudge_after_days);
}
