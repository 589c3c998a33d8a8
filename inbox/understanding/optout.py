"""Decides whether a person asks us never to write again. A wrong yes silences a buyer, so each rule wants the whole wish."""

import re

from inbox.understanding.optout_languages import LANGUAGE_RULES
from inbox.understanding.reading import ALL_CHANNELS, EMAIL, LINKEDIN, SMS, Reading, Rule

# CTIA and the carriers: these words alone end a subscription; the localised ones are what US and European senders announce.
CARRIER_STOP = frozenset(
    "stop stopall unsubscribe cancel end quit revoke optout unsub alto baja pare parar sair arret stopp stopt basta fin cancelar "
    "abmelden afmelden".split()
)
CARRIER_START = frozenset({"start", "unstop", "subscribe", "resubscribe", "optin", "yesstart"})

_PLEASE = r"(?:please|pls|plz|kindly|just)"
_ME = r"(?:me|us|my|our|this|the|these|all|any|from|her|his|their|him|them)"
_VETO_JOKE = re.compile(
    r"\b(?:just )?(?:kidding|joking|jk)\b|\bno but (?:seriously|really)\b|\bjust a joke\b"
)
# Somebody who says these in the same message wants to go on talking: the wording of the wish is left to a reader.
_VETO_INTEREST = re.compile(
    r"\b(?:tell me more|keep me (?:posted|on|in)|let's (?:talk|chat|meet|do)|would (?:like|love) to (?:see|hear|learn|know|talk)|send (?:me |over |the same )?(?:info|pricing|the (?:price|same|deck|link))|"
    r"i(?:'d| would) (?:like|love) (?:to (?:see|hear|learn)|pricing|a (?:demo|call|quote))|put me back|add me back|(?:contact|e-?mail|call|text|write(?: to)?|reach|message|ring|send it to) me instead|"
    r"(?:what(?:'s| is| are)|send|see) (?:your |the )?(?:pric(?:e|es|ing)|rates|cost)|i make the decisions|i actually like|happy to (?:talk|chat|stay))\b"
)
_THEIR_OWN = re.compile(
    r"\b(?:do you|does (?:your|it|this)|how (?:do|does|many|much|often|are)|what happens|can (?:people|customers|clients|users|they|we)|your tool|our (?:list|provider|customers|clients|subscribers|patients|members|newsletter))\b"
)
_WORD_SPLIT = re.compile(r"[^\w']+")

_KEYWORD = re.compile(
    rf"^(?:(?:hi|hello|hey|dear)(?: \w+)?[,.!]? )?(?:no[,.!]? |{_PLEASE} )*(?:(?:stop|unsubscribe|un-subscribe|unsub|remove|opt[- ]?out|optout|removed|delete)(?: (?:it|this|now|already|all|me|us|mine|please|pls|plz|thanks|thank you|today|immediately|asap|from (?:this |your |the )?(?:mailing )?list|right now|spam|emails?))*[,.!\s]*)+(?:thanks|thank you|thx)?[.!\s]*$"
)


def _text_words(reading: Reading) -> str:
    return " ".join(word for word in _WORD_SPLIT.split(reading.text) if word)


def _carrier(reading: Reading) -> str | None:
    words = _text_words(reading)
    return reading.newest.text if words in CARRIER_STOP or words in {"stop all", "opt out"} else None


def _keyword(reading: Reading) -> str | None:
    text = reading.text.replace("\n", " ")
    if not text or len(text) > 80 or "?" in text:
        return None
    return reading.newest.text if _KEYWORD.match(re.sub(r"[^\w\s,.!'-]", "", text).strip()) else None


