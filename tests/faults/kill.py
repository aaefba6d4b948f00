"""`kill -9` under 16 writers: nothing acknowledged is lost, no batch is half applied, the feed says what the rows say."""

from functools import partial

from shared import insist
from shared.books import Books, Writer, work
from shared.wire import together

WRITERS, RESTART = 16, 2.0


async def run(place):
    kills = 200 if place.is_long else 10
    books = Books()
    writers = [Writer(f"w{number}", books, place.random) for number in range(WRITERS)]
    server, starts = await place.server(), []
    for _ in range(kills):
        await server.kill_under(place.random.uniform(0.05, 1.0), *(partial(work, writer, server) for writer in writers))
        place.check_files(server)
        await server.start()
        starts.append((server.ready_in, server.listens_in))
        # Everybody finds out what became of the last request, and what has been written since the last time is compared.
        await together(*(writer.settle(server.api()) for writer in writers))
        await books.compare(server.api())
    await books.compare_all(server.api())
    server.check_log()
    insist(books.acknowledged >= kills * WRITERS, f"only {books.acknowledged} writes were acknowledged: that is no load")
    insist(books.unanswered >= kills, f"only {books.unanswered} writes were cut off: the kills met nobody")
    late, starts = sum(ready > RESTART for ready, _ in starts), sorted(starts)
    took = f"ready again in {starts[len(starts) // 2][0]:.2f} s (median), {starts[-1][0]:.2f} s at most (listens after {starts[-1][1]:.2f})"
    place.bar(not late, f"{late} of {kills} restarts took more than {RESTART} s: {took}")
    return (
        f"{kills} kills, {books.acknowledged} acknowledged writes, {books.unanswered} cut off, {len(books.rows)} rows = feed, "
        f"0 lost, 0 half; {took}"
    )
