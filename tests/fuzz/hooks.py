"""What schemathesis cannot know of Fishpond: who calls, and which refusals no schema can announce. `.ci/fuzz.sh` loads it."""

import json
import os
import zlib

import schemathesis
from callers import AS_KEY, Callers, address
from refusals import is_announced_by_no_schema, is_rule
from schemathesis.openapi.checks import RejectedPositiveData

callers = Callers()

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

# External references that exist, by resource.
references = {}


if not AS_KEY:

    @schemathesis.auth(refresh_interval=None)
    class Bearer:
        def get(self, case, context):
            return callers.token()

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"


def token_of(case):
    return str((case.headers or {}).get("Authorization", "")).removeprefix("Bearer ")


def problem_of(response):
    try:
        found = json.loads(response.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def one_in_three(value):
    """The same answer for the same case, since failures are tried again."""
    return zlib.crc32(json.dumps(value, sort_keys=True, default=str).encode()) % 3 == 0


@schemathesis.hook
def before_call(context, case, **kwargs):
    case.headers["X-Forwarded-For"] = address()
    is_ours = token_of(case) in callers.ours
    if is_ours:
        case.headers["Authorization"] = f"Bearer {callers.token()}"
    is_positive = case.meta is not None and case.meta.generation.mode.is_positive
    if is_positive and case.method == case.operation.method.upper():
        make_likely(case, is_ours and not AS_KEY)


def make_likely(case, is_person):
    """Puts in what nobody can guess."""
    label = case.operation.label
    if label == "POST /api/v1/auth/logout" and is_person:
        case.headers["Authorization"] = f"Bearer {callers.walk().token}"
    elif label.startswith("GET ") and "/by-ref/" in label and one_in_three(case.path_parameters):
        case.path_parameters.update(references.get(label.split("/")[3], {}))
    elif not isinstance(case.body, dict) or not one_in_three(case.body):
        return
    elif label == "POST /api/v1/auth/login":
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
    if is_done and label.startswith("PATCH ") and "/by-ref/" in label and response.status_code != 204:
        references[label.split("/")[3]] = dict(case.path_parameters)
    if is_done and label in ENDS_CALLERS:
        callers.may_be_lost = True


@schemathesis.check
def caller_is_known(ctx, response, case):
    """The caller that the run is made with is refused only after something was done to it. Then there is another one."""
    if token_of(case) != callers.main.token or problem_of(response).get("code") not in LOST:
        return
    was_explained = callers.may_be_lost
    callers.replace()
    callers.lost += 1
    if not was_explained:
        raise AssertionError(f"The caller was refused: {problem_of(response).get('code')}")


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
    if isinstance(failure, RejectedPositiveData):
        if is_announced_by_no_schema(case, response.status_code, problem_of(response)):
            return False
        if case.meta.phase.name.value == "stateful" and not is_as_declared(case):
            return False
    if path := os.environ.get("FUZZ_FAILURES"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(described(failure, case, response)) + "\n")
    return True


def described(failure, case, response):
    body, problem = response.request.body or b"", problem_of(response)
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
