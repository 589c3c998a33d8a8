"""Decides which English sentences ask to be unsubscribed or taken off a list."""

import re
from difflib import SequenceMatcher

from inbox.understanding.optout_words import NOT
from inbox.understanding.reading import Reading

_PLEASE = r"(?:please|pls|plz|kindly|just)"
_THEIRS = re.compile(
    r"\b(?:do you|does (?:your|it|this)|opt[- ]?(?:in|out) or opt|how (?:do (?!i\b|we\b)|does|many|much|often|"
    r"are)|what happens|"
    r"is there|"
    r"can (?:people|customers|clients|users|they|we)|your tool|our (?:list|provider|customers|clients|"
    r"subscribers|patients|members|newsletter|rate|unsubscribe))\b"
)
_BUT_NOT = re.compile(
    r"\band (?:add|use) (?:this|my|the)\b|\bi do (?:still )?want (?:the|your|these|to)\b|"
    r"\bbut (?:not (?:this|these|yours?|you|from)|i(?:'d| would)?(?: still)? (?:like|want|love)(?! (?:off|"
    r"out|to be (?:removed|off|left)|(?:it|them|this|that|my \w+) (?:\w+ )?(?:deleted|removed|erased|gone)|no\b|"
    r"nothing))|keep|"
    r"i'm (?:still )?interested)\b"
)
_LIST = (
    r"(?:(?:mailing|e-?mail|call|calling|contact|marketing|distribution|sales|outreach|text|sms|prospect|"
    r"send|sending|lead|do[- ]not)?[- ]?lists?|"
    r"data ?base|db|sequences?|campaigns?|spreadsheets?|systems?|records|crm|distribution|cadence|outreach|"
    r"contacts?|e?-?mails?|mailings?|mailers?|"
    r"messages|newsletters?|things?|rotation|blasts?|files?|books|roster|marketing|spam|correspondence|"
    r"communications?|funnel|drip|automation|texts|phone ?book|"
    r"prospecting|solicitations?|follow[- ]ups?|reach)"
)

# --- unsubscribe, opt out ---------------------------------------------------------------------------------------------
_UNSUBSCRIBE = re.compile(r"\b(?:un-?subscrib(?:e|ed|ing)|unsub|opt(?:ed|ing)?[- ]?(?:me |us )?out)\b")
_FORMAL = re.compile(
    r"\b(?:my|our|this is (?:an?|my|our)|a formal|an official) (?:formal |official |final |written )?"
    r"(?:opt[- ]?out|unsubscribe(?: request)?|request to (?:unsubscribe|opt out|be removed))\b|"
    r"\bconsider (?:me|us|this) (?:[\w']+ ){0,2}?(?:unsubscribe\w*|opt(?:ed)?[- ]?out|removed)\b|"
    r"\b(?:i|we)(?:'ve| have|'d)?(?: already)? (?:replied|said|texted|sent|typed|wrote|written|answered)"
    r"(?: with| you| to you)? (?:stop|unsubscribe|remove)\b|"
    r"(?<!customers )(?<!people )(?<!clients )(?<!they )(?<!users )(?<!subscribers )(?<!patients )(?<!who "
    r")\b(?:can't|cannot|can not|couldn't|could not|not sure how to|no (?:link|way|button|option|place) to|"
    r"unable to|don't see (?:how|a way|where) to|"
    r"doesn't let me|won't let me|nowhere to)(?: \w+){0,2}? (?:unsubscribe|opt out)\b(?! (?:people|my|our|them|"
    r"customers|clients|from (?!your|this|these|the|it\b|any|all)))|"
    r"\bthere(?:'s| is) no (?:unsubscribe|opt[- ]?out)\b|"
    r"\bwhat part of\W{1,3}(?:unsubscribe|stop|remove\w*|opt)\b|"
    r"\bi want out\b(?=\W*$|[.!,;]| please| now| of (?:this|your|these)\b)|\bword (?:is|"
    r"you want is)\W{1,3}(?:stop|unsubscribe|remove)\b|"
    r"^(?:please |pls |kindly )?cancel (?:my|our|this|the) subscription\b"
)
_WISH_BEFORE = re.compile(
    rf"(?:^|[,;:.!()-] ?|\b(?:{_PLEASE}|and|so|then|to|must|now|again|immediately|hereby|(?:can|could|would|"
    rf"will) (?:you|u)|(?:can|do) (?:i|we)|i|we|"
    r"i'm|i am|i've|i have|we've|we have|we are|i'll|let me|let us|been|be|already|also|yes|no|ok|thanks|"
    r"but|or)) ?$"
)
_NOT_BEFORE = re.compile(
    rf"\b(?:{NOT}|before|almost|nearly|accident\w*|mistake\w*|wrongly|about to|meaning to|hesitat\w+|"
    rf"tempted|used to|people|customers|clients|"
    r"subscribers|users|recipients|patients|they|who|it|one to|anyone|someone|nobody|lets?)\b"
)
_BY_MISTAKE = re.compile(r"\b(?:by (?:accident|mistake)|accidental\w*|mistakenly|did(?:n't| not) mean)\b")
_AS_NOUN = re.compile(
    r"^ (?:requests?|links?|buttons?|footers?|rates?|options?|pages?|lists?|process|polic\w+|management|"
    r"headers?|in|just yet|yet)\b"
)
_SOMEBODY_ELSES = re.compile(
    r"^,? (?:at )?any ?time\b|"
    r"^ from (?:the|my|our|a|every|another|their|his|her|that other|them)\b(?! (?:\w+ )?(?:lists?|mailings?|"
    r"e-?mails?|newsletters?|sequence|"
    r"campaigns?|messages|service|updates))"
)
_HABIT = re.compile(r"^ from (?:everything|most|almost|nearly|half|stuff|things|all (?:kinds|sorts))\b")
_BROKEN = re.compile(
    r"\b(?:doesn't work|does not work|not working|broken|404|never works|don't work|fails)\b"
)
_REPEATED = re.compile(r"\b(?:again|already|twice|three times|\w+ times|\d+ ?(?:x|times)|still)\b")
_STILL_COMES = re.compile(r"\bwhy (?:am i|are you|do i|do you)\b|\b(?:still|again)\b[^.!?]{0,40}(?:\?|$)")
_OBJECTS = ("me", "us", "from", "this")


