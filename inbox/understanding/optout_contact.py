"""Decides which English sentences tell us to stop, forbid contact or want no more mail, and under what condition."""

import re

from inbox.understanding.optout_words import NOT, spelled_stop
from inbox.understanding.reading import SMS, Reading

_MAIL = (
    r"(?:e-?mails?|mails?|inmails?|mailings?|messages?|msgs?|texts?|txts?|sms|communications?|correspondence|"
    r"contact|spam|"
    r"solicitations?|calls|newsletters?|offers|pitches|"
    r"dms?|inmails?|follow[- ]?ups?|of (?:these|this|your|those|them)|from you|marketing|outreach|anything)"
)

# --- stop -------------------------------------------------------------------------------------------------------------
_DOING = (
    r"(?:e-?mailing|mailing|contacting|messaging|msging|msg'?ing|messagin|texting|txting|textin|calling|"
    r"phoning|ringing|writing|spamming|bothering|"
    r"harassing|pitching|soliciting|reaching out|following up|nagging|hassling|asking(?= me\b| us\b|\W*$)|"
    r"pestering|bugging|hounding|stalking|dm'?ing|"
    r"pinging|hitting (?:me|us) up|chasing(?= me\b| us\b|\W*$)|bumping|circling back|checking in|"
    r"(?:filling|clogging|cluttering|flooding|bombarding|polluting|jamming|stuffing|littering|"
    r"invading)(?: up)? (?:me|us|my|our)|"
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
    r"(?:(?:with|the|these|this|all|any|your) )+(?:[\x22\w-]+ ){0,3}?(?:e-?mails?|messages|texts|"
    r"communications?|correspondence|contact|spam|calls|"
    r"outreach|mails|solicitations?|pitch\w*|harassment|follow[- ]?ups?|sequence|bs|nonsense|crap)\b"
)
_STOP_WHEN = re.compile(
    r"^[^.!?;]{0,40}?\b(?:if (?:it|he|she|they|there|i'm|we're|nobody|no one|the)|when (?:i'm|we're|it|he|she)|"
    r"while (?:i|we)|unless|"
    r"(?:after|past|before|at|by|until) (?:\d|noon|midnight|five|six|seven|eight|nine|ten)|at night|during|"
    r"on (?:weekends|sundays|saturdays))\b"
)
_STOP = re.compile(
    r"\b(?:stop|quit|cease(?: and desist)?|discontinue|halt|refrain|desist)(?: it)?(?: from| with)? ?"
    rf"(?:(?:cold|mass|auto)[- ]?)?(?:{_DOING}|{_SENDING}|{_NOISE}|(?:all )?(?:further )?(?:communications?|"
    rf"contact|correspondence)\b)"
)
_NOT_TOLD = re.compile(
    r"\b(?:when did you|why did you|did you|they|he|she|people|customers|clients|helps?|helped|how to|"
    r"before|until|after|if you (?:don't|didn't)|if we)\b[^,;.!?]{0,25}$|"
    rf"\b{NOT}(?: (?!interested)\w+)? $|\b(?:can not|cannot|cant|do not|did not)(?: \w+)? $"
)
# "I'm not Linda quit texting": that negation ends before the wish.
_NAMED_NOT = re.compile(
    r"\b(?:i'?m|i am|we'?re|we are|this is|this isn't|that'?s|thats) (?:not )?"
    r"(?!just|going|gon|about|really|asking|saying|here|trying|telling|able|ready|how|why|what|when|want)\w+ $"
)
_OWN_PLAN = re.compile(
    r"\b(?:we|i)(?:'d|'re|'m| are| am| have| had| would| want| need| plan| decided| try| tried)*(?: (?:like|love|"
    r"going|trying|planning|want|have|need|decided))? to $"
)
_TOLD_YOU = re.compile(
    r"\b(?:ask\w*|tell|told|say|said|want|need|like|demand\w*|request\w*|beg\w*|warn\w*)\b.{0,20}\b(?:you|u|"
    r"y'all|guys|your)\b|"
    r"\b(?:you|u) (?:people |guys |all )?(?:need|have|must|should|better|ought)\b"
)
_SOMEBODY_TELLS = re.compile(
    r"\b(?:she|he|they|it|wife|husband|boss|partner|people|everyone)(?:'ll| will|'d| would| might|"
    r" may)? (?:\w+ )?(?:tell|ask|want|say)s?\b|"
    r"\b(?:told|asked|begged) (?:my|our|every|all|another|other|the (?:last|previous|old|other))\b(?!.*\byour?\b)|"
    r"\b(?:shell|hell|theyll) (?:tell|ask)\b|\b(?:she|he|they|wife|husband|boss) (?:told|asked)\b"
)
_STOP_ALONE = re.compile(
    r"^(?:(?:no|ok|okay|alright|seriously|alex|again|enough)[,.! ]+)*(?:(?:will|would|can|could) (?:you|u) )?"
    r"(?:please|pls|plz|just|kindly|(?:you|u) (?:need|have) to)? ?"
    r"(?:stop|stopp|desist|quit it|(?<=please )quit|cease|knock it off|cut it out)(?:,? (?:with (?:these|this|it)|"
    r"these|it|"
    r"this|now|already|please|pls|plz|"
    r"contact))*[.!? ]*$"
)
_CHATS_ON = re.compile(
    r"\b(?:ok|okay|yes|yea|yeah|works|sure|had me|send it|deal|lol|haha|call me|meet|how much|"
    r"when)\b"
)
_STOP_EXPLICIT = re.compile(
    r"^(?:will|would|can|could) (?:you|u) (?:please |kindly |just )*stop\W*$|"
    r"\b(?:please|pls|plz) stop\b(?=(?: with (?:these|this|it))?[.!? ]*$)|\bstop(?: it)?,? (?:please|pls|"
    r"plz)\b(?=[.!? ]*$)|^(?:stop it|"
    r"stop now|"
    r"stop this|just stop|quit it|knock it off|cut it out)\b|"
    r"^(?:please|pls) quit\W*$|\b(?:desist|cease)\b|\b(?:you|u) (?:need|have) to stop\b"
)


