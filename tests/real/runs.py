"""Sends rows to one database, reads them back, and keeps what was found."""

import collections, json, queue, random, threading, time, unicodedata

from server import Client, Failed, log_in

CONNECTIONS = 8
# The types whose changes are checked, and their lists.
LOADED = {"customer": "/customers", "contact": "/contacts", "tier": "/tiers", "opportunity": "/opportunities", "touch_record": "/touch-records"}


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

    def each(self, token, items, work):
        """Calls `work(client, item)` over parallel connections; gives how often the server said 503."""
        waiting, clients = queue.SimpleQueue(), [Client(self.server.address, token) for _ in range(CONNECTIONS)]
        for item in items:
            waiting.put(item)

        def loop(client):
            while True:
                try:
                    work(client, waiting.get_nowait())
                except queue.Empty:
                    return
                except Failed as failure:
                    self.check(False, str(failure))

        threads = [threading.Thread(target=loop, args=(client,)) for client in clients]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return sum(client.busy for client in clients)

    def send(self, what, token, rows):
        """Sends `(label, requests)` rows over parallel connections, the requests `(method, path, body, expected status)` of a row one
        after the other; gives the answers for each label. What is not answered as expected is a problem and ends its row."""
        answers, seconds, count = {}, [], sum(len(requests) for _, requests in rows)
        rows = [(label, [(method, path, body and json.dumps(body, ensure_ascii=False).encode(), expected)
                         for method, path, body, expected in requests]) for label, requests in rows]

        def work(client, row):
            label, requests = row
            for method, path, body, expected in requests:
                status, answer, took = client.call(method, path, body)
                seconds.append(took)
                if status != expected:
                    answer = answer or {}
                    fields = tuple(f"{one.get('pointer')} {one.get('code')}" for one in answer.get("errors") or [])
                    self.problems.append(((status, answer.get("code"), fields), f"{label}: {method} {path}: {answer.get('detail')}"))
                    return
                answers.setdefault(label, []).append(answer)

        cpu, own_cpu, begun = self.server.cpu(), time.process_time(), time.perf_counter()
        busy = self.each(token, rows, work)
        took = time.perf_counter() - begun
        cpu, own_cpu = (self.server.cpu() - cpu) / took, (time.process_time() - own_cpu) / took
        seconds.sort()
        p50, p99 = (1000 * seconds[int(len(seconds) * part)] if seconds else 0 for part in (0.5, 0.99))
        done = sum(map(len, answers.values()))
        print(f"  {what}: {done} of {count} in {took:.2f} s = {done / took:.0f} requests/s; p50 {p50:.1f} ms, p99 {p99:.1f} ms; "
              f"{busy} times 503; CPUs used: server {cpu:.1f}, loader {own_cpu:.1f}")
        self.check(done == count, f"nothing was refused: {done} of {count}")
        return answers

    def load(self, path, token, rows):
        """POSTs `(label, body)` rows; gives the id for each label."""
        answers = self.send(f"POST {path}", token, [(label, [("POST", path, body, 201)]) for label, body in rows])
        return {label: answer["id"] for label, (answer,) in answers.items()}

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
        """Exactly one creation for every object, and no other; its versions one after the other up to the one that it has. The feed may
        lag a little on PostgreSQL."""
        admin = Client(self.server.address, log_in(self.server.address))
        has = {row["id"]: row["version"] for path in LOADED.values() for row in admin.all(path)}
        created, kinds, versions = collections.Counter(), collections.Counter(), collections.defaultdict(list)
        query, deadline = {}, time.time() + 10
        while True:
            page = admin.get("/changes", limit=1000, **query)
            query = {"after": page["next_cursor"]}
            for change in page["data"]:
                kinds[change["type"]] += 1
                what, how = change["type"].split(".")
                if what in LOADED:
                    id = change["object"]["id"]
                    created[id] += how == "created"
                    versions[id].append(change["object"]["version"])
            if not page["data"] and (all(versions[id][-1:] == [version] for id, version in has.items()) or time.time() > deadline):
                break
            time.sleep(0 if page["data"] else 0.1)
        self.check(created == collections.Counter(expected), f"the change log has each creation once: {dict(kinds)}")
        wrong = [(id, seen, has.get(id)) for id, seen in versions.items() if seen != list(range(1, has.get(id, len(seen)) + 1))]
        self.check(not wrong, f"the change log has every version of {len(versions)} objects once, in order {wrong[:3] or ''}")


def holds(got, sent):
    """Whether the answer has everything that was sent, and no list is longer."""
    if isinstance(sent, dict):
        return isinstance(got, dict) and all(holds(got.get(key), value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(got, list) and len(got) == len(sent) and all(map(holds, got, sent))
    return got == sent
