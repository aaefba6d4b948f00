"""1,000 callers on 4 connections of the database: who is refused is refused at once, who is admitted is not slowed down by the rest."""

import asyncio, random
from collections import Counter

from shared import insist
from shared.herd import Herd, part
from shared.wire import encode

CALLERS, CONNECTIONS, QUEUE = 1000, 4, 128
# Full, but not overloaded: nearly as many callers as there are places at the connections and in the queue in front of them. (Whoever
# leaves the queue for a connection counts in both for a moment.)
FULL = CONNECTIONS + QUEUE - 12
REFUSED, SLOWER = 0.05, 2.0


def pause(status):
    """A refused caller comes back when `Retry-After` says, not in step with all others."""
    return random.uniform(1.0, 1.5) if status == 503 else 0.0


async def run(place):
    seconds, rounds = (15, 4) if place.is_long else (4, 1)
    server = await place.server({"FISHPOND_DB_CONNECTIONS": str(CONNECTIONS), "FISHPOND_READ_QUEUE": str(QUEUE)})
    api = server.api()
    for start in range(4):
        data = [{"op": "create", "data": {"name": f"C{start}-{number}", "kind": "organization"}} for number in range(100)]
        (await api.call("POST", "/customers/batch", {"mode": "atomic", "operations": data})).ok()
    request = encode("GET", "/api/v1/customers?limit=20", server.address, server.key)
    seen = Counter()
    full, crowded, refused = [], [], []
    for _ in range(rounds):
        calm = await asyncio.to_thread(Herd(server.address, request, FULL, pause).run, seconds)
        statuses = Counter(status for *_, status in calm.seen)
        insist(set(statuses) == {200}, f"not everybody was admitted when there was a place for each: {statuses}")
        crowd = await asyncio.to_thread(Herd(server.address, request, CALLERS, pause, spread=1.0).run, seconds + 2)
        seen.update(status for *_, status in crowd.seen)
        began = min(asked for asked, *_ in crowd.seen) + 2
        full += calm.times(200)
        crowded += crowd.times(200, after=began)
        refused += crowd.times(503)
    insist(set(seen) <= {200, 503}, f"something else than 200 and 503: {seen}")
    insist(refused and crowded, f"{CALLERS} callers were no crowd: {seen}")
    answer = await api.call("GET", "/customers?limit=1")
    insist(answer.status == 200, f"afterwards it is not well: {answer!r}")
    server.check_log()
    full, crowded, refused = sorted(full), sorted(crowded), sorted(refused)
    ratio, late = part(crowded, 0.99) / part(full, 0.99), part(refused, 0.99)
    text = (
        f"admitted {len(crowded)}, p99 {part(crowded, 0.99) * 1000:.0f} ms, with {FULL} callers {part(full, 0.99) * 1000:.0f} ms: "
        f"{ratio:.2f} ×; refused {len(refused)}: p50 {part(refused, 0.5) * 1000:.1f}, p99 {late * 1000:.1f}, "
        f"at most {refused[-1] * 1000:.1f} ms; no 500"
    )
    place.bar(late < REFUSED, f"refusals take too long. {text}")
    place.bar(ratio <= SLOWER, f"the admitted wait more than {SLOWER} times as long. {text}")
    return text