_WISHED = re.compile(
    r"\b(?:please|kindly)\b[^.!?]{0,30}\band stop\W*$|"
    r"(?:,|\band|\bso) (?:please|pls|plz),? (?:just )?(?:quit it|stop it|knock it off|cut it out|stop)\W*$|"
    r"\b(?:like|want|need|wish|get|make)\b[^.!?]{0,20}\b(?:e-?mails?|messages|mails?|texts|mailings|these|this|"
    r"them)(?: \w+)? to (?:end|stop|cease)\b(?! (?:by|in|at|for)\b)|"
    r"\b(?:wish(?:es)?|ask\w*|request\w*|prefer\w*|told|respect|insist\w*|want\w*|"
    r"like)\b[^.!?]{0,25}\bnot (?:to )?be(?:ing)? (?:contacted|e-?mailed|solicited|"
    r"texted|mailed|messaged|pitched|written to|approached)\b|"
    r"\b(?:asked|told|begged|warned|asking|telling|begging|warning|ordering) (?:you|u|your \w+|"
    r"y'all)\b[^.!?]{0,25}\bto stop\b(?! (?:by|in|at|for)\b)|"
    r"\byou(?:'ve| have)? (?:were|was|been) (?:told|asked|instructed|"
    r"warned)\b[^.!?]{0,25}\b(?:not to (?:contact|e-?mail|write|call|message|text)|to stop)\b|"
    r"\b(?:asked|told) you\b[^.!?]{0,25}\bnot to (?:contact|e-?mail|write|message|text)\b|"
    r"\b(?:rather|prefer(?: it)?(?: if)?|wish|like it if|love it if) you(?:'d| would)? (?:just )?(?:stopped|"
    r"quit|ceased|stop|didn't (?:write|e-?mail|contact|text|call|"
    r"message)|left (?:me|us))\b(?! (?:by|in)\b)|"
    r"\b(?:ensure|make sure|see that|see to it)\b[^.!?]{0,60}(?:\b(?:not|never|no longer)|"
    r"n't)\b[^.!?]{0,25}\b(?:used|contacted|mailed|e-?mailed|written to|"
    r"approached|bothered|texted|messaged)\b|"
    rf"\bif you(?:'d| would| could| all)? (?:please |just )?(?:stop(?:ped)?|quit|ceased?) (?:{_DOING}|"
    rf"{_SENDING}|{_NOISE})|"
    r"\b(?:this|these|the|your|it)(?: [\w'-]+){0,2} (?:has|have|needs?|must|better)(?: got)?(?: to)? stop\b|"
    r"\b(?:see to it|make sure|ensure|tell them|ask) (?:that )?(?:they|it|this|these) (?:\w+ )?stops?\b|"
    r"\b(?:ask\w*|say\w*|said|tell\w*|told)\b[^.!?]{0,30}[:,] ?(?:please )?stop\W*$|"
    r"\b(?:ask|request|insist|demand)(?:ing)?(?: that)? you (?:please |kindly )?(?:not|do not|don't|no longer|never) "
    r"(?:contact|e-?mail|write|message|text|reach out|approach)\b(?!.{0,40}\b(?:before|until|after|yet|at \d|"
    r"during|if|unless)\b)|"
    r"\b(?:expect|want|need|trust) (?:it|this|these|that|them) (?:all )?to (?:stop|end|cease)\b(?! (?:by|in|at|"
    r"for)\b)|"
    r"\bmake (?:the|these|your) [\w-]+ stop(?! (?!coming|arriving)\w+ing)\b|"
    r"\b(?:prefer|rather|appreciate)(?: it)?(?: that| if)? you (?:do not|don't|did not|didn't|not|"
    r"never) (?:contact|e-?mail|write|message|text|call)\b|"
    r"\bmake (?:it|this|these|them)(?: \w+)? stop\b(?! (?!coming|arriving)\w+ing)|"
    r"\b(?:appreciate|hope|expect|trust|prefer|want|let|make|better|please|"
    r"ensure)\b.{0,30}(?<!my )(?<!your )(?<!our )\b(?:last|"
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
        low = spelled_stop(low)
        match = _STOP.search(low)
        if match and not _STOP_WHEN.search(low[match.end() :]):
            left = low[: match.start()]
            if _SOMEBODY_TELLS.search(left):
                continue
            left = _NAMED_NOT.sub("", left)
            if _TOLD_YOU.search(left) or not (_NOT_TOLD.search(left) or _OWN_PLAN.search(left)):
                return written
        if (
            _WISHED.search(low)
            and not _NOT_TOLD.search(low[:20])
            and (not _ASKS.match(low) or _HOW_DO_I.match(low))
        ):
            return written
        last = (
            written == reading.sentences[-1][0]
            and not _CHATS_ON.search(reading.text)
            and "?" not in reading.text
        )
        if _STOP_ALONE.match(low) and (
            last
            or _STOP_EXPLICIT.search(low)
            or (sms and len(reading.text) < 60 and not _CHATS_ON.search(reading.text))
        ):
            return written
    return None


# --- do not contact ---------------------------------------------------------------------------------------------------
_CONTACT = (
    r"(?:contact(?:s|ing|ed)?|e-?mail(?:s|ing|ed)?|mail(?:s|ing|ed)?|message|messaging|msg|text(?:ing)?|txt|"
    r"write(?: to| back)?|writing(?: to)?|"
    r"reach(?:ing)? (?:back )?out(?: to)?|hit(?: me| us)? up|"
    r"follow(?:ing)?[ -]?up(?: with)?|send(?:ing)?(?: emails? to)?|bother(?:ing)?|"
    r"circle back|circling back|check(?:ing)? (?:back )?in|chase(?: up)?|chasing|bump|nudge|approach|solicit|"
    r"pitch|spam|ping|dm|"
    r"get in touch with|communicate with|reply(?: to)?|try (?:me|us)|call(?:ing)?|phone|ring)"
)
_BY_TEXT = re.compile(r"\b(?:text(?:ing)?|txt|message|msg)\W*$")
_BY_PHONE = re.compile(r"\b(?:call(?:ing)?|phone|ring|text(?:ing)?|txt)\b")
_ABSOLUTE = re.compile(
    r"\b(?:contact|follow[ -]?up|reach (?:back )?out|write back|circle back|check (?:back )?in|solicit)\W*$"
)
_FORBID = (
    r"(?:do not|don't|dont|dnt|nvr|neva|donot|do no t|never|not|nor|please no|no longer|refrain from|without)"
)
_FOREVER = (
    r"(?:again|any ?more(?! (?!e-?mails?|mails?|messages?|texts?|calls|of\b|please|pls|thanks|thank|to\b|from\b|"
    r"at\b|about\b|and\b|or\b|spam|"
    r"sales|marketing|stuff|contact|ever|than\b|as\b|because|this|i\b|we\b)[a-z])|any ?longer|any further|"
    r"further|ever|in (?:the )?future|at all|from now on|"
    r"going forward|henceforth|under any circumstances?|"
    r"else|no (?:more|mo)|in any (?:form|way|capacity)|for any reason|by any means)"
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
    r"\b(?:instead(?! either)|rather|prefer|better|best|(?:just )?(?:call|e-?mail|text|ring|write) (?:me|us)|"
    r"is (?:fine|good|ok)|use mine|talk to me|come to me|through me|mornings|only|reach me|use (?:the|my|this))\b"
)
_BECAUSE = re.compile(
    r"[,;(-]+ ?(?=(?:we|we're|i|i'm|my|our|it|it's|this|since|because|as)\b)"
)  # a reason follows
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
_SEND_AGAIN = re.compile(
    r"\b(?:don't|dont|do not|never) (?:ever )?(?:send|mail|drop) (?:me|us|any|anything|stuff|this|these|your|"
    r"business|sales|"
    r"marketing|spam|e-?mails?|mails?|messages?)\b(?! \w* ?(?:link|deck|file|invite|invoice|quote|proposal|pdf|"
    r"version|draft))"
    r"[^.!?;]{0,40}\b(?:again|any ?more|ever|else|here)\b"
)
_FORBIDS_MORE = re.compile(r"\s*[,;]? ?(?:and |or |nor )?(?:do not|don't|dont|never)\b")
_WHOLE_ADDRESS = re.compile(r"\bthis (?:number|phone|address|email|e-mail|inbox|company)\b")
_PAST = re.compile(r"(?:contact|mail|text|call|bother|ping)ed\b")
_EVERYBODY = re.compile(
    r"\b(?:my|our) (?:colleagues|co-?workers|staff|employees|team|people|family|parents|customers)$"
)
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
        if (
            never
            and not _CONDITION.search(_BECAUSE.split(low[never.start() :])[0])
            and not _NOT_OURS.search(low)
        ):
            return written
        if _NO_SOLICITING.search(low) or (_NOBODY.search(low) and not _CONDITION.search(low)):
            return written
        if _SEND_AGAIN.search(low) and not _CONDITION.search(low) and not other_way:
            return written
        if any(_forbidden(reading, low, match) for match in _DONT.finditer(low)):
            return written
    return None


def _forbidden(reading: Reading, low: str, match: re.Match[str]) -> bool:
    right = low[match.end() :]
    other_way = bool(_OTHER_WAY.search(reading.text.replace(match[0], " ")))
    if not _GOES_ON.match(right) or _CONDITION.search(match[0] + right):
        return False
    if re.search(r"\b(?:why|did you|you (?:did|do|need|have)) (?:not |n't )?$", low[: match.start()]):
        return False
    if low[: match.start()].endswith("you ") and _PAST.search(match[0]):
        return False
    if _LASTS.search(match["object"] + right[:60]) or re.search(
        r"\b(?:ever|any more|more|another)\b", match[0]
    ):
        return not re.search(r"\b(?:need|needed|necessary)\b", low[: match.end()])
    reason = _REASON.match(right) and (_ABSOLUTE.search(match[0]) or _WHOLE_ADDRESS.search(match["object"]))
    rest = _COURTESY.sub("", right).strip(" .!,;)*")
    whole = reason or _FORBIDS_MORE.match(right) or not rest or right.strip().startswith((".", "!", ";"))
    sms = reading.reply.channel == SMS
    addressed = (
        _TO_US.search(match["object"]) or _ABSOLUTE.search(match[0]) or (sms and _BY_TEXT.search(match[0]))
    )
    everybody = not rest and _EVERYBODY.search(match["object"])
    by_phone = _BY_PHONE.search(match[0]) and not sms
    return bool(whole and (addressed or everybody)) and not other_way and not by_phone


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
    r"unsolicited|receive|receiving)\b"
)
_NO_MORE = re.compile(
    rf"(?:^|[,.;:!] ?|\b(?:please|pls|and|so|that|asked|said|say|want|with) )no (?:more|further|"
    rf"additional) (?:(?:sales|marketing|cold|such|unsolicited|automated|"
    rf"promotional) )?(?:{_MAIL})\b(?! (?:needed|necessary|required|questions))|"
    r"\bno (?:more|further) of (?:these|this|those|your|that)\b|^no (?:marketing|sales|cold|unsolicited|spam|"
    r"promotional) (?:texts?|e-?mails?|"
    r"mails?|messages|calls|pitches|stuff)\b|"
    r"\bneither (?:i|we|me)\b[^.!?]{0,40}\b(?:receiv|get|hear|want|wish|see|care)\w*\b|"
    rf"\b(?:no one|nobody|none of us)\b[^.!?]{{0,30}}\b(?:wish(?:es)?|wants?|cares?|asked|"
    rf"consent\w*) (?:to )?(?:receiv\w+|hear\w*|get\w*|see|"
    rf"be (?:contacted|e-?mailed)|for)\b[^.!?]{{0,20}}\b(?:you|your|these|this|{_MAIL})\b|"
    r"\b(?:this|our|the) (?:shop|company|firm|office|business|team|household|school|practice|store|house|"
    r"family) does(?: not|n't) (?:want|wish|care) "
    r"to (?:hear|receive|get|be)\b|"
    r"\bnothing (?:more|further|else) from you\b|\benough (?:with|of) (?:the |these |your )?(?:e-?mails|"
    r"messages|texts|spam)|"
    rf"\b(?:make sure|ensure|see (?:to it )?that|so)(?: that)? (?:i|we) (?:do not|don't|dont|no longer|"
    rf"never) (?:receive|get|see)"
    rf"(?: any)?(?: more)?(?: of)? (?:the next (?:ones?|{_MAIL})|(?:these|those|this|them|another|"
    rf"any ?more)(?=\W*$|[.,;!]| please))|"
    rf"\b(?:make sure|ensure|see (?:to it )?that|so) (?:i|we|that i|that we) (?:do not|don't|no longer|"
    rf"never) (?:receive|get|see) (?:any )?(?:more )?(?:{_MAIL}|further)\b"
)
_UNWANTED = re.compile(
    r"\bno longer (?:wish|want|care|desire) to (?:hear|receive|be contacted|be e-?mailed)\b|^no (?:more )?solicit\w*|"
    r"\b(?:do not|don't|dont|never) (?:want|need|like|appreciate|welcome|wish for) (?:[\w']+ ){0,4}?(?:your|"
    r"these|such|more|unsolicited|cold|sales) "
    r"(?:\w+ )?(?:e-?mails?|mails?|messages|texts|mailings|spam|pitches|newsletters?|solicitations?|outreach)\b|"
    r"\b(?:don't|do not|dont) send (?:them|these|those|any)\W*$|"
    r"\b(?:please|beg|enough|asking you)\b[^.!?]{0,20}[, ]no more\W*$|^enough,? (?:please|already|now)\W*$|"
    r"\b(?:don't|do not|not|without)\b[^.!?]{0,60}\bany more of (?:these|this|those|your|them)\b|"
    r"\bi want no part of\b|\b(?:no|zero) (?:interest|desire|wish) (?:in|to) (?:ever )?(?:hear|receiv|get|"
    r"be)(?:ing)?(?: contacted)? "
    r"(?:back )?(?:from you|anything|any|more|further|again|these|your)\b|"
    r"\b(?:don't|dont|do not) (?:want|need) (?:it|this|these|them|any)\b.{0,30}\b(?:don't|dont|do not) send\b|"
    r"\benough w(?:ith|/)? (?:the|these|your|ur) \w+|\blet (?:this|that|it) be the (?:end|last)\b"
)
_ONE_CHANNEL = re.compile(
    r"\b(?:just|only) (?:call|e-?mail|text|the)\b|\b(?:call|email|text) me\b|\bby (?:phone|email)\b|"
    r"\bwant more (?:calls|leads|clients|customers|bookings|sales|jobs)\b|\bcompetitors?\b|"
    r"\binstead\b|\battachments?\b|\bcalendar\b|\bback and forth\b"
)
_HEAR = re.compile(
    r"\b(?:do not|don't|dont|never) (?:ever )?(?:want|wish|need|care) to (?:hear|see|read|"
    r"get)(?: anything)? (?:from|of) (?:you|u|your)\b|\bnever (?:want to )?hear from you\b"
)
_HOW_DO_I = re.compile(r"(?:how (?:do|can|would) (?:i|we)|is there (?:any|a|some) way to (?:get|make))\b")
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
            wish = _HEAR.search(low) or _NO_MORE.search(low) or _UNWANTED.search(low)
        if wish and not _CONDITION.search(low[wish.start() :]):
            return written
    return None
