"""Tiers, opportunities and touch records for the first companies: written over parallel connections, read back, and compared with what is
computed here."""

import collections, decimal, time
from datetime import timedelta

from plans import DECIMALS, FIRST_DAY, TIERS, Company, entry_of, instant, weighted
from runs import CONNECTIONS, holds
from server import Client

COMPANIES = 500
THRESHOLDS = {"CNY": "5000000.00", "USD": "4999999.99", "JPY": "5000000"}
Sold = collections.namedtuple("Sold", "created totals")


class Sales:
    def __init__(self, run, key, companies):
        self.run, self.key, self.companies, self.client = run, key, companies, Client(run.server.address, key)
        self.tier_ids, self.created = {}, []

    def load_and_check(self):
        self.load()
        for step in (self.check_tiers, self.check_opportunities, self.check_touches, self.check_timelines):
            self.run.attempt(step)

    def load(self):
        client, run, key = self.client, self.run, self.key
        stages = client.get("/pipelines")["data"][0]["stages"]
        self.stages = {stage["id"]: stage for stage in stages}
        open_stages = [stage for stage in stages if stage["kind"] == "open"]
        closed = {stage["kind"]: stage["id"] for stage in stages if stage["kind"] in ("won", "lost")}
        reason = client.get("/dictionaries/close_reason")["items"][0]["code"]
        self.counts = {item["code"]: item["flags"]["counts_as_touch"] for item in client.get("/dictionaries/touch_type")["items"]}

        self.tiers = [{"code": code, "name": name, "rank": rank} | more for code, name, rank, _, more in TIERS]
        self.tier_ids = run.load("/api/v1/tiers", key, [(body["code"], body) for body in self.tiers])
        bodies = [(company, company.opportunity_body(open_stages)) for company in self.companies]
        path = "/api/v1/opportunities"
        answers = run.send(f"POST {path}", key, [(company.symbol, [("POST", path, body, 201)]) for company, body in bodies])
        self.companies = [company for company in self.companies if company.symbol in answers]
        for company in self.companies:
            answer = answers[company.symbol][0]
            company.opportunity["id"] = answer["id"]
            company.moved(None, company.opportunity["stage_id"], answer["stage_entered_at"])
        rows = [(f"{company.symbol} {name}", body) for company in self.companies for name, body in company.touch_bodies().items()]
        touch_ids = run.load("/api/v1/touch-records", key, rows)
        self.companies = [company for company in self.companies if all(f"{company.symbol} {name}" in touch_ids for name in company.touches)]
        for company in self.companies:
            for name, touch in company.touches.items():
                touch["id"] = touch_ids[f"{company.symbol} {name}"]
        self.created = [*self.tier_ids.values(), *(answer["id"] for answer, in answers.values()), *touch_ids.values()]

        rows = [(f"{company.symbol} {what}", requests)
                for company in self.companies for what, requests in company.writes(self.tier_ids, open_stages, closed, reason)]
        requests, answers = dict(rows), run.send("edits, deletions, tiers and moves mixed", key, rows)
        for company in self.companies:
            for answer in answers.get(f"{company.symbol} tier", []):
                company.events.append((answer["updated_at"], "tier_change", (None, self.tier_ids[company.tier()], company.reason())))
            moves = [body for _, _, body, _ in requests.get(f"{company.symbol} moves", [])]
            for move, answer in zip(moves, answers.get(f"{company.symbol} moves", [])):
                reason, note = move.get("reason_code"), move.get("note")
                company.moved(company.opportunity["stage_id"], move["to_stage_id"], answer["stage_entered_at"], reason, note)
                company.opportunity["closed_at"] = move.get("closed_at") or answer["closed_at"]
        kinds = collections.Counter(self.stages[company.opportunity["stage_id"]]["kind"] for company in self.companies)
        print(f"  opportunities: {dict(kinds)}")

    def check_opportunities(self):
        """Each as it was sent, its weighted amount, and the sums by stage and currency, whole and filtered."""
        check, expected = self.run.check, {company.opportunity["id"]: company.opportunity for company in self.companies}
        rows = self.client.all("/opportunities")
        seen = collections.Counter(row["id"] for row in rows)
        check(seen == collections.Counter(expected.keys()), f"GET /opportunities: {len(rows)} rows, each once")
        rows = [row for row in rows if row["id"] in expected]
        other = [(row, expected[row["id"]]) for row in rows if not holds(row, expected[row["id"]])]
        check(not other, f"every opportunity as it was sent and moved {other[:2] or ''}")
        other = [(row["id"], row["closed_at"]) for row in rows if (row["stage_kind"] == "open") != (row["closed_at"] is None)]
        check(not other, f"closed_at is there when it is won or lost {other[:3] or ''}")
        weights = {id: weighted(opportunity, self.stages) for id, opportunity in expected.items()}
        other = [(row, weights[row["id"]]) for row in rows if row["weighted_amount"] != weights[row["id"]][0]]
        check(not other, f"every weighted amount, {sum(is_tie for _, is_tie in weights.values())} of them rounded from a half {other[:3] or ''}")

        def sums(opportunities):
            sums = collections.defaultdict(decimal.Decimal)
            for one in opportunities:
                sums[one["stage_id"], one["amount"]["currency"]] += decimal.Decimal(one["amount"]["amount"])
            return dict(sums)

        wanted = sums(expected.values())
        wrong = {place: (got, wanted.get(place)) for place, got in sums(rows).items() if got != wanted.get(place)}
        check(sums(rows) == wanted, f"sums by stage and currency: {len(wanted)} of them {wrong or ''}")
        for stage_id, stage in self.stages.items():
            totals = [f"{currency} {wanted[stage_id, currency]:,}" for currency in DECIMALS if (stage_id, currency) in wanted]
            print(f"        {stage['label']['zh']}: {', '.join(totals) or 'none'}")
        found, wrong = 0, []
        for stage_id in self.stages:
            for query in ({}, *({"amount_currency": currency, "amount[gte]": least} for currency, least in THRESHOLDS.items())):
                rows = self.client.all("/opportunities", limit=7, stage_id=stage_id, **query)
                least, currency = decimal.Decimal(query.get("amount[gte]", 0)), query.get("amount_currency")
                wanted = [one for one in expected.values() if one["stage_id"] == stage_id]
                wanted = [one for one in wanted if currency in (None, one["amount"]["currency"])]
                wanted = [one for one in wanted if decimal.Decimal(one["amount"]["amount"]) >= least]
                found += len(rows)
                if sums(rows) != sums(wanted) or sorted(row["id"] for row in rows) != sorted(one["id"] for one in wanted):
                    wrong.append((self.stages[stage_id]["code"], query, sums(rows), sums(wanted)))
        check(not wrong, f"the same filtered by stage_id, amount_currency and amount[gte]: {found} rows {wrong[:3] or ''}")

    def check_touches(self):
        """Each as it was sent and edited, and what the customers say of theirs."""
        check, expected = self.run.check, {touch["id"]: touch for company in self.companies for touch in company.touches.values()}
        for query in ({}, {"sort": "-occurred_at"}):
            rows = self.client.all("/touch-records", **query)
            seen = collections.Counter(row["id"] for row in rows)
            check(seen == collections.Counter(expected.keys()), f"GET /touch-records{'?sort=-occurred_at' if query else ''}: {len(rows)} rows, each once")
        check([row["occurred_at"] for row in rows] == sorted((row["occurred_at"] for row in rows), reverse=True), "sort=-occurred_at is newest first")
        other = [(row, expected[row["id"]]) for row in rows if row["id"] in expected and not holds(row, expected[row["id"]])]
        check(not other, f"every touch record as it was sent and edited {other[:2] or ''}")
        summaries = {company.id: company.summary(self.counts) for company in self.companies}
        nothing = {"touch_count": 0, "last_touch_at": None, "next_touch_at": None}
        wrong = []
        for row in self.client.all("/customers"):
            wanted = summaries.get(row["id"], nothing)
            if not holds(row, wanted):
                wrong.append((row["id"], {name: row[name] for name in wanted}, wanted))
        count = sum(wanted["touch_count"] for wanted in summaries.values())
        check(not wrong, f"touch_count, last_touch_at and next_touch_at of every customer, {count} touches in all {wrong[:3] or ''}")
        for name, least in (("touch_count", 3), ("last_touch_at", instant(FIRST_DAY + timedelta(days=30)))):
            found = sorted(row["id"] for row in self.client.all("/customers", **{f"{name}[gte]": least}))
            expected = sorted(id for id, wanted in summaries.items() if wanted[name] and wanted[name] >= least)
            check(found == expected, f"{name}[gte]={least}: {len(found)} of {len(expected)}")

    def check_timelines(self):
        """Two entries at a time: each once, newest first, and of the same instant the later id first."""
        wrong, entries, kinds, ties, begun = [], [], collections.Counter(), [], time.perf_counter()

        def read(client, company):
            rows = client.all(f"/customers/{company.id}/timeline", limit=2)
            places = [(row["at"], row["id"].rsplit("_", 1)[1]) for row in rows]
            entries.extend(row["id"] for row in rows)
            kinds.update(row["type"] for row in rows)
            ties.append(len({at for at, _ in places}) < len(places))
            got, wanted = [entry_of(row) for row in rows], company.timeline()
            if sorted(map(repr, got)) != sorted(map(repr, wanted)) or places != sorted(places, reverse=True):
                wrong.append((company.symbol, company.id, got, sorted(wanted, key=repr, reverse=True)))

        self.run.each(self.key, self.companies, read)
        took = time.perf_counter() - begun
        self.run.check(len(set(entries)) == len(entries), f"no entry is in the timelines twice: {len(entries)} entries")
        self.run.check(not wrong, f"timelines of {len(ties)} customers by pages of 2, {sum(ties)} with two at one instant, "
                                  f"{dict(kinds)}, {len(entries) / took:.0f} rows/s over {CONNECTIONS} connections {wrong[:2] or ''}")

    def check_tiers(self):
        check, wanted = self.run.check, collections.Counter(company.tier() for company in self.companies)
        rows = self.client.all("/tiers", include_counts="true", sort="rank")
        is_same = len(rows) == len(self.tiers) and all(map(holds, rows, self.tiers))
        check(is_same, f"the tiers as they were sent, by rank: {[row['code'] for row in rows]}")
        got = {row["code"]: row["customer_count"] for row in rows}
        check(got == dict(wanted), f"include_counts: {got}")
        for code, id in sorted(self.tier_ids.items()):
            found = sorted(row["id"] for row in self.client.all("/customers", tier_id=id))
            is_right = found == sorted(company.id for company in self.companies if company.tier() == code)
            check(is_right, f"tier_id finds exactly the customers of {code}: {len(found)}")
            status, answer, _ = self.client.call("DELETE", f"/api/v1/tiers/{id}")
            answer = answer or {}
            is_right = (status, answer.get("code")) == (409, "in_use") and answer.get("meta", {}).get("count") == wanted[code]
            check(is_right, f"it cannot be deleted: {status} {answer.get('code')} {answer.get('meta')}")


def load_and_check(run, key, customers, customer_ids, contacts_of):
    """Does all of it; gives the ids of everything created, and how many rows the lists have in the end."""
    symbols = [symbol for symbol in customers if symbol in customer_ids][:COMPANIES]
    companies = [Company(number, symbol, customer_ids[symbol], customers[symbol].get("employee_count"), contacts_of.get(symbol, []))
                 for number, symbol in enumerate(symbols, 1)]
    sales = Sales(run, key, companies)
    run.attempt(sales.load_and_check)
    touches = sum(len(company.touches) for company in sales.companies)
    return Sold(sales.created, {"/tiers": len(sales.tier_ids), "/opportunities": len(sales.companies), "/touch-records": touches})