_SUBJECT_WISH = re.compile(
    rf"^(?:{_PLEASE} )*(?:unsubscribe|un-subscribe|unsub|stop|remove|remove me|unsubscribe me|opt[- ]?out|optout|take me off(?: (?:your|the|this) list)?|remove (?:me|us) from (?:your|the|this) (?:mailing )?list|stop e-?mailing(?: me)?|"
    r"abmelden|abmeldung|desabonner|desinscription|desinscrire|baja|darme de baja|cancellami|cancellazione|disiscrivimi|descadastrar|remover|afmelden|uitschrijven|wypisz|rezygnuje|avregistrera|avmelding|afmeld|odhlasit)"
    r"(?: (?:please|pls|now|me|us|request))*[.! ]*$"
)


def _subject(reading: Reading) -> str | None:
    if reading.text:
        return None
    return reading.reply.subject if _SUBJECT_WISH.match(reading.subject) else None


# --- unsubscribe, opt out -------------------------------------------------------------------------------------------
_UNSUBSCRIBE = re.compile(r"\b(?:un-?subscrib(?:e|ed|ing)|unsub|opt(?:ed|ing)?[- ]?(?:me |us )?out)\b")
_WANTS_LEFT = re.compile(
    rf"(?:^|[,;:.!()-] ?|\b(?:{_PLEASE}|and|so|then|to|must|now|again|immediately|hereby|can you|could you|would you|will you|can u|can i|do i|can we|do we|i|we|i'm|i am|i've|i have|we've|we have|we are|i'll|let me|let us|been|be|already|also|yes|no|ok|thanks|but|or))"
    r" ?$"
)
_NOT_WANTED_LEFT = re.compile(
    r"\b(?:not|n't|no need|never|without|rather|before|instead of|almost|nearly|accident\w*|mistake\w*|wrongly|dont|wont|no reason|about to|hesitat\w+|tempted|used to|people|customers|clients|subscribers|users|recipients|patients|they|who|it|one to|anyone|someone|nobody|lets?)\b"
)
_BY_MISTAKE = re.compile(r"\b(?:by (?:accident|mistake)|accidental\w*|mistakenly|did(?:n't| not) mean)\b")
_NOUN_RIGHT = re.compile(
    r"^ (?:requests?|links?|buttons?|footers?|rates?|options?|pages?|lists?|process|polic\w+|management|headers?|in|just yet|yet)\b"
)
_BROKEN = re.compile(
    r"\b(?:doesn't work|does not work|not working|broken|404|never works|don't work|fails)\b"
)
_TIMES = re.compile(r"\b(?:again|already|twice|three times|\w+ times|\d+ ?(?:x|times)|still)\b")


def _asks_unsubscribe(reading: Reading) -> str | None:
    for written, low in reading.sentences:
        for match in _UNSUBSCRIBE.finditer(low):
            left, right = low[max(0, match.start() - 60) : match.start()], low[match.end() :]
            clause = re.split(r"[,;:!]|\bbut\b|\band\b", left)[-1]
            if (
                _BY_MISTAKE.search(low)
                or _THEIR_OWN.search(low)
                and not re.search(r"\bhow do (?:i|we)\b", low)
            ):
                continue
            if _NOUN_RIGHT.match(right):
                if _BROKEN.search(right):
                    return written
                continue
            if match[0].endswith("ed") and not (_TIMES.search(low) or re.search(r"\bbe $|\bget $", left)):
                continue
            if low.rstrip().endswith("?") and not left.strip() and not right.strip(" ?").startswith(_OBJECTS):
                continue
            if _WANTS_LEFT.search(left) and not _NOT_WANTED_LEFT.search(clause):
                return written
    return None


_OBJECTS = ("me", "us", "from", "this")


