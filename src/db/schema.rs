// One block a table, in the order of the migrations; the parity test holds both trees to each other.
#![allow(missing_docs)]

diesel::table! {
    installation (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    jobs (id) {
        id -> Text,
        kind -> Text,
        payload -> Text,
        state -> Text,
        dedup_key -> Nullable<Text>,
        run_at -> Timestamp,
        attempts -> Integer,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    schedules (name) {
        name -> Text,
        every_seconds -> BigInt,
        next_at -> Timestamp,
        last_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    mails (id) {
        id -> Text,
        kind -> Text,
        source_id -> Text,
        to_email -> Text,
        to_name -> Nullable<Text>,
        subject -> Text,
        html -> Text,
        text -> Text,
        message_id -> Text,
        state -> Text,
        attempts -> Integer,
        run_at -> Timestamp,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        sent_at -> Nullable<Timestamp>,
        off_url -> Nullable<Text>,
    }
}

diesel::table! {
    sandbox_mails (id) {
        id -> Text,
        message_id -> Text,
        to_email -> Text,
        from_email -> Text,
        subject -> Text,
        text -> Text,
        html -> Text,
        headers -> Text,
        source -> Text,
        received_at -> Timestamp,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        email -> Text,
        email_folded -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        created_at -> Timestamp,
        disabled_at -> Nullable<Timestamp>,
        verified_at -> Nullable<Timestamp>,
        language -> Text,
        totp_secret -> Nullable<Text>,
        totp_confirmed_at -> Nullable<Timestamp>,
        totp_last_step -> Nullable<BigInt>,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    user_roles (user_id, role) {
        user_id -> Text,
        role -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Text,
        user_id -> Text,
        token_hash -> Text,
        scopes -> Text,
        created_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    findings (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        detail -> Text,
        opened_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        owner_id -> Nullable<Text>,
        resolution -> Nullable<Text>,
        closed_by -> Nullable<Text>,
    }
}

diesel::table! {
    partners (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        country -> Text,
        summary -> Text,
        story -> Text,
        contact_email -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    programs (id) {
        id -> Text,
        partner_id -> Text,
        slug -> Text,
        name -> Text,
        country -> Text,
        region -> Text,
        since_year -> Nullable<Integer>,
        summary -> Text,
        story -> Text,
        take_part -> Text,
        more -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    impact_figures (id) {
        id -> Text,
        program_id -> Text,
        label -> Text,
        value -> BigInt,
        period -> Text,
        source -> Text,
        grade -> Text,
        position -> Integer,
        created_at -> Timestamp,
        report_id -> Nullable<Text>,
        graded_by -> Nullable<Text>,
        graded_at -> Nullable<Timestamp>,
        superseded_at -> Nullable<Timestamp>,
        superseded_by -> Nullable<Text>,
    }
}

diesel::table! {
    unit_costs (id) {
        id -> Text,
        program_id -> Text,
        amount -> BigInt,
        currency -> Text,
        covers -> Text,
        source -> Text,
        valid_from -> Text,
        valid_to -> Nullable<Text>,
    }
}

diesel::table! {
    campaigns (id) {
        id -> Text,
        slug -> Text,
        title -> Text,
        appeal -> Text,
        story -> Text,
        status -> Text,
        currency -> Text,
        time_zone -> Text,
        starts_on -> Text,
        ends_on -> Text,
        giving_until -> Text,
        goal -> BigInt,
        minimum -> BigInt,
        suggested -> Text,
        accent -> Text,
        faq -> Text,
        previous_id -> Nullable<Text>,
        created_at -> Timestamp,
        rules -> Text,
        version -> Integer,
    }
}

diesel::table! {
    campaign_programs (campaign_id, program_id) {
        campaign_id -> Text,
        program_id -> Text,
        position -> Integer,
    }
}

diesel::table! {
    teams (id) {
        id -> Text,
        campaign_id -> Text,
        slug -> Text,
        name -> Text,
        story -> Text,
        goal -> BigInt,
        captain_id -> Nullable<Text>,
        created_at -> Timestamp,
        join_policy -> Text,
        password_hash -> Nullable<Text>,
        previous_id -> Nullable<Text>,
        group_id -> Nullable<Text>,
        photo -> Nullable<Text>,
        photo_alt -> Text,
        archived_at -> Nullable<Timestamp>,
        name_key -> Text,
    }
}

diesel::table! {
    pages (id) {
        id -> Text,
        campaign_id -> Text,
        team_id -> Nullable<Text>,
        owner_id -> Nullable<Text>,
        slug -> Text,
        title -> Text,
        participant -> Text,
        name_key -> Text,
        story -> Text,
        goal -> BigInt,
        photo -> Nullable<Text>,
        status -> Text,
        created_at -> Timestamp,
        photo_alt -> Text,
        previous_id -> Nullable<Text>,
        updated_at -> Nullable<Timestamp>,
        published_at -> Nullable<Timestamp>,
        hidden_reason -> Nullable<Text>,
        draft_step -> Nullable<Text>,
        is_diary_public -> Bool,
        request_key -> Nullable<Text>,
    }
}

diesel::table! {
    funds (id) {
        id -> Text,
        kind -> Text,
        program_id -> Nullable<Text>,
        campaign_id -> Nullable<Text>,
        currency -> Text,
        name -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    allocation_policies (id) {
        id -> Text,
        campaign_id -> Text,
        version -> Integer,
        effective_from -> Timestamp,
        note -> Text,
        created_at -> Timestamp,
        drafted_by -> Nullable<Text>,
        approved_by -> Nullable<Text>,
        approved_at -> Nullable<Timestamp>,
        discarded_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    allocation_shares (policy_id, fund_id) {
        policy_id -> Text,
        fund_id -> Text,
        basis_points -> Integer,
    }
}

diesel::table! {
    transfers (id) {
        id -> BigInt,
        debit -> Text,
        credit -> Text,
        amount -> BigInt,
        currency -> Text,
        code -> Text,
        source_kind -> Text,
        source_id -> Text,
        donation_id -> Nullable<Text>,
        reverses -> Nullable<BigInt>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    accounts (name, currency) {
        name -> Text,
        currency -> Text,
        debits -> BigInt,
        credits -> BigInt,
    }
}

diesel::table! {
    seals (id) {
        id -> BigInt,
        first_transfer -> BigInt,
        last_transfer -> BigInt,
        transfers -> BigInt,
        hash -> Text,
        previous_hash -> Text,
        sealed_at -> Timestamp,
    }
}

diesel::table! {
    supporters (id) {
        id -> Text,
        email -> Text,
        email_folded -> Text,
        name -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    donations (id) {
        id -> Text,
        campaign_id -> Text,
        page_id -> Nullable<Text>,
        team_id -> Nullable<Text>,
        program_id -> Nullable<Text>,
        policy_id -> Text,
        supporter_id -> Text,
        status -> Text,
        currency -> Text,
        amount -> BigInt,
        fee_cover -> BigInt,
        charged -> BigInt,
        fee -> Nullable<BigInt>,
        refunded -> BigInt,
        donor_name -> Text,
        anonymous -> Bool,
        hide_amount -> Bool,
        comment -> Nullable<Text>,
        tribute_kind -> Nullable<Text>,
        tribute_name -> Nullable<Text>,
        tribute_email -> Nullable<Text>,
        source -> Nullable<Text>,
        token -> Text,
        session_id -> Nullable<Text>,
        checkout_url -> Nullable<Text>,
        payment_intent_id -> Nullable<Text>,
        charge_id -> Nullable<Text>,
        failure -> Nullable<Text>,
        created_at -> Timestamp,
        checked_at -> Timestamp,
        paid_at -> Nullable<Timestamp>,
        receipt -> Nullable<Text>,
        method -> Text,
    }
}

diesel::table! {
    idempotency_keys (key) {
        key -> Text,
        request_hash -> Text,
        donation_id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    processor_operations (key) {
        key -> Text,
        donation_id -> Text,
        number -> Integer,
        state -> Text,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        object_id -> Nullable<Text>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    processor_events (seq) {
        seq -> BigInt,
        id -> Text,
        kind -> Text,
        object_id -> Text,
        api_version -> Nullable<Text>,
        payload -> Text,
        origin -> Text,
        state -> Text,
        attempts -> Integer,
        run_at -> Timestamp,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        received_at -> Timestamp,
        processed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    splits (donation_id, fund_id, origin) {
        donation_id -> Text,
        fund_id -> Text,
        origin -> Text,
        amount -> BigInt,
        reversed -> BigInt,
        carried -> BigInt,
        granted -> BigInt,
        held -> BigInt,
        settled_at -> Timestamp,
    }
}

diesel::table! {
    refunds (id) {
        id -> Text,
        donation_id -> Text,
        amount -> BigInt,
        state -> Text,
        created_at -> Timestamp,
        made_by -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    receipt_series (series) {
        series -> Text,
        last -> BigInt,
    }
}

diesel::table! {
    consents (id) {
        id -> Text,
        supporter_id -> Text,
        donation_id -> Text,
        channel -> Text,
        wording -> Text,
        given_at -> Timestamp,
    }
}

diesel::table! {
    totals (scope, scope_id) {
        scope -> Text,
        scope_id -> Text,
        campaign_id -> Text,
        currency -> Text,
        raised -> BigInt,
        donations -> BigInt,
        donors -> BigInt,
        reached_at -> Timestamp,
        matched -> BigInt,
    }
}

diesel::table! {
    givers (scope, scope_id, supporter_id) {
        scope -> Text,
        scope_id -> Text,
        supporter_id -> Text,
        gifts -> BigInt,
    }
}

diesel::table! {
    reconciliations (name) {
        name -> Text,
        position -> Text,
        ran_at -> Timestamp,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        token_hash -> Text,
        user_id -> Text,
        browser -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        proved_at -> Timestamp,
        second_factor_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    mailed_tokens (id) {
        id -> Text,
        purpose -> Text,
        token_hash -> Text,
        user_id -> Nullable<Text>,
        payload -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> Text,
        code_hash -> Text,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Text,
        user_id -> Text,
        credential_id -> Text,
        name -> Text,
        credential -> Text,
        created_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    mail_mutes (user_id, kind) {
        user_id -> Text,
        kind -> Text,
        muted_at -> Timestamp,
    }
}

diesel::table! {
    role_campaigns (user_id, role, campaign_id) {
        user_id -> Text,
        role -> Text,
        campaign_id -> Text,
    }
}

diesel::table! {
    audit_log (id) {
        id -> BigInt,
        at -> Timestamp,
        actor_id -> Nullable<Text>,
        via -> Text,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Text,
        campaign_id -> Nullable<Text>,
        detail -> Text,
        before_hash -> Nullable<Text>,
        after_hash -> Nullable<Text>,
    }
}

diesel::table! {
    media (id) {
        id -> Text,
        owner_id -> Nullable<Text>,
        used_for -> Text,
        width -> Integer,
        height -> Integer,
        bytes -> BigInt,
        created_at -> Timestamp,
        hidden_at -> Nullable<Timestamp>,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    page_aliases (slug) {
        slug -> Text,
        page_id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    page_updates (id) {
        id -> Text,
        page_id -> Text,
        body -> Text,
        photo -> Nullable<Text>,
        photo_alt -> Text,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    page_messages (id) {
        id -> Text,
        page_id -> Text,
        author_id -> Nullable<Text>,
        from_staff -> Bool,
        body -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    page_reports (id) {
        id -> Text,
        page_id -> Text,
        reason -> Text,
        words -> Text,
        reporter_email -> Nullable<Text>,
        state -> Text,
        created_at -> Timestamp,
        handled_by -> Nullable<Text>,
        handled_at -> Nullable<Timestamp>,
        outcome -> Text,
    }
}

diesel::table! {
    page_transfers (id) {
        id -> Text,
        page_id -> Text,
        from_user -> Text,
        to_email -> Text,
        to_email_folded -> Text,
        token_hash -> Text,
        state -> Text,
        created_at -> Timestamp,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    gift_thanks (donation_id) {
        donation_id -> Text,
        page_id -> Text,
        user_id -> Text,
        words -> Text,
        thanked_at -> Timestamp,
    }
}

diesel::table! {
    offline_gifts (id) {
        id -> Text,
        page_id -> Nullable<Text>,
        campaign_id -> Text,
        entered_by -> Text,
        kind -> Text,
        currency -> Text,
        amount -> BigInt,
        donor_name -> Text,
        donor_email -> Nullable<Text>,
        anonymous -> Bool,
        received_on -> Text,
        note -> Text,
        state -> Text,
        donation_id -> Nullable<Text>,
        created_at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        reason -> Text,
        program_id -> Nullable<Text>,
        by_bank -> Bool,
        reference -> Text,
        shares -> Text,
        sponsor -> Text,
    }
}

diesel::table! {
    page_asks (page_id, supporter_id) {
        page_id -> Text,
        supporter_id -> Text,
        asked_at -> Timestamp,
    }
}

diesel::table! {
    team_groups (id) {
        id -> Text,
        campaign_id -> Text,
        slug -> Text,
        name -> Text,
        kind -> Text,
        story -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    team_co_captains (team_id, user_id) {
        team_id -> Text,
        user_id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    team_requests (id) {
        id -> Text,
        team_id -> Text,
        page_id -> Text,
        words -> Text,
        state -> Text,
        created_at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    team_invitations (id) {
        id -> Text,
        team_id -> Text,
        token_hash -> Text,
        to_email -> Nullable<Text>,
        invited_by -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_by -> Nullable<Text>,
        used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    team_messages (id) {
        id -> Text,
        team_id -> Text,
        author_id -> Text,
        subject -> Text,
        body -> Text,
        recipients -> BigInt,
        sent_at -> Timestamp,
    }
}

diesel::table! {
    diary_entries (id) {
        id -> Text,
        page_id -> Text,
        day -> Text,
        outfit -> Text,
        note -> Text,
        photo -> Nullable<Text>,
        photo_alt -> Text,
        is_public -> Bool,
        is_backfill -> Bool,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    conversations (id) {
        id -> Text,
        page_id -> Text,
        day -> Text,
        who -> Text,
        learned -> Bool,
        signed -> Bool,
        gave -> Bool,
        note -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    tallies (scope, scope_id) {
        scope -> Text,
        scope_id -> Text,
        campaign_id -> Text,
        days -> BigInt,
        conversations -> BigInt,
        learned -> BigInt,
        signed -> BigInt,
        gave -> BigInt,
        is_counted -> Bool,
    }
}

diesel::table! {
    day_sponsors (id) {
        id -> Text,
        page_id -> Text,
        name -> Text,
        email -> Text,
        email_folded -> Text,
        currency -> Text,
        per_day -> BigInt,
        cap -> BigInt,
        is_named -> Bool,
        state -> Text,
        token_hash -> Text,
        created_at -> Timestamp,
        confirmed_at -> Nullable<Timestamp>,
        requested_at -> Nullable<Timestamp>,
        requested -> Nullable<BigInt>,
        days -> Nullable<BigInt>,
        cancelled_at -> Nullable<Timestamp>,
        asks -> Integer,
    }
}

diesel::table! {
    badges (scope, scope_id, badge) {
        scope -> Text,
        scope_id -> Text,
        badge -> Text,
        earned_at -> Timestamp,
    }
}

diesel::table! {
    coaching_mails (page_id, kind, key) {
        page_id -> Text,
        kind -> Text,
        key -> Text,
        user_id -> Text,
        decided_at -> Timestamp,
        is_mailed -> Bool,
    }
}

diesel::table! {
    own_milestones (id) {
        id -> Text,
        page_id -> Text,
        amount -> BigInt,
        promise -> Text,
        created_at -> Timestamp,
        reached_at -> Nullable<Timestamp>,
        kept_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    documents (id) {
        id -> Text,
        kind -> Text,
        owner_kind -> Text,
        owner_id -> Text,
        name -> Text,
        mime -> Text,
        bytes -> BigInt,
        sha256 -> Text,
        uploaded_by -> Nullable<Text>,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    grants (id) {
        id -> Text,
        number -> Text,
        partner_id -> Text,
        program_id -> Text,
        campaign_id -> Text,
        fund_id -> Text,
        currency -> Text,
        amount -> BigInt,
        purpose -> Text,
        state -> Text,
        planned_by -> Text,
        created_at -> Timestamp,
        approved_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
        reason -> Text,
    }
}

diesel::table! {
    grant_tranches (id) {
        id -> Text,
        grant_id -> Text,
        position -> Integer,
        amount -> BigInt,
        state -> Text,
        planned_on -> Text,
        report_due_on -> Text,
        paid_on -> Nullable<Text>,
        paid_at -> Nullable<Timestamp>,
        paid_by -> Nullable<Text>,
        bank_reference -> Nullable<Text>,
        document_id -> Nullable<Text>,
        reported_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    grant_approvals (grant_id, user_id) {
        grant_id -> Text,
        user_id -> Text,
        approved_at -> Timestamp,
    }
}

diesel::table! {
    grant_layers (tranche_id, donation_id, fund_id, origin) {
        tranche_id -> Text,
        donation_id -> Text,
        fund_id -> Text,
        origin -> Text,
        amount -> BigInt,
    }
}

diesel::table! {
    reserve_covers (id) {
        id -> Text,
        campaign_id -> Text,
        currency -> Text,
        amount -> BigInt,
        state -> Text,
        reason -> Text,
        paid_on -> Text,
        bank_reference -> Text,
        planned_by -> Text,
        created_at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    partner_staff (partner_id, user_id) {
        partner_id -> Text,
        user_id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    book_positions (name) {
        name -> Text,
        transfer_id -> BigInt,
        moved_at -> Timestamp,
    }
}

diesel::table! {
    book_sums (campaign_id, day, line, fund_id) {
        campaign_id -> Text,
        day -> Text,
        line -> Text,
        fund_id -> Text,
        amount -> BigInt,
    }
}

diesel::table! {
    book_page_sums (page_id, line, fund_id, grant_id) {
        page_id -> Text,
        line -> Text,
        fund_id -> Text,
        grant_id -> Text,
        amount -> BigInt,
    }
}

diesel::table! {
    book_days (campaign_id, number) {
        campaign_id -> Text,
        number -> Integer,
        day -> Text,
        seal -> BigInt,
        seal_hash -> Text,
        previous_hash -> Text,
        hash -> Text,
        closed_at -> Timestamp,
    }
}

diesel::table! {
    vault_people (id) {
        id -> Text,
        sealed_name -> Text,
        sealed_guardian -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    vault_consents (id) {
        id -> Text,
        person_id -> Text,
        pseudonym -> Text,
        giver -> Text,
        covers_web -> Bool,
        covers_mail -> Bool,
        covers_social -> Bool,
        covers_print -> Bool,
        image_rule -> Text,
        out_of_care_since -> Text,
        signed_on -> Text,
        expires_on -> Text,
        created_by -> Text,
        created_at -> Timestamp,
        first_by -> Nullable<Text>,
        first_at -> Nullable<Timestamp>,
        second_by -> Nullable<Text>,
        second_at -> Nullable<Timestamp>,
        revoked_on -> Nullable<Text>,
        revoked_at -> Nullable<Timestamp>,
        revoked_by -> Nullable<Text>,
        revoked_because -> Text,
    }
}

diesel::table! {
    vault_documents (consent_id) {
        consent_id -> Text,
        kind -> Text,
        bytes -> BigInt,
        sha256 -> Text,
        sealed -> Binary,
    }
}

diesel::table! {
    stories (id) {
        id -> Text,
        slug -> Text,
        title -> Text,
        summary -> Text,
        body -> Text,
        about -> Text,
        author_name -> Text,
        author_about -> Text,
        content_note -> Text,
        take_part -> Text,
        more -> Text,
        is_indexed -> Bool,
        status -> Text,
        shown_until -> Nullable<Text>,
        version -> Integer,
        created_by -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        submitted_by -> Nullable<Text>,
        published_by -> Nullable<Text>,
        published_at -> Nullable<Timestamp>,
        withdrawn_at -> Nullable<Timestamp>,
        withdrawn_because -> Nullable<Text>,
        withdrawn_note -> Text,
    }
}

diesel::table! {
    story_programs (story_id, program_id) {
        story_id -> Text,
        program_id -> Text,
        position -> Integer,
    }
}

diesel::table! {
    story_campaigns (story_id, campaign_id) {
        story_id -> Text,
        campaign_id -> Text,
    }
}

diesel::table! {
    story_pictures (media_id) {
        media_id -> Text,
        story_id -> Text,
        place -> Text,
        position -> Integer,
        alt -> Text,
        caption -> Text,
        shows -> Text,
    }
}

diesel::table! {
    story_consents (story_id, consent_id) {
        story_id -> Text,
        consent_id -> Text,
    }
}

diesel::table! {
    story_answers (story_id, warning) {
        story_id -> Text,
        warning -> Text,
        reason -> Text,
        answered_by -> Text,
        answered_at -> Timestamp,
    }
}

diesel::table! {
    story_copies (story_id, channel, reference) {
        story_id -> Text,
        channel -> Text,
        reference -> Text,
        recipients -> BigInt,
        sent_at -> Timestamp,
    }
}

diesel::table! {
    harm_words (list, word) {
        list -> Text,
        word -> Text,
        is_on -> Bool,
        changed_by -> Text,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    payouts (id) {
        id -> Text,
        currency -> Text,
        amount -> BigInt,
        state -> Text,
        failure -> Nullable<Text>,
        made_at -> Timestamp,
        arrives_at -> Timestamp,
        seen_at -> Timestamp,
        booked_at -> Nullable<Timestamp>,
        reversed_at -> Nullable<Timestamp>,
        agreed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    payout_items (transaction_id) {
        transaction_id -> Text,
        payout_id -> Text,
        kind -> Text,
        source_id -> Text,
        amount -> BigInt,
        fee -> BigInt,
        net -> BigInt,
        ours -> Nullable<BigInt>,
    }
}

diesel::table! {
    deposits (id) {
        id -> Text,
        campaign_id -> Text,
        currency -> Text,
        amount -> BigInt,
        state -> Text,
        note -> Text,
        made_by -> Text,
        created_at -> Timestamp,
        banked_on -> Nullable<Text>,
        bank_reference -> Nullable<Text>,
        banked -> Nullable<BigInt>,
        banked_by -> Nullable<Text>,
        banked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    deposit_items (donation_id) {
        donation_id -> Text,
        deposit_id -> Text,
        amount -> BigInt,
    }
}

diesel::table! {
    match_pools (id) {
        id -> Text,
        campaign_id -> Text,
        sponsor -> Text,
        sponsor_email -> Nullable<Text>,
        basis -> Text,
        currency -> Text,
        amount -> BigInt,
        ratio -> Integer,
        cap -> Nullable<BigInt>,
        starts_at -> Timestamp,
        ends_at -> Timestamp,
        state -> Text,
        note -> Text,
        made_by -> Text,
        created_at -> Timestamp,
        confirmed_by -> Nullable<Text>,
        confirmed_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
        token -> Nullable<Text>,
    }
}

diesel::table! {
    match_targets (pool_id, kind, target_id) {
        pool_id -> Text,
        kind -> Text,
        target_id -> Text,
    }
}

diesel::table! {
    matches (donation_id) {
        donation_id -> Text,
        pool_id -> Text,
        amount -> BigInt,
        reversed -> BigInt,
        matched_at -> Timestamp,
    }
}

diesel::table! {
    match_arrivals (id) {
        id -> Text,
        pool_id -> Text,
        amount -> BigInt,
        arrived_on -> Text,
        reference -> Text,
        recorded_by -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    match_releases (id) {
        id -> Text,
        pool_id -> Text,
        kind -> Text,
        state -> Text,
        reason -> Text,
        amount -> Nullable<BigInt>,
        donation_id -> Nullable<Text>,
        proposed_by -> Text,
        proposed_at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    partner_invitations (id) {
        id -> Text,
        partner_id -> Text,
        to_email -> Text,
        token_hash -> Text,
        invited_by -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        used_by -> Nullable<Text>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    program_shelters (id) {
        id -> Text,
        program_id -> Text,
        region -> Text,
        name -> Text,
        place -> Text,
        created_at -> Timestamp,
        released_at -> Nullable<Timestamp>,
        released_by -> Nullable<Text>,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    program_contacts (id) {
        id -> Text,
        program_id -> Text,
        name -> Text,
        duty -> Text,
        created_at -> Timestamp,
        released_at -> Nullable<Timestamp>,
        released_by -> Nullable<Text>,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    impact_reports (id) {
        id -> Text,
        partner_id -> Text,
        program_id -> Text,
        tranche_id -> Nullable<Text>,
        number -> Nullable<Integer>,
        title -> Text,
        state -> Text,
        currency -> Text,
        scope -> Text,
        progress -> Text,
        measurement -> Text,
        challenges -> Text,
        sustainability -> Text,
        plain_title -> Text,
        plain -> Text,
        created_by -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        submitted_at -> Nullable<Timestamp>,
        accepted_by -> Nullable<Text>,
        accepted_at -> Nullable<Timestamp>,
        published_by -> Nullable<Text>,
        published_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    report_budget_lines (report_id, position) {
        report_id -> Text,
        position -> Integer,
        label -> Text,
        planned -> BigInt,
        spent -> BigInt,
    }
}

diesel::table! {
    report_figures (id) {
        id -> Text,
        report_id -> Text,
        position -> Integer,
        label -> Text,
        value -> BigInt,
        period -> Text,
        source -> Text,
        method -> Text,
        document_id -> Nullable<Text>,
        grade -> Text,
        graded_by -> Nullable<Text>,
        graded_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    figure_grades (id) {
        id -> Text,
        figure_id -> Text,
        grade -> Text,
        note -> Text,
        graded_by -> Text,
        graded_at -> Timestamp,
    }
}

diesel::table! {
    report_messages (id) {
        id -> Text,
        report_id -> Text,
        author_id -> Nullable<Text>,
        from_staff -> Bool,
        body -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    report_drafts (report_id, step, user_id) {
        report_id -> Text,
        step -> Text,
        user_id -> Text,
        typed -> Text,
        kept_at -> Timestamp,
    }
}

diesel::table! {
    subscribers (id) {
        id -> Text,
        email -> Text,
        email_folded -> Text,
        name -> Text,
        language -> Text,
        country -> Text,
        time_zone -> Nullable<Text>,
        supporter_id -> Nullable<Text>,
        user_id -> Nullable<Text>,
        token -> Text,
        left_all_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        merged_into -> Nullable<Text>,
        erased_at -> Nullable<Timestamp>,
        counted_since -> Nullable<Timestamp>,
    }
}

diesel::table! {
    lists (id) {
        id -> Text,
        campaign_id -> Nullable<Text>,
        slug -> Text,
        name -> Text,
        about -> Text,
        is_public -> Bool,
        created_at -> Timestamp,
        archived_at -> Nullable<Timestamp>,
        takes_gifts -> Bool,
    }
}

diesel::table! {
    subscriptions (list_id, subscriber_id) {
        list_id -> Text,
        subscriber_id -> Text,
        state -> Text,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    suppressions (email_folded) {
        email_folded -> Text,
        reason -> Text,
        detail -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    segments (id) {
        id -> Text,
        campaign_id -> Nullable<Text>,
        name -> Text,
        rule -> Text,
        made_by -> Text,
        created_at -> Timestamp,
        changed_at -> Timestamp,
        archived_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    newsletters (id) {
        id -> Text,
        campaign_id -> Nullable<Text>,
        slug -> Text,
        title -> Text,
        subject -> Text,
        preheader -> Text,
        layout -> Text,
        content -> Text,
        plain_text -> Nullable<Text>,
        audience -> Text,
        topic -> Nullable<Text>,
        from_name -> Text,
        reply_to -> Nullable<Text>,
        state -> Text,
        version -> BigInt,
        send_at -> Nullable<Timestamp>,
        made_by -> Text,
        created_at -> Timestamp,
        changed_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        sequence_step_id -> Nullable<Text>,
        is_public -> Bool,
        subject_b -> Nullable<Text>,
        test_percent -> Integer,
        test_minutes -> Integer,
        changed_by -> Nullable<Text>,
        report_id -> Nullable<Text>,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        newsletter_id -> Text,
        subscriber_id -> Text,
        variant -> Text,
        domain -> Text,
        state -> Text,
        run_at -> Timestamp,
        attempts -> Integer,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        message_id -> Nullable<Text>,
        code -> Nullable<Integer>,
        detail -> Nullable<Text>,
        sent_at -> Nullable<Timestamp>,
        changed_at -> Timestamp,
        handed_at -> Nullable<Timestamp>,
        first_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    disputes (id) {
        id -> Text,
        donation_id -> Text,
        amount -> BigInt,
        fee -> BigInt,
        state -> Text,
        reason -> Text,
        opened_at -> Timestamp,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    topics (slug) {
        slug -> Text,
        name -> Text,
        about -> Text,
        created_at -> Timestamp,
        archived_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    topic_mutes (subscriber_id, topic) {
        subscriber_id -> Text,
        topic -> Text,
        muted_at -> Timestamp,
    }
}

diesel::table! {
    subscription_proofs (id) {
        id -> BigInt,
        subscriber_id -> Text,
        list_id -> Nullable<Text>,
        act -> Text,
        door -> Text,
        source_id -> Nullable<Text>,
        wording -> Text,
        ip_hash -> Nullable<Text>,
        at -> Timestamp,
    }
}

diesel::table! {
    imports (id) {
        id -> Text,
        list_id -> Text,
        made_by -> Text,
        state -> Text,
        basis -> Text,
        agreed_on -> Text,
        delimiter -> Text,
        has_header -> Bool,
        fields -> Text,
        lines -> BigInt,
        lines_done -> BigInt,
        added -> BigInt,
        joined -> BigInt,
        known -> BigInt,
        kept_out -> BigInt,
        faulty -> BigInt,
        created_at -> Timestamp,
        changed_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    import_pieces (import_id, number) {
        import_id -> Text,
        number -> BigInt,
        first_line -> BigInt,
        records -> BigInt,
        text -> Text,
        done_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    import_faults (import_id, line) {
        import_id -> Text,
        line -> BigInt,
        why -> Text,
        cells -> Text,
    }
}

diesel::table! {
    sequences (id) {
        id -> Text,
        campaign_id -> Nullable<Text>,
        name -> Text,
        trigger_rule -> Text,
        audience -> Text,
        leaves -> Nullable<Text>,
        days_between -> Integer,
        state -> Text,
        version -> BigInt,
        made_by -> Text,
        created_at -> Timestamp,
        changed_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sequence_steps (id) {
        id -> Text,
        sequence_id -> Text,
        position -> Integer,
        wait_days -> Integer,
        at_hour -> Nullable<Integer>,
        segment_id -> Nullable<Text>,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sequence_enrolments (sequence_id, subscriber_id) {
        sequence_id -> Text,
        subscriber_id -> Text,
        state -> Text,
        position -> Integer,
        due_at -> Timestamp,
        happened_at -> Timestamp,
        enrolled_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        why -> Text,
    }
}

diesel::table! {
    sequence_outcomes (step_id, subscriber_id) {
        step_id -> Text,
        subscriber_id -> Text,
        outcome -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    newsletter_approvals (newsletter_id, digest, user_id) {
        newsletter_id -> Text,
        digest -> Text,
        user_id -> Text,
        recipients -> BigInt,
        is_typed -> Bool,
        approved_at -> Timestamp,
    }
}

diesel::table! {
    newsletter_settings (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    newsletter_pictures (media_id) {
        media_id -> Text,
        alt -> Text,
        made_by -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    sendings (newsletter_id) {
        newsletter_id -> Text,
        planned_by -> Text,
        reader_time -> Bool,
        frozen_to -> Nullable<Text>,
        frozen_at -> Nullable<Timestamp>,
        recipients -> BigInt,
        paused_why -> Nullable<Text>,
        paused_detail -> Nullable<Text>,
        test_percent -> Integer,
        test_minutes -> Integer,
        test_winner -> Nullable<Text>,
        created_at -> Timestamp,
        counts_opens -> Bool,
        counts_clicks -> Bool,
    }
}

diesel::table! {
    sending_lanes (lane) {
        lane -> Text,
        next_at -> Timestamp,
    }
}

diesel::table! {
    sending_counts (period) {
        period -> Text,
        mails -> BigInt,
    }
}

diesel::table! {
    bounces (id) {
        id -> Text,
        delivery_id -> Nullable<Text>,
        subscriber_id -> Nullable<Text>,
        kind -> Text,
        status -> Text,
        source -> Text,
        report -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    newsletter_signs (newsletter_id, subscriber_id, kind, link) {
        newsletter_id -> Text,
        subscriber_id -> Text,
        kind -> Text,
        link -> Integer,
        at -> Timestamp,
    }
}

diesel::table! {
    newsletter_links (newsletter_id, link) {
        newsletter_id -> Text,
        link -> Integer,
        url -> Text,
    }
}

diesel::table! {
    newsletter_hits (newsletter_id, kind, link, hour) {
        newsletter_id -> Text,
        kind -> Text,
        link -> Integer,
        hour -> BigInt,
        hits -> BigInt,
    }
}

diesel::table! {
    newsletter_gifts (donation_id) {
        donation_id -> Text,
        newsletter_id -> Text,
        at -> Timestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    installation,
    jobs,
    schedules,
    mails,
    sandbox_mails,
    users,
    user_roles,
    api_tokens,
    findings,
    partners,
    programs,
    impact_figures,
    unit_costs,
    campaigns,
    campaign_programs,
    teams,
    pages,
    funds,
    allocation_policies,
    allocation_shares,
    transfers,
    accounts,
    seals,
    supporters,
    donations,
    idempotency_keys,
    processor_operations,
    processor_events,
    splits,
    refunds,
    receipt_series,
    consents,
    totals,
    givers,
    reconciliations,
    sessions,
    mailed_tokens,
    recovery_codes,
    passkeys,
    mail_mutes,
    role_campaigns,
    audit_log,
    media,
    page_aliases,
    page_updates,
    page_messages,
    page_reports,
    page_transfers,
    gift_thanks,
    offline_gifts,
    page_asks,
    team_groups,
    team_co_captains,
    team_requests,
    team_invitations,
    team_messages,
    diary_entries,
    conversations,
    tallies,
    day_sponsors,
    badges,
    coaching_mails,
    own_milestones,
    documents,
    grants,
    grant_tranches,
    grant_approvals,
    grant_layers,
    reserve_covers,
    partner_staff,
    book_positions,
    book_sums,
    book_page_sums,
    book_days,
    vault_people,
    vault_consents,
    vault_documents,
    stories,
    story_programs,
    story_campaigns,
    story_pictures,
    story_consents,
    story_answers,
    story_copies,
    harm_words,
    payouts,
    payout_items,
    deposits,
    deposit_items,
    match_pools,
    match_targets,
    matches,
    match_arrivals,
    match_releases,
    partner_invitations,
    program_shelters,
    program_contacts,
    impact_reports,
    report_budget_lines,
    report_figures,
    figure_grades,
    report_messages,
    report_drafts,
    subscribers,
    lists,
    subscriptions,
    suppressions,
    segments,
    newsletters,
    deliveries,
    disputes,
    topics,
    topic_mutes,
    subscription_proofs,
    imports,
    import_pieces,
    import_faults,
    sequences,
    sequence_steps,
    sequence_enrolments,
    sequence_outcomes,
    newsletter_approvals,
    newsletter_settings,
    newsletter_pictures,
    sendings,
    sending_lanes,
    sending_counts,
    bounces,
    newsletter_signs,
    newsletter_links,
    newsletter_hits,
    newsletter_gifts,
);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    newsletter_gifts::newsletter_id,
    donations::currency,
);
