"""PostgreSQL goes away under load and comes back: callers see 503 with Retry-After and nothing else, then all is well."""

import asyncio, signal, time
from collections import Counter

from shared import insist
from shared.books import Books, Writer, work_on
from shared.wire import together

WRITERS, READERS, BACK = 16, 8, 5.0


class Seen:
    """Every answer that anybody got: when it was asked, when it came, and what it was."""

    def __init__(self):
        self.answers = []

    def note(self, sent, answer):
        self.answers.append((sent, time.perf_counter(), answer.status))
        if answer.status == 503:
            insist("retry-after" in answer.headers, f"a 503 without Retry-After: {answer!r}")
            insist(answer.headers.get("content-type") == "application/problem+json", f"a 503 that is no problem: {answer!r}")
        else:
            insist(200 <= answer.status < 300, f"neither a success nor 503: {answer!r}")


async def read(server, seen, end):
    api = server.api(seen.note)
    while not end.is_set():
        answer = await api.call("GET", "/customers?limit=20")
        await asyncio.sleep(0.1 if answer.status == 503 else 0.005)
    api.close()


async def probe(server, end):
    """The process stays alive, and says of itself whether it is ready."""
    api, ready = server.connection(), Counter()
    while not end.is_set():
        insist((await api.call("GET", "/livez")).status == 200, "livez failed")
        answer = await api.call("GET", "/readyz")
        insist(answer.status in (200, 503), f"readyz says {answer!r}")
        ready[answer.status] += 1
        await asyncio.sleep(0.05)
    return ready


async def run(place):
    rounds = 20 if place.is_long else 2
    books, seen, server = Books(), Seen(), await place.server()
    writers = [Writer(f"w{number}", books, place.random) for number in range(WRITERS)]
    slowest, statuses, away = 0.0, Counter(), 0.0
    for turn in range(rounds):
        end, seen.answers = asyncio.Event(), []

        async def fault():
            nonlocal slowest, away
            await asyncio.sleep(place.random.uniform(0.5, 1.5))
            went = time.perf_counter()
            await place.cluster.stop(signal.SIGQUIT if turn % 2 else signal.SIGINT)
            await asyncio.sleep(place.random.choice([0, 1, 4]))
            await place.cluster.start()
            back = time.perf_counter()
            away += back - went
            # Long enough that whoever is refused too late is seen.
            await asyncio.sleep(BACK + 1)
            end.set()
            late = [at - back for at, _, status in seen.answers if status == 503 and at > back]
            good = [done - back for at, done, status in seen.answers if status < 300 and at > back]
            insist(good, "nothing succeeds after the cluster is back")
            slowest = max([slowest, min(good), *late])
            insist(slowest <= BACK, f"503 still {slowest:.1f} s after the cluster was back")

        *_, ready = await together(fault(), *(work_on(one, server, end, seen.note, 0.1) for one in writers), *(read(server, seen, end) for _ in range(READERS)), probe(server, end))
        statuses.update(status for *_, status in seen.answers)
        insist(ready[200], "readyz did not come back")
        await together(*(writer.settle(server.api()) for writer in writers))
        await books.compare(server.api())
    await books.compare_all(server.api())
    insist(statuses[503] >= rounds, f"the restarts met nobody: {statuses}")
    server.check_log()
    return (
        f"{rounds} restarts, away for {away:.1f} s: {statuses[503]} × 503, no other refusal, "
        f"normal again after {slowest:.2f} s at most, {books.acknowledged} acknowledged writes are there"
    )
