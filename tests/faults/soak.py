"""No fault at all: writers, readers, searches, logins and a reader of the feed for a long while, and memory that does not grow."""

import asyncio, time

from shared import insist
from shared.books import Books, Writer, work_on
from shared.process import EMAIL, PASSWORD
from shared.wire import together

WRITERS, READERS = 4, 4
# The last fifth of the time beside the second: by how much memory may be more, in MiB and as a part.
MORE, PART = 8, 0.05

LISTS = ["/customers?limit=50", "/customers?q=w1&include_total=true", "/customers?sort=-updated_at&limit=200", "/customers?expand=owner,tier",
         "/me/worklist", "/meta/resources/customers"]
PARTS = ["", "?expand=owner", "/timeline", "/ownership", "/tree"]


async def read(server, writers, random, end, counted):
    api = server.api()
    while not end.is_set():
        own = random.choice(writers).own
        asked = random.choice(LISTS if not own else [*LISTS, *(f"/customers/{random.choice(own)}{part}" for part in PARTS)])
        answer = await api.call("GET", asked)
        insist(answer.status == 200, f"{asked}: {answer!r}")
        counted[0] += 1
    api.close()


async def search(server, random, end, counted):
    api = server.api()
    while not end.is_set():
        tree = {"or": [{"field": "name", "op": "starts_with", "value": f"w{random.randrange(9)}"}, {"not": {"field": "kind", "op": "eq", "value": "person"}}]}
        answer = await api.call("POST", "/customers/search", {"filter": tree, "limit": random.randrange(1, 200), "fields": ["id", "name"]})
        insist(answer.status == 200, f"a search: {answer!r}")
        refused = await api.call("POST", "/customers", {"name": "", "kind": random.choice("xyz"), "nonsense": [1] * random.randrange(300)})
        insist(refused.status == 422, f"a bad body: {refused!r}")
        counted[0] += 2
    api.close()


async def follow(server, books, end):
    api = server.api()
    while not end.is_set():
        await books.read_feed(api)
        await asyncio.sleep(0.1)
    api.close()


async def log_in(server, end):
    while not end.is_set():
        await server.login(EMAIL, PASSWORD)
        await asyncio.sleep(1)


async def run(place):
    seconds = 1200 if place.is_long else 10
    server, books, end, counted, samples = await place.server(), Books(), asyncio.Event(), [0], []
    idle = server.memory("VmRSS")
    writers = [Writer(f"w{number}", books, place.random) for number in range(WRITERS)]

    async def watch():
        until = time.perf_counter() + seconds
        while (now := time.perf_counter()) < until:
            samples.append(server.memory("VmRSS"))
            await asyncio.sleep(min(1, until - now))
        end.set()

    await together(
        watch(), log_in(server, end), follow(server, books, end), search(server, place.random, end, counted),
        *(work_on(writer, server, end, None, 0.02) for writer in writers),
        *(read(server, writers, place.random, end, counted) for _ in range(READERS)),
    )
    await books.compare(server.api())
    server.check_log()
    fifth = len(samples) // 5
    early, late = max(samples[fifth : 2 * fifth]), max(samples[-fifth:])
    text = (
        f"{books.acknowledged} writes, {counted[0]} reads in {seconds} s; idle {idle:.0f} MiB, "
        f"{early:.0f} in the second fifth, {late:.0f} in the last, {max(samples):.0f} at most"
    )
    place.bar(late - early <= max(MORE, early * PART), f"memory grows. {text}")
    return text
