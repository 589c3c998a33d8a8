"""Decides which English sentences ask us to stop for good, and which only look like it ("don't call before 10")."""

import re

from inbox.understanding.reading import SMS, Reading

_PLEASE = r"(?:please|pls|plz|kindly|just)"

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
    r"works for (?:me|us)|this one is right|use (?:this|my) (?:\w+ )?address|signed the contract|"
    r"booked a slot|i make the decisions|i actually like|happy to (?:talk|chat|stay)|"
    r"just (?:call|text|ring)|i(?:'m| am) the (?:new|owner|right))\b"
)
_JOKING = re.compile(
    r"\b(?:just )?(?:kidding|joking|jk)\b|\bno but (?:seriously|really)\b|\b(?:lol|haha)\b.{0,40}\?"
)
_THEIRS = re.compile(
    r"\b(?:do you|does (?:your|it|this)|how (?:do (?!i\b|we\b)|does|many|much|often|are)|what happens|"
    r"is there|"
    r"can (?:people|customers|clients|users|they|we)|your tool|our (?:list|provider|customers|clients|"
    r"subscribers|patients|members|newsletter|rate|unsubscribe))\b"
)
_NOT = (
    r"(?:not|\w+n't|dont|doesnt|wont|didnt|never|no need to|no reason to|without|instead of|"
    r"rather (?:not|you didn't))"
)
_BUT_NOT = re.compile(
    r"\bbut (?:not (?:this|these|yours?|you|from)|i(?:'d| would)?(?: still)? (?:like|want|love)(?! (?:off|"
    r"out|to be (?:removed|off)))|keep|"
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
_MAIL = (
    r"(?:e-?mails?|mails?|mailings?|messages?|msgs?|texts?|txts?|sms|communications?|correspondence|contact|spam|"
    r"solicitations?|calls|newsletters?|offers|pitches|"
    r"follow[- ]?ups?|of (?:these|this|your|those|them)|from you|marketing|outreach|anything)"
)


def engaged(reading: Reading) -> bool:
    """Whether the message also wants something of us, or was a joke: then no rule decides that it is a farewell."""
    return bool(_ENGAGED.search(reading.text) or _JOKING.search(reading.text))


# --- unsubscribe, opt out ---------------------------------------------------------------------------------------------
_UNSUBSCRIBE = re.compile(r"\b(?:un-?subscrib(?:e|ed|ing)|unsub|opt(?:ed|ing)?[- ]?(?:me |us )?out)\b")
_FORMAL = re.compile(
    r"\b(?:my|our|this is (?:an?|my|our)|a formal|an official) (?:formal |official |final |written )?"
    r"(?:opt[- ]?out|unsubscribe(?: request)?|request to (?:unsubscribe|opt out|be removed))\b|"
    r"\bconsider (?:me|us|this) (?:[\w']+ ){0,2}?(?:unsubscribe\w*|opt(?:ed)?[- ]?out|removed)\b|"
    r"\b(?:i|we)(?:'ve| have|'d)?(?: already)? (?:replied|said|texted|sent|typed|wrote|written|answered)"
    r"(?: with| you| to you)? (?:stop|unsubscribe|remove)\b|"
    r"\bi want out\b|"
    r"^(?:please |pls |kindly )?cancel (?:my|our|this|the) subscription\b"
)
_WISH_BEFORE = re.compile(
    rf"(?:^|[,;:.!()-] ?|\b(?:{_PLEASE}|and|so|then|to|must|now|again|immediately|hereby|(?:can|could|would|"
    rf"will) (?:you|u)|(?:can|do) (?:i|we)|i|we|"
    r"i'm|i am|i've|i have|we've|we have|we are|i'll|let me|let us|been|be|already|also|yes|no|ok|thanks|"
    r"but|or)) ?$"
)
_NOT_BEFORE = re.compile(
    rf"\b(?:{_NOT}|before|almost|nearly|accident\w*|mistake\w*|wrongly|about to|meaning to|hesitat\w+|"
    rf"tempted|used to|people|customers|clients|"
    r"subscribers|users|recipients|patients|they|who|it|one to|anyone|someone|nobody|lets?)\b"
)
_BY_MISTAKE = re.compile(r"\b(?:by (?:accident|mistake)|accidental\w*|mistakenly|did(?:n't| not) mean)\b")
_AS_NOUN = re.compile(
    r"^ (?:requests?|links?|buttons?|footers?|rates?|options?|pages?|lists?|process|polic\w+|management|"
    r"headers?|in|just yet|yet)\b"
)
_BROKEN = re.compile(
    r"\b(?:doesn't work|does not work|not working|broken|404|never works|don't work|fails)\b"
)
_REPEATED = re.compile(r"\b(?:again|already|twice|three times|\w+ times|\d+ ?(?:x|times)|still)\b")
_OBJECTS = ("me", "us", "from", "this")


def asks_unsubscribe(reading: Reading) -> str | None:
    """Please unsubscribe me; how do I opt out?; I have unsubscribed twice. The noun counts only for a broken link."""
    for written, low in reading.sentences:
        if _BY_MISTAKE.search(low) or _THEIRS.search(low) or _BUT_NOT.search(low):
            continue
        if _FORMAL.search(low) or any(_wishes(low, match) for match in _UNSUBSCRIBE.finditer(low)):
            return written
    return None


def _wishes(low: str, match: re.Match[str]) -> bool:
    left, right = low[max(0, match.start() - 60) : match.start()], low[match.end() :]
    clause = re.split(r"[,;:!]|\bbut\b|\band\b", left)[-1]
    if _AS_NOUN.match(right):
        return bool(_BROKEN.search(right))
    if re.match(r"\S*(?:ed)\b", match[0]) and not (
        _REPEATED.search(low) or re.search(r"\b(?:be|get) $", left)
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
    r"(?:me|us|it|\S+@\S+|my [\w' -]{2,40}?|our [\w' -]{2,40}?|both [\w' @&()-]{2,40}?|"
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
    r"\b(?:remove|take|delete|strike|drop) [\w .,&'-]{2,40} (?:off|from|out)(?: of)? (?:your|whatever|"
    r"any|all) (?:\w+ )?(?:lists?|"
    r"database|records|crm|mailings?|system)\b"
)
_OFF_LIST = re.compile(
    r"\boff (?:of )?(?:your|ur|this|the|that|any|every|all) (?:\w+ )?(?:lists?|data ?base|mailing|sequence|"
    r"distribution)\b|\b(?:i|we)(?:'d| would)? (?:like|want) off\b"
)
_WHEN = (
    r"(?: (?:please|pls|plz|immediately|now|at once|today|asap|thanks|thank you|permanently|entirely|"
    r"altogether))*(?: ?\([^)]{0,30}\))?\W*$"
)
_REMOVE_BARE = re.compile(
    r"\b(?:please|pls|kindly) (?:remove|delete)\W*$|\bremov(?:e|ing)\W{1,5}(?:me|us)\W*$|"
    r"\b(?:remove|delete) \S*@\S+(?:(?:,| and|, and) \S*@\S+)+\W*$|"
    rf"\b(?:remove|rmv|delete|erase|purge|scrub|unlist) (?:me|us|both of us|"
    rf"\S+@\S+)(?:,? me and \w+)?{_WHEN}|"
    r"\b(?:take|get|cut) (?:my|our) (?:name|e-?mail|address|number|company) (?:off|out)\W*$|"
    r"\b(?:take|get) (?:me|us) off(?: (?:please|pls|now|immediately|of (?:this|it|here)|this|everything|it|"
    r"as well|too))*\W*$|"
    r"\b(?:remove|delete|erase|lose|forget|deleted|removed|block|drop) (?:this|my|our) (?:e-?mail|mail|"
    r"phone|mobile|cell)? ?"
    r"(?:address(?:es)?|number|#|contact(?: info(?:rmation)?| details)?|e-?mail|info|details)\b(?! (?:on|in|"
    r"and (?:send|resend|add|replace|use)) )(?!.{0,20}\b(?:proposal|quote|deck|invite)\b)"
)
_REMOVE_OTHERS = re.compile(r"\b(?:take|remove) [\w ,&]{2,40} off (?:as well|too|also)\W*$")
_NOT_LISTED = re.compile(
    r"\b(?:no longer|not|don't|dont|never|won't)\b(?: \w+){0,3} (?:to )?(?:be|show up|appear|end up|"
    rf"stay|remain|turn up)(?: \w+)? (?:in|on) (?:your|any|this|these|such|that) (?:[\w-]+ ){{0,2}}?{_LIST}\b"
)
_BE_REMOVED = re.compile(
    r"\b(?:be|being|get|getting|been|am|are) (?:removed|taken off|deleted|excluded|unsubscribed|unlisted|"
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
    r"call on|guard|market|hook|hold|your mind|agenda|quote|attachment|draft|document)\b|"
    r"\blist (?:you|u|i|we|he|she|they) (?:sent|shared|gave|made|e-?mailed|attached)\b"
)
_NOT_JUST_BEFORE = re.compile(rf"\b(?:{_NOT}|before you|unless|until|keep me)\b[^,;.!?]{{0,30}}$")
_OWN_ACT = re.compile(r"\b(?:i|we|they|he|she)(?:'ll|'ve|'m|'re|'s)?(?: \w+)? $")
_DO_NOT_CONTACT_LIST = re.compile(
    r"\b(?:add|put|place|adding|putting|placing) (?:me|us|my \w+|our \w+|this \w+|\S*@\S+|all)\b.{0,30}"
    r"\b(?:do[- ]not[- ](?:contact|call|e-?mail|mail|text|solicit)|dnc|suppression|black|block|opt[- ]?out|"
    r"unsubscribe)\b|"
    r"\bsuppress (?:me|us|my|our|this|all|\S*@\S+)\b"
)


def asks_removal(reading: Reading) -> str | None:
    """E.g. "Take me off your list", "delete this address", "I wish to be removed"; not a name off a thread."""
    for written, low in reading.sentences:
        if _BUT_NOT.search(low) or _THEIRS.search(low):
            continue
        if _DO_NOT_CONTACT_LIST.search(low) or _unlisted(low) or _removes(low) or _to_be_removed(low):
            return written
    return None


def _unlisted(low: str) -> bool:
    return bool(_NOT_LISTED.search(low) and _REMOVED_WISH.search(low)) and not _PLACE_OF_WORK.search(low)


def _removes(low: str) -> bool:
    for pattern in (_REMOVE_FROM, _NAMED_FROM_YOURS, _REMOVE_BARE, _REMOVE_OTHERS, _OFF_LIST):
        match = pattern.search(low)
        if not match or _PLACE_OF_WORK.search(low[match.start() :]):
            continue
        left = low[: match.start()]
        if not _NOT_JUST_BEFORE.search(left) and not (_OWN_ACT.search(left) and pattern is not _OFF_LIST):
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


# --- stop -------------------------------------------------------------------------------------------------------------
_DOING = (
    r"(?:e-?mailing|mailing|contacting|messaging|msging|msg'?ing|messagin|texting|txting|textin|calling|"
    r"phoning|ringing|writing|spamming|bothering|"
    r"harassing|pitching|soliciting|reaching out|following up|nagging|hassling|asking(?= me\b| us\b|\W*$)|"
    r"pestering|bugging|hounding|stalking|dm'?ing|"
    r"pinging|hitting (?:me|us) up|"
    r"blowing up|trying to (?:sell|contact|reach|call))"
)
_SENDING = (
    r"sending (?:(?:me|us|these|this|your|any|anymore|more|out|all|such|unsolicited|marketing|sales|"
    r"automated) )*"
    r"(?:e-?mails?|mails?|messages?|texts?|stuff|these|this|anything|spam|junk|garbage|crap|things?|"
    r"communications?|solicitations?|rubbish|offers|"
    r"pitches|newsletters?|me|us|them)\b"
)
_NOISE = (
    r"(?:(?:with|the|these|this|all|any|your) )+(?:[\w-]+ ){0,2}?(?:e-?mails?|messages|texts|"
    r"communications?|correspondence|contact|spam|calls|"
    r"outreach|mails|solicitations?|pitch\w*|harassment|follow[- ]?ups?|sequence|bs|nonsense|crap)\b"
)
_STOP = re.compile(
    r"\b(?:stop|quit|cease(?: and desist)?|discontinue|halt|refrain|desist)(?: it)?(?: from| with)? ?"
    rf"(?:{_DOING}|{_SENDING}|{_NOISE}|(?:all )?(?:further )?(?:communications?|contact|correspondence)\b)"
)
_NOT_TOLD = re.compile(
    r"\b(?:when did you|why did you|did you|they|he|she|people|customers|clients|helps?|helped|how to|"
    r"before|until|after|if you (?:don't|didn't)|if we)\b[^,;.!?]{0,25}$|"
    rf"\b{_NOT}(?: (?!interested)\w+)? $|\b(?:can not|cannot|cant|do not|did not)(?: \w+)? $"
)
_OWN_PLAN = re.compile(
    r"\b(?:we|i)(?:'d|'re|'m| are| am| have| had| would| want| need| plan| decided| try| tried)*(?: (?:like|"
    r"going|trying|planning|want|have|need|decided))? to $"
)
_TOLD_YOU = re.compile(
    r"\b(?:ask\w*|tell|told|say|said|want|need|like|demand\w*|request\w*|beg\w*|warn\w*)\b.{0,20}\b(?:you|u|"
    r"y'all|guys|your)\b|"
    r"\b(?:you|u) (?:people |guys |all )?(?:need|have|must|should|better|ought)\b"
)
_STOP_ALONE = re.compile(
    r"^(?:(?:no|ok|okay|alright|seriously|alex|again|enough)[,.! ]+)*(?:(?:will|would|can|could) (?:you|u) )?"
    r"(?:please|pls|plz|just|kindly|(?:you|u) (?:need|have) to)? ?"
    r"(?:stop|stopp|desist|quit it|cease|knock it off|cut it out)(?:,? (?:with (?:these|this|it)|these|it|"
    r"this|now|already|please|pls|plz|"
    r"contact))*[.!? ]*$"
)
_STOP_EXPLICIT = re.compile(
    r"\b(?:please|pls|plz) stop\b(?=(?: with (?:these|this|it))?[.!? ]*$)|\bstop(?: it)?,? (?:please|pls|"
    r"plz)\b(?=[.!? ]*$)|^(?:stop it|"
    r"stop now|"
    r"stop this|just stop|quit it|knock it off|cut it out)\b|"
    r"\b(?:desist|cease)\b|\b(?:you|u) (?:need|have) to stop\b"
)


_WISHED = re.compile(
    rf"\bif you(?:'d| would| could| all)? (?:please |just )?(?:stop(?:ped)?|quit|ceased?) (?:{_DOING}|"
    rf"{_SENDING}|{_NOISE})|"
    r"\b(?:this|these|the|your|it)(?: [\w'-]+){0,2} (?:has|have|needs?|must|better)(?: got)?(?: to)? stop\b|"
    r"\bmake (?:it|this|these|them)(?: \w+)? stop\b|"
    r"\b(?:appreciate|hope|expect|trust|prefer|want|let|make|better|please|ensure)\b.{0,30}\b(?:last|"
    r"final) (?:(?:such |unsolicited )?(?:e-?mail|mail|message|text|call|note|time|one)|i (?:hear|get|see))\b"
    r"(?! (?:i|we) (?:send|sent|write|wrote)\b)|"
    r"\b(?:i|we)(?:'d| would)? (?:much )?(?:prefer|rather|"
    r"appreciate(?: it)?(?: if)?)\b.{0,12}\b(?:you )?(?:didn't|did not|not) "
    r"(?:contact|e-?mail|write|message|text)(?:ing|ed)? (?:to )?(?:me|us)\b|"
    r"\b(?:i|we)(?:'d| would)? (?:much )?(?:prefer|rather|"
    r"appreciate)\b.{0,8}\bnot (?:to )?(?:be(?:ing)? (?:contacted|e-?mailed|texted)|"
    r"(?:receiv|get)\w* (?:any|these|more|your)|hear from you)"
)


def asks_to_stop(reading: Reading) -> str | None:
    """E.g. "Stop emailing me", "quit sending these"; not "stop by", not what the writer plans to stop."""
    sms = reading.reply.channel == SMS
    for written, low in reading.sentences:
        match = _STOP.search(low)
        if match:
            left = low[: match.start()]
            if _TOLD_YOU.search(left) or not (_NOT_TOLD.search(left) or _OWN_PLAN.search(left)):
                return written
        if _WISHED.search(low) and not _NOT_TOLD.search(low[:20]):
            return written
        if _STOP_ALONE.match(low) and (_STOP_EXPLICIT.search(low) or (sms and len(reading.text) < 60)):
            return written
    return None


# --- do not contact ---------------------------------------------------------------------------------------------------
_CONTACT = (
    r"(?:contact(?:s|ing|ed)?|e-?mail(?:s|ing|ed)?|mail(?:s|ing|ed)?|message|messaging|msg|text(?:ing)?|txt|"
    r"write(?: to| back)?|writing(?: to)?|"
    r"reach(?:ing)? (?:back )?out(?: to)?|hit(?: me| us)? up|"
    r"follow(?:ing)?[ -]?up(?: with)?|send(?:ing)?(?: emails? to)?|bother(?:ing)?|"
    r"approach|solicit|pitch|spam|ping|dm|"
    r"get in touch with|communicate with|reply(?: to)?|try (?:me|us)|call(?:ing)?|phone|ring)"
)
_BY_PHONE = re.compile(r"\b(?:call(?:ing)?|phone|ring|text(?:ing)?|txt)\b")
_ABSOLUTE = re.compile(r"\b(?:contact|follow[ -]?up|reach (?:back )?out|write back|solicit)\W*$")
_FORBID = r"(?:do not|don't|dont|dnt|donot|do no t|never|not|nor|please no|no longer|refrain from|without)"
_FOREVER = (
    r"(?:again|any ?more|any ?longer|any further|further|ever|in (?:the )?future|at all|from now on|"
    r"going forward|henceforth|under any circumstances?|"
    r"no (?:more|mo)|in any (?:form|way|capacity)|for any reason|by any means)"
)
_DONT = re.compile(
    rf"\b{_FORBID}(?: (?:ever|to|you|even|please|should|may|else|be))* (?:mind )?{_CONTACT}\b"
    r"(?P<object>(?: (?:me|us|my [\w-]+|our [\w-]+|this (?:number|phone|address|email|e-mail|inbox|company)|"
    r"here|anyone|anybody|anything|any(?! ?(?:more|longer|further))|these|those|this|more|"
    r"emails?|messages?|texts?|stuff|such|them|it|to|about|on|at|with|of|from your company|another|sales|"
    r"and|or|nor|,|unsolicited|marketing|this kind|your|"
    r"follow-?ups?|reminders?|spam|office|firm|company|staff|team))*)"
)
_GOES_ON = re.compile(
    rf"^\W*(?:$|{_FOREVER}\b|about (?:this|anything|sales)\b|"
    r"(?:please|thanks|thank you|or|and|as|i|we|you|this|it|is|that)\b)|^\s*[.!;,)(*-]"
)
_CONDITION = re.compile(
    r"\b(?:before|until|till|til|after|during|between|unless|if|on (?:mon|tue|wed|thu|fri|sat|sun|weekend|"
    r"my|the)\w*|at (?:work|the|home|night|\d\w*)|while|when|"
    r"without|past|in the (?:morning|evening|afternoon)|this week|today|tomorrow|yet|right now|at this time|"
    r"by phone|by e-?mail|via|attachments?|calendar|link|"
    r"brochure|pdf|on the phone|on whatsapp|hesitate|deck)\b"
)
_OTHER_WAY = re.compile(
    r"\b(?:instead|rather|prefer|better|best|(?:just )?(?:call|e-?mail|text|ring|write) (?:me|us)|"
    r"is (?:fine|good|ok)|mornings|only|reach me|use (?:the|my|this))\b"
)
_NEVER_AGAIN = re.compile(
    r"\b(?:no one|nobody|none|not|never|without|stop|\w*n't|dont|dnt|no)\b(?: [\w'-]+){0,6}? "
    r"(?:contact\w*|e-?mail(?:s|ed|ing)|mailing|messag\w+|text(?:s|ed|ing)|writ(?:es?|ing)|"
    r"reach(?:es|ed|ing)? (?:back )?out|hit(?:s|ting)? (?:me|us) up|call(?:s|ed|ing)|follow(?:s|ed|ing)? up|"
    r"bother\w*|pitch\w*|solicit\w*|hear(?:ing)? from (?:you|y'all|anyone|your \w+)|be in touch)\b"
    rf"[^.!?;]{{0,40}}\b{_FOREVER}\b"
)
_NOT_OURS = re.compile(
    r"\b(?:they|he|she|you never|you haven't|you didn't|why|need(?:ed)? to|have to|want to (?:miss|lose)|"
    r"hesitate|worry)\b|\?$"
)
_NOBODY = re.compile(
    rf"\b(?:no one|nobody|none)\b.{{0,40}}\b(?:{_CONTACT}|reaches out|contacts|writes|calls|e-?mails)\b"
    r"(?: to)? (?:me|us|my|our)\b"
)
_LASTS = re.compile(rf"\b{_FOREVER}\b")
_REASON = re.compile(r"\s*[,;(-]+\s*(?:we|i|it|this|our|as|since|because)\b")
_COURTESY = re.compile(r"\b(?:please|pls|thanks|thank you|thx)\b")
_TO_US = re.compile(r"\b(?:me|us|this (?:number|address|email|inbox)|here)\b")
_NO_SOLICITING = re.compile(
    r"\b(?:do not|don't) use .{0,30} for (?:solicit\w*|marketing|sales|advertising)\b|"
    r"\b(?:do not|don't|never) (?:accept|welcome|want|allow|permit) (?:any )?(?:unsolicited|cold|vendor|"
    r"sales) (?:\w+ )?(?:e-?mails?|mails?|messages|calls|texts|solicitations?|pitches|outreach)\b"
)


def forbids_contact(reading: Reading) -> str | None:
    """Do not contact me again; not under a condition, for another's address, or where a better way is named."""
    other_way = bool(_OTHER_WAY.search(reading.text))
    for written, low in reading.sentences:
        never = _NEVER_AGAIN.search(low)
        if never and not _CONDITION.search(low[never.start() :]) and not _NOT_OURS.search(low):
            return written
        if _NO_SOLICITING.search(low) or (_NOBODY.search(low) and not _CONDITION.search(low)):
            return written
        if any(_forbidden(reading, low, match, other_way) for match in _DONT.finditer(low)):
            return written
    return None


def _forbidden(reading: Reading, low: str, match: re.Match[str], other_way: bool) -> bool:
    right = low[match.end() :]
    if not _GOES_ON.match(right) or _CONDITION.search(match[0] + right):
        return False
    if re.search(r"\b(?:why|did you|you (?:did|do|need|have)) (?:not |n't )?$", low[: match.start()]):
        return False
    if _LASTS.search(match["object"] + right[:60]) or re.search(
        r"\b(?:ever|any more|more|another)\b", match[0]
    ):
        return not re.search(r"\b(?:need|needed|necessary)\b", low[: match.end()])
    reason = _REASON.match(right) and _ABSOLUTE.search(match[0])
    rest = _COURTESY.sub("", right).strip(" .!,;)*")
    whole = reason or not rest or right.strip().startswith((".", "!", ";"))
    addressed = _TO_US.search(match["object"]) or _ABSOLUTE.search(match[0])
    by_phone = _BY_PHONE.search(match[0]) and reading.reply.channel != SMS
    return bool(whole and addressed) and not other_way and not by_phone


# --- no more mail -----------------------------------------------------------------------------------------------------
_NO_WISH = re.compile(
    r"\b(?:do not|don't|dont|no longer|not|never|did not|didn't|have not|haven't|nor do (?:i|we))(?: \w+)? "
    r"(?:wish(?:ing)?|want|care|like|need|interested|consent(?:ed)?|agree(?:d)?|ask(?:ed)?|"
    r"interest)(?: (?:to|in|for))?(?: (?:continue|keep))?"
    r"(?: (?:to )?(?:be|being|get|getting|receive|receiving|hear|hearing|have|see|seeing|read|reading))?"
    r"(?: (?:you|any|any more|anymore|more|further|your|these|this|such|all|unsolicited|marketing|sales|"
    r"future|contacted|emailed|called|texted|solicited|"
    rf"spammed|approached|on|in|by|a|single))*(?: (?:{_MAIL})|(?<=contacted)|(?<=emailed)|(?<=texted)|"
    rf"(?<=solicited)|(?<=spammed))\b"
)
_NO_WISH_NEEDS = re.compile(
    r"\b(?:any|more|further|again|from you|your|these|this|such|contacted|emailed|texted|spam|solicit\w*|"
    r"unsolicited|marketing|receive|receiving)\b"
)
_NO_MORE = re.compile(
    rf"(?:^|[,.;:!] ?|\b(?:please|pls|and|so|that|asked|said|say|want|with) )no (?:more|further|"
    rf"additional) (?:{_MAIL})\b(?! (?:needed|necessary|required|questions))|"
    r"\bnothing (?:more|further|else) from you\b|\benough (?:with|of) (?:the |these |your )?(?:e-?mails|"
    r"messages|texts|spam)|"
    rf"\b(?:make sure|ensure|see (?:to it )?that|so) (?:i|we|that i|that we) (?:do not|don't|no longer|"
    rf"never) (?:receive|get|see) (?:any )?(?:more )?(?:{_MAIL}|further)\b"
)
_ONE_CHANNEL = re.compile(
    r"\b(?:just|only) (?:call|e-?mail|text|the)\b|\b(?:call|email|text) me\b|\bby (?:phone|email)\b|"
    r"\binstead\b|\battachments?\b|\bcalendar\b|\bback and forth\b"
)
_HEAR = re.compile(
    r"\b(?:do not|don't|dont|never) (?:ever )?(?:want|wish|need|care) to (?:hear|see|read|"
    r"get)(?: anything)? (?:from|of) (?:you|u|your)\b|\bnever (?:want to )?hear from you\b"
)
_ASKS = re.compile(r"(?:do|does|did|is|are|if|what|how|why|which|should|would)\b.*\?$")


def wants_no_mail(reading: Reading) -> str | None:
    """E.g. "I do not wish to receive further emails", "no more emails", "I don't want to hear from you"."""
    if _ONE_CHANNEL.search(reading.text):
        return None
    for written, low in reading.sentences:
        if _ASKS.match(low):
            continue
        wish = _NO_WISH.search(low)
        if not (wish and _NO_WISH_NEEDS.search(wish[0])):
            wish = _HEAR.search(low) or _NO_MORE.search(low)
        if wish and not _CONDITION.search(low[wish.start() :]):
            return written
    return None


# --- data, complaint, dismissal ---------------------------------------------------------------------------------------
_ERASE = re.compile(
    r"\b(?:delete|erase|remove|destroy|purge|wipe)\b.{0,40}\b(?:my|our|all|any|personal)\b.{0,30}\b(?:data|"
    r"details|information|records?|info)\b|"
    r"\bright to (?:be forgotten|erasure|object)\b|\b(?:gdpr|ccpa|dsgvo|rgpd)\b.{0,60}\b(?:delet|eras|remov|"
    r"request|object)\w*|"
    r"\b(?:delet|eras|remov)\w*.{0,60}\b(?:gdpr|ccpa|art(?:icle|\.)? ?17)\b"
)
_ERASE_THEIRS = re.compile(
    r"\b(?:do you|does your|how (?:do|does|long)|can (?:your|the) (?:tool|system|software|platform)|"
    r"our customers)\b|\?$"
)
_REPORTED = re.compile(
    r"(?:^|[,.;!] ?|\band )(?:(?:i|we)(?:'ve| have|'m| am| are|'ll| will| just|'re)*(?: also| just| now|"
    r" already| been| be)* )?"
    r"(?:report(?:ed|ing)?|mark(?:ed|ing)|flag(?:ged|ging)|block(?:ed|ing))(?: and \w+)?(?: (?:you|this|"
    r"these|your \w+|it|them|u)\b|(?= as | for | to ))"
    r".{0,40}\b(?:spam|spammers?|junk|phishing|ftc|ico|provider|isp|abuse|authorit\w+|can-?spam|"
    r"harassment)\b|"
    r"\b(?:i'm|im|i am|i'll|i will|we'll|we will|we are) (?:be |gonna |going to )?(?:report|"
    r"block)(?:ing)? (?:you|u|this number|"
    r"your (?:address|domain|company|number))\b|"
    r"^(?:(?:(?:sender|domain|number|address) )?(?:blocked|reported)|marked as (?:spam|junk))"
    r"(?: (?:and|&) (?:blocked|reported|deleted))?\W*$|"
    r"\bconsider (?:yourself|your \w+) (?:blocked|reported)\b|\byou(?:'re| are|'ve been|"
    r" have been| got) (?:now |just )?(?:blocked|reported|marked as|flagged as)\b|\bi(?:'ve|"
    r" have)? (?:just )?(?:blocked|reported) (?:you|u|your (?:address|domain|number))\b"
)
_NOT_REPORTED = re.compile(
    r"\b(?:our|my|the) (?:\w+ )?(?:filter|filters|system|server|software|firewall|host)\b|"
    r"\b(?:gmail|outlook|google|our it|assistant)\b.{0,20}\b(?:report|mark|flag|block)|\bby (?:our|my|the|"
    r"gmail|outlook|mistake|accident)\b"
)
_REGISTRY = re.compile(
    r"\b(?:i am|i'm|we are|we're|number is|this is|listed|registered)\b.{0,30}\b(?:do[- ]not[- ]call|dnc|"
    r"telephone preference|tps|robinson|national registry)\b"
)
_LAW = re.compile(
    r"\bthis is (?:now )?harass\w+|\b(?:violat\w+|breach\w*|in violation of|against)\b.{0,30}\b(?:can-?spam|"
    r"tcpa|gdpr|casl|pecr)\b|\bcease[- ]and[- ]desist\b|"
    r"\bnext (?:text|e-?mail|message|call|one) (?:goes|will go|is going) to\b.{0,30}\b(?:lawyer|attorney|"
    r"solicitor|police|ftc|fcc)|"
    r"\b(?:i|we)(?:'ll| will|'m| am)(?: be)? (?:fil|submit|mak|lodg)\w* (?:an? )?(?:\w+ )?(?:complaint|"
    r"report)\b|"
    r"\b(?:if|one more|another|next)\b.{0,60}\b(?:i|we)(?:'ll| will|'m going to| am going to)\b.{0,25}"
    r"\b(?:report|block|sue|complain|complaint|lawyer|attorney|legal action|ftc|ico)\b|"
    r"\bany (?:further|more|other|additional) (?:contact|messages?|e-?mails?|communications?|texts?|"
    r"attempts?)\b.{0,40}"
    r"\b(?:will|would|shall) (?:be|result|lead)\b"
)
_DISMISSAL = re.compile(
    r"^(?:(?:no|ok|alex|look|just|please|and|so|seriously|oh|dude|bro|hey|how about)[,.! ]+){0,3}"
    r"(?:take a hike|get lost|leave (?:me|us) (?:the \w+ )?alone|go away|lose (?:my|this|our) (?:number|"
    r"e-?mail|address)|"
    r"(?:f+u+c*k+|f\W?\*+\W?k?|f|piss|bugger|sod|eff|buzz|shove|jog|naff|bog) ?off|get bent|go to hell|"
    r"go f\S+ yourself|beat it|scram|drop dead|"
    r"forget (?:you have )?my (?:number|e-?mail))\b(?! (?:until|till|for now|this week|today))|"
    r"\b(?:lose|forget|delete) my (?:number|e-?mail)\b|\bleave (?:me|us) alone[.!]*$|"
    r"\b(?:like|want|wish|prefer|ask\w*) to be left alone\b"
)


def erases_data(reading: Reading) -> str | None:
    """Demands that personal data be deleted, with or without naming the law."""
    return next(
        (
            written
            for written, low in reading.sentences
            if _ERASE.search(low) and not _ERASE_THEIRS.search(low)
        ),
        None,
    )


def complains(reading: Reading) -> str | None:
    """Reports or blocks us, names a registry or a law; a spam filter that acted by itself is no complaint."""
    for written, low in reading.sentences:
        if _REGISTRY.search(low) or _LAW.search(low):
            return written
        if _REPORTED.search(low) and not _NOT_REPORTED.search(low) and not low.endswith("?"):
            return written
    return None


def dismisses(reading: Reading) -> str | None:
    """E.g. "Take a hike", "lose my number"."""
    return reading.first(_DISMISSAL)
