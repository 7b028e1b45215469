//! The sandbox's settings: how well the processor and its webhooks behave. They live in the file until changed.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Fault;
use super::schema::control;
use super::store::Teller;

/// How webhooks are sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WebhookMood {
    /// Milliseconds between an event and its first send.
    pub delay_ms: u32,
    /// Extra copies of each event.
    pub duplicate: u8,
    /// Whether what is due goes out in random order.
    pub shuffle: bool,
    /// Percent of events that are never sent.
    pub drop: u8,
    /// Whether signatures are made with a wrong secret.
    pub bad_signature: bool,
    /// Whether every configured secret signs, as during the roll of a secret; else the first alone.
    pub rotating: bool,
    /// The version events claim to be of; `null` for the pinned library's.
    pub api_version: Option<String>,
    /// Whether nothing is sent for now.
    pub paused: bool,
}

/// How API calls are answered. Counters count down.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ApiMood {
    /// Calls that answer 500 without acting; a POST's 500 is kept under its key.
    pub fail_next: u32,
    /// POSTs that act, then close the connection without an answer.
    pub drop_after_acting: u32,
    /// Milliseconds between acting and answering.
    pub delay_ms: u32,
    /// Calls that answer 429 without acting.
    pub rate_limit_next: u32,
    /// Calls whose answer is cut in the middle.
    pub truncate_next: u32,
    /// Whether answers and events carry fields and values no library knows.
    pub unknown_fields: bool,
}

/// All settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Mood {
    pub webhooks: WebhookMood,
    pub api: ApiMood,
    /// Seconds until a charge's balance transaction, and with it the fee, is known (P20).
    pub balance_transaction_delay_s: u32,
    /// Where the generator for drop and shuffle starts.
    pub seed: u64,
}

impl Mood {
    /// Why these settings make no sense, if so.
    pub fn objection(&self) -> Option<&'static str> {
        if self.webhooks.drop > 100 {
            Some("webhooks.drop is a percentage")
        } else if self.webhooks.duplicate > 20 {
            Some("webhooks.duplicate is at most 20")
        } else if self.api.delay_ms > 120_000 {
            Some("api.delay_ms is at most 120000")
        } else {
            None
        }
    }
}

/// A small seeded generator (splitmix64: Steele, Lea and Flood, OOPSLA 2014), so that a shuffled run can be repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Whether an event of `percent` in a hundred happens.
    pub fn happens(&mut self, percent: u8) -> bool {
        self.roll() % 100 < u64::from(percent)
    }
}

const MOOD: &str = "mood";
const DICE: &str = "dice";
const CLOCK: &str = "clock_offset_s";

impl Teller<'_> {
    fn entry(&mut self, name: &str) -> Result<Option<Value>, Fault> {
        let body: Option<String> = control::table
            .filter(control::name.eq(name))
            .select(control::body)
            .first(self.conn)
            .optional()?;
        Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
    }

    fn set_entry(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        diesel::replace_into(control::table)
            .values((control::name.eq(name), control::body.eq(value.to_string())))
            .execute(self.conn)?;
        Ok(())
    }

    /// The settings in force.
    pub fn mood(&mut self) -> Result<Mood, Fault> {
        match self.entry(MOOD)? {
            Some(value) => Ok(serde_json::from_value(value)?),
            None => Ok(Mood::default()),
        }
    }

    /// Puts settings in force. A new seed starts the generator anew.
    pub fn set_mood(&mut self, mood: &Mood) -> Result<(), Fault> {
        if self.mood()?.seed != mood.seed {
            self.set_entry(DICE, &Value::from(mood.seed))?;
        }
        self.set_entry(MOOD, &serde_json::to_value(mood)?)
    }

    /// Lets `play` roll the dice, and remembers where they lie.
    pub fn with_dice<T>(&mut self, play: impl FnOnce(&mut Dice) -> T) -> Result<T, Fault> {
        let at = self.entry(DICE)?.and_then(|value| value.as_u64());
        let mut dice = Dice(at.unwrap_or_default());
        let result = play(&mut dice);
        self.set_entry(DICE, &Value::from(dice.0))?;
        Ok(result)
    }

    /// How far the clock was turned by `clock_advance_days`, in seconds.
    pub fn clock_offset(&mut self) -> Result<i64, Fault> {
        Ok(self
            .entry(CLOCK)?
            .and_then(|value| value.as_i64())
            .unwrap_or_default())
    }

    /// Remembers how far the clock is turned, for this file's other processes and the next start.
    pub fn set_clock_offset(&mut self, seconds: i64) -> Result<(), Fault> {
        self.set_entry(CLOCK, &Value::from(seconds))
    }
}
