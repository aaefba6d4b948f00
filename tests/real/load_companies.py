#!/usr/bin/env python3
"""Loads real companies, their people and sales into a Fishpond server, reads all back and checks it. Called by load_companies.sh."""

import collections, csv, pathlib, signal, sys, time

import sales
from companies import contact_body, customer_body, industries_of, industry_codes
from runs import Run
from server import Client, Failed, Server, log_in

RESOURCES = ("customers", "contacts", "dictionaries", "tiers", "opportunities", "touch_records")
SCOPES = [f"{what}:{how}" for what in RESOURCES for how in ("read", "write")]
OFFICES = {"ceo", "cfo", "cto", "coo", "chair", "chairman", "president"} # titles that may be codes of contact_role


def load_and_check(run, companies, people):
    """Fills the database and checks it; gives the API key and how many rows each list has."""
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
    sold = sales.load_and_check(run, key, customers, customer_ids, ids_of)
    run.attempt(run.read_changes, [*customer_ids.values(), *contact_ids.values(), *sold.created])
    return key, {"/customers": len(customer_ids), "/contacts": len(contact_ids), **sold.totals}


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
        key, counts = load_and_check(run, companies, people)
        print(f"  memory at the end: {server.memory()}")
        run.check((status := server.stop()) == 0, f"SIGTERM ends it with 0 within 10 s: {status}")
        run.server = server = Server(binary, database_url, work)
        print(f"  start on the filled database: listening after {1000 * server.started:.0f} ms, ready after {1000 * server.ready:.0f} ms")
        client = Client(server.address, key)
        totals = {path: client.get(path, limit=1, include_total="true").get("total") for path in counts}
        run.check(totals == counts, f"everything is there after a restart: {totals}")
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