_TYPO = re.compile(r"\b[un][nb]?s[a-z]{6,10}\b")
_TYPO_RATIO = 0.82


def spelled(low: str) -> str:
    """A folded text in which every misspelling of "unsubscribe" is corrected."""
    return _TYPO.sub(_corrected, low)


def _corrected(match: re.Match[str]) -> str:
    if match[0].startswith("unsubscri"):
        return match[0]
    near = SequenceMatcher(None, match[0], "unsubscribe").ratio() >= _TYPO_RATIO
    return "unsubscribe" if near else match[0]


def asks_unsubscribe(reading: Reading) -> str | None:
    """Please unsubscribe me; how do I opt out?; I have unsubscribed twice. The noun counts only for a broken link."""
    for written, low in reading.sentences:
        low = spelled(low)
        if _BY_MISTAKE.search(low) or _THEIRS.search(low) or _BUT_NOT.search(low):
            continue
        if _FORMAL.search(low) or any(
            _wishes(low, match, reading.text) for match in _UNSUBSCRIBE.finditer(low)
        ):
            return written
    return None


def _wishes(low: str, match: re.Match[str], text: str) -> bool:
    left, right = low[max(0, match.start() - 60) : match.start()], low[match.end() :]
    clause = re.split(r"[,;:!]|\bbut\b|\band\b", left)[-1]
    if _AS_NOUN.match(right) and not match[0].startswith("opted"):
        return bool(_BROKEN.search(right))
    if _SOMEBODY_ELSES.match(right) or (_HABIT.match(right) and left.endswith("i ")):
        return False
    if re.match(r"\S*(?:ed)\b", match[0]) and not (
        _REPEATED.search(low)
        or (_STILL_COMES.search(text) and re.search(r"\b(?:i|we)(?:'ve| have)? $", left))
        or re.search(r"\b(?:be|get) $", left)
    ):
        return False
    if low.endswith("?") and not left.strip() and not right.strip(" ?").startswith(_OBJECTS):
        return False
    return bool(_WISH_BEFORE.search(left)) and not _NOT_BEFORE.search(clause)