# --- remove me from your list ----------------------------------------------------------------------------------------
_REMOVE = r"(?:remove|remov|rmv|delete|deleted?|removed|erase|strike|scratch|drop|purge|scrub|exclude|unlist|take|get|pull|cut|keep)"
_MINE = (
    r"(?:me|us|my [\w' -]{2,40}?|our [\w' -]{2,40}?|(?:this|his|her|their|the above|these|all(?: of)?(?: my| our)?|any|every)"
    r"(?: [\w'-]+){0,3}? ?(?:e-?mail|mail|address(?:es)?|e-?mails|number|numbers|phone|account|contact|contacts|name|names|inbox|details|data|info|information|domain|records?)|"
    r"[\w' .,&-]{2,40}? address(?:es)?)"
)
_PLACE = (
    r"(?:(?:mailing|e-?mail|call|calling|contact|marketing|distribution|sales|outreach|text|sms|prospect|send|sending|lead|do[- ]not)?[- ]?lists?|database|data ?base|db|sequences?|campaigns?|spreadsheets?|systems?|records|crm|"
    r"distribution|cadence|outreach|contacts?|e?-?mails?|mailings?|mailers?|messages|newsletters?|thing|things|rotation|blasts?|files?|books|roster|marketing|spam|correspondence|communications?|"
    r"funnel|drip|automation|prospecting|solicitations?|follow[- ]ups?|reach)"
)
_REMOVE_FROM = re.compile(
    rf"\b{_REMOVE} {_MINE}(?:,? (?:please|pls|immediately|now))* (?:off|from|out of|of)(?: of)? [^.!?]{{0,45}}?\b{_PLACE}\b|"
    rf"\b{_REMOVE} (?:from|off) (?:your |the |this |ur |all )?[\w -]{{0,20}}{_PLACE}\b"
)
_REMOVE_BARE = re.compile(
    r"\b(?:remove|rmv|delete|erase|purge|scrub|unlist) (?:me|us)(?: (?:please|pls|plz|immediately|now|at once|today|asap|thanks|thank you|permanently|entirely|altogether))*\W*$|"
    r"\b(?:take|get) (?:me|us) off(?: (?:please|pls|now|immediately|of (?:this|it|here)|this|everything|it|as well|too))*\W*$|"
    r"\b(?:remove|delete|erase|lose|forget|deleted|removed|block|drop) (?:this|my|our|the) (?:e-?mail|mail|phone|mobile|cell)? ?(?:address(?:es)?|number|#|contact(?: info(?:rmation)?| details)?|e-?mail|info|details)\b(?! (?:on|in) (?:the|your) (?:invite|proposal|quote|deck|doc))"
)
_REMOVE_OTHERS = re.compile(r"\b(?:take|remove) [\w ,&]{2,40} off (?:as well|too|also)\W*$")
_BE_REMOVED = re.compile(
    r"\b(?:be|being|get|getting|been) (?:removed|taken off|deleted|excluded|unsubscribed|unlisted|erased|struck)\b(?! (?:from|off) (?:the|this) (?:thread|cc|invite|meeting|call))"
)
_BE_REMOVED_WISH = re.compile(
    r"\b(?:want|wish|like|ask|asked|asking|request\w*|demand\w*|need|expect|insist|prefer|please|must|should|how (?:do|can) (?:i|we))\b"
)
_WRONG_PLACE = re.compile(
    r"\b(?:thread|cc|bcc|c\.c\.|invite|invitation|meeting|calendar|cart|waitlist|wait(?:ing)? list|proposal|deck|slide|mock-?up|group chat|chain|conversation|call on|guard|market|hook|your mind|agenda|quote|attachment|draft|document|document)\b"
)
_NEGATED = re.compile(
    r"\b(?:no need to|not|n't|dont|doesnt|never|needn't|without|no reason to|rather you didn't|before you|instead of|unless|until|keep me|wouldn't)\b[^,;.!?]{0,30}$"
)
_DNC_ADD = re.compile(
    r"\b(?:add|put|place) (?:me|us|my \w+|our \w+|this \w+)\b.{0,30}\b(?:do[- ]not[- ](?:contact|call|e-?mail|mail|text|solicit)|dnc|suppression|black|block|opt[- ]?out|unsubscribe)\b"
)
_ASSISTANT_LEFT = re.compile(r"\b(?:i|we|they|he|she|i'll|we'll|i've|we've)(?: \w+)? $")


