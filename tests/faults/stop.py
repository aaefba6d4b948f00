"""SIGTERM under load: what was sent before a connection was closed gets its whole answer, and the exit status is 0."""

import asyncio, signal, time
from collections import Counter

from shared import insist
from shared.books import Books, Writer
from shared.wire import Broken, together

WRITERS, READERS, POLLERS = 16, 16, 4


class Load:
    """What happened to requests, by whether they were sent before the signal."""

    def __init__(self):
        self.told = None  # when the signal was sent
        self.counts = Counter()

    async def ask(self, api, call):
        """Makes one request; False when this connection is over."""
        began = time.perf_counter()
        try:
            answer = await call
        except Broken as why:
            is_refused = str(why).startswith("refused")
            was_before = self.told is None or began < self.told
            insist(not was_before, f"a request sent before the signal got no answer: {why}")
            insist(not why.is_partial, "an answer was cut off in the middle")
            self.counts["refused connections" if is_refused else "closed without an answer"] += 1
            return False
        if answer is not None:  # a writer checks its answers itself
            insist(answer.status == 200, f"{answer!r} under a signal")
        self.counts["before" if self.told is None else "answered after the signal"] += 1
        return api.writer is not None or self.told is None


async def write(writer, load, api):
    while await load.ask(api, writer.step(api)):
        pass


async def read(load, api, path, place):
    while await load.ask(api, api.call("GET", path)):
        await asyncio.sleep(place.random.uniform(0, 0.005))


async def poll(load, api):
    """Long polls are ended at once."""
    while await load.ask(api, api.call("GET", "/changes?after=latest&types=job.*&wait=25")):
        pass


async def run(place):
    rounds = 40 if place.is_long else 4
    books, counts, slowest = Books(), Counter(), 0.0
    writers = [Writer(f"w{number}", books, place.random) for number in range(WRITERS)]
    server = await place.server()
    for _ in range(rounds):
        load = Load()

        async def stop():
            nonlocal slowest
            await asyncio.sleep(place.random.uniform(0.3, 1.5))
            load.told = time.perf_counter()
            server.signal(signal.SIGTERM)
            status = await server.ended(40)
            slowest = max(slowest, time.perf_counter() - load.told)
            insist(status is not None, "it does not end within 40 s of SIGTERM")
            insist(status == 0, f"the exit status is {status}")

        readers = [read(load, server.api(), f"/customers?limit={limit}", place) for limit in [5, 200] * (READERS // 2)]
        await together(stop(), *(write(one, load, server.api()) for one in writers), *readers, *(poll(load, server.api()) for _ in range(POLLERS)))
        counts += load.counts
        place.check_files(server)
        await server.start()
        await together(*(writer.settle(server.api()) for writer in writers))
        await books.compare(server.api())
    await books.compare_all(server.api())
    server.check_log()
    seen = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    place.bar(slowest <= 5, f"stopping took {slowest:.1f} s. {seen}")
    return f"{rounds} stops, 0 failed in flight, exit 0 after {slowest:.2f} s at most; {seen}"
