"""Writers who keep books: what they were promised, what is in doubt, and whether rows and feed say the same."""

import asyncio, contextlib
from urllib.parse import quote

from . import insist
from .wire import Away, Broken

BATCH = 4


class Books:
    def __init__(self):
        self.rows = {}  # id -> (version, remarks), as acknowledged
        self.touched = set()  # ids since the feed was last compared
        self.acknowledged = self.unanswered = 0
        self.told = {}  # id -> (version, remarks), by the feed
        self.cursor = None

    def write(self, row):
        self.rows[row["id"]] = (row["version"], row["remarks"])
        self.touched.add(row["id"])

    async def read_feed(self, api):
        """Goes on in the feed: each object's versions come one after the other, with what they changed."""
        while True:
            after = f"&after={self.cursor}" if self.cursor else ""
            page = (await api.call("GET", f"/changes?types=customer.*&limit=1000{after}")).ok()
            for change in page["data"]:
                id, version, changed = change["object"]["id"], change["object"]["version"], change["changed"]
                before, remarks = self.told.get(id, (0, None))
                insist(version == before + 1, f"the feed has version {version} of {id} after {before}")
                insist((change["type"] == "customer.created") == (version == 1), f"the feed begins {id} with {change['type']}")
                if "remarks" in changed:
                    insist(changed["remarks"]["from"] == remarks, f"the feed changes remarks of {id} from something else than they were")
                    remarks = changed["remarks"]["to"]
                self.told[id] = (version, remarks)
            self.cursor = page["next_cursor"]
            if not page["has_more"]:
                return

    async def compare(self, api):
        """What was written since the last time: rows = books = feed."""
        for _ in range(50):  # on PostgreSQL a transaction of anybody may hold the feed back for a moment
            await self.read_feed(api)
            if all(self.told.get(id) == self.rows[id] for id in self.touched):
                break
            await asyncio.sleep(0.1)
        ids = sorted(self.touched)
        for start in range(0, len(ids), 200):
            got = (await api.call("POST", "/customers/batch-get", {"ids": ids[start : start + 200], "fields": ["id", "version", "remarks"]})).ok()
            insist(not got["missing"], f"acknowledged objects are gone: {got['missing'][:3]}")
            for row in got["data"]:
                found = (row["version"], row["remarks"])
                insist(found == self.rows[row["id"]], f"{row['id']} is {found}, acknowledged was {self.rows[row['id']]}")
        for id in ids:
            insist(self.told.get(id) == self.rows[id], f"the feed has {self.told.get(id)} of {id}, the row is {self.rows[id]}")
        self.touched.clear()

    async def compare_all(self, api):
        """Every row there is."""
        await self.compare(api)
        found, cursor = {}, None
        while True:
            page = (await api.call("POST", "/customers/search", {"limit": 200, "fields": ["id", "version", "remarks"], "cursor": cursor})).ok()
            found |= {row["id"]: (row["version"], row["remarks"]) for row in page["data"]}
            cursor = page["next_cursor"]
            if not page["has_more"]:
                break
        insist(found == self.rows, f"{len(set(found.items()) ^ set(self.rows.items()))} rows differ from what was acknowledged or settled")
        insist(self.told == found, f"{len(set(found.items()) ^ set(self.told.items()))} rows differ from what the feed told")


class Writer:
    """Creates, patches with If-Match, and sends atomic batches, one request after the other. `settle` finds out what became of the
    one that was not answered."""

    def __init__(self, name, books, random):
        self.name, self.books, self.random = name, books, random
        self.own, self.count, self.doubt = [], 0, None

    def next(self):
        """A request: method, path, body, headers, and what it would write."""
        self.count += 1
        label, kind = f"{self.name}-{self.count}", self.random.choice("cppb") if self.own else "c"
        if kind == "c":
            body = {"name": label, "kind": "organization", "remarks": label}
            return "POST", "/customers", body, {}, {"new": [label], "old": None}
        id = self.random.choice(self.own)
        version = self.books.rows[id][0]
        wanted = {"new": [], "old": (id, version + 1, label)}
        if kind == "p":
            return "PATCH", f"/customers/{id}", {"remarks": label}, {"If-Match": f'"v{version}"'}, wanted
        wanted["new"] = [f"{label}-{part}" for part in range(BATCH)]
        operations = [{"op": "create", "data": {"name": name, "kind": "person", "remarks": name}} for name in wanted["new"]]
        operations.insert(self.random.randint(0, BATCH), {"op": "update", "id": id, "version": version, "data": {"remarks": label}})
        return "POST", "/customers/batch", {"mode": "atomic", "operations": operations}, {}, wanted

    async def step(self, api):
        """One write. `Broken` and `Away` leave it in doubt."""
        method, path, body, headers, self.doubt = self.next()
        try:
            got = (await api.call(method, path, body, headers)).ok()
        except (Broken, Away):
            self.books.unanswered += 1
            raise
        for row in [result["data"] for result in got["results"]] if "results" in got else [got]:
            self.keep(row)
        self.doubt = None
        self.books.acknowledged += 1

    def keep(self, row):
        if row["id"] not in self.books.rows:
            self.own.append(row["id"])
        self.books.write(row)

    async def settle(self, api):
        """Either all of it is there or nothing."""
        if self.doubt is None:
            return
        new, old, found = self.doubt["new"], self.doubt["old"], []
        if new:
            prefix = new[0] if len(new) == 1 else new[0].rsplit("-", 1)[0] + "-"
            operator = "name" if len(new) == 1 else "name[starts_with]"
            found = (await api.call("GET", f"/customers?{operator}={quote(prefix)}")).ok()["data"]
            names = sorted(row["name"] for row in found)
            insist(names in ([], new), f"half of a batch was applied, or twice: {names} of {new}")
        if old is not None:
            id, version, remarks = old
            row = (await api.call("GET", f"/customers/{id}")).ok()
            is_done = (row["version"], row["remarks"]) == (version, remarks)
            insist(is_done or (row["version"], row["remarks"]) == self.books.rows[id], f"{id} is neither as it was nor as it was to be: {row['version']}, {row['remarks']}")
            insist(not new or is_done == bool(found), f"half of a batch was applied: {len(found)} new rows, changed is {is_done}")
            found.append(row)
        for row in found:
            self.keep(row)
        self.doubt = None


async def work_on(writer, server, until, hear, pause):
    """Writes until the event is set. After a refusal it waits, and finds out first what became of the write."""
    api = server.api(hear)
    while not until.is_set():
        try:
            await writer.settle(api)
            await writer.step(api)
        except Away:
            await asyncio.sleep(pause)
    api.close()


async def work(writer, server, until, hear=None):
    """Writes until the event is set; a connection that ends, ends the work as well."""
    api = server.api(hear)
    with contextlib.suppress(Broken), contextlib.closing(api):
        await writer.settle(api)
        while not until.is_set():
            await writer.step(api)
