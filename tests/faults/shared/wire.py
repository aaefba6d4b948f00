"""HTTP/1.1 on asyncio: small enough to see when exactly something was sent, cut off or answered."""

import asyncio, json, time

from . import Failed

PATIENCE = 60


class Broken(Exception):
    """The connection ended without a whole answer. `is_partial`: a part of one had come."""

    def __init__(self, text, is_partial=False):
        super().__init__(text)
        self.is_partial = is_partial


class Away(Failed):
    """A 503 where a success was due."""


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def code(self):
        return self.headers.get("error-code")

    def ok(self):
        if not 200 <= self.status < 300:
            kind = Away if self.status == 503 else Failed
            raise kind(f"an answer {self.status} where a success was due: {self.body[:400]!r}")
        return self.json()

    def __repr__(self):
        return f"{self.status} {self.code or ''} {self.body[:200]!r}"


def encode(method, path, host, token=None, body=None, headers=None):
    lines = {"Host": host}
    if token:
        lines["Authorization"] = f"Bearer {token}"
    if body is not None:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b"")


async def read_answer(reader, began=None):
    """One whole answer, or `Broken`."""
    got = b""
    try:
        got = await reader.readuntil(b"\r\n\r\n")
        first, *lines = got.decode("latin-1").split("\r\n")
        status = int(first.split(" ", 2)[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        if status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
        else:
            body = await reader.readexactly(int(headers.get("content-length", "0")))
    except asyncio.IncompleteReadError as error:
        raise Broken("closed", bool(got or error.partial)) from None
    except OSError as error:
        raise Broken(type(error).__name__, bool(got)) from None
    return Answer(status, headers, body, time.perf_counter() - (began or time.perf_counter()))


class Connection:
    """One keep-alive connection of one caller; opened again when it is gone."""

    def __init__(self, address, token=None, hear=None):
        """`hear(sent_at, answer)` is told of each answer."""
        self.address, self.token, self.hear = address, token, hear
        self.reader = self.writer = None

    async def open(self):
        host, port = self.address.rsplit(":", 1)
        try:
            self.reader, self.writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
        except OSError as error:
            raise Broken(f"refused: {type(error).__name__}") from None

    async def call(self, method, path, body=None, headers=None, patience=PATIENCE):
        """The answer, whatever its status, or `Broken`."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if self.writer is None or self.writer.is_closing() or self.reader.at_eof():
            self.close()
            await self.open()
        path = path if path.startswith(("/livez", "/readyz")) else f"/api/v1{path}"
        try:
            began = time.perf_counter()
            self.writer.write(encode(method, path, self.address, self.token, body, headers))
            answer = await asyncio.wait_for(read_answer(self.reader, began), patience)
        except asyncio.TimeoutError:
            self.close()
            raise Failed(f"no answer to {method} {path} in {patience} s") from None
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection") == "close":
            self.close()
        if self.hear:
            self.hear(began, answer)
        return answer

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


async def together(*calls):
    """All of them at once; the first failure ends the others."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        # A task whose answer comes in the same moment does not hear that it is cancelled (`wait_for`), and goes on.
        while running := [task for task in tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=0.1)
        await asyncio.gather(*tasks, return_exceptions=True)