def _asks_removal(reading: Reading) -> str | None:
    for written, low in reading.sentences:
        if _DNC_ADD.search(low):
            return written
        for pattern in (_REMOVE_FROM, _REMOVE_BARE, _REMOVE_OTHERS):
            match = pattern.search(low)
            if (
                match
                and not _WRONG_PLACE.search(low[match.start() :])
                and not _NEGATED.search(low[: match.start()])
                and not _ASSISTANT_LEFT.search(low[: match.start()])
            ):
                if low[match.start() :].startswith("keep"):
                    continue
                return written
        match = _BE_REMOVED.search(low)
        if (
            match
            and _BE_REMOVED_WISH.search(low)
            and not _NEGATED.search(low[: match.start()])
            and not _THEIR_OWN.search(low)
        ):
            if re.search(r"\b(?:i|we|me|us|my|our|this|please)\b", low) and not _WRONG_PLACE.search(low):
                return written
    return None


_WRONG_NUMBER = re.compile(r"\bwrong (?:number|person|guy|phone|company|address)\b")
_REMOVE_ANY = re.compile(r"\b(?:remove|delete|stop|lose|take|rmv)\b(?! (?:by|in)\b)")


def _wrong_number(reading: Reading) -> str | None:
    if _WRONG_NUMBER.search(reading.text) and _REMOVE_ANY.search(reading.text) and len(reading.text) < 200:
        return reading.newest.text
    return None


# --- stop writing -----------------------------------------------------------------------------------------------------
_DOING = (
    r"(?:e-?mailing|mailing|contacting|messaging|msging|msg'?ing|messagin|texting|txting|textin|calling|phoning|ringing|writing|spamming|bothering|harassing|pitching|soliciting|"
    r"reaching out|following up|pestering|bugging|hounding|stalking|dm'?ing|pinging|hitting (?:me|us) up|blowing up|trying to (?:sell|contact|reach|call))"
)
_SENDING = (
    r"sending (?:me |us |these |this |your |any |any more |anymore |more |out |all |such |unsolicited |marketing |sales |automated |me any |me more |me these |me this |me your |us your |us these |me sales )*"
    r"(?:e-?mails?|mails?|messages?|texts?|stuff|these|this|anything|spam|junk|garbage|crap|things?|sh\w+|communications?|solicitations?|rubbish|offers|pitches|newsletters?|me|us|them)\b"
)
_THINGS = r"(?:the |these |this |all |any |your |all the |all these |all this |with (?:the |these |this |all )?)+(?:[\w-]+ ){0,2}?(?:e-?mails?|messages|texts|communications?|correspondence|contact|spam|calls|outreach|mails|solicitations?|pitch\w*|harassment|follow[- ]?ups?|sequence|bs|nonsense|crap)\b"
_STOP = re.compile(
    rf"\b(?:stop|quit|cease(?: and desist)?|discontinue|halt|refrain|desist)(?: from| with)? ?(?:{_DOING}|{_SENDING}|{_THINGS}|with {_DOING}|all (?:further )?(?:communication|contact|correspondence)\w*)"
)
_NOT_TOLD = re.compile(
    r"\b(?:when did you|why did you|did you|they|he|she|people|customers|clients|helps?|helped|how to|before|until|after|if you (?:don't|didn't)|if we)\b[^,;.!?]{0,25}$|"
    r"\b(?:don't|dont|do not|didn't|did not|won't|will not|never|can't|cant|cannot|can not|not|couldn't|wouldn't|shouldn't)(?: (?!interested)\w+)? $"
)
_OUR_PLAN = re.compile(
    r"\b(?:we|i)(?:'d|'re|'m| are| am| have| had| would| want| need| plan| decided| try| tried| had)*(?: (?:like|going|trying|planning|want|have|need|decided))? to $"
)
_ASKED_YOU = re.compile(
    r"\b(?:ask\w*|tell|told|say|said|want|need|like|demand\w*|request\w*|beg\w*|warn\w*)\b.{0,20}\b(?:you|u|y'all|guys|your)\b|\byou (?:people |guys |all )?(?:need|have|must|should|better|ought)\b"
)
_STOP_SENTENCE = re.compile(
    r"^(?:(?:no|ok|okay|alright|seriously|alex|again|enough)[,.! ]+)*(?:please|pls|plz|just|kindly)? ?(?:stop|stopp)(?: (?:it|this|now|already|please|pls|plz))*[.! ]*$"
)
_STOP_EXPLICIT = re.compile(
    r"\bplease stop\b(?=[.! ]*$)|\bstop (?:it )?(?:please|pls|plz)\b(?=[.! ]*$)|^(?:stop it|stop now|stop this|just stop)\b"
)


