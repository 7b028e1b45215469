//! Stories that read as the manual: what people do, and what the books say afterwards.

mod a_crash_at_every_step;
mod a_december_of_coaching;
mod a_gift_and_its_whole_path;
mod a_gift_from_card_to_result;
mod a_newsletter_survives_kill_nine;
mod ten_thousand_mails;
mod the_same_cents;
mod two_hundred_gifts_and_ten_kills;
mod two_refunds_of_the_same_amount;
