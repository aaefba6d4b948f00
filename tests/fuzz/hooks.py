"""What schemathesis cannot know of Fishpond: who calls, and which refusals no schema can announce. `.ci/fuzz.sh` loads it."""

import json
import os
import random
import zlib

import schemathesis
from callers import AS_KEY, Callers
from hypothesis import strategies as st
from refusals import is_announced_by_no_schema, is_rule
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData

callers = Callers()

# Coverage knows of headers only that they are letters and digits, and entity tags are neither.
schemathesis.openapi.format("entity-tag", st.just("*") | st.integers(1, 99).map('"v{}"'.format))

# Answers that say that the caller is not, or not any more, who it should be.
LOST = {
    "unauthenticated",
    "invalid_token",
    "expired_token",
    "invalid_api_key",
    "insufficient_scope",
    "insufficient_role",
    "password_change_required",
}

# What may do that to its own caller.
ENDS_CALLERS = {
    "POST /api/v1/auth/logout",
    "POST /api/v1/me/password",
    "POST /api/v1/users/{id}/password",
    "PATCH /api/v1/users/{id}",
    "POST /api/v1/api-keys/{id}/revoke",
}

# The request headers that a failure is told with.
HEADERS = {"Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"}

# What exists, as the answers told: external references by resource; ids by prefix, and those of what was deleted.
references, known, deleted = {}, {}, {}
MOST_IDS = 50

# The ids in answers that were given before, to the same request with its key: what was made then may be gone.
repeated = set()


if not AS_KEY:

    @schemathesis.auth(refresh_interval=None)
    class Bearer:
        def get(self, case, context):
            return callers.token()

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"


def token_of(case):
    return str((case.headers or {}).get("Authorization", "")).removeprefix("Bearer ")


def json_of(response):
    try:
        found = json.loads(response.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def number_of(value):
    """The same number for the same case, since failures are tried again."""
    return zlib.crc32(json.dumps(value, sort_keys=True, default=str).encode())


def existing(ids, like):
    """An id that exists, of the kind of this one, or this one."""
    found = ids.get(str(like).rpartition("_")[0]) if number_of(like) % 3 == 0 else None
    return found[number_of(like) % len(found)] if found else like


def learn(ids, identifier):
    found = ids.setdefault(str(identifier).rpartition("_")[0], [])
    if identifier not in found:
        del found[: len(found) - MOST_IDS + 1 if len(found) >= MOST_IDS else 0]
        found.append(identifier)


def from_elsewhere(request):
    """Failed logins are counted by address, and the server believes us when we name one."""
    request.headers["X-Forwarded-For"] = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}"
    return request


@schemathesis.hook
def before_call(context, case, kwargs):
    # Not among the case's own headers: schemathesis would look anew at what is wrong with them, and forget what it did.
    kwargs["auth"] = from_elsewhere
    is_ours = token_of(case) in callers.ours
    if is_ours and token_of(case) != callers.token():
        case.headers["Authorization"] = f"Bearer {callers.token()}"
    is_positive = case.meta is not None and case.meta.generation.mode.is_positive
    if is_positive and case.method == case.operation.method.upper():
        make_likely(case, is_ours and not AS_KEY)


def make_likely(case, is_person):
    """Puts in what nobody can guess, into a third of the cases."""
    label = case.operation.label
    # What follows a link is about the object that the link is of.
    if "id" in case.path_parameters and case.meta.phase.name.value != "stateful":
        case.path_parameters["id"] = existing(deleted if label.endswith("/restore") else known, case.path_parameters["id"])
    if label == "POST /api/v1/auth/logout" and is_person:
        case.headers["Authorization"] = f"Bearer {callers.walk().token}"
    elif label.startswith("GET ") and "/by-ref/" in label and number_of(case.path_parameters) % 3 == 0:
        case.path_parameters.update(references.get(label.split("/")[3], {}))
    if not isinstance(case.body, dict):
        return
    ids = [name for name, value in case.body.items() if name.endswith("_id") and isinstance(value, str)]
    case.body = {**case.body, **{name: existing(known, case.body[name]) for name in ids}}
    if number_of(case.body) % 3:
        return
    if label == "POST /api/v1/auth/login":
        case.body = callers.walk().credentials()
    elif label == "POST /api/v1/auth/refresh":
        case.body = {"refresh_token": callers.walk().refresh_token}
    elif label == "POST /api/v1/me/password" and is_person:
        walker = callers.walk()
        case.headers["Authorization"] = f"Bearer {walker.token}"
        case.body = {**case.body, "current_password": walker.password}


@schemathesis.hook
def after_call(context, case, response):
    label, is_done = case.operation.label, response.status_code < 300
    if is_done and label == "POST /api/v1/me/password" and "idempotency-replayed" not in response.headers:
        callers.walker.password = case.body["new_password"]
    if is_done and case.method == "DELETE":
        learn(deleted, case.path_parameters["id"])
    if is_done and label in ENDS_CALLERS:
        callers.may_be_lost = True
    answer = json_of(response) if is_done else {}
    if "idempotency-replayed" in response.headers:
        repeated.add(answer.get("id"))
    for one in [answer, *(answer.get("data") or [])]:
        if isinstance(one, dict) and isinstance(one.get("id"), str):
            learn(known, one["id"])
            references.update({label.split("/")[3]: reference for reference in one.get("external_refs") or []})


@schemathesis.check
def caller_is_known(ctx, response, case):
    """The caller that the run is made with is refused only after something was done to it. Then there is another one."""
    if token_of(case) != callers.main.token or json_of(response).get("code") not in LOST:
        return
    was_explained = callers.may_be_lost
    callers.replace()
    if not was_explained:
        raise AssertionError(f"The caller was refused: {json_of(response).get('code')}")


def is_as_declared(case):
    """Links fill parameters with whatever looks like their value, and do not say when it is none."""
    for parameters in (case.operation.query, case.operation.path_parameters, case.operation.headers):
        for parameter in parameters:
            given = (case.get_container(parameter.location) or {}).get(parameter.name)
            if given is not None and not parameter.get_validator().is_valid(given):
                return False
    return True


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if isinstance(failure, AcceptedNegativeData) and response.status_code in (413, 414):
        # It was too large to be looked at.
        return False
    if isinstance(failure, EnsureResourceAvailability) and case.path_parameters.get("id") in repeated:
        return False
    if isinstance(failure, RejectedPositiveData):
        if is_announced_by_no_schema(case, response.status_code, json_of(response)):
            return False
        if case.meta.phase.name.value == "stateful" and not is_as_declared(case):
            return False
    if path := os.environ.get("FUZZ_FAILURES"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(described(failure, case, response)) + "\n")
    return True


def described(failure, case, response):
    body, problem = response.request.body or b"", json_of(response)
    data = case.meta.phase.data if case.meta else None
    if isinstance(failure, RejectedPositiveData):
        problem["errors"] = [error for error in problem.get("errors") or [] if not is_rule(case, error)]
    return {
        "operation": case.operation.label,
        "failure": type(failure).__name__,
        "message": failure.message,
        "status": response.status_code,
        "request": f"{response.request.method} {response.request.url}",
        "headers": {name: value for name, value in response.request.headers.items() if name in HEADERS},
        "body": body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body),
        "problem": problem,
        "case": data.description if data else None,
    }
