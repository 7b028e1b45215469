//! Taking money: the processor's client, its webhooks, and the sandbox that stands in for it.

pub mod sandbox;
