//! The ids of the nouns that others point at.
//!
//! They stand under the nouns, so that a row may name another noun's row without importing that noun: a fund names
//! its campaign, and a campaign asks for its funds, without a circle of arrows. Each noun hands its own id on.

crate::id!(
    /// A campaign.
    pub CampaignId,
    "cmp"
);
crate::id!(
    /// A participant's page.
    pub PageId,
    "pag"
);
crate::id!(
    /// A team.
    pub TeamId,
    "tea"
);
crate::id!(
    /// A partner.
    pub PartnerId,
    "par"
);
crate::id!(
    /// A program of a partner.
    pub ProgramId,
    "prg"
);
crate::id!(
    /// A fund: restricted money of one program, or a campaign's undesignated money.
    pub FundId,
    "fun"
);
crate::id!(
    /// One version of a campaign's allocation policy.
    pub PolicyId,
    "pol"
);
crate::id!(
    /// A gift.
    pub DonationId,
    "don"
);
crate::id!(
    /// Somebody who gave: one row a mail address.
    pub SupporterId,
    "sup"
);
crate::id!(
    /// A grant: money for a partner's program out of one fund.
    pub GrantId,
    "gra"
);
crate::id!(
    /// A part of a grant, paid by itself.
    pub TrancheId,
    "tra"
);
