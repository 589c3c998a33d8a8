"""Decides when an English message still wants to go on talking, and which words turn a wish into its opposite."""

import re
from difflib import get_close_matches

from inbox.understanding.optout_keep import wants_to_stay
from inbox.understanding.reading import Reading

# Somebody who says one of these in the same message wants to go on talking: its wish is left to a reader.
_ENGAGED = re.compile(
    r"\b(?:tell me more|keep me (?:posted|on|in)|let's (?:talk|chat|meet|do|go)|put (?:me|us) back|"
    r"add (?:me|us) back|sounds good|see you|next steps?|"
    r"(?:i|we)(?:'d| would) (?:still )?(?:like|love) (?:to (?:see|hear|learn|know|talk|meet|discuss|try)|"
    r"pricing|the|a|an|more)\b(?! (?:removed|break))|"
    r"(?:send|share|see|give|get|quote)(?: me| us| over)? (?:the same |the |your |a |some |more |"
    r"full )?(?:info|pricing|prices?|quote|details|deck|link|proposal|contract|numbers|samples?)|"
    r"(?:what(?:'s| is| are| do| does)|how much)\b.{0,25}\b(?:pric(?:e|es|ing)|rates?|costs?|charge|offer|"
    r"next|include\w*)|"
    r"(?:contact|e-?mail|call|text|write(?: to)?|reach|message|ring|send (?:it|them|that) to) (?:me|"
    r"us) (?:instead|on|at|any (?:day|time)|anytime|after|when|tomorrow)|"
    r"(?:talk|speak|meet|call|chat) (?:on )?(?:mon|tues?|wednes|thurs?|fri)(?:day)?|(?:mon|tues|wednes|"
    r"thurs|fri)day (?:works|is (?:fine|good)|at \d)|"
    r"(?<=[.!?,;\n] )ignore (?:it|that|my (?:last|previous|stop))|(?:and|but|so) (?:call|text|ring|"
    r"e-?mail) me(?! (?:again|once))|(?:e-?mail|text|linkedin|here|"
    r"by phone)(?:'s| is| are| works)(?: (?:totally|much|perfectly|always|"
    r"just))? (?:fine|"
    r"best|better|good|great|ok|okay|preferred)|(?:want|love|like) to hear (?:it|this|more|about)|(?:i|we)(?:'m|"
    r" am| are)? "
    r"(?:really |do |actually )?(?:like|love|enjoy) (?:reading|these|them|your (?:e-?mails|messages|newsletter|"
    r"letters|notes|tips))|(?:i|we) want in|"
    r"call the (?:store|shop|"
    r"office|salon|clinic|practice)|"
    r"works for (?:me|us)|this one is right|(?<!not )(?<!n't )(?<!dont )(?<!never )use (?:this|"
    r"my) (?:\w+ )?address|signed the contract|"
    r"booked a slot|i make the decisions|i actually like|happy to (?:talk|chat|stay)|"
    r"just (?:call|text|ring)|i(?:'m| am) the (?:new|owner|right))\b"
)
# A question of business beside a wish: somebody else is to be removed, or the wish is about their own tools.
_BUSINESS = re.compile(
    r"\b(?:how much|how many (?:leads|clients|customers)|pric(?:e|es|ing)|costs?|rates|minimum|per month|"
    r"monthly|demo|trial|discount|"
    r"what (?:are|would|do|does|is|can) (?:you|it|your \w+|that) (?:show|charge|cost|offer|have|do for|include|"
    r"look like)\w*|"
    r"when can|can we|could we|shall we|would you handle|do you (?:do|work|offer|cover|handle|support|ship|"
    r"serve|also|still))\b"
    r"[^?]{0,80}\?|\bi(?:'m| am) your (?:guy|man|woman|gal|contact|person)\b|\bi(?:'m| am) the (?:person|one) now\b|"
    r"\b(?:yes|sure|ok|okay) to (?:mon|tues|wednes|thurs|fri|satur|sun|next|the)\w*"
)
_JOKING = re.compile(
    r"\b(?:just )?(?:kidding|joking|jk)\b|\bno but (?:seriously|really)\b|\b(?:lol|haha)\b.{0,40}\?"
)
NOT = (
    r"(?:not|\w+n't|dont|doesnt|wont|didnt|never|no need to|no reason to|without|instead of|"
    r"rather (?:not|you didn't))"
)


def engaged(reading: Reading) -> bool:
    """Whether the message also wants something of us, or was a joke: then no rule decides that it is a farewell."""
    return bool(
        _ENGAGED.search(reading.text)
        or _BUSINESS.search(reading.text)
        or _JOKING.search(reading.text)
        or wants_to_stay(reading.text)
    )


_STOP_TYPO = re.compile(r"\b(stop|stopp|stp|sotp|stpo|quit) ((?:[emstc])[a-z]{4,10})(?= (?:me|us|my)\b|\W*$)")
_STOP_DOING = ("emailing", "mailing", "texting", "txting", "messaging", "contacting", "spamming")
_NO_TYPOS = frozenset({"testing", "massaging", "tasting", "managing", "spanning", "making", "taking"})


def _corrected(match: re.Match[str]) -> str:
    """ "Stop emaling me" with its verb corrected; other words that exist stay."""
    near = [] if match[2] in _NO_TYPOS else get_close_matches(match[2], _STOP_DOING, 1, 0.84)
    return f"stop {near[0]}" if near else match[0]


def spelled_stop(low: str) -> str:
    """A folded sentence in which the verb after "stop" is spelled right."""
    return _STOP_TYPO.sub(_corrected, low)