def _asks_to_stop(reading: Reading) -> str | None:
    sms = reading.reply.channel == SMS
    for written, low in reading.sentences:
        match = _STOP.search(low)
        if match:
            left = low[: match.start()]
            asked = _ASKED_YOU.search(left)
            if asked or not (_NOT_TOLD.search(left) or _OUR_PLAN.search(left)):
                return written
        if _STOP_SENTENCE.match(low) and (_STOP_EXPLICIT.search(low) or (sms and len(reading.text) < 60)):
            return written
    return None


# --- do not contact -----------------------------------------------------------------------------------------------------
_CONTACT = (
    r"(?:contact(?:s|ing|ed)?|e-?mail(?:s|ing|ed)?|mail(?:s|ing|ed)?|message|messaging|msg|text(?:ing)?|txt|write(?: to)?|writing(?: to)?|reach(?:ing)? out(?: to)?|follow(?:ing)?[ -]?up(?: with)?|"
    r"send(?:ing)?(?: emails? to)?|bother(?:ing)?|approach|solicit|pitch|spam|ping|dm|get in touch with|communicate with|reply(?: to)?|try (?:me|us)|call(?:ing)?|phone|ring)"
)
_CALLS = re.compile(r"\b(?:call(?:ing)?|phone|ring|text(?:ing)?|txt)\b")
_NOT_DO = r"(?:do not|don't|dont|do no t|never|not|nor|please no|no longer|no one|nobody|refrain from|stop|cease|without)"
_FOREVER = r"(?:again|any ?more|any ?longer|any further|further|ever|in (?:the )?future|at all|from now on|going forward|henceforth|under any circumstances?|in any (?:form|way|capacity)|for any reason|by any means|about (?:this|anything|sales))"
_DONT = re.compile(
    rf"\b{_NOT_DO}(?: (?:ever|to|you|even|please|from your company|at your company|from your (?:firm|team|organi[sz]ation)|should|may|else|be))* (?:mind )?{_CONTACT}\b"
    r"(?P<object>(?: (?:me|us|my [\w-]+|our [\w-]+|this (?:number|phone|address|email|e-mail|inbox|company)|here|anyone|anybody|anything|any|these|those|this|more|emails?|messages?|texts?|stuff|such|them|it|to|about|on|at|with|of|from your company|another|sales|"
    r"and|or|nor|,|unsolicited|marketing|this kind|your|follow-?ups?|reminders?|spam))*)"
)
_CONDITION = re.compile(
    r"\b(?:before|until|till|til|after|during|between|unless|if|on (?:mon|tue|wed|thu|fri|sat|sun|weekend|my|the)\w*|at (?:work|the|home|night|\d\w*)|while|when|without|past|in the (?:morning|evening|afternoon)|this week|today|tomorrow|yet|right now|"
    r"about (?:the|that)|by phone|by e-?mail|via|as an? attachment|attachments?|calendar|link|brochure|pdf|on the phone|on whatsapp|hesitate|to the|about it|with the)\b"
)
_OTHER_WAY = re.compile(
    r"\b(?:instead|rather|prefer|better|best|just (?:call|e-?mail|text|write)|call me|email me|text me|ring me|is fine|is good|is ok|mornings|only|contact \w+ (?:at|on|instead))\b"
)
_THIRD = re.compile(rf"\b(?:no one|nobody|none)\b.{{0,40}}\b{_CONTACT}\b (?:me|us|my|our)\b")
_MIND_NOT = re.compile(rf"\b(?:not|never) {_CONTACT} (?:me|us|these|this|any)\b.{{0,40}}\b{_FOREVER}\b")
_FOREVER_RE = re.compile(rf"\b{_FOREVER}\b")
_WILL_BUY = re.compile(r"\bi(?:'m| am) the (?:new|one|owner|person)\b|\binstead of me\b")


