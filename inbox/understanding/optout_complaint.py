"""Decides which English sentences demand erasure, complain or tell us to go away."""

import re

from inbox.understanding.reading import Reading

_ERASE = re.compile(
    r"\b(?:delete|erase|remove|destroy|purge|wipe)\b.{0,40}\b(?:my|our|all|any|personal)\b.{0,30}\b(?:data|"
    r"details|information|records?|info)\b|"
    r"\bright to (?:be forgotten|erasure|object)\b|\b(?:gdpr|ccpa|dsgvo|rgpd)\b.{0,60}\b(?:delet|eras|remov|"
    r"request|object)\w*|"
    r"\b(?:delet|eras|remov)\w*.{0,60}\b(?:gdpr|ccpa|art(?:icle|\.)? ?17)\b"
)
_ERASE_THEIRS = re.compile(
    r"\b(?:do you|does your|how (?:do|does|long)|can (?:your|the) (?:tool|system|software|platform)|"
    r"our customers|refus\w+|(?:old|last|current|previous|other|former) (?:provider|vendor|agency|supplier|tool|"
    r"firm))\b|\?$"
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
    r"^(?:you(?:'re| are)?|ur|u r|u) (?:now |just )?(?:blocked|reported)\b|"
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
    r"\b(?:i am|i'm|we are|we're|(?:number|address|line|phone|e-?mail) is|this is|listed|"
    r"registered)\b.{0,30}\b(?:do[- ]not[- ](?:call|e-?mail|"
    r"mail|text|contact)|dnc|"
    r"telephone preference|tps|robinson|national registry)\b"
)
_LAW = re.compile(
    r"\b(?:every|each|any)\b.{0,40}\$ ?\d.{0,30}\b(?:tcpa|can-?spam)\b|"
    r"\bthis is (?:now )?harass\w+|\b(?:violat\w+|breach\w*|in violation of|against)\b.{0,30}\b(?:can-?spam|"
    r"tcpa|gdpr|casl|pecr)\b|\bcease[- ]and[- ]desist\b|"
    r"\b(?:text|txt|e-?mail|mail|write|call|contact|message)(?: to)?(?: me| us)? (?:again|once more|"
    r"(?:one|1) more time)\b.{0,12}\b(?:and|n|then|&)\b.{0,4}\b(?:i|we|u|you)\W?"
    r"(?:'?m|'?ll| am| will|'?re|r| are)?\b|"
    r"\b(?:suing|reporting|blocking)\b.{0,20}\bif (?:u|you)\b.{0,20}\bagain\b|"
    r"\bnext (?:text|e-?mail|message|call|one) (?:goes|will go|is going) to\b.{0,30}\b(?:lawyer|attorney|"
    r"solicitor|police|ftc|fcc)|"
    r"\b(?:i|we)(?:'ll| will|'m| am)(?: be)? (?:fil|submit|mak|lodg)\w* (?:an? )?(?:\w+ )?(?:complaint|"
    r"report)\b|"
    r"\b(?:next|another|one more)(?: \w+){0,2} (?:gets?|and (?:you|u)(?:'re| are| get)|goes straight|"
    r"goes directly) (?:reported|"
    r"blocked|to (?:the )?(?:ico|ftc|fcc|spam|my (?:lawyer|attorney|solicitor)))\b|"
    r"\b(?:one more|another)\b.{0,30}\b(?:and|or) (?:i|we) (?:report|block|sue)\b(?! back)|"
    r"\b(?:another|next)(?: one)?(?: and)? it goes (?:straight |directly )?to (?:the|my) (?:ico|ftc|fcc|lawyer|"
    r"attorney)\b|"
    r"\b(?:if|one more(?! (?:question|thing|point))|another|next)\b.{0,60}\b(?:i|we)(?:'ll| will|'m going to|"
    r" am going to|'m| am|'re)\b.{0,25}"
    r"\b(?:calling the|calling my|reporting|suing|contacting my|filing|report(?:ing)?(?! it in|"
    r" this in)(?= (?:you|u|this|it|"
    r"them|your|the (?:domain|sender|number|spam|account|profile|company)|as|for|and)\b|\W*$)|block|sue|complain|"
    r"complaint|"
    r"marking\b.{0,40}\bspam|mark\b.{0,40}\bspam|"
    r"lawyer|attorney|"
    r"legal action|ftc|ico)\b|"
    r"\b(?:further|additional) (?:contact|messages?|e-?mails?|communications?|texts?|calls?)\b.{0,20}\b(?:will|"
    r"would|shall) be "
    r"(?:treated|reported|blocked|considered|regarded|deemed|met|forwarded|billed|charged)\b|"
    r"\bany (?:further|more|other|additional) (?:contact|messages?|e-?mails?|communications?|texts?|"
    r"attempts?)\b.{0,40}"
    r"\b(?:will|would|shall) (?:be|result|lead)\b"
)
_CONSENT = re.compile(
    r"\b(?:i|we) (?:hereby |formally |strongly )?object to (?:the|any|your)\b.{0,30}\b(?:processing|"
    r"direct marketing|my|our)\b|"
    r"\b(?:withdraw|revok|rescind|withhold)\w* (?:my |our |any |all |that )?(?:consent|permission|opt-?in)\b|"
    r"\b(?:do not|don't|never|no longer|without|no|not)(?: \w+){0,2}? (?:have|had|gave|give|given|got|our|my|"
    r"any)? ?(?:you )?(?:my |our |any )?"
    r"(?:permission|consent|authori[sz]ation) (?:to|for|from)\b.{0,20}\b(?:e-?mail|mail|contact|text|message|"
    r"call|write|send|use|us|me|this|these|marketing)\b"
)
_UNWELCOME = re.compile(
    r"\b(?:your|these|this|such|further|any|unsolicited|cold|all)\b(?: \w+)? (?:e-?mails?|mails?|messages?|"
    r"texts?|calls|pitch(?:es)?|contact|outreach|mailings?|"
    r"communications?)\b.{0,20}\b(?:(?:not|never|un-?)(?: \w+)? ?(?:welcome|wanted|appreciated)|unwelcome|"
    r"unwanted)\b|"
    r"\b(?:you|your \w+) (?:is|are)\b.{0,20}\b(?:on our block\w*|blocked|blacklisted|banned)\b(?! by)"
)
_DISMISSAL = re.compile(
    r"^(?:(?:no|ok|alex|look|just|please|and|so|seriously|oh|dude|bro|hey|how about)[,.! ]+){0,3}"
    r"(?:take a hike|get lost|leave (?:me|us) (?:[\w*]+ ){0,3}alone|go away|lose (?:my|this|our) (?:number|"
    r"e-?mail|address)|"
    r"(?:f+u+c*k+|f\W?\*+\W?k?|f|piss|bugger|sod|eff|buzz|shove|jog|naff|bog) ?off|get (?:bent|stuffed|knotted|"
    r"lost)|go to hell|pound sand|"
    r"kick rocks|hop it|sling your hook|on your bike|take a running jump|do one(?=\W*(?:$|mate|pal|bud|son|love|"
    r"alex|and take))|"
    r"go f\S+ yourself|beat it|scram|drop dead|"
    r"forget (?:you have )?my (?:number|e-?mail))\b(?! (?:until|till|for (?:now|the|a)|this week|today))|"
    r"\b(?:lose|forget|delete|bin|shred|trash|ditch|destroy|burn|get rid of) (?:my|this|our) (?:number|#|"
    r"e-?mail|address|name|"
    r"phone|(?:contact )?(?:info\w*|details))\b(?! (?:on|in|from) (?:the|that) (?:quote|proposal|invite|deck|"
    r"draft|thread))|"
    r"^(?:please |pls |plz )?(?:lose|delete|forget) the number\b|\bforget (?:that )?you ever (?:had|saw|found|"
    r"heard of|met|knew)\b|\btake (?:my|our|"
    r"this) \w+(?: \w+)? with you\b|"
    r"\bleave (?:me|us|my \w+|our \w+|this \w+) (?:[\w*]+ ){0,3}(?:alone|be)[.!]*$|"
    r"\b(?:like|want|wish|prefer|ask\w*) to be left alone\b|"
    r"^(?:i'm |im )?(?:blocking|reporting) (?:u|you|this(?: number)?)\W*$"
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
        if (_CONSENT.search(low) or _UNWELCOME.search(low)) and not low.endswith("?"):
            return written
        if _REGISTRY.search(low) or _LAW.search(low):
            return written
        if _REPORTED.search(low) and not _NOT_REPORTED.search(low) and not low.endswith("?"):
            return written
    return None


_NOT_SAID_TO_US = re.compile(
    r"(?:\w+n't|dont|not|never|almost)(?: ever)? $|\b(?:told|asked|begged|tell|ask) (?!you\b|u\b)[^.!?]{1,40}\bto $|"
    r"\b(?:they|he|she|people|customers|clients|to) $"
)
_ASKED_YOU = re.compile(r"\b(?:you|u|i|we)\b.{0,20} to $")


def dismisses(reading: Reading) -> str | None:
    """E.g. "Take a hike", "lose my number"; not "don't lose my number", nor what somebody else was told."""
    for written, low in reading.sentences:
        match = _DISMISSAL.search(low)
        if not match:
            continue
        left = low[: match.start()]
        told = _NOT_SAID_TO_US.search(left)
        if not told or (_ASKED_YOU.search(left) and not re.search(r"\b(?:told|asked) (?!you\b)", left)):
            return written
    return None
