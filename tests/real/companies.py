"""From the columns of companies.csv and company_people.csv to Fishpond's fields. `notes` counts what was changed or left out on the way."""

import hashlib, re, unicodedata

COUNTRIES = {entry[3:]: entry[:2] for entry in """\
AE United Arab Emirates|AR Argentina|AT Austria|AU Australia|BE Belgium|BG Bulgaria|BM Bermuda|BR Brazil|BS Bahamas|CA Canada
CH Switzerland|CL Chile|CN China|CO Colombia|CY Cyprus|CZ Czechia|CZ Czech Republic|DE Germany|DK Denmark|EE Estonia|EG Egypt|ES Spain
FI Finland|FR France|GB United Kingdom|GE Georgia|GG Guernsey|GI Gibraltar|GR Greece|HK Hong Kong|HR Croatia|HU Hungary|ID Indonesia
IE Ireland|IL Israel|IM Isle of Man|IN India|IS Iceland|IT Italy|JE Jersey|JP Japan|KR South Korea|KY Cayman Islands|LI Liechtenstein
LT Lithuania|LU Luxembourg|LV Latvia|MC Monaco|MT Malta|MX Mexico|MY Malaysia|NG Nigeria|NL Netherlands|NO Norway|NZ New Zealand
PA Panama|PE Peru|PH Philippines|PL Poland|PR Puerto Rico|PT Portugal|RO Romania|RS Serbia|RU Russia|RU Russian Federation
SA Saudi Arabia|SE Sweden|SG Singapore|SI Slovenia|SK Slovakia|TH Thailand|TR Turkey|TW Taiwan|UA Ukraine|US United States|UY Uruguay
VN Vietnam|ZA South Africa""".replace("\n", "|").split("|")}
STATES = set("""Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|D.C.|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa
Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey
New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah
Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming""".replace("\n", "|").split("|"))


def country_and_city(country, headquarters, notes):
    """'Atlanta, Georgia' is a city of the United States, 'Hamilton, Bermuda' one of Bermuda, 'Germany' a country."""
    first, *others = country.split(";")
    if others:
        notes[f"two places, the first taken: {country!r}"] += 1
    *city, last = [part.strip() for part in first.split(",")]
    address = {"city": ", ".join(city)}
    if city and last in STATES:
        address |= {"country": "US", "province": last}
    elif last in COUNTRIES:
        address["country"] = COUNTRIES[last]
    else:
        notes[f"country not mapped: {country!r}"] += 1
        address["city"] = ""
    if not address["city"]:
        is_place = not re.search("°|^No headquarters", headquarters)
        notes["headquarters that are no place left out"] += not is_place
        address["city"] = headquarters[:100] if is_place else ""
    return {key: value for key, value in address.items() if value}


def web_address(text, notes):
    wiki = re.match(r"\{\{URL\|([^|}]*)", text)
    url = wiki[1] if wiki else text
    if not re.match("https?://", url):
        url = "https://" + url
    if not text or (re.fullmatch(r"https?://[\w-]+(\.[\w-]+)+(/\S*)?", url) and len(url) <= 300):
        notes["website taken out of wiki mark-up"] += bool(wiki)
        return url if text else None
    notes[f"website left out: {text!r}"] += 1


def head_count(text, notes):
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", text):
        notes["employees with thousands separators joined"] += 1
        text = re.sub("[.,]", "", text)
    if text.isascii() and text.isdigit():
        return int(text)
    if text:
        notes[f"employees left out: {text!r}"] += 1


def words(text):
    return " ".join(re.findall(r"\w+", text.casefold()))


def slug(text):
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return "_".join(re.findall("[a-z0-9]+", plain))


def industry_codes(texts, items, notes):
    """A code for each text, and the dictionary's items with the new ones. Texts that differ in case and punctuation only share one."""
    taken = {item["code"]: words(item["label"]["en"]) for item in items}
    order = max((item["order"] for item in items), default=0)
    items = [{key: item[key] for key in ("code", "label", "order", "is_active")} for item in items]
    codes = {}
    for text in texts:
        code, key = slug(text), words(text)
        if not code or len(code) > 64 or taken.get(code, key) != key:
            notes["industry codes with a hash (long, or taken)"] += 1
            code = f"{code[:57]}_{hashlib.sha256(key.encode()).hexdigest()[:6]}"
        codes[text] = code
        if code in taken:
            notes["industries merged onto an existing code"] += 1
            continue
        notes["industry labels cut to 100 characters"] += len(text) > 100
        order += 10
        taken[code] = key
        items.append({"code": code, "label": {"zh": text[:100].strip(), "en": text[:100].strip()}, "order": order, "is_active": True})
    return codes, items


def industries_of(row):
    return [text.strip() for text in row["industries"].split("|") if text.strip()]


def customer_body(row, codes, shared_isins, notes):
    refs = [{"system": "symbol", "value": row["symbol"]}]
    if row["isin"] and row["isin"] not in shared_isins:
        refs.append({"system": "isin", "value": row["isin"]})
    body = {
        "name": row["name"],
        "kind": "organization",
        "external_refs": refs,
        "industries": list(dict.fromkeys(codes[text] for text in industries_of(row)))[:5],
        "website": web_address(row["website"], notes),
        "address": country_and_city(row["country"], row["headquarters"], notes),
        "employee_count": head_count(row["employees"], notes),
        "source_detail": row["indices"][:200].strip(),
    }
    return {key: value for key, value in body.items() if value not in (None, "", [], {})}


def contact_body(number, row, customer_id, is_primary, roles):
    link = {"customer_id": customer_id, "is_primary": is_primary}
    if slug(row["title"]) in roles:
        link["role"] = slug(row["title"])
    refs = [{"system": "person", "value": f"{row['symbol']}:{number}"}]
    return {"name": row["name"], "title": row["title"][:100].strip(), "external_refs": refs, "links": [link]}
