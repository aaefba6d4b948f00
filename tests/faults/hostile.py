"""Hostile requests: each is refused with a 4xx problem, nothing is stored, and memory stays flat."""

import asyncio, json, zlib

from shared import insist
from shared.wire import Broken, encode, read_answer, together

# At a time, and what the process may have at most above what it had after a warm-up of ordinary requests, in MiB. A body of a batch
# has up to 2 MiB; parsed it is some ten times that.
AT_ONCE, MEMORY = 4, 128
MIB = 1 << 20


def customer(**members):
    return json.dumps({"name": "H", "kind": "person"} | members).encode()


def searched(filter):
    return json.dumps({"filter": filter}).encode()


def leaf(value="x"):
    return {"field": "name", "op": "eq", "value": value}


def nested(depth):
    tree = leaf()
    for _ in range(depth):
        tree = {"not": tree}
    return tree


def batch(operations):
    return json.dumps({"mode": "atomic", "operations": operations}).encode()


def create(**members):
    return {"op": "create", "data": {"name": "H", "kind": "person"} | members}


def bomb(size):
    """A gzip of that many MiB of zeros."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([squeeze.compress(bytes(MIB)) for _ in range(size)] + [squeeze.flush()])


def bodies():
    """Name, path, body, headers, the statuses that are right."""
    to, search, batches = "/customers", "/customers/search", "/customers/batch"
    gzip = bomb(1000)
    for encoding in ("gzip", "br", "deflate", "zstd", "x-gzip", "gzip, gzip", "identity, gzip", "GZIP"):
        yield f"a bomb of 1,000 MiB, {encoding}", to, gzip, {"Content-Encoding": encoding}, (415,)
    for depth in (33, 1000, 100_000, 500_000):
        yield f"{depth} arrays deep", to, b"[" * depth + b"]" * depth, {}, (400,)
        yield f"{depth} arrays deep, never closed", to, b"[" * depth, {}, (400,)
        yield f"{depth} objects deep", to, b'{"a":' * min(depth, 170_000) + b"1" + b"}" * min(depth, 170_000), {}, (400,)
        yield f"custom {depth} deep", to, b'{"name":"H","kind":"person","custom":' + b'{"a":' * min(depth, 170_000) + b"1" + b"}" * min(depth, 170_000) + b"}", {}, (400,)
    yield "a key twice", to, b'{"name":"H","name":"I","kind":"person"}', {}, (400,)
    yield "a key twice, escaped", to, b'{"name":"H","n\\u0061me":"I","kind":"person"}', {}, (400,)
    yield "a key twice, nested", to, b'{"name":"H","kind":"person","address":{"city":"a","city":"b"}}', {}, (400,)
    yield "10,001 keys", to, json.dumps({f"k{number}": 1 for number in range(10_001)}).encode(), {}, (400,)
    yield "100,000 keys", to, b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}", {}, (400,)
    yield "9,999 unknown keys", to, json.dumps({f"k{number}": 1 for number in range(9_999)}).encode(), {}, (422,)
    yield "9,999 unknown keys of 90 characters", to, json.dumps({f"{number:090}": 1 for number in range(9_999)}).encode(), {}, (422,)
    yield "keys of 90 kB", to, json.dumps({f"{number:090000}": 1 for number in range(11)}).encode(), {}, (422,)
    yield "NUL, escaped", to, customer(remarks="a\0b"), {}, (400, 422)
    yield "NUL, raw", to, b'{"name":"a\0b","kind":"person"}', {}, (400,)
    yield "NUL between", to, b'{"name":"a",\0"kind":"person"}', {}, (400,)
    yield "NUL in a key", to, b'{"name":"a","kind":"person","a\\u0000":1}', {}, (400, 422)
    for text in (rb"\ud800", rb"\udc00", rb"\ud800\ud800", rb"\ud800A", rb"\udfff\ud800"):
        yield f"a lone surrogate {text.decode()}", to, b'{"name":"' + text + b'","kind":"person"}', {}, (400,)
    for text in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe4\xb8"):
        yield f"no UTF-8: {text.hex()}", to, b'{"name":"' + text + b'","kind":"person"}', {}, (400,)
    for number in ("1e999999", "-1e999999", "1" * 100_000, "1e400", "0." + "1" * 100_000, "9" * 30, "-1", "1.5", "NaN", "Infinity"):
        yield f"the number {number[:12]}", to, b'{"name":"H","kind":"person","employee_count":' + number.encode() + b"}", {}, (400, 422)
    yield "a name of 1 MB", to, customer(name="x" * 1_000_000), {}, (422,)
    yield "200,000 references", to, customer(industries=["a"] * 200_000), {}, (400, 422)
    yield "450,000 wrong references", to, b'{"name":"H","kind":"person","industries":[' + b",".join([b"1"] * 450_000) + b"]}", {}, (400, 422)
    yield "19,999 wrong references", to, b'{"name":"H","kind":"person","industries":[' + b",".join([b"1"] * 19_999) + b"]}", {}, (422,)
    yield "500,000 items in a batch", batches, b'{"mode":"atomic","operations":[' + b",".join([b"1"] * 500_000) + b"]}", {}, (400,)
    yield "nothing", to, b"", {}, (400, 422)
    yield "no object", to, b"[1]", {}, (422,)
    yield "spaces only", to, b" " * 1_000_000, {}, (400,)
    yield "a filter with 1,000 leaves", search, searched({"and": [leaf()] * 1000}), {}, (400, 422)
    yield "a filter with 9,000 leaves", search, searched({"or": [leaf()] * 3_000}), {}, (400, 422)
    yield "a filter 12 deep", search, searched(nested(12)), {}, (400, 422)
    yield "a filter 30 deep", search, searched(nested(28)), {}, (400, 422)
    yield "a filter 300 deep", search, searched(nested(300)), {}, (400, 422)
    yield "in with 9,000 values", search, searched({"field": "name", "op": "in", "value": ["x"] * 9_000}), {}, (400, 422)
    yield "a filter of 900 kB of text", search, searched(leaf("x" * 900_000)), {}, (400, 422)
    yield "and in and in and, each with 20", search, searched({"and": [{"or": [{"and": [leaf()] * 20}] * 20}] * 7}), {}, (400, 422)
    yield "500 sort keys", search, json.dumps({"sort": ",".join(["name"] * 500)}).encode(), {}, (400, 422)
    yield "a cursor of 500 kB", search, json.dumps({"cursor": "A" * 500_000}).encode(), {}, (400, 422)
    yield "q of 500 kB", search, json.dumps({"q": "x " * 250_000}).encode(), {}, (400, 422)
    yield "501 operations", batches, batch([create()] * 501), {}, (422,)
    yield "60,001 keys in a batch", batches, batch([create(custom={f"k{number}": 1 for number in range(130)})] * 499), {}, (400,)
    yield "499 operations of unknown keys", batches, batch([create(custom={f"k{number}": 1 for number in range(110)})] * 499), {}, (422,)
    yield "nothing but ops", batches, batch([{"op": "x"}] * 500), {}, (422,)
    yield "a batch of 3 MB", batches, batch([create(remarks="x" * 6_000)] * 500), {}, (413,)
    yield "another type", to, b"<a/>", {"Content-Type": "application/xml"}, (415,)
    yield "UTF-16", to, customer().decode().encode("utf-16"), {}, (400,)


def heads():
    """Name, target, headers, the statuses that are right: what the parser itself refuses may be bare."""
    list = "/api/v1/customers"
    yield "a query of 9 kB", f"{list}?q={'x' * 9_000}", {}, (414, 431)
    yield "a query of 200 kB", f"{list}?q={'x' * 200_000}", {}, (414, 431)
    yield "2,000 parameters", f"{list}?{'&'.join(['a=1'] * 1_900)}", {}, (400,)
    yield "a path of 60 kB", f"{list}/{'x' * 60_000}", {}, (414,)
    yield "a path of 4,000 parts", f"/api/v1/{'a/' * 4_000}", {}, (404,)
    yield "q with 2,000 words", f"{list}?q={'%20'.join(['ab'] * 1_500)}", {}, (400,)
    yield "in with 2,000 values", f"{list}?kind[in]={','.join(['person'] * 1_000)}", {}, (400,)
    yield "percent signs", f"{list}?name=%ff%fe%00", {}, (400,)
    yield "NUL in the query", f"{list}?name=%00", {}, (400,)
    yield "a cursor of 7 kB", f"{list}?cursor={'A' * 7_000}", {}, (400,)
    yield "a limit of 100 digits", f"{list}?limit={'9' * 100}", {}, (400,)
    yield "an expand of 500", f"{list}?expand={','.join(['owner'] * 500)}", {}, (400,)
    yield "a header of 200 kB", list, {"X-A": "x" * 200_000}, (400, 431)
    yield "5,000 headers", list, {f"X-{number}": "x" for number in range(5_000)}, (400, 431)
    yield "cookies of 60 kB", f"{list}/x", {"Cookie": "; ".join(f"a{number}=b" for number in range(8_000))}, (404, 400, 431)
    yield "a token of 60 kB", list, {"Authorization": "Bearer " + "x" * 60_000}, (401,)
    yield "an If-Match of 60 kB", f"{list}/x", {"If-Match": ",".join(['"v1"'] * 10_000)}, (404, 400)
    yield "a key of 60 kB", list, {"Idempotency-Key": "x" * 60_000, "Accept": "text/html"}, (406,)
    yield "languages of 60 kB", f"{list}/x", {"Accept-Language": ",".join(["zh;q=0.1"] * 6_000)}, (404,)


def framings(host, key):
    """Name and bytes that are no request, or none that the parser takes: they may be refused bare."""
    post = f"POST /api/v1/customers HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    yield "a path of 100 kB", f"GET /api/v1/{'x' * 100_000} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    yield "two lengths", f"{post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef".encode()
    yield "a negative length", f"{post}Content-Length: -1\r\n\r\n".encode()
    yield "a length of 30 digits", f"{post}Content-Length: {'9' * 30}\r\n\r\n".encode()
    yield "a length and chunks", f"{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode()
    yield "a wrong transfer encoding", f"{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n".encode()
    yield "a chunk of 2^64", f"{post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n".encode()
    yield "no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    yield "NUL in a header", f"GET /livez HTTP/1.1\r\nHost: {host}\r\nX-A: a\0b\r\n\r\n".encode()
    yield "a bare line feed smuggled", f"GET /livez HTTP/1.1\r\nHost: {host}\r\nX-A: a\r\n b: c\r\n\r\n".encode()


async def send(server, data, is_endless=False):
    """What is answered to some bytes, or to pieces that never end; the answer is read while they are sent."""
    host, port = server.address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port), limit=MIB)

    async def push():
        try:
            for piece in data if is_endless else [data]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)  # an answer that is there is read before more is sent
        except OSError:
            pass

    pushing = asyncio.ensure_future(push())
    try:
        return await asyncio.wait_for(read_answer(reader), 30)
    finally:
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        writer.transport.abort()


def big(server, size, chunk, is_chunked):
    """A body of many megabytes, in pieces."""
    headers = {"Content-Type": "application/json"} | ({"Transfer-Encoding": "chunked"} if is_chunked else {"Content-Length": str(size)})
    yield encode("POST", "/api/v1/customers", server.address, server.key, None, headers)
    piece = b"[" + b" " * (chunk - 1)
    piece = b"%x\r\n%s\r\n" % (chunk, piece) if is_chunked else piece
    many = max(1, (1 << 15) // len(piece))  # at once, or Python is the slow client
    for _ in range(size // chunk // many):
        yield piece * many


async def run(place):
    rounds = 10 if place.is_long else 1
    server = await place.server()
    api = server.api()
    await warm_up(server)
    before, count, wrong, peaks = server.memory("VmRSS"), 0, [], []

    async def check(name, make, statuses, may_be_bare=False):
        nonlocal count
        server.forget_peak()
        for _ in range(rounds):
            try:
                answers = await together(*(make() for _ in range(AT_ONCE)))
            except (Broken, asyncio.TimeoutError) as why:
                if may_be_bare and isinstance(why, Broken):
                    return  # what is no HTTP may also be hung up on
                wrong.append(f"{name}: no answer, {str(why) or 'in 30 s'}")
                return
            for answer in answers:
                is_problem = answer.headers.get("content-type") == "application/problem+json"
                if answer.status not in statuses or not (is_problem or may_be_bare or answer.status == 431):
                    wrong.append(f"{name}: {answer!r}")
                    return
            count += AT_ONCE
        peaks.append((server.memory() - before, name))

    for name, path, body, headers, statuses in bodies():
        data = encode("POST", f"/api/v1{path}", server.address, server.key, body, headers)
        await check(name, lambda: send(server, data), statuses)
    for name, target, headers, statuses in heads():
        data = encode("GET", target, server.address, server.key, None, headers)
        await check(name, lambda: send(server, data), statuses)
    for size, chunk, is_chunked in [(100 * MIB, MIB, False), (100 * MIB, MIB, True), (2 * MIB, 1, True)]:
        name = f"{size // MIB} MiB in {'chunks' if is_chunked else 'pieces'} of {chunk}"
        await check(name, lambda: send(server, big(server, size, chunk, is_chunked), True), (413,))
    for name, data in framings(server.address, server.key):
        await check(name, lambda: send(server, data), (400, 408, 411, 413, 501), True)
    insist(not wrong, f"{len(wrong)} are not refused as they should be: " + "; ".join(wrong))
    peaks.sort(reverse=True)
    growth = ", ".join(f"{peak:.0f} MiB at {name}" for peak, name in peaks[:5])
    insist(peaks[0][0] <= MEMORY, f"memory grew by more than {MEMORY} MiB above the {before:.0f} MiB after a warm-up: {growth}")
    total = (await api.call("GET", "/customers?limit=1&include_total=true")).ok()["total"]
    insist(total == 200, f"something hostile was stored: {total} rows")
    server.check_log()
    return f"{count} hostile requests, each a 4xx problem; memory {before:.0f} MiB, at most {peaks[0][0]:.0f} MiB more (at {peaks[0][1]})"


async def warm_up(server):
    """Ordinary requests of the largest kinds."""
    api = server.api()
    (await api.call("POST", "/customers/batch", {"mode": "atomic", "operations": [create(remarks="x" * 4_000)] * 200})).ok()
    for _ in range(5):
        await together(*(server.api().call("GET", "/customers?limit=200") for _ in range(AT_ONCE)))
        await together(*(server.api().call("POST", "/customers/search", json.loads(searched({"and": [leaf()] * 40}))) for _ in range(AT_ONCE)))
