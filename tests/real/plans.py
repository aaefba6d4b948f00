"""What becomes of a company: its opportunity, touch records and tier, and what must be read of them in the end."""

import decimal, json
from datetime import datetime, timedelta, timezone

DECIMALS = {"CNY": 2, "USD": 2, "JPY": 0}
# Code, name, rank, fewest employees, other members.
TIERS = [
    ("bronze", "铜牌客户", 10, 0, {"cadence_days": 30}),
    ("silver", "银牌客户", 20, 1_000, {"cadence_days": 14, "discount_percent": "2.5"}),
    ("gold", "金牌客户", 30, 10_000, {"credit_limit": {"amount": "1000000.00", "currency": "CNY"}, "color": "#d4af37"}),
    ("platinum", "白金客户", 40, 100_000, {"credit_limit": {"amount": "90000000", "currency": "JPY"}, "payment_terms_days": 90}),
]
COUNTED_TYPES = ["call", "visit", "meeting", "email", "sms", "wechat", "chat", "event", "gift", "winback_call", "after_sale_visit"]
FIRST_DAY = datetime(2025, 3, 3, tzinfo=timezone.utc)


def instant(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def money(amount, currency):
    return {"amount": f"{amount:.{DECIMALS[currency]}f}", "currency": currency}


def weighted(opportunity, stages):
    """Amount × probability as a decimal of the currency, and whether it lay half-way between two."""
    stage, own = stages[opportunity["stage_id"]], opportunity["probability"]
    percent = {"won": 100, "lost": 0}.get(stage["kind"], stage["probability"] if own is None else own)
    currency = opportunity["amount"]["currency"]
    exact, unit = decimal.Decimal(opportunity["amount"]["amount"]) * percent / 100, decimal.Decimal(1).scaleb(-DECIMALS[currency])
    rounded = exact.quantize(unit, decimal.ROUND_HALF_EVEN)
    return money(rounded, currency), abs(exact - rounded) * 2 == unit


class Company:
    """What becomes of the n-th company, and what must be read of it in the end."""

    def __init__(self, number, symbol, id, employees, contacts):
        self.number, self.symbol, self.id, self.employees, self.contacts = number, symbol, id, employees or 0, contacts
        self.opportunity, self.touches, self.events = None, {}, []
        self.day = FIRST_DAY + timedelta(days=number % 60, seconds=number, milliseconds=number)

    def tier(self):
        return [code for code, _, _, fewest, _ in TIERS if self.employees >= fewest][-1]

    def reason(self):
        return f"{self.employees} employees"

    def opportunity_body(self, open_stages):
        n = self.number
        currency = "USD" if n % 10 == 0 else "JPY" if n % 10 == 5 else "CNY"
        amount = decimal.Decimal(n * 15_485_863 % 1_000_000_007 + 1).scaleb(-2)
        stage = open_stages[n // 2 % len(open_stages)]
        body = {
            "name": f"{self.symbol} 第 {n} 号项目", "customer_id": self.id,
            "contact_id": self.contacts[0] if self.contacts else None,
            "stage_id": None if stage is open_stages[0] else stage["id"], # the first one is where it begins anyway
            "probability": n * 13 % 101 if n % 4 == 0 else None,
            "amount": money(amount.quantize(decimal.Decimal(1).scaleb(-DECIMALS[currency])), currency),
            "expected_close_date": f"2027-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "external_refs": [{"system": "deal", "value": self.symbol}],
        }
        self.opportunity = body | {"stage_id": stage["id"], "closed_at": None}
        return body

    def touch_bodies(self):
        """A counted touch, a note on the next day, and a counted touch on the day after; of every fifth company, at the very instant at
        which its opportunity began."""
        n, opportunity = self.number, self.opportunity["id"]
        counted = lambda offset: COUNTED_TYPES[(n + offset) % len(COUNTED_TYPES)]
        at = [self.day + timedelta(days=days) for days in range(3)]
        last = self.opportunity["stage_entered_at"] if n % 5 == 0 else instant(at[2])
        self.touches = {
            "first": {"type": counted(0), "occurred_at": instant(at[0]), "direction": "outbound", "duration_seconds": n,
                      "next_touch_at": instant(at[0] + timedelta(days=7)), "contact_ids": self.contacts[:1]},
            "note": {"type": "note", "occurred_at": instant(at[1]), "opportunity_id": opportunity,
                     "next_touch_at": instant(at[1] + timedelta(days=30)) if n % 4 == 1 else None},
            "last": {"type": counted(5), "occurred_at": last, "opportunity_id": opportunity, "direction": "inbound",
                     "next_touch_at": instant(at[2] + timedelta(days=9)) if n % 4 == 2 else None, "contact_ids": self.contacts[:20]},
        }
        for name, touch in self.touches.items():
            touch |= {"customer_id": self.id, "summary": f"{self.symbol}: {name} 跟进"}
        other_zone = {"occurred_at": at[1].astimezone(timezone(timedelta(hours=8))).isoformat(timespec="milliseconds")}
        return {name: touch | (other_zone if name == "note" else {}) for name, touch in self.touches.items()}

    def edit(self):
        """Which touch record is edited, and how."""
        return [
            ("last", {"occurred_at": instant(self.day - timedelta(days=3)), "summary": "改期"}),
            ("first", {"next_touch_at": None if self.number % 2 else instant(self.day + timedelta(days=21)), "duration_seconds": None}),
            ("note", {"type": "meeting", "contact_ids": self.contacts[:2]}),
        ][self.number % 3]

    def moves(self, open_stages, closed, reason):
        """Every third opportunity is won or lost, one in three of these by way of another open stage."""
        n, now = self.number, self.opportunity["stage_id"]
        if n % 3:
            return []
        way = [{"to_stage_id": next(stage["id"] for stage in reversed(open_stages) if stage["id"] != now)}] if n % 9 == 0 else []
        closed_at = {"closed_at": instant(self.day)} if n % 4 == 0 else {}
        if (n // 3 + n // 30) % 2:
            return [*way, {"to_stage_id": closed["won"]} | closed_at]
        return [*way, {"to_stage_id": closed["lost"], "reason_code": reason, "note": "客户选择了别家"} | closed_at]

    def writes(self, tier_ids, open_stages, closed, reason):
        """Rows that collide: all of them change this company or what belongs to it."""
        touch = lambda name: f"/api/v1/touch-records/{self.touches[name]['id']}"
        name, patch = self.edit()
        yield "edit", [("PATCH", touch(name), patch, 200)]
        self.touches[name] |= patch
        if self.number % 7 == 0:
            name = "first" if name == "last" else "last"
            restore = [("POST", f"{touch(name)}/restore", None, 200)] if self.number % 14 == 0 else []
            yield "delete", [("DELETE", touch(name), None, 204), *restore]
            if not restore:
                del self.touches[name]
        change = {"tier_id": tier_ids[self.tier()], "reason": self.reason()}
        yield "tier", [("POST", f"/api/v1/customers/{self.id}/tier", change, 200)]
        if moves := self.moves(open_stages, closed, reason):
            yield "moves", [("POST", f"/api/v1/opportunities/{self.opportunity['id']}/move", move, 200) for move in moves]

    def moved(self, start, end, at, reason=None, note=None):
        self.events.append((at, "stage_move", (start, end, self.opportunity["amount"], reason, note)))
        self.opportunity |= {"stage_id": end, "stage_entered_at": at, "close_reason_code": reason}

    def summary(self, counts):
        """What the customer must say of its touch records."""
        newest = sorted(self.touches.values(), key=lambda touch: (touch["occurred_at"], touch["id"]), reverse=True)
        counted = [touch["occurred_at"] for touch in newest if counts[touch["type"]]]
        planned = [touch["next_touch_at"] for touch in newest if touch["next_touch_at"]]
        return {"touch_count": len(counted), "last_touch_at": next(iter(counted), None), "next_touch_at": next(iter(planned), None)}

    def timeline(self):
        """`(at, type, what)` of every entry that must be there."""
        return [*self.events, *((touch["occurred_at"], "touch_record", touch["id"]) for touch in self.touches.values())]


def entry_of(entry):
    """The same of an entry that was read."""
    kind = entry["type"]
    detail = entry[kind] or {}
    what = {
        "touch_record": lambda: detail.get("id"),
        "stage_move": lambda: tuple(detail.get(name) for name in ("from_stage_id", "to_stage_id", "amount", "reason_code", "note")),
        "tier_change": lambda: (detail.get("from_tier_id"), detail.get("to_tier_id"), detail.get("reason")),
    }.get(kind, lambda: json.dumps(detail))()
    return entry["at"], kind, what