# --- remove me --------------------------------------------------------------------------------------------------------
_REMOVE = (
    r"(?:removed?|remov|rmv|deleted?|erase|strike|scratch|drop|purge|scrub|exclude|unlist|take|get|pull|cut|"
    r"removing|deleting|erasing|striking|dropping|purging|excluding|taking|getting|pulling|cutting)"
)
_MINE = (
    r"(?:me|us|it|\S+@\S+|my [\w#' -]{1,40}?|our [\w' -]{2,40}?|both [\w' @&()-]{2,40}?|"
    r"(?:all |any |every |both )*\S*@\S+(?:(?:,| and| or) \S*@\S+)*(?: addresses)?|"
    r"(?:this|his|her|their|the above|these|all(?: of)?(?: my| our)?|any|"
    r"every)(?: [\w'-]+){0,3}? ?(?:e-?mail|mail|address(?:es)?|e-?mails|numbers?|phone|"
    r"accounts?|contacts?|names?|inbox|details|data|info|information|domain|records?)|"
    r"[\w' .,&-]{2,40}? address(?:es)?)"
)
_REMOVE_FROM = re.compile(
    rf"\b{_REMOVE} {_MINE}(?:,? (?:please|pls|immediately|now))* ?(?:\([^)]*\) )?(?:off|from|out of|"
    rf"of)(?: of)? (?:it[.!]|[^.!?]{{0,45}}?\b{_LIST}\b)|"
    rf"\b{_REMOVE} (?:from|off) (?:your |the |this |ur |all )?[\w -]{{0,20}}{_LIST}\b|\b(?:drop|remove|take|"
    rf"strike|delete) (?:me|us) from it\b"
)
_NAMED_FROM_YOURS = re.compile(
    r"\b(?:remove|take|delete|strike|drop) [\w .,&'()@-]{2,80} (?:off|from|out)(?: of)? (?:your|whatever|"
    r"any|all) (?:\w+ )?(?:lists?|"
    r"database|records|crm|mailings?|system|communications?|correspondence|outreach)\b"
)
_OFF_LIST = re.compile(
    r"\b(?:removal|deletion|unsubscription|erasure) (?:of (?:my|our|this) \w+(?: \w+)? )?from (?:your|all|any|"
    r"this|every)\b|"
    r"\boff (?:of )?(?:your|ur|this|the|that|any|every|all) (?:\w+ )?(?:lists?|data ?base|mailing|sequence|"
    r"distribution)\b|\b(?:i|we)(?:'d| would)? (?:like|want|wish|love) (?:to be |to get )?off(?! to)\b"
)
_WHEN = (
    r"(?: (?:for (?:real|good|ever)|this time|once and for all|right now|already|forever|completely|please|pls|"
    r"plz|immediately|now|at once|today|asap|thanks|thank you|ty|thx|permanently|entirely|"
    r"altogether))*(?: ?\([^)]{0,30}\))?\W*$"
)
_REMOVE_BARE = re.compile(
    r"\b(?:delete|block|forget|remove) me\b[,;&. ]{1,3}(?:and |then )?(?:delete|block|forget|remove) me\b|"
    r"^(?:remove|unsubscribe|delete me|remove me)[^\w?]*$|"
    r"\b(?:please|pls|kindly) (?:remove|delete)\W*$|\bremov(?:e|ing)\W{1,5}(?:me|us)\W*$|"
    r"\b(?:remove|delete) \S*@\S+(?:(?:,| and|, and) \S*@\S+)+\W*$|"
    rf"\b(?:remove|rmv|delete|erase|purge|scrub|unlist|delist|deregister) (?:me|us|both of us|"
    rf"\S+@\S+)(?:,? me and \w+)?{_WHEN}|"
    r"\b(?:take|get|cut) (?:my|our) (?:name|e-?mail|address|number|company) (?:off|out)\W*$|"
    r"\b(?:take|get) this (?:#|number|address|e-?mail) off\b|"
    r"\b(?:take|get) (?:me|us) off(?: (?:please|pls|now|immediately|of (?:this|it|here)|this|everything|it|"
    r"as well|too))*\W*$|"
    r"\b(?:remove|delete|erase|lose|forget|deleted|removed|block|drop) (?:this|my|our) (?:e-?mail|mail|"
    r"phone|mobile|cell)? ?"
    r"(?:address(?:es)?|number|#|contact(?: info(?:rmation)?| details)?|e-?mail|info|details)(?!\w)(?! (?:on|in|"
    r"and (?:send|resend|add|replace|use)) )(?!.{0,20}\b(?:proposal|quote|deck|invite)\b)"
)
_DO_NOT_ADD = re.compile(
    r"\b(?:do not|don't|dont|never|not to) (?:ever )?(?:include|add|put|enter|sign|list|count) (?:me|us|my \w+|"
    r"our \w+|this \w+)(?: up)? (?:in|on|to|for|among) "
    r"(?:any|your|ur|future|these|this|further|such|another|more)\b|"
    r"\b(?:let|get) (?:me|us) (?:out of|outta) (?:this|your|ur|the) (?:\w+ )?list\b|"
    r"\b(?:want|like|need|wish|request) (?:my|our) (?:name|address|e-?mail|number|details|data|"
    r"info\w*)(?: \w+){0,2}? "
    r"(?:deleted|removed|erased|purged|taken (?:off|out))\b|"
    r"\b(?:have|get) (?:my|our|this) (?:name|address|e-?mail|number|mail|details|data|info)(?: \w+)? (?:deleted|"
    r"removed|erased|wiped)\b|"
    r"\b(?:take|have) (?:my|our|this) (?:name|address|e-?mail|number|mail)(?: \w+)? (?:away|out|down)\b"
)
# "Off your sheet", "off whatever it's on": what belongs to the sender of campaigns needs no name.
_OFF_YOURS = re.compile(
    r"\b(?:take|get|pull|cut|scrub|cross|strike|scratch|drop|wipe|knock|leave|keep|omit|exclude|remove|delete|"
    r"erase|purge|"
    r"yank|weed|kick|clear|lose) "
    rf"(?:{_MINE}|my|this (?:\w+ )?(?:address|inbox|number|name|shop|company|office|account)|our \w+|(?:my|his|"
    rf"her|their) \w+(?:'s)? \w+)"
    r" (?:(?:right|straight|the hell|clean|permanently|please) )?(?:off|from)(?: of)? (?:(?:your|ur|whatever|"
    r"any|every|all|each|these)\b|"
    r"(?:this|it|here|there|everything)(?= ?(?:$|[,.;!)]|please|pls|thanks|thx|now|and|asap)))|"
    r"\b(?:take|cross|strike|scratch|leave|cut|drop) (?:me|us) off\b(?=\W*(?:$|[,.;!)]|please|pls|plz|thx|"
    r"thanks|would|now|immediately|asap|"
    r"permanently))"
)
_DELETE_IT = re.compile(
    r"\b(?:want|need|like|expect) (?:it|them|that|those|my \w+|our \w+)(?: all)? (?:\w+ )?(?:deleted|removed|"
    r"erased|gone|wiped|destroyed|purged|scrubbed|expunged)\b|"
    r"^\W*(?:(?:so|and|now|please|pls|plz|just|kindly) )*(?:delete|erase|remove|lose|forget|bin|shred|destroy|"
    r"get rid of) (?:it|that|them)\b"
    r"(?=\W*(?:$|please|pls|now|immediately|asap|at once|thanks|thx))|"
    r",\s*(?:please |pls )?(?:delete|erase|remove|lose) (?:it|that)\W*$|"
    r"\bbut (?:please |kindly )?(?:delete|erase|remove|lose|get rid of) (?:it|them)\b"
)
_WHOSE_ADDRESS = re.compile(
    r"\b(?:who(?:ever)? (?:gave|sold)|where (?:did|do)|how (?:did|do|have)|how you|where you|got|get|"
    r"have)\b.{0,40}\b(?:this|my|our|me|that) ?"
    r"(?:#|number|address|e-?mail|name|info\w*|details|data|cell|phone)"
)
_NOBODYS = re.compile(
    r"\b(?:this|his|her) (?:e-?mail |phone )?(?:address|number|inbox|mailbox|account)\b.{0,30}"
    r"\b(?:died|passed|deceased|private|closed|not for|not a|sold|retired|gone)\b"
)
_REMOVE_OTHERS = re.compile(r"\b(?:take|remove) [\w ,&]{2,40} off (?:as well|too|also)(?=\W*$|[,.;])")
_NOT_LISTED = re.compile(
    r"\b(?:no longer|not|don't|dont|never|won't)\b(?: \w+){0,3} (?:to )?(?:be|show up|appear|end up|"
    rf"stay|remain|turn up)(?: \w+)? (?:in|on) (?:your|any|this|these|such|that) (?:[\w-]+ ){{0,2}}?{_LIST}\b"
)
_BE_REMOVED = re.compile(
    r"\b(?:be|being|get|getting|been|am|are) (?:removed|(?:left|kept|crossed|scratched|struck|scrubbed) off|"
    r"purged|scrubbed|taken off|deleted|excluded|unsubscribed|unlisted|"
    r"erased|struck)\b"
)
_REMOVED_WISH = re.compile(
    r"\b(?:want|wish|like|ask(?:ed|ing)?|request\w*|demand\w*|need|expect|insist|prefer|please|must|should|"
    r"ensure|make sure|see that|how (?:do|can) (?:i|we))\b"
)
_SELF = re.compile(
    r"\b(?:i|i'd|we|we'd|me|us|my (?!colleague|boss|partner|wife|husband)\w+|our|this)\b|^please\b"
)
_PLACE_OF_WORK = re.compile(
    r"\b(?:thread|cc|bcc|c\.c\.|invite|invitation|meeting|calendar|cart|wait(?:ing)? ?list|proposal|deck|"
    r"slide|mock-?up|group chat|chain|conversation|"
    r"hell|mess|hole|slump|contract|trouble|call on|guard|market|hook|hold|your mind|agenda|quote|attachment|"
    r"draft|document)\b|"
    r"\boff (?:spreadsheets|copy)\b|\bmaybe list\b|\b(?:demo|guest|attendee|speaker|booking|delivery|visit|shopping|"
    r"black) ?lists?\b|"
    r"\b(?:google|gmail|outlook|"
    r"microsoft|spamhaus|yelp|facebook)\b|\blist for (?:the )?\d|"
    r"\blist (?:you|u|i|we|he|she|they) (?:sent|shared|gave|made|e-?mailed|attached)\b"
)
_NOT_JUST_BEFORE = re.compile(rf"\b(?:{NOT}|before you|unless|until|keep me)\b[^,;.!?]{{0,30}}$")
_IS_OFF = re.compile(r"\b(?:i|we)(?:'ll| will|'m| am|'re| are)(?: be)? $")
_OWN_ACT = re.compile(r"\b(?:i|we|they|he|she)(?:'ll|'ve|'m|'re|'s)?(?: \w+)? $")
_DO_NOT_CONTACT_LIST = re.compile(
    r"\b(?:add|put|place|adding|putting|placing) (?:me|us|my \w+|our \w+|this \w+|\S*@\S+|all)\b.{0,30}"
    r"\b(?:do[- ]not[- ](?:contact|call|e-?mail|mail|text|solicit)|dnc|suppression|black|block|opt[- ]?out|"
    r"unsubscribe)\b|"
    r"\b(?:flag|mark|tag|list|set|code) (?:this|me|us|my|our|\S+@\S+)(?: \w+)? as (?:an? )?(?:dnc|"
    r"do[- ]not[- ]\w+|opted[- ]out|"
    r"unsubscribed|removed|no[- ]contact|not interested)\b|"
    r"\bcancel (?:all |any |my |our |these |the |your )*(?:future |further )?(?:e-?mails?|messages|msgs|texts|"
    r"mailings|subscription)\b|"
    r"\bsuppress (?:me|us|my|our|this|all|\S*@\S+)\b"
)


