"""A full disk under SQLite: writes are refused plainly and nothing is lost, reads go on, and with space again all is well by itself."""

import asyncio, contextlib, errno, os, subprocess
from collections import Counter

from shared import Skipped, insist
from shared.books import Books, Writer, work_on
from shared.wire import together

# The disk has room for what all rounds write on a fast machine: it is full when something else takes the rest, and only then.
WRITERS, SIZE = 8, 64


@contextlib.contextmanager
def small_disk(folder):
    folder.mkdir()
    if os.getuid() != 0:
        raise Skipped("a small disk can only be mounted by root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "fishpond-faults", folder], capture_output=True, text=True)
    if mounted.returncode:
        raise Skipped(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


async def run(place):
    rounds = 10 if place.is_long else 2
    with small_disk(place.folder / "disk") as disk:
        server = await place.server(url=f"sqlite://{disk}/fishpond.db")
        try:
            return await fill(place, server, disk, rounds)
        finally:
            server.kill()


async def fill(place, server, disk, rounds):
    books, total = Books(), Counter()
    writers = [Writer(f"w{number}", books, place.random) for number in range(WRITERS)]
    for turn in range(rounds):
        seen, end = Counter(), asyncio.Event()

        async def fault():
            await asyncio.sleep(0.5)
            # Everything that is left, but for some pages: the disk gets full in the middle of a group.
            room = os.statvfs(disk).f_bavail * 4096
            try:
                (disk / "ballast").write_bytes(bytes(max(0, room - place.random.randrange(4, 400) * 1024)))
            except OSError as error:
                # The server took the rest in the meantime: it is full.
                insist(error.errno == errno.ENOSPC, str(error))
            for _ in range(300):
                await asyncio.sleep(0.05)
                if seen[503, "storage_full"] >= 20:
                    break
            insist(seen[503, "storage_full"] >= 20, f"the disk is full and writes are not refused as that: {seen}")
            before = seen.copy()
            api = server.api()
            for _ in range(20):
                insist((await api.call("GET", "/customers?limit=50")).status == 200, "reads do not go on")
                insist((await server.connection().call("GET", "/livez")).status == 200, "livez fails")
            (disk / "ballast").unlink()
            done, written = before[201, None], 0
            for _ in range(100):
                await asyncio.sleep(0.05)
                if (written := seen[201, None] - done) >= WRITERS:
                    break
            insist(written >= WRITERS, f"there is space again and writes do not work: {seen}")
            end.set()

        def note(_, answer):
            seen[answer.status, answer.code] += 1
            if answer.status == 503:
                # Some writes may go on all the same, where the log begins anew: what is refused is refused well.
                insist(answer.headers["content-type"] == "application/problem+json" and "retry-after" in answer.headers, f"{answer!r}")

        await together(fault(), *(work_on(writer, server, end, note, 0.02) for writer in writers))
        total += seen
        others = {key: count for key, count in seen.items() if key[0] >= 400 and key != (503, "storage_full")}
        insist(not others, f"other refusals than a full disk: {others}")
        await together(*(writer.settle(server.api()) for writer in writers))
        await books.compare(server.api())
        if turn % 2:
            # What was acknowledged is on the disk, not only in the process.
            server.kill()
            place.check_files(server)
            await server.start()
            await books.compare(server.api())
    await books.compare_all(server.api())
    server.kill()
    place.check_files(server)
    return (
        f"{rounds} times full: {total[503, 'storage_full']} × 503 storage_full, {books.acknowledged} acknowledged writes are there, "
        "reads went on, writes again without a restart, integrity ok"
    )
