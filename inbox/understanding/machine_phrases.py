"""Patterns for orders to a language model, for a line or a whole reply in lower case and without accents."""

import re

_IGNORE = "|".join(
    (
        r"ignor(?:e[zrn]?|ing|ier\w*|a(?:r|d|te|d[ao]s?)?|i|uj\w*)|disregard\w*|forget|bypass|overrid\w+|circumvent",
        r"do not follow|don't follow|stop following|vergiss|vergesst|vergessen sie|missachte\w*|ubergeh\w*",
        r"oubli\w+|neglig\w+|ne tiens pas compte|ne tenez pas compte|olvid\w+|omit[ae]\w*|haz caso omiso",
        r"dimentic\w+|trascur\w+|esquec\w+|desconsider\w+|negeer\w*|vergeet|zignoruj\w*|pomin\w*|zapomnij\w*",
        r"glom\w*|glem\w*|unohda|jata huomiotta|zapomen\w*|feledd|hagyd figyelmen kivul",
        r"игнор\w*|проигнор\w*|забудь\w*|не обращаи\w*|yok ?say\w*|gormezden gel\w*|unut\w*|تجاهل|انس",
    )
)
_INSTRUCTIONS = "|".join(
    (
        r"instructions?|guidelines?|directives?|safety rules",
        r"(?:your|the|this|these|all|previous|above|system|initial) prompts?"
        r"(?! (?:reply|respon|answer|action|attention|deliver|payment|service))",
        r"(?:your|all|previous|prior|above|these) (?:\w+ ){0,2}(?:rules|policies|constraints|restrictions|training)",
        r"(?:everything|all|anything) (?:that |which )?(?:is |was |stands )?"
        r"(?:above|before|you (?:were|have been|are) told)",
        r"anweisung\w*|instruktion\w*|vorgaben|(?:deine|ihre|alle) (?:\w+ )?regeln|systemprompt\w*",
        r"consignes?|(?:tes|vos|toutes les) (?:\w+ )?regles|instrucci\w+|indicaciones|ordenes",
        r"(?:tus|sus|las) (?:\w+ )?reglas|istruzion\w+|direttive|(?:tue|le|sue) (?:\w+ )?regole|instruco\w+",
        r"(?:suas|as|tuas) (?:\w+ )?regras|instructies|(?:je|jouw|uw|alle) (?:\w+ )?regels|instrukcj\w*|polece\w*",
        r"(?:swoich|twoje|wszystkich) (?:\w+ )?zasad\w*|instruktioner\w*|anvisning\w*|instruks\w*|ohjee\w*|pokyn\w*",
        r"utasitas\w*|инструкци\w*|указани\w*|правила|промпт\w*|talimat\w*|تعليمات\w*|التعليمات",
    )
)
_MODEL = (
    r"(?:ai|a\.i\.|ki|ia|llm|gpt\w*|chatgpt|claude|gemini|copilot|chat ?bot|bot|(?:large )?language model|sprachmodell|"
    r"(?:ai|email|mail|virtual|digital|automated) (?:assistant|agent|system|model)|modele de langage|"
    r"modelo de lenguaje|modello linguistico|modelo de linguagem|taalmodel|model jezykowy|языковая модель)\b"
    # These words are left out, because people write "As an AI company, we …" about their firm.
    r"(?!-| ?(?:compan|vendor|start|agenc|firm|business|team|provider|consult|powered|expert|tool|solution|specialist|"
    r"engineer|shop))"
)
_TAGS = (
    r"(?:interested|blacklist\w*|automat(?:ed|ic) reply|out of office|meeting (?:booked|requested)|"
    r"(?:call|information) requested|follow up|hot lead)"
)
_MAIL = r"(?:repl(?:y|ies)|answers?|responses?|e-?mails?|mails?|messages?|drafts?)"
_OUR_ANSWER = r"(?:repl(?:y|ies)|answers?|responses?|drafts?)"
_EACH = r"(?:each|every|all)"
_PUT = r"(?:include|insert|put|add|write|place)"
_START = r"(?:^|[.!?:,] |\band |\bthen )(?:please )?"