def _forbids_contact(reading: Reading) -> str | None:
    if _WILL_BUY.search(reading.text):
        return None
    for written, low in reading.sentences:
        if _THIRD.search(low) and not _CONDITION.search(low):
            return written
        for match in _DONT.finditer(low):
            right = low[match.end() :]
            if (
                re.match(r"\W*hesitate", right)
                or _CONDITION.search(match[0] + right)
                or re.search(r"\b(?:why|did you|you (?:did|do)) (?:not |n't )?$", low[: match.start()])
            ):
                continue
            if _FOREVER_RE.search(match["object"] + right[:60]) or re.search(
                r"\b(?:ever|any more|more|another)\b", match[0]
            ):
                return written
            whole = not right.strip(" .!,;)*") or right.strip().startswith((".", "!", ";"))
            to_us = re.search(r"\b(?:me|us|this (?:number|address|email|inbox)|here)\b", match["object"])
            if (
                whole
                and to_us
                and not _OTHER_WAY.search(reading.text)
                and (reading.reply.channel == SMS or not _CALLS.search(match[0]))
            ):
                return written
    return None


# --- does not want mail ---------------------------------------------------------------------------------------------------
_MAILS = r"(?:e-?mails?|mails?|messages?|texts?|communications?|correspondence|contact|spam|solicitations?|calls|newsletters?|offers|pitches|follow[- ]?ups?|of (?:these|this|your|those|them)|from you|marketing|outreach|anything)"
_NO_WISH = re.compile(
    rf"\b(?:do not|don't|dont|no longer|not|never|did not|didn't|have not|haven't|nor do (?:i|we))(?: \w+)? (?:wish(?:ing)?|want|care|like|need|interested|consent(?:ed)?|agree(?:d)?|ask(?:ed)?|interest)(?: (?:to|in|for))?"
    rf"(?: (?:continue|keep))?(?: (?:to )?(?:be|being|get|getting|receive|receiving|hear|hearing|have|see|seeing|read|reading))?(?: (?:you|any|any more|anymore|more|further|your|these|this|such|all|unsolicited|marketing|sales|future|contacted|emailed|called|texted|solicited|spammed|approached|on|in|by|a|single))*(?: (?:{_MAILS})|(?<=contacted)|(?<=emailed)|(?<=texted)|(?<=solicited)|(?<=spammed))\b"
)
_NO_WISH_NEEDS = re.compile(
    r"\b(?:any|more|further|again|from you|your|these|this|such|contacted|emailed|texted|spam|solicit\w*|unsolicited|marketing|receive|receiving)\b"
)
_NO_MORE = re.compile(
    rf"(?:^|[,.;!] ?|\b(?:please|pls|and|so|that|asked|said|say|want|with) )no (?:more|further|additional) (?:{_MAILS})\b|\bnothing (?:more|further|else) from you\b|\benough (?:with|of) (?:the |these |your )?(?:e-?mails|messages|texts|spam)"
)
_SINGLE_CHANNEL = re.compile(
    r"\b(?:just (?:call|e-?mail|text)|call me|email me|text me|by phone|by email|instead|attachments?|calendar)\b"
)
_HEAR = re.compile(
    r"\b(?:do not|don't|dont|never) (?:ever )?(?:want|wish|need|care) to (?:hear|see|read|get)(?: anything)?(?: (?:from|of)) (?:you|u|your)\b|\bnever (?:want to )?hear from you\b"
)


