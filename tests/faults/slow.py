"""Clients that send or read as slowly as they can: the others do not notice, and the slow ones are ended."""

import asyncio, contextlib, pathlib, socket, time
from collections import Counter

from shared import insist
from shared.herd import apart, part
from shared.wire import encode

CALLERS, SLOWER = 8, 2.0
# They come one after the other: what is tried is slowness, not a crowd.
ARRIVING = 3
# Seconds after which each kind must be gone: what the contract says (a head in 10 s, 10 s without a byte of a body, 60 s for all of
# it), and a little more. Who does not read his answer is given the time of a body. The framework gives a time to the first head of a
# connection only, so that a later one is not ended: it is counted, and does not fail.
MARGIN = 6
KINDS = {"slow head": 10, "stalled body": 10, "slow body": 60, "stalled reader": 60, "slow second head": None}


class Slow:
    """One slow client; `lived` is how long the server put up with it."""

    def __init__(self, kind, server, ends):
        self.kind, self.server, self.ends, self.lived, self.answer = kind, server, ends, None, b""

    async def run(self, later):
        await asyncio.sleep(later)
        host, port = self.server.address.rsplit(":", 1)
        loop, self.socket = asyncio.get_running_loop(), socket.socket()
        with contextlib.closing(self.socket) as mine:
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            mine.setblocking(False)
            await loop.sock_connect(mine, (host, int(port)))
            began = time.perf_counter()
            try:
                await getattr(self, self.kind.replace(" ", "_"))(loop, mine)
            except OSError:
                pass
            self.lived = time.perf_counter() - began

    async def heard_end(self, loop, mine, patience=None):
        """Whether the server said or did something within that time."""
        try:
            got = await asyncio.wait_for(loop.sock_recv(mine, 4096), patience)
        except asyncio.TimeoutError:
            return False
        self.answer += got
        while got:
            got = await loop.sock_recv(mine, 4096)
        return True

    async def drip(self, loop, mine, data):
        """A byte each second, until the server ends it."""
        for byte in data:
            await loop.sock_sendall(mine, bytes([byte]))
            if await self.heard_end(loop, mine, 1):
                return

    async def slow_head(self, loop, mine):
        await self.drip(loop, mine, encode("GET", "/livez", self.server.address, headers={"X-Slow": "x" * 500}))

    async def slow_second_head(self, loop, mine):
        await loop.sock_sendall(mine, encode("GET", "/livez", self.server.address))
        await loop.sock_recv(mine, 4096)
        await self.slow_head(loop, mine)

    async def slow_body(self, loop, mine):
        head = encode("POST", "/api/v1/customers", self.server.address, self.server.key, None, {"Content-Type": "application/json", "Content-Length": "1000"})
        await loop.sock_sendall(mine, head)
        await self.drip(loop, mine, b" " * 999)

    async def stalled_body(self, loop, mine):
        head = encode("POST", "/api/v1/customers", self.server.address, self.server.key, None, {"Content-Type": "application/json", "Content-Length": "1000"})
        await loop.sock_sendall(mine, head + b"{")
        await self.heard_end(loop, mine)

    async def stalled_reader(self, loop, mine):
        """Asks for megabytes and reads nothing; what becomes of it is seen on the server's side."""
        await loop.sock_sendall(mine, encode("GET", "/api/v1/customers?limit=200", self.server.address, self.server.key) * 4)
        port = mine.getsockname()[1]
        await asyncio.sleep(1)
        while self.ends.has(port):
            await asyncio.sleep(1)


class Ends:
    """The connections that a server still has its end of. The kernel's table is long: it is read once for all who ask within a moment,
    so that looking does not take the time of those who are measured."""

    FRESH = 0.9  # less than the second after which one is asked for first

    def __init__(self, server):
        self.port, self.remotes, self.read_at = int(server.address.rsplit(":", 1)[1]), set(), -1.0

    def has(self, remote):
        if time.monotonic() - self.read_at > self.FRESH:
            self.read_at, self.remotes = time.monotonic(), set(self.read())
        return remote in self.remotes

    def read(self):
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, _, _, _, _, _, _, inode, *_ = line.split()
            if inode != "0" and int(local.rsplit(":", 1)[1], 16) == self.port:
                yield int(remote.rsplit(":", 1)[1], 16)


async def fill(api):
    """Rows that make a list's answer big."""
    for start in range(4):
        data = {"kind": "organization", "remarks": "r" * 4900, "needs": "n" * 1900}
        operations = [{"op": "create", "data": data | {"name": f"C{start}-{number}"}} for number in range(60)]
        (await api.call("POST", "/customers/batch", {"mode": "atomic", "operations": operations})).ok()


async def run(place):
    rounds, seconds, each = (2, 20, 60) if place.is_long else (1, 5, 20)
    kinds = [kind for kind, limit in KINDS.items() if limit and (place.is_long or limit <= 10)]
    server = await place.server()
    api = server.api()
    await fill(api)
    id = (await api.call("GET", "/customers?limit=1")).ok()["data"][0]["id"]
    request = encode("GET", f"/api/v1/customers/{id}", server.address, server.key)
    calm, among, clients = [], [], []
    herd = lambda: apart(server.address, request, CALLERS, 0.005, seconds)
    await herd()
    for _ in range(rounds):
        calm += await herd()
        ends = Ends(server)
        clients = [Slow(kind, server, ends) for kind in KINDS for _ in range(each)]
        tasks = [asyncio.ensure_future(client.run(place.random.uniform(0, ARRIVING))) for client in clients]
        try:
            await asyncio.sleep(ARRIVING + 2)
            among += await herd()
            until = time.perf_counter() + max(KINDS[kind] for kind in kinds) + MARGIN - 2 - seconds
            while time.perf_counter() < until and any(client.lived is None for client in clients if client.kind in kinds):
                await asyncio.sleep(0.2)
            stay = Counter(client.kind for client in clients if client.kind in kinds and client.lived is None)
            insist(not stay, f"slow clients that are not ended in time: {dict(stay)}; their time is {KINDS}")
            left = Counter(client.kind for client in clients if client.lived is None)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    insist({status for *_, status in calm + among} == {200}, f"healthy clients were refused: {Counter(status for *_, status in calm + among)}")
    server.check_log()
    times = [sorted(took for _, took, _ in seen) for seen in (calm, among)]
    ratio = part(times[1], 0.99) / part(times[0], 0.99)
    lived = ", ".join(f"{kind} {max((client.lived for client in clients if client.kind == kind and client.lived), default=0):.0f} s" for kind in kinds)
    text = (
        f"{each} of each of {len(KINDS)} kinds: p99 of the others {part(times[1], 0.99) * 1000:.1f} ms, without them {part(times[0], 0.99) * 1000:.1f} ms: "
        f"{ratio:.2f} ×; ended after: {lived}; not ended by now: {', '.join(f'{count} × {kind}' for kind, count in left.items())}"
    )
    place.bar(ratio <= SLOWER, f"healthy clients notice. {text}")
    return text