_OVERRIDES = (
    rf"\b(?:{_IGNORE})\b[^.!?]{{0,60}}?\b(?:{_INSTRUCTIONS})\b",
    r"\b(?:new|updated|real|actual|your|following) instructions? ?(?::|are\b)|\bneue anweisung\w*:",
    r"\bnouvelles (?:instructions|consignes) ?:|\bnuevas instrucciones ?:|\bnuove istruzioni ?:",
    r"\bsystem[ -]?(?:prompt|instruction)s?\b|\bsystemprompt\w*",
    r"\bprompt (?:del sistema|systeme|di sistema|do sistema)\b",
    r"\bсистемн\w+ (?:промпт\w*|сообщени\w*|инструкци\w*)",
    r"\bjailbreak|\bdeveloper mode\b|\bmaintenance mode\b|\bprompt injection\b",
    r"\b(?:act|behave|respond|answer) as (?:if you were )?(?:an? )?(?:unrestricted|unfiltered|root|dan)\b",
    r"\b(?:decode|decrypt|dekodiere|decodez|decodifica) (?:(?:and|und|et|e|y) \w|(?:this|the following) and\b)",
)
_ADDRESSES = (
    rf"\byou are (?:now |really |only )?(?:an? |the )?{_MODEL}|\bas an? {_MODEL}",
    rf"\bif you(?:'re| are) (?:an? )?{_MODEL}",
    rf"\b(?:du bist|sie sind) (?:jetzt )?(?:ein|eine)? ?{_MODEL}|\b(?:tu es|vous etes) (?:une? )?{_MODEL}",
    rf"\b(?:eres|es usted) (?:ahora )?(?:una? )?{_MODEL}|\b(?:sei|voce e) (?:una? |uma? )?{_MODEL}",
    rf"\bje bent (?:een )?{_MODEL}",
    r"\b(?:note|notice|message|attention|instructions?|hinweis|nachricht|nota|aviso) "
    rf"(?:to|for|an|fur|pour|a|para|voor) (?:the |any |all |die |das |la |el |l'|le |o |il )?{_MODEL}",
    r"(?:^|[.!?:] )(?:dear|hey|hi|hello|attention|liebe|chere|querida|estimado)[ :,]+"
    rf"(?:the |all )?(?:{_MODEL}|assistant)\b",
    r"(?:^|[.!?:] )(?:ai|llm|bot) ?:",
    r"(?:^|[.!?:] )(?:(?:ai|email|mail) )?(?:assistant|language model|chatgpt)\b(?: of this \w+)?[,:]",
)
_FORMS = (
    r"\b(?:safe_to_send|requires_human_review|needs_human|answer_points|offer_slots|follow_up_(?:on|certain)|"
    r"objection_type)\b",
    r"\bconfidence\W{1,4}(?:(?:of|to|is|at) )?(?:1(?:\.0+)?|0?\.9\d*|100 ?%)(?!\d)",
    rf"\b(?:tag|label|classify|categori[sz]e)\b[^.!?\n]{{0,40}}\b{_TAGS}\b",
    rf"\b(?:mark|treat|set|flag) (?:this|the|my) (?:{_MAIL}|lead|thread|conversation)\b[^.!?\n]{{0,20}}\b{_TAGS}\b",
    r'["\']?\b(?:tag|quote|problems)["\'] ?: ?["\'\[{\d]',
    r"^#{1,6} ?(?:facts|drafts?|newest reply|offered slots|system|instructions?|assistant)\b",
    r"^(?:system|assistant|developer|facts|our facts) ?: ?\S",
    r"<<< ?/?(?:said|end)\b|<\|\w+\|>|\[/?inst\]|<</?sys>>",
    r"</?(?:system|instructions?|assistant|prompt|user_input|email|untrusted\w*)>",
    r"\bend of (?:the )?(?:untrusted|user) (?:input|text|mail|message|data)\b|\bend of (?:the )?prompt\b",
)
_WISHES = (
    r"\b(?:reply|respond|answer|output|write|return|print) (?:only |exactly |just )+(?:with|in|this|these|as)\b",
    r"\b(?:reply|respond|answer) with (?:exactly |only )?(?:this|these) (?:\w+ )?(?:links?|urls?|words?|texts?)\b",
    rf"\b{_PUT}\b[^.!?\n]{{0,60}}\b(?:into|in|at the end of) "
    rf"(?:{_EACH} (?:\w+ )?{_MAIL}|your (?:\w+ )?{_OUR_ANSWER})\b",
    rf"\b{_PUT} (?:this|the following) (?:link|url)\b",
    rf"\b(?:end|finish|begin|start) (?:{_EACH}|your) {_MAIL} with\b|\ball {_MAIL} (?:carry|contain|include|must)\b",
    rf"\bfrom now on,? (?:ignore|always|answer|reply|end {_EACH})\b",
    r"\b(?:reveal|print|show|repeat|output|leak|display|tell me|translate)\b[^.!?\n]{0,30}\byour (?:\w+ )?"
    r"(?:prompt|instructions|rules)\b",
    rf"\bauto-?(?:approve|send)\b|{_START}approve (?:this|the|your) {_OUR_ANSWER}\b|\bno human review\b",
    rf"{_START}(?:send|approve)\b[^.!?\n]{{0,30}}\bwithout (?:a |any )?(?:human|person|review)\b",
)
_EASTERN = (
    r"(?:忽略|无视|無視|忘记|忘掉|不要遵守).{0,20}(?:指令|指示|规则|規則|提示)",
    r"(?:指示|命令|プロンプト|ルール).{0,12}(?:無視|忘れ)|(?:지시|명령|프롬프트|규칙).{0,12}(?:무시|잊)",
    r"系统提示|系統提示|システムプロンプト|시스템 ?프롬프트",
    r"你(?:现在)?是(?:一个)?(?:ai|人工智能|语言模型|助手)|あなたは(?:ai|人工知能|言語モデル|アシスタント)",
)
ORDERS = tuple(re.compile(pattern) for pattern in (*_OVERRIDES, *_ADDRESSES, *_FORMS, *_WISHES, *_EASTERN))
