"""Recognises clear refusals that need no model: a plain no, without a question and without a later time."""

import re

from inbox.understanding.cleaned import Reading, rule

_BARE = re.compile(
    r"^(?:hi|hello|hey|alex|thanks|thank you)?[,.! ]*(?:no|nope|nah|non|nein|nee|nie|nej|nei)\b,? ?"
    r"(?:thanks|thank you|thx|ty|sorry|merci|danke|gracias|grazie|obrigad[oa]|dank je|tack|tak|takk|dziekuje|"
    r"(?:we(?:'re| are)?|i(?:'m| am)|im) (?:good|fine|all set))?[.! ]*$|"
    r"^(?:i'll |we'll |i will |we will |gonna )?pass(?: on this)?[,.! ]*(?:thanks|thank you|thx)?[.! ]*$"
)
_REFUSAL = re.compile(
    r"\bnot (?:at all |really |remotely )?interested\b|\bno interest\b|^(?:no|nah|nope),? (?:thanks|"
    r"thank you|thx)\b|"
    r"\b(?:we're|we are|i'm|i am) (?:all set|good|fine as we are)(?:,? (?:thanks|thank you|thx))?[.! ]*$|"
    r"\bnot (?:a|the right|a good) fit\b|\bnot for us\b|\bhard pass\b|\bit's a no\b|^respectfully,? no\b|"
    r"\b(?:no|not any|don't have (?:a|any)) need (?:for|of) (?:this|it|that)\b|\bnothing (?:here )?for you\b|"
    r"\b(?:we're|we are|i'm|i am) not looking\b(?! to)|"
    r"\bkein(?:en|e)? (?:interesse|bedarf|thema)\b|\bnicht interessiert\b|\bpas interesse\w*\b|"
    r"\bpas (?:besoin|d'interet)\b(?! de)|"
    r"\bno (?:me |nos )interesa\b|\bno (?:estoy|estamos) interesad\w+|\bnon (?:sono|siamo) interessat\w+|"
    r"\bnon (?:mi|ci) interessa\b|\bnao (?:tenho|temos|tem) interesse\b|\bsem interesse\b|\bgeen interesse\b|"
    r"\bniet geinteresseerd\b|\bnie (?:jestem|jestesmy) zainteresowan\w+|\b(?:inte|ikke) (?:intresserad|"
    r"interess)\w*|"
    r"\bnemam(?:e)? zajem\b|\bei kiinnosta\b|不需要|没有(?:这个|此)?需求|没(?:有)?兴趣|必要ありません|"
    r"興味(?:が|は)?(?:ありません|ない)|관심 ?없|не интересует|не интересно"
)
_OPEN = re.compile(
    r"\?|\b(?:but|however|although|unless|until|later|next (?:year|month|quarter|week)|in q[1-4]|not yet|"
    r"maybe|if you|"
    r"yes|send|call me|invite|let's|works for|aber|jedoch|spater|erst|mais|plus tard|pero|mas tarde|luego|"
    r"ma|piu avanti|mas|"
    r"depois|maar|ale|pozniej|men|senare|senere|not uninterested|nicht uninteressant)\b"
)


@rule(
    "not_interested.refusal",
    'A plain refusal ("not interested", "no thanks") with no question, no "but" and no later time.',
)
def refuses(reading: Reading) -> str | None:
    """Matches a polite no ("Not interested. Best of luck."), but not "Not interested, but try me in May"."""
    if _OPEN.search(reading.text):
        return None
    if _BARE.match(reading.text):
        return reading.newest.text
    return next((written for written, folded in reading.sentences if _REFUSAL.search(folded)), None)
