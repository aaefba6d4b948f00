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
    # All parameters together.
    (414, "uri_too_long"),
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
    "same_user",
    "may_not_own",
}

# Rules whose code is also told of what a schema can announce: only at these places.
PLACES = {
    ("exclusive_fields", r"/pool_id"),
    ("not_applicable", r"/[a-z_]+|/items/\d+/flags"),
    # By a member of the item, not by the whole of it.
    ("duplicate_item", r"/(items|options)/\d+/code|/operations/\d+/ref|/links/\d+(/customer_id)?"),
    ("required", r"/reason_code"),
    # Custom fields are the workspace's own: their names, and what their type makes of a value.
    ("unknown_field", r"/custom/[^/]+|/filter(/.+)?/field"),
    ("wrong_type", r"/(default|min|max)(/\d+)?|/custom/[^/]+(/\d+)?"),
    ("too_large", r"/(default|min|max)"),
    ("too_small", r"/(default|min|max)"),
    ("invalid_format", r"/(default|min|max)(/\d+)?|/pattern"),
    ("unknown_code", r"/default(/\d+)?"),
    # What a cap or a rule needs depends on its scope or kind; a member of a pool is one of two; so is what is marked as read.
    ("required", r"/(user_id|role|org_unit_id|ids)"),
    ("not_applicable", r"/rules/\d+/extend_days"),
    ("exclusive_fields", r"/(members|admins)/\d+|/up_to|/filter"),
    # Who gets what somebody leaves is one of three, and nobody twice.
    ("required", r"(/handover)?/to_user_id"),
    ("exclusive_fields", r"(/handover)?/(pool_id|split)"),
    ("duplicate_item", r"(/handover)?/split/\d+/user_id"),
    # The caller's user is one that another case may make a rep, who gives to itself only.
    ("not_owner", r"/(owner_id|assignee_id|customer_id)"),
    # Who gets more than it may have gets it for a reason.
    ("required", r"/reason"),
    # A pool says how many at once, and the time of the server how far ahead.
    ("too_many_items", r"/ids"),
    ("too_small", r"/until|/collaborators/\d+/expires_at"),
    ("too_large", r"/until"),
    # A field of the workspace's own may be required or retired: another request has made it so.
    ("required", r"/custom/[^/]+"),
    ("retired_field", r"/custom/[^/]+"),
    # Alike once what is null is left out.
    ("duplicate_item", r"/(members|admins)/\d+"),
    # The owner is no collaborator, and nobody is one twice.
    ("duplicate_item", r"/collaborators/\d+/user_id"),
    # A choice needs choices.
    ("too_few_items", r"/options"),
    # What `expand` would add, without `expand`; and what lies on the way to what it adds.
    ("unknown_field", r"/fields/\d+"),
    ("too_many_items", r"/expand"),
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
    meta = problem.get("meta") or {}
    if (status, code) == (400, "invalid_parameter"):
        return is_parameter_rule(case.query or {}, str(meta.get("parameter")), str(meta.get("expected")))
    if (status, code) == (400, "unknown_parameter"):
        # A custom field that the workspace does not have, or not with this operator.
        return str(meta.get("parameter")).startswith("custom.")
    errors = problem.get("errors") or []
    return status == 422 and code == "validation_failed" and bool(errors) and all(is_rule(case, error) for error in errors)


def is_parameter_rule(given, name, expected):
    """Rules between parameters, or between the parts of one."""
    if expected.startswith("used together with "):
        return True
    if name.startswith("custom."):
        # What its values are, the workspace has said, and another case may have said it.
        return True
    if name == "types":
        # Which ones there are says the description; more may come.
        return expected.startswith("types of changes")
    parts = str(given.get(name, ""))
    if name == "sort":
        fields = [key.removeprefix("-") for key in parts.split(",")]
        return len(set(fields)) < len(fields)
    if name == "expand":
        # What lies on the way to an object counts.
        return expected.startswith("up to 5 different ones, those on the way counted")
    # Which characters are letters and digits, patterns do not say alike.
    return name == "q" and not any(character.isalnum() for character in parts)


def is_rule(case, error):
    code, pointer = error["code"], error["pointer"]
    if case.operation.label.endswith("/search") and isinstance(case.body, dict) and pointer in ("/sort", "/q"):
        return is_parameter_rule(case.body, pointer[1:], code)
    if "/pools" in case.operation.label and re.match(r"/filter(/|$)", pointer):
        # Kept as it is sent: what it may be stands with the search of customers.
        return True
    if code in FIELDS or any(code == known and re.fullmatch(place, pointer) for known, place in PLACES):
        return True
    label = case.operation.label
    if label.endswith("/batch"):
        # What an operation needs depends on what it does, and its data is what that takes by itself. In parts, it fails alone.
        is_own = code in OPERATION and re.fullmatch(r"/operations/\d+/(id|external_ref|version|data)", pointer)
        is_whole = isinstance(case.body, dict) and case.body.get("mode") == "atomic"
        return is_whole and bool(is_own or re.match(r"/operations/\d+/data/", pointer))
    if code == "invalid_format" and re.match(r"(0001-01-01|9999-12-31)[Tt ]", str(value_at(case.body, pointer))):
        # In UTC it is in a year without four digits.
        return True
    if code == "read_only_field" and label.startswith("PATCH ") and "/by-ref/" in label:
        # What only creation sets is another value than that of the object which is there.
        return True
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
