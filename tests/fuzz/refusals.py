"""The refusals of valid requests that no schema can announce, by problem code. Whatever is not named here fails the run."""

import re

# Cursors are ours to make; versions and references are known to the database only.
PROBLEMS = {
    (400, "invalid_cursor"),
    (400, "cursor_mismatch"),
    (412, "version_conflict"),
    (412, "already_exists"),
    (412, "does_not_exist"),
    (422, "idempotency_key_reused"),
    (422, "workspace_required"),
    (422, "hierarchy_too_deep"),
    # The number of comparisons in a tree.
    (400, "filter_too_complex"),
}

# What a field refers to, or a rule between fields or with what is stored.
FIELDS = {
    "wrong_resource_type",
    "unknown_reference",
    "inactive_reference",
    "unrelated_reference",
    "unknown_code",
    "retired_code",
    "unknown_time_zone",
    "person_only",
    "date_in_future",
    "closed_stage",
    "not_reopened",
    "amount_required",
    "too_many_decimals",
    "common_password",
    "wrong_password",
    "same_password",
}

# Rules whose code is also told of what a schema can announce: only at these places.
PLACES = {
    ("exclusive_fields", r"/pool_id"),
    ("not_applicable", r"/[a-z_]+"),
    # By a member of the item, not by the whole of it.
    ("duplicate_item", r"/items/\d+/code|/operations/\d+/ref|/links/\d+(/customer_id)?"),
    ("required", r"/reason_code"),
    # Its last character is a checksum.
    ("invalid_format", r"/unified_social_credit_code"),
    # The lists of ISO 4217 and ISO 3166.
    ("invalid_format", r"(/[a-z_]+)?/currency|/base_currency|/address/country"),
}

# Of an operation in a batch.
OPERATION = {"required", "not_applicable", "exclusive_fields"}


def is_announced_by_no_schema(case, status, problem):
    """Whether this refusal of a valid request may be."""
    code = problem.get("code")
    if (status, code) in PROBLEMS:
        return True
    if status == 400 and code == "invalid_parameter":
        # One parameter needs another one.
        return str(problem.get("meta", {}).get("expected", "")).startswith("used together with ")
    errors = problem.get("errors") or []
    return status == 422 and code == "validation_failed" and bool(errors) and all(is_rule(case, error) for error in errors)


def is_rule(case, error):
    code, pointer = error["code"], error["pointer"]
    if code in FIELDS or any(code == known and re.fullmatch(place, pointer) for known, place in PLACES):
        return True
    label = case.operation.label
    if label.endswith("/batch"):
        # What an operation needs depends on what it does, and its data is what that takes by itself. In parts, it fails alone.
        is_own = code in OPERATION and re.fullmatch(r"/operations/\d+/(id|external_ref|version|data)", pointer)
        is_whole = isinstance(case.body, dict) and case.body.get("mode") == "atomic"
        return is_whole and bool(is_own or re.match(r"/operations/\d+/data/", pointer))
    if case.method == "PATCH":
        # A patch is merged into what is stored, which an upsert creates, and with its own reference.
        return (code == "required" and value_at(case.body, pointer) in (None, "")) or (code, pointer) == ("too_many_items", "/external_refs")
    return False


def value_at(body, pointer):
    for step in pointer.split("/")[1:]:
        if not isinstance(body, dict):
            return None
        body = body.get(step.replace("~1", "/").replace("~0", "~"))
    return body
