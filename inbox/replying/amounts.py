"""Finds prices, percentages and phone numbers in a text and normalises them, so that equal amounts compare equal."""

import re
from decimal import Decimal

_NUMBER = r"\d{1,3}(?:[ .,'\u2019\u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?"
_SIGNS = {
    "$": "usd",
    "€": "eur",
    "£": "gbp",
    "¥": "jpy",
    "₹": "inr",
    "₽": "rub",
    "₺": "try",
    "₪": "ils",
    "₩": "krw",
}
_NAMES = {
    "dollar": "usd", "dollars": "usd", "bucks": "usd", "euro": "eur", "euros": "eur", "pound": "gbp",
    "pounds": "gbp", "quid": "gbp", "franken": "chf", "francs": "chf", "yen": "jpy", "rupees": "inr", "rs": "inr",
    "zl": "pln", "zł": "pln", "kr": "kr", "kc": "czk", "kč": "czk", "reais": "brl", "cent": "cent",
    "cents": "cent", "руб": "rub",
}  # fmt: skip
_CODES = [
    "usd", "eur", "gbp", "chf", "jpy", "inr", "pln", "sek", "nok", "dkk", "czk", "huf", "bgn", "aud", "cad", "nzd",
    "brl", "mxn", "zar", "aed", "sgd", "hkd", "ils", "krw", "rub", "cny", "uah",
]  # fmt: skip
_SIGN = "[" + "".join(map(re.escape, _SIGNS)) + "]"
_WORD = "|".join(re.escape(word) for word in sorted([*_NAMES, *_CODES], key=len, reverse=True))
_K = r"(?:\s?(?P<{}>k|m|mio|thousand|million)\b)?"
_EACH = (
    r"(?:/\s?|(?:per|a|an|each|every|pro|je|im|par|al|por|per il|na|i)\s)(?:month|mo|year|yr|week|day|hour|seat|user|"
    r"agent|lead|monat|jahr|woche|tag|stunde|nutzer|platz|mois|an|semaine|utilisateur|mes|ano|año|usuario|mese|anno|utente|"
    r"maand|jaar|gebruiker|miesiac|miesiąc|rok|manad|månad|ar|år)\b"
)
PRICE = re.compile(
    rf"(?:(?P<sign>{_SIGN})|\b(?P<before>{_WORD})\.?)\s?(?P<first>{_NUMBER}){_K.format('k1')}"
    rf"|(?P<second>{_NUMBER}){_K.format('k2')}\s?(?:(?P<after_sign>{_SIGN})|-?(?P<after>{_WORD})\b)"
    rf"|(?P<third>{_NUMBER}){_K.format('k3')}\s?{_EACH}",
    re.I,
)
PERCENT = re.compile(
    rf"(?P<number>{_NUMBER})\s?(?:%|percent\b|per cent\b|prozent\b|pour ?cent\b|por ciento\b)", re.I
)
_PHONE = re.compile(r"\+?\(?\d[\d ()./-]{5,}\d")
_NO_PHONE = re.compile(
    r"\d{1,2}[.:]\d{2} ?-.*|\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}(?: .*)?|(?:19|20)\d\d ?[/-] ?(?:19|20)\d\d"
)
_LONG, _SHORT = 9, 7
"""The minimum numbers of digits of a phone number. `_SHORT` applies to numbers that begin with "+" or 0."""


def prices(text: str) -> dict[tuple[str, Decimal], str]:
    """Returns the prices in `text` as {(currency, amount): the text as written}. Each price is also listed under the
    currency "", so that it equals the same amount without a currency.
    """
    amounts = {}
    for match in PRICE.finditer(text):
        sign = match["sign"] or match["after_sign"]
        word = (match["before"] or match["after"] or "").lower()
        currency = _SIGNS[sign] if sign else _NAMES.get(word, word)
        number = _number(match["first"] or match["second"] or match["third"])
        scale = (match["k1"] or match["k2"] or match["k3"] or "").lower()
        times = {"": 1, "k": 1_000, "thousand": 1_000}.get(scale, 1_000_000)
        for known_as in (currency, ""):
            amounts[known_as, number * times] = match[0].strip()
    return amounts


def percentages(text: str) -> dict[Decimal, str]:
    return {_number(match["number"]): match[0].strip() for match in PERCENT.finditer(text)}


def unknown(text: str, material: str) -> list[tuple[str, str]]:
    """Returns the amounts in `text` that `material` lacks, as ("price" or "percentage", the text as written)."""
    unsourced = []
    for what, read in (("price", prices), ("percentage", percentages)):
        sourced = read(material)
        unsourced += [(what, written) for amount, written in read(text).items() if amount not in sourced]
    return list(dict.fromkeys(unsourced))


def phones(text: str) -> dict[str, str]:
    """Returns the phone numbers in `text` as {digits: the text as written}. Prices, dates and times are left out."""
    phone_numbers = {}
    for match in _PHONE.findall(PRICE.sub(" ", text)):
        number, written = digits(match), match.strip(" .-/(")
        least = _SHORT if written[:1] in "+0" else _LONG
        if len(number) >= least and not _NO_PHONE.fullmatch(written):
            phone_numbers[number] = written
    return phone_numbers


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _number(text: str) -> Decimal:
    """Returns the number that `text` writes: 1500 for "1,500", "1.500", "1 500" and "1500.00", and 15 for "15.00"."""
    text = re.sub(r"[^\d.,]", "", text).rstrip(".,")
    point = max(text.rfind("."), text.rfind(","))
    whole, part = text, ""
    if (
        point >= 0
        and (text.count(text[point]) == 1)
        and (len(text) - point - 1 != 3 or len({*text} & {".", ","}) == 2)
    ):
        whole, part = text[:point], text[point + 1 :]
    return Decimal(f"{digits(whole) or '0'}.{part or '0'}")
