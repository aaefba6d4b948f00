//! The tables, once for both databases. The migrations' columns are compared with it by a test.

use diesel::table;

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    workspaces (id) {
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        time_zone -> Text,
        base_currency -> Text,
        locale -> Text,
        working_days -> DbJson,
        holidays -> DbJson,
        extra_workdays -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        cadence_days -> Integer,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    users (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        kind -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        name -> Text,
        name_fold -> Text,
        role -> Text,
        is_active -> Bool,
        locale -> Text,
        password_hash -> Nullable<Text>,
        must_change_password -> Bool,
        last_login_at -> Nullable<DbInstant>,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        org_unit_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    sessions (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        user_id -> DbUuid,
        created_at -> DbInstant,
        expires_at -> DbInstant,
        revoked_at -> Nullable<DbInstant>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    refresh_tokens (hash) {
        hash -> Binary,
        workspace_id -> DbUuid,
        session_id -> DbUuid,
        used_at -> Nullable<DbInstant>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    login_throttles (email_key) {
        email_key -> Text,
        failures -> Integer,
        blocked_until -> Nullable<DbInstant>,
        updated_at -> DbInstant,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    signing_keys (kid) {
        kid -> Text,
        private_key -> Binary,
        public_key -> Binary,
        created_at -> DbInstant,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    api_keys (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        user_id -> DbUuid,
        name -> Text,
        name_fold -> Text,
        prefix -> Text,
        secret_hash -> Binary,
        scopes -> DbJson,
        expires_at -> Nullable<DbInstant>,
        last_used_at -> Nullable<DbInstant>,
        revoked_at -> Nullable<DbInstant>,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    dictionaries (workspace_id, name) {
        workspace_id -> DbUuid,
        name -> Text,
        id -> DbUuid,
        version -> BigInt,
        created_at -> DbInstant,
        updated_at -> DbInstant,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    dictionary_items (workspace_id, dictionary, code) {
        workspace_id -> DbUuid,
        dictionary -> Text,
        code -> Text,
        label_zh -> Text,
        label_en -> Text,
        position -> Integer,
        is_active -> Bool,
        flags -> Nullable<DbJson>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    pools (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        is_default -> Bool,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        name_fold -> Text,
        is_enabled -> Bool,
        is_open -> Bool,
        filter -> Nullable<DbJson>,
        priority -> Integer,
        daily_claim_limit -> Integer,
        claim_batch_max -> Integer,
        reclaim_cooldown_days -> Integer,
        new_item_quiet_hours -> Integer,
        remind_before_days -> DbJson,
        on_recycle_opportunities -> Text,
        on_recycle_planned_touches -> Text,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
        masks_phones -> Bool,
        masks_email -> Bool,
        masks_address -> Bool,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    tiers (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        code -> Text,
        name -> Text,
        name_fold -> Text,
        rank -> Integer,
        color -> Nullable<Text>,
        is_default -> Bool,
        benefits -> Nullable<Text>,
        credit_limit_amount -> Nullable<BigInt>,
        credit_limit_currency -> Nullable<Text>,
        payment_terms_days -> Nullable<Integer>,
        cadence_days -> Nullable<Integer>,
        recycle_days -> Nullable<Integer>,
        discount_percent -> Nullable<BigInt>,
        is_active -> Bool,
        external_refs -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
        custom -> DbJson,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    customers (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        name_fold -> Text,
        kind -> Text,
        lifecycle_stage -> Text,
        status -> Text,
        owner_id -> Nullable<DbUuid>,
        pool_id -> Nullable<DbUuid>,
        tier_id -> Nullable<DbUuid>,
        parent_id -> Nullable<DbUuid>,
        service_rep_id -> Nullable<DbUuid>,
        source -> Nullable<Text>,
        source_detail -> Nullable<Text>,
        ownership_type -> Nullable<Text>,
        trade_type -> Nullable<Text>,
        location_type -> Nullable<Text>,
        region -> Nullable<Text>,
        intent_level -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        employee_count -> Nullable<BigInt>,
        last_touch_at -> Nullable<DbInstant>,
        next_touch_at -> Nullable<DbInstant>,
        touch_count -> BigInt,
        external_refs -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
        org_unit_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    customer_profiles (workspace_id, customer_id) {
        workspace_id -> DbUuid,
        customer_id -> DbUuid,
        industries -> DbJson,
        phones -> DbJson,
        website -> Nullable<Text>,
        country -> Nullable<Text>,
        province -> Nullable<Text>,
        city -> Nullable<Text>,
        district -> Nullable<Text>,
        street -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        birthday -> Nullable<Date>,
        gender -> Nullable<Text>,
        education -> Nullable<Text>,
        income_band -> Nullable<Text>,
        family -> Nullable<Text>,
        needs -> Nullable<Text>,
        remarks -> Nullable<Text>,
        unified_social_credit_code -> Nullable<Text>,
        custom -> DbJson,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    contacts (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        name_fold -> Text,
        title -> Nullable<Text>,
        title_fold -> Nullable<Text>,
        department -> Nullable<Text>,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        phones -> DbJson,
        wechat -> Nullable<Text>,
        social_accounts -> DbJson,
        gender -> Nullable<Text>,
        birthday -> Nullable<Date>,
        preferred_channel -> Nullable<Text>,
        consents -> DbJson,
        remarks -> Nullable<Text>,
        external_refs -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
        custom -> DbJson,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    contact_links (workspace_id, contact_id, customer_id) {
        workspace_id -> DbUuid,
        contact_id -> DbUuid,
        customer_id -> DbUuid,
        position -> Integer,
        role -> Nullable<Text>,
        is_primary -> Bool,
        is_decision_maker -> Bool,
        left_date -> Nullable<Date>,
        is_deleted -> Bool,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    external_refs (workspace_id, resource_type, system, value) {
        workspace_id -> DbUuid,
        resource_type -> Text,
        system -> Text,
        value -> Text,
        object_id -> DbUuid,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    lookup_keys (workspace_id, resource_type, kind, value, object_id) {
        workspace_id -> DbUuid,
        resource_type -> Text,
        kind -> Text,
        value -> Text,
        object_id -> DbUuid,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    notifications (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        user_id -> DbUuid,
        #[sql_name = "type"]
        kind -> Text,
        object_type -> Text,
        object_id -> DbUuid,
        data -> DbJson,
        dedup_key -> Nullable<Text>,
        is_read -> Bool,
        read_at -> Nullable<DbInstant>,
        created_at -> DbInstant,
        dedup_until -> Nullable<DbInstant>,
    }
}

table! {
    use crate::db::types::DbUuid;
    use diesel::sql_types::*;

    change_floors (workspace_id) {
        workspace_id -> DbUuid,
        seq -> BigInt,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    changes (seq) {
        seq -> BigInt,
        workspace_id -> DbUuid,
        id -> DbUuid,
        #[sql_name = "type"]
        kind -> Text,
        object_type -> Text,
        object_id -> DbUuid,
        object_version -> BigInt,
        changed -> DbJson,
        actor_id -> Nullable<DbUuid>,
        request_id -> Text,
        at -> DbInstant,
    }
}

table! {
    use crate::db::types::{DbInstant, DbUuid};
    use diesel::sql_types::*;

    pipelines (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        code -> Text,
        label_zh -> Text,
        label_en -> Text,
        is_default -> Bool,
        created_at -> DbInstant,
        updated_at -> DbInstant,
    }
}

table! {
    use crate::db::types::DbUuid;
    use diesel::sql_types::*;

    stages (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        pipeline_id -> DbUuid,
        code -> Text,
        label_zh -> Text,
        label_en -> Text,
        position -> Integer,
        kind -> Text,
        probability -> Integer,
        forecast_category -> Text,
        version -> BigInt,
        stale_after_days -> Nullable<Integer>,
        cadence_days -> Nullable<Integer>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    opportunities (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        name_fold -> Text,
        customer_id -> DbUuid,
        contact_id -> Nullable<DbUuid>,
        pipeline_id -> DbUuid,
        stage_id -> DbUuid,
        stage_kind -> Text,
        stage_entered_at -> DbInstant,
        amount -> Nullable<BigInt>,
        amount_currency -> Nullable<Text>,
        probability -> Nullable<Integer>,
        forecast_category -> Nullable<Text>,
        expected_close_date -> Nullable<Date>,
        closed_at -> Nullable<DbInstant>,
        close_reason_code -> Nullable<Text>,
        owner_id -> DbUuid,
        source -> Nullable<Text>,
        competitor -> Nullable<Text>,
        needs -> Nullable<Text>,
        remarks -> Nullable<Text>,
        external_refs -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
        is_deleted_with_customer -> Bool,
        custom -> DbJson,
    }
}

table! {
    use crate::db::types::{DbInstant, DbUuid};
    use diesel::sql_types::*;

    stage_moves (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        opportunity_id -> DbUuid,
        customer_id -> DbUuid,
        from_stage_id -> Nullable<DbUuid>,
        stage_id -> DbUuid,
        entered_at -> DbInstant,
        left_at -> Nullable<DbInstant>,
        by_id -> Nullable<DbUuid>,
        amount -> Nullable<BigInt>,
        amount_currency -> Nullable<Text>,
        probability -> Integer,
        reason_code -> Nullable<Text>,
        note -> Nullable<Text>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    touch_records (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        customer_id -> DbUuid,
        contact_ids -> DbJson,
        opportunity_id -> Nullable<DbUuid>,
        #[sql_name = "type"]
        touch_type -> Text,
        counts_as_touch -> Bool,
        direction -> Text,
        occurred_at -> DbInstant,
        duration_seconds -> Nullable<BigInt>,
        summary -> Text,
        summary_fold -> Text,
        content -> Nullable<Text>,
        outcome -> Nullable<Text>,
        location -> Nullable<DbJson>,
        next_touch_at -> Nullable<DbInstant>,
        author_id -> DbUuid,
        external_refs -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
        is_deleted_with_customer -> Bool,
        custom -> DbJson,
        resets_recycle -> Bool,
    }
}

table! {
    use crate::db::types::DbUuid;
    use diesel::sql_types::*;

    touch_record_contacts (workspace_id, contact_id, touch_record_id) {
        workspace_id -> DbUuid,
        contact_id -> DbUuid,
        touch_record_id -> DbUuid,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    customer_events (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        customer_id -> DbUuid,
        event -> DbJson,
        by_id -> Nullable<DbUuid>,
        at -> DbInstant,
        ownership -> Nullable<Text>,
        from_owner_id -> Nullable<DbUuid>,
        to_owner_id -> Nullable<DbUuid>,
        from_pool_id -> Nullable<DbUuid>,
        local_date -> Nullable<Date>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbUuid};
    use diesel::sql_types::*;

    idempotency_keys (workspace_id, key_hash) {
        workspace_id -> DbUuid,
        key_hash -> Binary,
        fingerprint -> Binary,
        status -> Integer,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        body -> Binary,
        created_at -> DbInstant,
    }
}

table! {
    use crate::db::types::DbUuid;
    use diesel::sql_types::*;

    search_docs (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        #[sql_name = "type"]
        kind -> Text,
        name -> Nullable<Text>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    custom_fields (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        resource -> Text,
        key -> Text,
        #[sql_name = "type"]
        kind -> Text,
        label -> DbJson,
        is_required -> Bool,
        is_unique -> Bool,
        options -> DbJson,
        default_value -> Nullable<DbJson>,
        min -> Nullable<DbJson>,
        max -> Nullable<DbJson>,
        pattern -> Nullable<Text>,
        retired_at -> Nullable<DbInstant>,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::DbUuid;
    use diesel::sql_types::*;

    custom_values (workspace_id, object_id, field_id, position) {
        workspace_id -> DbUuid,
        object_id -> DbUuid,
        field_id -> DbUuid,
        position -> Integer,
        text_value -> Nullable<Text>,
        number_value -> Nullable<BigInt>,
        unique_value -> Nullable<Text>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    org_units (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        name -> Text,
        name_fold -> Text,
        #[sql_name = "type"]
        kind -> Text,
        parent_id -> Nullable<DbUuid>,
        external_refs -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    jobs (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        kind -> Text,
        status -> Text,
        is_scheduled -> Bool,
        args -> DbJson,
        state -> DbJson,
        done -> BigInt,
        total -> Nullable<BigInt>,
        result -> Nullable<DbJson>,
        error -> Nullable<DbJson>,
        errors_url -> Nullable<Text>,
        attempts -> Integer,
        run_at -> DbInstant,
        lease_token -> Nullable<DbUuid>,
        is_cancel_requested -> Bool,
        request_id -> Text,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        started_at -> Nullable<DbInstant>,
        finished_at -> Nullable<DbInstant>,
    }
}

table! {
    use crate::db::types::DbUuid;
    use diesel::sql_types::*;

    pool_members (workspace_id, pool_id, is_admin, position) {
        workspace_id -> DbUuid,
        pool_id -> DbUuid,
        is_admin -> Bool,
        position -> Integer,
        user_id -> Nullable<DbUuid>,
        org_unit_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    holding_caps (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        scope -> Text,
        user_id -> Nullable<DbUuid>,
        role -> Nullable<Text>,
        org_unit_id -> Nullable<DbUuid>,
        cap -> Integer,
        exclude_won -> Bool,
        exclude_locked -> Bool,
        exclude_tier_ids -> DbJson,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbJson, DbUuid};
    use diesel::sql_types::*;

    recycle_rules (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        pool_id -> DbUuid,
        kind -> Text,
        days -> Integer,
        tier_days -> DbJson,
        extend_on -> DbJson,
        extend_days -> Nullable<Integer>,
        exclude -> DbJson,
        is_active -> Bool,
        changed_at -> DbInstant,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbUuid};
    use diesel::sql_types::*;

    customer_holdings (workspace_id, customer_id) {
        workspace_id -> DbUuid,
        customer_id -> DbUuid,
        since -> DbInstant,
        home_pool_id -> Nullable<DbUuid>,
        locked_until -> Nullable<DbInstant>,
        lock_reason -> Nullable<Text>,
        locked_by_id -> Nullable<DbUuid>,
        recycle_due_at -> Nullable<DbInstant>,
        recycle_rule_id -> Nullable<DbUuid>,
        owner_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbUuid};
    use diesel::sql_types::*;

    customer_collaborators (workspace_id, customer_id, user_id) {
        workspace_id -> DbUuid,
        customer_id -> DbUuid,
        user_id -> DbUuid,
        expires_at -> Nullable<DbInstant>,
        created_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
    }
}

table! {
    use crate::db::types::{DbInstant, DbUuid};
    use diesel::sql_types::*;

    planned_touches (workspace_id, id) {
        workspace_id -> DbUuid,
        id -> DbUuid,
        version -> BigInt,
        customer_id -> DbUuid,
        contact_id -> Nullable<DbUuid>,
        opportunity_id -> Nullable<DbUuid>,
        #[sql_name = "type"]
        touch_type -> Text,
        due_at -> DbInstant,
        summary -> Text,
        summary_fold -> Text,
        assignee_id -> DbUuid,
        status -> Text,
        touch_record_id -> Nullable<DbUuid>,
        cancelled_reason -> Nullable<Text>,
        completed_at -> Nullable<DbInstant>,
        created_at -> DbInstant,
        updated_at -> DbInstant,
        created_by_id -> Nullable<DbUuid>,
        deleted_at -> Nullable<DbInstant>,
        is_deleted_with_customer -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    workspaces,
    users,
    sessions,
    refresh_tokens,
    login_throttles,
    signing_keys,
    api_keys,
    dictionaries,
    dictionary_items,
    pools,
    tiers,
    customers,
    customer_profiles,
    contacts,
    contact_links,
    external_refs,
    lookup_keys,
    change_floors,
    changes,
    pipelines,
    stages,
    opportunities,
    stage_moves,
    touch_records,
    touch_record_contacts,
    planned_touches,
    customer_events,
    idempotency_keys,
    search_docs,
    custom_fields,
    custom_values,
    org_units,
    pool_members,
    holding_caps,
    recycle_rules,
    customer_holdings,
    customer_collaborators,
    notifications,
    jobs
);