def asks_removal(reading: Reading) -> str | None:
    """E.g. "Take me off your list", "delete this address", "I wish to be removed"; not a name off a thread."""
    for written, low in reading.sentences:
        if _BUT_NOT.search(low) or _THEIRS.search(low):
            continue
        if _DELETE_IT.search(low) and (_WHOSE_ADDRESS.search(reading.text) or _NOBODYS.search(reading.text)):
            return written
        if _DO_NOT_CONTACT_LIST.search(low) or _unlisted(low) or _removes(low) or _to_be_removed(low):
            return written
    return None


def _unlisted(low: str) -> bool:
    return bool(_NOT_LISTED.search(low) and _REMOVED_WISH.search(low)) and not _PLACE_OF_WORK.search(low)


def _removes(low: str) -> bool:
    for pattern in (
        _REMOVE_FROM,
        _NAMED_FROM_YOURS,
        _REMOVE_BARE,
        _REMOVE_OTHERS,
        _OFF_LIST,
        _OFF_YOURS,
        _DO_NOT_ADD,
    ):
        match = pattern.search(low)
        if not match or _PLACE_OF_WORK.search(low[match.start() :]):
            continue
        left = low[: match.start()]
        if pattern is _OFF_LIST and _IS_OFF.search(left):
            continue
        if not _NOT_JUST_BEFORE.search(left) and not (
            _OWN_ACT.search(left) and pattern not in (_OFF_LIST, _DO_NOT_ADD)
        ):
            return True
    return False


def _to_be_removed(low: str) -> bool:
    match = _BE_REMOVED.search(low)
    if not match or not _REMOVED_WISH.search(low) or _NOT_JUST_BEFORE.search(low[: match.start()]):
        return False
    return bool(_SELF.search(low)) and not _PLACE_OF_WORK.search(low)


_WRONG_PERSON = re.compile(r"\bwrong (?:number|num|no\b|#|person|guy|phone|company|address)|\bnot me\b")
_REMOVE_ANY = re.compile(r"\b(?:remove|delete|stop|lose|take|rmv)\b(?! (?:by|in|the)\b)")


def wrong_number(reading: Reading) -> str | None:
    """E.g. "Wrong number!! remove it": nobody there has to say what."""
    text = reading.text
    return (
        reading.newest.text
        if _WRONG_PERSON.search(text) and _REMOVE_ANY.search(text) and len(text) < 200
        else None
    )
