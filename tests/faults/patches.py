"""50 parallel PATCHes of one row: no lost update."""

from shared import insist
from shared.wire import together

PATCHES = 50
MEMBERS = ["source_detail", "needs", "remarks", "email", "website"]


def value(member, number):
    return {"email": f"a{number}@example.com", "website": f"https://example.com/{number}"}.get(member, f"value {number}")


async def run(place):
    rounds = 50 if place.is_long else 5
    server = await place.server()
    apis = [server.api() for _ in range(PATCHES)]
    won = 0
    for turn in range(rounds):
        made = (await apis[0].call("POST", "/customers", {"name": "A", "kind": "organization"})).ok()
        path = f"/customers/{made['id']}"
        # Without If-Match: each makes a version of its own, and the last one of each member stays.
        wanted = [{MEMBERS[number % 5]: value(MEMBERS[number % 5], f"{turn}-{number}")} for number in range(PATCHES)]
        answers = await together(*(api.call("PATCH", path, body) for api, body in zip(apis, wanted)))
        rows = sorted((answer.ok() for answer in answers), key=lambda row: row["version"])
        insist([row["version"] for row in rows] == list(range(2, PATCHES + 2)), "two patches made one version, or none")
        for answer, body in zip(answers, wanted):
            insist(body.items() <= answer.json().items(), "an answer does not have what was patched")
        for before, after in zip(rows, rows[1:]):
            lost = [member for member in MEMBERS if before[member] != after[member]]
            insist(len(lost) == 1, f"version {after['version']} changed {lost}: an update was lost")
        now = (await apis[0].call("GET", path)).ok()
        insist(now == rows[-1], "the row is not what its last patch answered")
        # With If-Match: one of each version wins, and who lost is told which version is current.
        version, losers = now["version"], list(range(PATCHES))
        while losers:
            answers = await together(
                *(apis[number].call("PATCH", path, {"remarks": f"w{turn}-{number}"}, {"If-Match": f'"v{version}"'}) for number in losers)
            )
            winners = [number for number, answer in zip(losers, answers) if answer.status == 200]
            insist(len(winners) == 1, f"{len(winners)} of {len(losers)} patches with one If-Match won")
            for number, answer in zip(losers, answers):
                insist(answer.status in (200, 412), f"{answer!r} where 412 was due")
                if answer.status == 412:
                    insist(answer.code == "version_conflict", f"{answer!r} where version_conflict was due")
            version, won = version + 1, won + 1
            now = (await apis[0].call("GET", path)).ok()
            insist((now["version"], now["remarks"]) == (version, f"w{turn}-{winners[0]}"), "the row is not its winner's")
            losers.remove(winners[0])
            if not place.is_long and len(losers) < PATCHES - 10:
                break
        feed = (await apis[0].call("GET", f"/audit?object_id={made['id']}&limit=200")).ok()["data"]
        insist(sorted(one["object"]["version"] for one in feed) == list(range(1, version + 1)), "the log lacks a version, or has one twice")
    server.check_log()
    return f"{rounds} × {PATCHES} without If-Match: {PATCHES} versions each, none lost; {won} races with If-Match: one winner each"