_ASKS = re.compile(r"(?:do|does|did|is|are|if|what|how|why|which|should|would)\b.*\?$")


def _wants_no_mail(reading: Reading) -> str | None:
    for written, low in reading.sentences:
        if _SINGLE_CHANNEL.search(reading.text) or _ASKS.match(low):
            continue
        match = _NO_WISH.search(low)
        if match and _NO_WISH_NEEDS.search(match[0]) and not _CONDITION.search(low):
            return written
        if _HEAR.search(low) and not _CONDITION.search(low):
            return written
        if _NO_MORE.search(low) and not _CONDITION.search(low):
            return written
    return None


# --- data, complaint, dismissal ------------------------------------------------------------------------------------------
_ERASE = re.compile(
    r"\b(?:delete|erase|remove|destroy|purge|wipe)\b.{0,40}\b(?:my|our|all|any|personal)\b.{0,30}\b(?:data|details|information|records?|info)\b|\bright to (?:be forgotten|erasure|object)\b|"
    r"\b(?:gdpr|ccpa|dsgvo|rgpd)\b.{0,60}\b(?:delet|eras|remov|request|object)\w*|\b(?:delet|eras|remov)\w*.{0,60}\b(?:gdpr|ccpa|art(?:icle|\.)? ?17)\b"
)
_ERASE_NOT = re.compile(
    r"\b(?:do you|does your|how (?:do|does|long)|can (?:your|the) (?:tool|system|software|platform)|our customers)\b|\?$"
)
_REPORTED = re.compile(
    r"(?:^|[,.;!] ?|\band )(?:(?:i|we)(?:'ve| have|'m| am| are|'ll| will| just|'re)*(?: also| just| now| already| been)* )?(?:report(?:ed|ing)?|mark(?:ed|ing)|flag(?:ged|ging)|block(?:ed|ing)) (?:and \w+ )?(?:you|this|these|your \w+|it|them|u)?(?: all)?(?: (?:and \w+))? ?(?:as |for |to )?"
    r".{0,30}\b(?:spam|spammers?|junk|phishing|ftc|ico|provider|isp|abuse|authorit\w+|can-?spam|harassment)\b"
)
_NOT_REPORTED = re.compile(
    r"\b(?:our|my|the) (?:\w+ )?(?:filter|filters|system|server|software|firewall)\b|\b(?:gmail|outlook|google|our it|assistant)\b.{0,20}\b(?:report|mark|flag|block)|\bby (?:our|my|the|gmail|outlook|mistake|accident)\b"
)
_REGISTRY = re.compile(
    r"\b(?:i am|i'm|we are|we're|number is|this is|listed|registered)\b.{0,30}\b(?:do[- ]not[- ]call|dnc|telephone preference|tps|robinson|national registry)\b"
)
_HARASS = re.compile(
    r"\bthis is (?:now )?harass\w+|\b(?:violat\w+|breach\w*|in violation of|against)\b.{0,30}\b(?:can-?spam|tcpa|gdpr|casl|pecr)\b|\bcease[- ]and[- ]desist\b|\bnext (?:text|e-?mail|message|call|one) (?:goes|will go|is going) to\b.{0,30}\b(?:lawyer|attorney|solicitor|police|ftc|fcc)"
)
_DISMISSAL = re.compile(
    r"^(?:(?:no|ok|alex|look|just|please|and|so|seriously|oh|dude|bro|hey|how about)[,.! ]+){0,3}(?:take a hike|get lost|leave (?:me|us) (?:the \w+ )?alone|go away|lose (?:my|this|our) (?:number|e-?mail|address)|(?:f+u+c*k+|f\W?\*+\W?k?|f|piss|bugger|sod|eff|buzz|shove|jog|naff) ?off|get bent|go to hell|go f\S+ yourself|bog off|beat it|scram|drop dead|"
    r"forget (?:you have )?my (?:number|e-?mail))\b(?! (?:until|till|for now|this week|today))|\b(?:lose|forget|delete) my (?:number|e-?mail)\b|\bleave (?:me|us) alone[.!]*$"
)


