#!/usr/bin/env python3
"""Loads real companies and their people into a Fishpond server, reads all back and checks it. Called by load_companies.sh."""

import collections, csv, http.client, json, os, pathlib, queue, random, re, signal, subprocess, sys, threading, time, unicodedata
from urllib.parse import quote, urlencode

from companies import contact_body, customer_body, industries_of, industry_codes

CONNECTIONS = 8
EMAIL, PASSWORD = "admin@example.com", "a-fine-long-passphrase"
SCOPES = [f"{what}:{how}" for what in ("customers", "contacts", "dictionaries") for how in ("read", "write")]
OFFICES = {"ceo", "cfo", "cto", "coo", "chair", "chairman", "president"} # titles that may be codes of contact_role


class Failed(Exception):
    pass


class Server:
    """A running server; `started` and `ready` are seconds from the start of the process."""

    def __init__(self, binary, database_url, work):
        begun, self.log = time.perf_counter(), work / "stdout"
        self.pid_file = work / "server.pid"
        env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL" and not key.startswith("FISHPOND_")}
        env |= {"FISHPOND_ADMIN_EMAIL": EMAIL, "FISHPOND_ADMIN_PASSWORD": PASSWORD, "FISHPOND_METRICS_LISTEN": "off", "FISHPOND_LOG_LEVEL": "warn"}
        with open(self.log, "wb") as out, open(work / "stderr", "ab") as err:
            command = [binary, "serve", "--listen", "127.0.0.1:0", "--database-url", database_url]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=work)
        self.pid_file.write_text(str(self.process.pid))
        try:
            self.address = self.wait(begun, lambda: re.search(r"^listening on http://(\S+)\s", self.log.read_text(), re.M))[1].rstrip("/")
            self.started = time.perf_counter() - begun
            self.wait(begun, lambda: Client(self.address).call("GET", "/readyz")[0] == 200)
            self.ready = time.perf_counter() - begun
        except BaseException:
            self.kill()
            raise

    def wait(self, begun, condition):
        while not (result := condition()):
            if self.process.poll() is not None or time.perf_counter() - begun > 60:
                log = (self.log.parent / "stderr").read_text(errors="replace")[-2000:]
                raise Failed(f"the server does not come up (exit status {self.process.poll()})\n{log}")
            time.sleep(0.001)
        return result

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        resident, peak = (int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M)[1]) / 1024 for name in ("VmRSS", "VmHWM"))
        return f"{resident:.1f} MiB resident, {peak:.1f} MiB at most"

    def cpu(self):
        ticks = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """SIGTERM; gives the exit status, or None when it has not ended in 10 s."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.pid_file.unlink(missing_ok=True)


class Client:
    """One keep-alive connection."""

    def __init__(self, address, token=None):
        self.connection = http.client.HTTPConnection(address, timeout=60)
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.busy = 0

    def call(self, method, path, body=None):
        """Status, answer and seconds. A 503 is tried again as its Retry-After says; status 0 is a broken connection."""
        for left in reversed(range(20)):
            begun = time.perf_counter()
            try:
                self.connection.request(method, path, body, self.headers)
                response = self.connection.getresponse()
                raw = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                return 0, {"code": type(error).__name__, "detail": str(error)}, time.perf_counter() - begun
            seconds = time.perf_counter() - begun
            if response.status != 503 or not left or not path.startswith("/api/"):
                break
            self.busy += 1
            time.sleep(float(response.headers.get("Retry-After") or 1))
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = {"code": "not_json", "detail": repr(raw[:200])}
        return response.status, answer, seconds

    def get(self, path, **query):
        path = f"/api/v1{path}?{urlencode(query, quote_via=quote)}"
        return self.expect(200, "GET", path)

    def expect(self, expected, method, path, body=None):
        status, answer, _ = self.call(method, path, None if body is None else json.dumps(body))
        if status != expected:
            raise Failed(f"{method} {path}: {status} {json.dumps(answer)[:600]}")
        return answer

    def all(self, path, **query):
        """Every row, by cursor pages."""
        rows, cursors = [], []
        while True:
            page = self.get(path, limit=200, **query, **({"cursor": cursors[-1]} if cursors else {}))
            rows += page["data"]
            if not page["has_more"]:
                return rows
            if page["next_cursor"] in cursors:
                raise Failed(f"{path}: a cursor leads back to itself")
            cursors.append(page["next_cursor"])


class Run:
    """One database: what was found, for the report."""

    def __init__(self, server):
        self.server, self.failures, self.problems = server, 0, []

    def check(self, is_right, what):
        print(f"  {'ok  ' if is_right else 'FAIL'} {what}")
        self.failures += not is_right

    def attempt(self, step, *arguments):
        try:
            step(*arguments)
        except Failed as failure:
            self.check(False, str(failure))

    def load(self, path, token, rows):
        """POSTs `(label, body)` rows over parallel connections; gives the id for each label."""
        waiting, ids, seconds, clients = queue.SimpleQueue(), {}, [], [Client(self.server.address, token) for _ in range(CONNECTIONS)]
        for label, body in rows:
            waiting.put((label, json.dumps(body, ensure_ascii=False).encode()))

        def work(client):
            while True:
                try:
                    label, body = waiting.get_nowait()
                except queue.Empty:
                    return
                status, answer, took = client.call("POST", path, body)
                seconds.append(took)
                if status == 201:
                    ids[label] = answer["id"]
                else:
                    fields = tuple(f"{one.get('pointer')} {one.get('code')}" for one in answer.get("errors") or [])
                    self.problems.append(((status, answer.get("code"), fields), f"{label}: {answer.get('detail')}"))

        cpu, own_cpu, begun = self.server.cpu(), time.process_time(), time.perf_counter()
        threads = [threading.Thread(target=work, args=(client,)) for client in clients]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        took = time.perf_counter() - begun
        cpu, own_cpu = (self.server.cpu() - cpu) / took, (time.process_time() - own_cpu) / took
        seconds.sort()
        p50, p99 = (1000 * seconds[int(len(seconds) * part)] if seconds else 0 for part in (0.5, 0.99))
        print(f"  POST {path}: {len(ids)} of {len(rows)} in {took:.2f} s = {len(ids) / took:.0f} rows/s; p50 {p50:.1f} ms, p99 {p99:.1f} ms; "
              f"{sum(client.busy for client in clients)} times 503; CPUs used: server {cpu:.1f}, loader {own_cpu:.1f}")
        self.check(len(ids) == len(rows), f"every row was created: {len(ids)} of {len(rows)}")
        return ids

    def read_back(self, path, key, sent, ids):
        """Every row once in each order, and each as it was sent."""
        client = Client(self.server.address, key)
        label_of = {id: label for label, id in ids.items()}
        for query in ({}, {"sort": "name"}):
            begun = time.perf_counter()
            rows = client.all(path, **query)
            took = time.perf_counter() - begun
            seen = collections.Counter(row["id"] for row in rows)
            self.check(seen == collections.Counter(ids.values()), f"GET {path}{'?sort=name' if query else ''}: {len(rows)} rows, each once, {len(rows) / took:.0f} rows/s")
        fold = lambda text: unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        folded = [fold(row["name"]) for row in rows]
        self.check(folded == sorted(folded), "sort=name is the order of folded names")
        rows = [(sent[label_of[row["id"]]], row) for row in rows if row["id"] in label_of]
        other = [(body["name"], row["name"]) for body, row in rows if body["name"] != row["name"]]
        accented = sum(not row["name"].isascii() for _, row in rows)
        self.check(not other, f"every name as in the file, {accented} of {len(rows)} not ASCII {other[:3] or ''}")
        other = [(row["id"], name, value, row.get(name)) for body, row in rows for name, value in body.items() if not holds(row.get(name), value)]
        self.check(not other, f"every member as it was sent {other[:3] or ''}")
        total = client.get(path, limit=1, include_total="true").get("total")
        self.check(total == len(ids), f"include_total: {total}")

    def read_filtered(self, key, customers, customer_ids, people_of):
        """Random companies by their symbol, the people of others, and the companies of some countries."""
        client, chance = Client(self.server.address, key), random.Random(1)
        found = lambda path, **query: sorted(row["id"] for row in client.all(path, **query))
        sample = chance.sample(sorted(customer_ids), min(50, len(customer_ids)))
        wrong = [one for one in sample if found("/customers", external_ref=f"symbol:{one}") != [customer_ids[one]]]
        self.check(not wrong, f"external_ref finds exactly the company, {len(sample)} tried {wrong[:3] or ''}")
        sample = chance.sample(sorted(people_of), min(20, len(people_of)))
        wrong = [one for one in sample if found("/contacts", customer_id=customer_ids[one]) != sorted(people_of[one])]
        self.check(not wrong, f"customer_id finds exactly the company's people, {len(sample)} tried {wrong[:3] or ''}")
        for country in ("DE", "US", "IM"):
            expected = sorted(id for one, id in customer_ids.items() if customers[one].get("address", {}).get("country") == country)
            rows = found("/customers", country=country)
            self.check(rows == expected, f"country={country}: {len(rows)} of {len(expected)}")

    def read_changes(self, expected):
        """Exactly one creation for every object, and no other; the feed may lag a little on PostgreSQL."""
        admin = Client(self.server.address, log_in(self.server.address))
        created, kinds, query, deadline = collections.Counter(), collections.Counter(), {}, time.time() + 10
        while True:
            page = admin.get("/changes", limit=1000, **query)
            query = {"after": page["next_cursor"]}
            for change in page["data"]:
                kinds[change["type"]] += 1
                if change["type"] in ("customer.created", "contact.created"):
                    created[change["object"]["id"]] += 1
            if not page["data"] and (len(created) >= len(expected) or time.time() > deadline):
                break
            time.sleep(0 if page["data"] else 0.1)
        self.check(created == collections.Counter(expected), f"the change log has each creation once: {dict(kinds)}")


def holds(got, sent):
    """Whether the answer has everything that was sent, and no list is longer."""
    if isinstance(sent, dict):
        return isinstance(got, dict) and all(holds(got.get(key), value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(got, list) and len(got) == len(sent) and all(map(holds, got, sent))
    return got == sent


def log_in(address):
    return Client(address).expect(200, "POST", "/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})["access_token"]


def load_and_check(run, companies, people):
    """Fills the database and checks it; gives the API key and how many customers there are."""
    address, notes = run.server.address, collections.Counter()
    admin = Client(address, log_in(address))
    key = admin.expect(201, "POST", "/api/v1/api-keys", {"name": "loader", "scopes": SCOPES})["key"]
    client = Client(address, key)

    items = client.get("/dictionaries/industry")["items"]
    texts = dict.fromkeys(text for row in companies for text in industries_of(row))
    codes, items = industry_codes(texts, items, notes)
    begun = time.perf_counter()
    client.expect(200, "PUT", "/api/v1/dictionaries/industry", {"items": items})
    print(f"  dictionary industry: {len(items)} codes for {len(texts)} texts in {1000 * (time.perf_counter() - begun):.0f} ms")
    roles = {item["code"] for item in client.get("/dictionaries/contact_role")["items"]} & OFFICES

    isins = collections.Counter(row["isin"] for row in companies)
    shared_isins = {isin for isin, count in isins.items() if count > 1}
    customers = {row["symbol"]: customer_body(row, codes, shared_isins, notes) for row in companies}
    for note, count in sorted((+notes).items()):
        print(f"  {count:5} × {note}")
    customer_ids = run.load("/api/v1/customers", key, list(customers.items()))

    contacts, people_of = {}, collections.defaultdict(list)
    for number, row in enumerate(people, 1):
        symbol, label = row["symbol"], f"person {row['symbol']}:{number}"
        if symbol not in customer_ids:
            run.problems.append((("not sent", "company missing", ()), label))
            continue
        contacts[label] = contact_body(number, row, customer_ids[symbol], not people_of[symbol], roles)
        people_of[symbol].append(label)
    contact_ids = run.load("/api/v1/contacts", key, list(contacts.items()))
    run.check(len(customers) == len(companies) and len(contacts) == len(people), "no row of the files was left out")
    print(f"  memory after the load: {run.server.memory()}")

    run.attempt(run.read_back, "/customers", key, customers, customer_ids)
    run.attempt(run.read_back, "/contacts", key, contacts, contact_ids)
    ids_of = {symbol: [contact_ids[one] for one in labels if one in contact_ids] for symbol, labels in people_of.items()}
    run.attempt(run.read_filtered, key, customers, customer_ids, ids_of)
    run.attempt(run.read_changes, [*customer_ids.values(), *contact_ids.values()])
    return key, len(customer_ids)


def main():
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} DATA_DIR FISHPOND_BINARY DATABASE_URL EMPTY_DIR (load_companies.sh does it all)")
    data, work, (binary, database_url) = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[4]), sys.argv[2:4]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    companies, people = (list(csv.DictReader(open(data / name, encoding="utf-8", newline=""))) for name in ("companies.csv", "company_people.csv"))

    run = Run(server := Server(binary, database_url, work))
    try:
        print(f"  start on an empty database: listening after {1000 * server.started:.0f} ms, ready after {1000 * server.ready:.0f} ms")
        time.sleep(1)
        print(f"  memory when idle: {server.memory()}")
        key, count = load_and_check(run, companies, people)
        print(f"  memory at the end: {server.memory()}")
        run.check((status := server.stop()) == 0, f"SIGTERM ends it with 0 within 10 s: {status}")
        run.server = server = Server(binary, database_url, work)
        print(f"  start on the filled database: listening after {1000 * server.started:.0f} ms, ready after {1000 * server.ready:.0f} ms")
        total = Client(server.address, key).get("/customers", limit=1, include_total="true").get("total")
        run.check(total == count, f"everything is there after a restart: {total}")
        run.check((status := server.stop()) == 0, f"SIGTERM ends it again: {status}")
    except Failed as failure:
        run.check(False, str(failure))
    finally:
        server.kill()
    groups = collections.defaultdict(list)
    for group, row in run.problems:
        groups[group].append(row)
    for (status, code, fields), rows in groups.items():
        print(f"  {len(rows)} × {status} {code} {', '.join(fields)}\n        " + "\n        ".join(rows[:5]))
    if complaints := (work / "stderr").read_text(errors="replace").splitlines():
        print(f"  the server's log has {len(complaints)} lines, the last:\n        " + "\n        ".join(complaints[-5:]))
    print(f"  {run.failures} checks failed, {len(run.problems)} rows refused")
    sys.exit(run.failures > 0)


if __name__ == "__main__":
    try:
        main()
    except (Failed, OSError) as failure:
        sys.exit(f"load_companies: {failure}")
