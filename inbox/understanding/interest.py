"""Decides which refusals are clear enough to need no model: a plain no, with nothing asked and no later time named."""

import re

from inbox.understanding.reading import Reading, Rule

_REFUSAL = re.compile(
    r"\bnot interested\b|\bno interest\b|^(?:no|nope|nah)\b(?:,? ?(?:thanks|thank you|thx|ty|sorry|we're good|we good|im good|i'm good))?[.! ]*$|^(?:no|nah|nope),? (?:thanks|thank you|thx)\b|^nah,? we(?:'re| are)? good\b|"
    r"\b(?:we're|we are|i'm|i am) (?:all set|good|fine as we are)(?:,? (?:thanks|thank you|thx))?[.! ]*$|\bnot (?:a|the right|a good) fit\b|\bnot for us\b|\bhard pass\b|^(?:i'll |we'll |i will |we will )?pass(?: on this)?[.! ]*$|"
    r"\bit's a no\b|^respectfully,? no\b|\b(?:no|not any|don't have (?:a|any)) need (?:for|of) (?:this|it|that)\b|\bnothing (?:here )?for you\b|\b(?:we're|we are|i'm|i am) not looking\b|"
    r"\bkein (?:interesse|bedarf|thema)\b|\bnicht interessiert\b|\bpas interesse\w*\b|\bpas (?:besoin|d'interet)\b|\bno (?:me |nos )interesa\b|\bno (?:estoy|estamos) interesad\w+|\bnon (?:sono|siamo) interessat\w+|\bnon (?:mi|ci) interessa\b|"
    r"\bnao (?:tenho|temos|tem) interesse\b|\bsem interesse\b|\bgeen interesse\b|\bniet geinteresseerd\b|\bnie (?:jestem|jestesmy) zainteresowan\w+|\binte intresserad\w*|\bikke interess\w+|\bnemam(?:e)? zajem\b|\bei kiinnosta\b|"
    r"不需要|没有(?:这个|此)?需求|没(?:有)?兴趣|必要ありません|興味(?:が|は)?(?:ありません|ない)|관심 ?없|не интересует|не интересно"
)
_OPEN = re.compile(
    r"\?|\b(?:but|however|although|unless|until|later|next (?:year|month|quarter|week)|in q[1-4]|for now|at the moment|right now|not yet|currently|maybe|if you|aber|jedoch|spater|erst|mais|plus tard|pero|mas tarde|luego|ma |piu avanti|mas |depois|"
    r"maar|later|ale |pozniej|men |senare|senere|not uninterested|nicht uninteressant)\b"
)
_OPEN_ENDINGS = re.compile(r"\b(?:at this time|at the moment|right now|for now|currently)\b")


def _refuses(reading: Reading) -> str | None:
    quote = reading.first(_REFUSAL)
    if quote is None:
        return None
    # "Not interested at this time. Best of luck." is how people decline politely; "but try me in May" is not.
    rest = _OPEN_ENDINGS.sub("", reading.text)
    return None if _OPEN.search(rest) else quote


RULES = (
    Rule(
        "not_interested.refusal",
        "not_interested",
        "A plain refusal (\"not interested\", \"no thanks\", \"kein Interesse\") with no question, no \"but\" and no later time.",
        _refuses,
    ),
)