def _erase_data(reading: Reading) -> str | None:
    return next(
        (written for written, low in reading.sentences if _ERASE.search(low) and not _ERASE_NOT.search(low)),
        None,
    )


def _complains(reading: Reading) -> str | None:
    for written, low in reading.sentences:
        if _REGISTRY.search(low) or _HARASS.search(low):
            return written
        if _REPORTED.search(low) and not _NOT_REPORTED.search(low) and not low.endswith("?"):
            return written
    return None


def _dismisses(reading: Reading) -> str | None:
    return next((written for written, low in reading.sentences if _DISMISSAL.search(low)), None)


def _unless_vetoed(match):  # noqa: ANN001, ANN202
    def judged(reading: Reading) -> str | None:
        if _VETO_JOKE.search(reading.text) or _VETO_INTEREST.search(reading.text):
            return None
        return match(reading)

    return judged


def _rule(name: str, description: str, match, channels: frozenset[str] = ALL_CHANNELS) -> Rule:  # noqa: ANN001
    return Rule(f"opt_out.{name}", "opt_out", description, match, channels)


RULES = (
    _rule(
        "carrier_keyword",
        "The whole text is a carrier's keyword (STOP, STOPALL, CANCEL, END, QUIT, REVOKE, OPTOUT, BAJA, ARRET …).",
        _carrier,
        frozenset({SMS}),
    ),
    _rule(
        "keyword", "The whole message is one wish in a word: stop, unsubscribe, remove me, opt out.", _keyword
    ),
    _rule(
        "subject", "The person wrote nothing but a subject that is such a wish.", _subject, frozenset({EMAIL})
    ),
    _rule(
        "unsubscribe",
        "Asks to be unsubscribed or opted out, or says to have tried.",
        _unless_vetoed(_asks_unsubscribe),
    ),
    _rule(
        "remove",
        "Asks to be removed from a list, or an address or number to be deleted.",
        _unless_vetoed(_asks_removal),
    ),
    _rule(
        "wrong_number",
        "Says the number or person is wrong and asks for removal.",
        _unless_vetoed(_wrong_number),
    ),
    _rule("stop_contact", "Tells us to stop writing, calling or sending.", _unless_vetoed(_asks_to_stop)),
    _rule(
        "do_not_contact",
        'Forbids further contact, without a condition ("before 10") and without naming a better way.',
        _unless_vetoed(_forbids_contact),
    ),
    _rule("no_more_mail", "Does not want to receive or hear anything more.", _unless_vetoed(_wants_no_mail)),
    _rule("erase_data", "Demands that personal data be deleted.", _unless_vetoed(_erase_data)),
    _rule(
        "complaint",
        "Reports us as spam, names the do-not-call registry or a law.",
        _unless_vetoed(_complains),
    ),
    _rule("dismissal", "Tells us to go away.", _unless_vetoed(_dismisses)),
    *(_rule(name, description, _unless_vetoed(match)) for name, description, match in LANGUAGE_RULES),
)


def _opts_in(reading: Reading) -> str | None:
    return reading.newest.text if _text_words(reading) in CARRIER_START else None


OPT_IN_RULES = (
    Rule(
        "opt_in.carrier_keyword",
        "opt_in",
        "The whole text is a carrier's keyword that subscribes again (START, UNSTOP).",
        _opts_in,
        frozenset({SMS}),
    ),
)
