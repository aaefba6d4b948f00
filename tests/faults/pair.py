"""Two processes on one PostgreSQL, one of them killed under load: the other goes on with callers and with jobs, nothing is done twice."""

import asyncio
from collections import Counter

from shared import insist
from shared.books import Books, Writer, work
from shared.wire import Broken, Connection, together

from claims import claim, fish, ownership, pool, reps

WRITERS, MANY = 8, 2000
# A lease ends after 30 s, and then somebody else takes the job up.
LEASE = 30


async def hand_out(api, owner, count, name):
    """Customers of somebody, of which a job gives all to somebody else."""
    for start in range(0, count, 500):
        data = [{"op": "create", "data": {"name": f"{name}{start + number}", "kind": "organization", "owner_id": owner}} for number in range(500)]
        (await api.call("POST", "/customers/batch", {"mode": "atomic", "operations": data})).ok()


async def finished(api, job):
    for _ in range(int((2 * LEASE + 30) / 0.2)):
        seen = (await api.call("GET", f"/jobs/{job}")).ok()
        if seen["status"] not in ("queued", "running"):
            return seen
        await asyncio.sleep(0.2)
    insist(False, f"the job of the dead process is not taken up: {seen}")


async def grab(people, server, pool, ids, place, won, end):
    """A rep who claims one after the other, over one server."""
    rep, token = people
    api = Connection(server.address, token)
    try:
        for wanted in place.random.sample(ids, len(ids)):
            if (await claim(api, pool, [wanted])).status == 200:
                won[wanted].append(rep)
            await asyncio.sleep(place.random.uniform(0, 0.02))
    except Broken:
        insist(end.is_set(), "the server that lives closed a connection")
    finally:
        api.close()


async def turn(place, first, second, people, books, writers, number):
    """One kill of `second`; gives what was seen."""
    api, (giver, taker) = first.api(), [id for id, _ in people[:2]]
    if number:
        giver, taker = people[number % 8][0], people[(number + 1) % 8][0]
    name = f"J{number}-"
    await hand_out(api, giver, MANY, name)
    had = (await api.call("GET", f"/customers?owner_id={taker}&limit=1&include_total=true")).ok()["total"]
    gone, dead, over = await pool(api, daily_claim_limit=1000), asyncio.Event(), asyncio.Event()
    ids = await fish(api, gone, 60)
    won = {id: [] for id in ids}
    filter = {"and": [{"field": "owner_id", "op": "eq", "value": giver}, {"field": "name", "op": "starts_with", "value": name}]}
    job = (await second.api().call("POST", "/customers/transfer", {"filter": filter, "to_user_id": taker, "reason": "fault"})).ok()["id"]

    async def fault():
        # In the middle of the job, when it has one.
        for _ in range(200):
            done = (await api.call("GET", f"/jobs/{job}")).ok()["progress"]["done"]
            if 0 < done:
                break
            await asyncio.sleep(0.01)
        second.kill()
        dead.set()
        await asyncio.sleep(1)
        over.set()
        return done

    never = asyncio.Event()
    done, *_ = await together(
        fault(),
        *(work(writer, first, over) for writer in writers[: WRITERS // 2]),
        *(work(writer, second, dead) for writer in writers[WRITERS // 2 :]),
        *(grab(rep, first, gone, ids, place, won, never) for rep in people[:4]),
        *(grab(rep, second, gone, ids, place, won, dead) for rep in people[4:]),
    )
    seen = await finished(api, job)
    insist(seen["status"] == "succeeded", f"the job ended so: {seen}")
    await together(*(writer.settle(first.api()) for writer in writers))
    # Claims: everything that was there has one owner, by one move; who was answered has it.
    for id in ids:
        row, moves = (await api.call("GET", f"/customers/{id}")).ok(), await ownership(api, id)
        insist(len(won[id]) <= 1, f"{id} was won by {len(won[id])}")
        insist(not won[id] or row["owner_id"] == won[id][0], f"{row['owner_id']} has what {won[id]} won")
        insist(len(moves) == (row["owner_id"] is not None), f"{id} moved {len(moves)} times")
    # The job: each of its customers moved once.
    has = (await api.call("GET", f"/customers?owner_id={taker}&limit=1&include_total=true")).ok()["total"]
    claimed = sum(won[id] == [taker] for id in ids)
    unheard = len(ids) - sum(len(who) for who in won.values())
    insist(MANY <= has - had - claimed <= MANY + unheard, f"{has - had} customers came, {MANY} were due and {claimed} claimed")
    return done, seen


async def moved_once(api):
    """No customer of a job moved twice between the same two."""
    moves, cursor = Counter(), None
    while True:
        after = f"&after={cursor}" if cursor else ""
        page = (await api.call("GET", f"/changes?types=customer.*&limit=1000{after}")).ok()
        for change in page["data"]:
            if change["type"] not in ("customer.created", "customer.updated"):
                owner = change["changed"].get("owner_id")
                if owner:
                    moves[change["object"]["id"], owner["from"], owner["to"]] += 1
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    twice = [move for move, count in moves.items() if count > 1]
    insist(not twice, f"{len(twice)} customers moved twice: {twice[:2]}")
    return len(moves)


async def run(place):
    kills = 6 if place.is_long else 1
    books = Books()
    first, second = await place.server(), await place.server()
    people = await reps(place, first)
    writers = [Writer(f"w{number}", books, place.random) for number in range(WRITERS)]
    half = 0
    for number in range(kills):
        done, seen = await turn(place, first, second, people, books, writers, number)
        half += 0 < done < MANY
        await second.start()
    await books.read_feed(first.api())
    for id, facts in books.rows.items():
        insist(books.told.get(id) == facts, f"the feed has {books.told.get(id)} of {id}, acknowledged was {facts}")
    moved = await moved_once(first.api())
    first.check_log(), second.check_log()
    return (
        f"{kills} kills of one of two: {books.acknowledged} acknowledged writes are there, {moved} customers changed owner once each, "
        f"{half} jobs were in the middle and were ended by the other"
    )
