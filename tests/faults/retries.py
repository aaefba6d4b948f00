"""Retries with the same Idempotency-Key across kills: one object for each key, and every answer of a key is the same."""

import asyncio
from functools import partial

from shared import insist
from shared.wire import Broken, together

CALLERS = 16
BUSY = ("idempotency_in_progress", "overloaded", "database_unavailable")


class Caller:
    """Sends each request until it was answered, over whatever server there is; sometimes twice at once, or cut off at once."""

    def __init__(self, name, place):
        self.name, self.place, self.count, self.done = name, place, 0, []
        self.own, self.retries, self.waiting = None, 0, None

    def next(self):
        self.count += 1
        label = f"{self.name}-{self.count}"
        kind = self.place.random.choice("cpb") if self.own else "c"
        if kind == "c":
            return label, "POST", "/customers", {"name": label, "kind": "person"}
        if kind == "p":
            return label, "PATCH", f"/customers/{self.own['id']}", {"remarks": label}
        operations = [{"op": "create", "data": {"name": f"{label}-{part}", "kind": "person"}} for part in range(3)]
        return label, "POST", "/customers/batch", {"mode": "atomic", "operations": operations}

    async def insist(self, server, dead, again=False):
        """The next request, or the one that waits, until it is answered or the server is dead."""
        label, method, path, body = self.waiting = self.waiting or self.next()
        while not dead.is_set():
            api = server.api()
            try:
                if self.place.random.random() < 0.1 and not again:
                    # Given up by its client while it is on its way, and sent again at once.
                    lost = asyncio.ensure_future(api.call(method, path, body, {"Idempotency-Key": label}))
                    await asyncio.sleep(self.place.random.uniform(0, 0.01))
                    lost.cancel()
                    await asyncio.gather(lost, return_exceptions=True)
                calls = 2 if self.place.random.random() < 0.1 else 1
                others = [server.api() for _ in range(calls)]
                answers = await together(*(other.call(method, path, body, {"Idempotency-Key": label}) for other in others))
            except Broken:
                self.retries += 1
                continue
            finally:
                api.close()
            done = [answer for answer in answers if not (answer.status in (409, 503) and answer.code in BUSY)]
            for answer in done:
                answer.ok()
                insist(answer.body == done[0].body, f"two answers to {label}: {answer!r} and {done[0]!r}")
            if done:
                if method == "POST" and path == "/customers":
                    self.own = done[0].json()
                self.done.append((label, method, path, body, done[0]))
                self.waiting = None
                return
            self.retries += 1


async def run(place):
    kills = 200 if place.is_long else 8
    callers = [Caller(f"r{number}", place) for number in range(CALLERS)]
    server = await place.server()

    async def call(caller, dead):
        while not dead.is_set():
            await caller.insist(server, dead)

    for _ in range(kills):
        await server.kill_under(place.random.uniform(0.05, 0.6), *(partial(call, caller) for caller in callers))
        await server.start()
    for caller in callers:
        if caller.waiting:
            await caller.insist(server, asyncio.Event())
    await check(server, callers)
    server.check_log()
    count, retries = sum(len(caller.done) for caller in callers), sum(caller.retries for caller in callers)
    insist(retries >= kills, f"only {retries} retries: the kills met nobody")
    return f"{kills} kills, {count} keys, {retries} retries: one object each, every key's answers the same"


async def check(server, callers):
    """Everything once more, as its client would: the stored answer, and each name once."""
    expected, versions = {}, {}

    async def again(caller):
        api = server.api()
        for label, method, path, body, first in caller.done:
            answer = await api.call(method, path, body, {"Idempotency-Key": label})
            insist(answer.body == first.body and answer.status == first.status, f"{label} is answered {answer!r}, first was {first!r}")
            insist(answer.headers.get("idempotency-replayed") == "true", f"{label} was done again")
            insist(answer.headers.get("etag") == first.headers.get("etag"), f"{label} has another ETag")
            for row in [result["data"] for result in first.json()["results"]] if path.endswith("/batch") else [first.json()]:
                expected[row["id"]] = row["name"]
                versions[row["id"]] = max(row["version"], versions.get(row["id"], 0))
        api.close()

    await together(*(again(caller) for caller in callers))
    found, there, cursor, api = {}, {}, None, server.api()
    while True:
        page = (await api.call("POST", "/customers/search", {"limit": 200, "fields": ["id", "name", "version"], "cursor": cursor})).ok()
        found |= {row["id"]: row["name"] for row in page["data"]}
        there |= {row["id"]: row["version"] for row in page["data"]}
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    insist(len(set(found.values())) == len(found), "some objects were made twice")
    insist(found == expected, f"{len(set(found.items()) ^ set(expected.items()))} objects differ from the answers")
    insist(there == versions, "some changes were made twice")
