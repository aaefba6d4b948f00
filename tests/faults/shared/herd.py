"""Many callers who ask one thing over and over, measured without asyncio's own delays: one epoll loop in a thread."""

import asyncio, concurrent.futures, multiprocessing, random, select, socket, time

SHORTEST = 0.001


class Herd:
    """`callers` keep-alive connections, each of which sends `request` again as soon as it was answered, or after `pause(status)`
    seconds. `seen` has (asked at, seconds, status); status 0 is a connection that broke."""

    def __init__(self, address, request, callers, pause=lambda status: 0.0, spread=0.0):
        host, port = address.rsplit(":", 1)
        self.to, self.request, self.callers, self.pause, self.spread = (host, int(port)), request, callers, pause, spread
        self.seen, self.is_over = [], False

    def open(self):
        connection = socket.create_connection(self.to, timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        return connection

    def run(self, seconds):
        """Asks for that long; the last answers are waited for."""
        poll, now = select.epoll(), time.perf_counter()
        open = {}  # descriptor -> [connection, asked at or None, due at, bytes so far, whole length]
        for _ in range(self.callers):
            connection = self.open()
            poll.register(connection.fileno(), select.EPOLLIN)
            open[connection.fileno()] = [connection, None, now + random.uniform(0, self.spread), b"", None]
        end = time.perf_counter() + seconds
        waiting = set(open)  # those who pause
        while True:
            now = time.perf_counter()
            is_over = now > end or self.is_over
            if is_over and len(waiting) == len(open) or now > end + 30:
                break
            for key in [key for key in waiting if open[key][2] <= now] if not is_over else []:
                waiting.discard(key)
                one = open[key]
                one[1], one[3], one[4] = time.perf_counter(), b"", None
                try:
                    one[0].send(self.request)
                except OSError:
                    self.lost(poll, open, waiting, key)
            events = poll.poll(SHORTEST)
            now = time.perf_counter()
            for key, _ in events:
                one = open.get(key)
                if one is None:
                    continue
                try:
                    got = one[0].recv(1 << 18)
                except BlockingIOError:
                    continue
                except OSError:
                    got = b""
                if not got:
                    self.lost(poll, open, waiting, key)
                    continue
                one[3] += got
                if one[4] is None and (at := one[3].find(b"\r\n\r\n")) >= 0:
                    head = one[3][:at].lower()
                    start = head.find(b"content-length:")
                    one[4] = at + 4 + (int(head[start + 15 :].split(b"\r", 1)[0]) if start >= 0 else 0)
                if one[4] is not None and len(one[3]) >= one[4] and one[1] is not None:
                    status = int(one[3][9:12])
                    self.seen.append((one[1], now - one[1], status))
                    one[1], one[2] = None, now + self.pause(status)
                    waiting.add(key)
        for one in open.values():
            one[0].close()
        return self

    def lost(self, poll, open, waiting, key):
        one = open.pop(key)
        if one[1] is not None:
            self.seen.append((one[1], time.perf_counter() - one[1], 0))
        waiting.discard(key)
        poll.unregister(key)
        one[0].close()
        connection = self.open()
        poll.register(connection.fileno(), select.EPOLLIN)
        open[connection.fileno()] = [connection, None, time.perf_counter() + 0.1, b"", None]
        waiting.add(connection.fileno())

    def times(self, *statuses, after=0.0):
        return sorted(took for asked, took, status in self.seen if status in statuses and asked >= after)


def part(times, share):
    """The time within which that share of the answers came."""
    return times[min(len(times) - 1, int(len(times) * share))] if times else float("nan")


def ask(address, request, callers, pause, seconds):
    return Herd(address, request, callers, lambda _: pause).run(seconds).seen


async def apart(*arguments):
    """`ask` in a process of its own: what this process does meanwhile must not show in the times."""
    forking = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(1, forking) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, ask, *arguments)
