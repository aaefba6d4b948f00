"""64 parallel claims of one customer: exactly one wins. Eight reps with a daily limit: nobody exceeds it, nothing is lost."""

import asyncio
from collections import Counter

from shared import insist
from shared.process import PASSWORD
from shared.wire import Connection, together

REPS, LIMIT = 8, 5


async def reps(place, server):
    """Ids and tokens of reps."""
    api, made = server.api(), []
    for number in range(REPS):
        email = f"rep{number}@example.com"
        user = (await api.call("POST", "/users", {"email": email, "name": f"R{number}", "role": "rep", "password": PASSWORD})).ok()
        made.append((user["id"], await server.login(email)))
    return made


async def pool(api, **members):
    return (await api.call("POST", "/pools", {"name": f"P{len(members)}-{id(members)}", "is_open": True} | members)).ok()["id"]


async def fish(api, pool, count):
    """Customers in a pool."""
    data = [{"op": "create", "data": {"name": f"C{number}", "kind": "organization", "pool_id": pool}} for number in range(count)]
    answer = await api.call("POST", "/customers/batch", {"mode": "atomic", "operations": data})
    return [result["id"] for result in answer.ok()["results"]]


async def claim(api, pool, ids, mode="atomic"):
    """The answer; whom a busy server has no place for comes again."""
    while (answer := await api.call("POST", f"/pools/{pool}/claims", {"ids": ids, "mode": mode})).status == 503:
        await asyncio.sleep(0.02)
    return answer


async def ownership(api, id):
    return (await api.call("GET", f"/customers/{id}/ownership")).ok()["data"]


async def one_wins(callers, api, pool, rounds):
    """`callers`: 64 connections with the ids of their reps."""
    for wanted in await fish(api, pool, rounds):
        modes = ["partial" if place % 3 == 0 else "atomic" for place in range(len(callers))]
        answers = await together(*(claim(caller, pool, [wanted], mode) for (_, caller), mode in zip(callers, modes)))
        winners = [rep for (rep, _), answer in zip(callers, answers) if answer.status == 200]
        insist(len(winners) == 1, f"{len(winners)} of {len(callers)} claims of one customer won")
        for answer in answers:
            if answer.status != 200:
                problem = answer.json()["results"][0]["problem"] if answer.status == 207 else answer.json()
                insist(problem["code"] == "already_claimed", f"{answer!r} where already_claimed was due")
        row = (await api.call("GET", f"/customers/{wanted}")).ok()
        insist(row["owner_id"] == winners[0] and row["pool_id"] is None, f"{row['owner_id']} has what {winners[0]} won")
        insist(len(await ownership(api, wanted)) == 1, "the history has more than one move")


async def limits_hold(callers, api, pool, place):
    """Everybody grabs all that is to be had, at once."""
    ids = await fish(api, pool, REPS * LIMIT + 20)
    won = Counter()

    async def grab(rep, caller, turn):
        wanted = place.random.sample(ids, len(ids))
        for start in range(0, len(wanted), 3):
            few = wanted[start : start + 3]
            answer = await claim(caller, pool, few, "partial" if turn % 2 else "atomic")
            insist(answer.status in (200, 207, 409), f"{answer!r} to a claim")
            if answer.status in (200, 207):
                won[rep] += answer.json()["summary"]["succeeded"]

    await together(*(grab(rep, caller, turn) for turn, (rep, caller) in enumerate(callers)))
    # What is left goes to whoever may have more, one at a time.
    for rep, caller in callers[:REPS]:
        for wanted in ids:
            answer = await claim(caller, pool, [wanted])
            won[rep] += answer.status == 200
    insist(all(count <= LIMIT for count in won.values()), f"more than {LIMIT} a day: {won}")
    insist(all(won[rep] == LIMIT for rep, _ in callers), f"less than the limit, though enough was there: {won}")
    owners = Counter()
    for id in ids:
        row, moves = (await api.call("GET", f"/customers/{id}")).ok(), await ownership(api, id)
        owners[row["owner_id"]] += 1
        insist((row["owner_id"] is None) == (row["pool_id"] == pool), f"{id} is nowhere, or in two places")
        insist(len(moves) == (row["owner_id"] is not None), f"{id} moved {len(moves)} times")
    insist({rep: count for rep, count in owners.items() if rep} == dict(won), f"{owners} have what {won} was told")


async def run(place):
    rounds = 100 if place.is_long else 5
    server = await place.server()
    api, people = server.api(), await reps(place, server)
    callers = [(id, Connection(server.address, token)) for _ in range(64 // REPS) for id, token in people]
    await one_wins(callers, api, await pool(api, daily_claim_limit=1000), rounds)
    turns = 10 if place.is_long else 2
    for _ in range(turns):
        await limits_hold(callers, api, await pool(api, daily_claim_limit=LIMIT), place)
    server.check_log()
    return f"{rounds} × 64 claims of one customer: one winner each; {turns} × {REPS} reps grabbing: {LIMIT} each, never more, nothing lost"
