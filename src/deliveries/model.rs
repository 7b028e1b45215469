//! Rows, and how they are found.

crate::id!(
    /// One newsletter's way to one recipient.
    pub DeliveryId,
    "del"
);

crate::words! {
    /// How a delivery stands.
    pub enum DeliveryState {
        /// Waits for its turn.
        Queued = "queued",
        /// A worker holds its lease.
        Sending = "sending",
        /// The server took it.
        Sent = "sent",
        /// It will not be tried again; `code` and `detail` say why.
        Failed = "failed",
        /// The server took it, and a report came back that it did not arrive.
        Bounced = "bounced",
        /// Not written to; `detail` says why ([`crate::subscribers::Why`], or `cancelled`).
        Skipped = "skipped",
        /// In doubt: handed over, perhaps, when a process died or a line broke (N2). Never sent again by itself.
        Unknown = "unknown",
    }
}
