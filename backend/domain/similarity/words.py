"""What two wordings of one question may differ in, English and Polish, as tables.

Everything that is not in a table counts in full: a word that only one of two questions has makes them different.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


POLISH_LETTERS = re.compile(r"[ąćęłńóśźż]")
FOLD = str.maketrans("ąćęłńóśźż", "acelnoszz")

LANGUAGE_WORDS = {
    "en": _words(
        "the an is are was were does did how what which who why when where can could should would "
        "of in for with from and that about me your please explain write tell give"
    ),
    "pl": _words(
        "jak jaki jaka jakie co czy czym kto kiedy gdzie dlaczego czemu ile jest są się nie na od "
        "przez oraz dla proszę prosze wyjaśnij napisz podaj mi który która które po w z"
    ),
}

DROPPED = {
    "en": _words("a an the of do does am is are that"),
    "pl": _words("jest są to że"),
    "": _words(""),
}
"""Words that carry nothing in a question. Never words that set a bound, negate, compare or point somewhere."""

AUXILIARY = _words("do does")
AUXILIARY_AFTER = _words("to i you he she it we they can could should would")
"""After one of these, and at the end, do and does say something themselves."""

GREETING = re.compile(r"^(?:hi|hello|hey|good morning|cześć|hej|witam|dzień dobry)(?: there)?[,.!]+\s+", re.IGNORECASE)
PLEASE = re.compile(
    r"^(?:please|kindly|proszę|prosze)[, ]\s*|^(\w+) (?:proszę|prosze)(?= )|, (?:please|proszę)(?=:)", re.IGNORECASE
)
THANKS = re.compile(
    r"(?<=[,.;!?])\s*(?:please|proszę|thanks|thank you|thx|dzięki|dziękuję)(?: in advance| z góry)?[ .!?]*$",
    re.IGNORECASE,
)
LAST_PLEASE = re.compile(r"\s(?:please|proszę|prosze)[ .!?]*$", re.IGNORECASE)
MENTIONS = re.compile(
    r"\b(?:say|said|words?|mean\w*|translat\w+|spell|pronounc\w+|powiedz\w*|mówi\w*|słow\w+|znaczy|oznacza|przetłumacz\w*)\b",
    re.IGNORECASE,
)
"""Where one of these stands, a polite word at the end may be what is asked about."""

ABOUT_WORDS = re.compile(
    r"\b(?:difference|opposite|synonym|antonym|rhym\w+|spell\w*|plural|singular|words?|mean\w*|pronounc\w+|etymology"
    r"|różni\w*|przeciwieństwo|synonim|rym\w*|słow\w+|znaczy|oznacza|liczb\w mnog\w+|odmie\w+)\b",
    re.IGNORECASE,
)
"""Where one of these stands, a word may be what is asked about: nothing stands for another one."""

PARTICIPLE = re.compile(
    r"(?!when$)(?:\w{2,}(?:ed|en|wn|ght)|left|made|built|sold|told|held|kept|lost|paid|sent|shot|won|put|cut|hit|set|run|come|become)$"
)
"""With "is" somebody suffers it, without somebody does it: "who is invited", "who invited"."""

WEAK = dict.fromkeys(_words("really actually also so właściwie też"), 0.08)
"""What is lost where only one question has the word within it; 1 is everything."""

CONTRACTIONS = (
    (re.compile(r"\b(what|who|where|how|when|why|that|it|there|here|he|she)'s\b", re.I), r"\1 is"),
    (re.compile(r"\bcan't\b", re.I), "can not"),
    (re.compile(r"\bwon't\b", re.I), "will not"),
    (re.compile(r"\b(\w+)n't\b", re.I), r"\1 not"),
    (re.compile(r"\b(i)'m\b", re.I), r"\1 am"),
    (re.compile(r"\b(\w+)'re\b", re.I), r"\1 are"),
    (re.compile(r"\b(is|are|was|were) there\b", re.I), r"\1"),
    (re.compile(r"\b(i|you|we|they|he|she)'d like\b", re.I), r"\1 would like"),
)

REQUEST = "explain|give|show|list|write|recommend|suggest|translate|summari[sz]e|compare|find|describe|define|tell|fix"
IMPERATIVES = {
    "wyjaśnić": "wyjaśnij",
    "podać": "podaj",
    "pokazać": "pokaż",
    "napisać": "napisz",
    "polecić": "poleć",
    "zaproponować": "zaproponuj",
    "przetłumaczyć": "przetłumacz",
    "streścić": "streść",
    "porównać": "porównaj",
    "wypisać": "wypisz",
}
COULD_YOU = r"(?:czy )?(?:możesz|mógłbyś|mogłabyś|może pan|może pani)(?: mi)? (?:proszę )?"

_ENGLISH = (
    (r"(?:thank you|good morning)", ""),
    (r"(?:can|could|would|will) you(?: please)?(?= (?:please )?(?:" + REQUEST + r")(?: \S+){2})", ""),
    (r"(?:i want|i need|i would like) to (?:know|understand)(?= (?:who|what|how|why|when|where|which))", ""),
    (r"i would like to know(?: about)?", ""),
    (r"do you know(?= (?:who|what|how|why|when|where|which))", ""),
    (r"(?:tell|explain|show)(?: to)?(?: me)?(?= (?:who|what|how|why|when|where|which))", ""),
    (r"i want to know(?= about)", "tell"),
    (r"(?:tell|give|show|write|recommend|suggest) me", "{0}"),
    (r"i need(?= (?:a|an|some) )", "give"),
    (r"(?:show|provide)(?= (?:a|an|some|the) )", "give"),
    (r"how (?:do|can) (?:i|one)", "how"),
    (r"how to", "how"),
    (r"(?:define|explain)(?= (?:a |an |the )?[\w-]+(?: [\w-]+)?$)", "what"),
    (r"explain(?= the (?:difference|rules|purpose|meaning|causes|symptoms) )", "what"),
    (r"(?:calculate|compute)(?= \d)", "what"),
    (r"which(?! of| one)", "what"),
    (r"(?:in )?(?:what|which) year", "what year"),
)
_POLISH = (
    (r"dzień dobry", ""),
    (COULD_YOU + r"(?:powiedzieć|wyjaśnić|wytłumaczyć)(?= (?:jak|co|czym|kto|kiedy|gdzie|dlaczego|ile|czy)\w* )", ""),
    *((COULD_YOU + infinitive + r"(?=(?: \S+){2})", imperative) for infinitive, imperative in IMPERATIVES.items()),
    (
        r"(?:powiedz|wyjaśnij|wytłumacz)(?: mi)?(?= (?:jak|jaki|jaka|jakie|co|czym|kto|kiedy|gdzie|dlaczego|ile|czy) )",
        "",
    ),
    (r"(?:czy )?wiesz(?: może)?(?= (?:jak|jaki|jaka|jakie|co|czym|kto|kiedy|gdzie|dlaczego|ile) )", ""),
    (r"(?:chciałbym|chciałabym|chcę) wiedzieć", ""),
    (r"(?:opowiedz|napisz|podaj|pokaż|poleć) mi", "{0}"),
    (r"(?:co to jest|co to|czym jest|czym są)", "czym"),
    (r"w jaki sposób", "jak"),
    (r"jak (?:mogę|można|mam)(?= \w+ć\b)", "jak"),
    (r"czemu", "dlaczego"),
    (r"co (?:powinienem|powinnam|mam)(?= \w+ć\b)", "co powinno"),
    (r"(?:jak długo|ile czasu)(?= trwa)", "ile"),
    (r"ile czasu", "jak długo"),
    (r"(?:ile to jest|oblicz)(?= \d)", "ile"),
)

Frame = tuple[re.Pattern[str], str]


def _frames(rows: tuple[tuple[str, str], ...]) -> tuple[Frame, ...]:
    return tuple((re.compile(f"{pattern}(?= |$)"), words) for pattern, words in rows)


FRAMES = {"en": _frames(_ENGLISH), "pl": _frames(_POLISH), "": ()}
"""At the start of a question, after what was taken away before: the wording, and the words that stand for it.

"{0}" stands for the first word of the wording itself.
"""

YES_OR_NO = _words("is are am was were do does did can could should would will has have had may must")

MOVABLE = _words("in w we")
"""A question's only phrase with one of these may stand anywhere in it."""

NUMBERS = {
    word: str(number)
    for words in (
        "zero _ two three four five six seven eight nine ten eleven twelve",
        "zero _ dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć",
    )
    for number, word in enumerate(words.split())
    if word != "_"
}

SYNONYMS = {
    word: line.split()[0]
    for line in (
        "fix repair",
        "delete remove",
        "start begin",
        "buy purchase",
        "picture photo",
        "film movie",
        "biggest largest",
        "calculate compute",
        "advantage benefit",
        "disadvantage drawback",
        "summarise summarize",
        "centre center",
        "colour color",
        "organise organize",
        "analyse analyze",
        "regex regexp",
        "wifi wi-fi",
        "email e-mail",
        "js javascript",
        "k8s kubernetes",
        "postgres postgresql",
        "versus vs",
        "usunąć skasować",
        "naprawić zreperować",
        "utworzyć stworzyć",
        "obliczyć policzyć",
        "zacząć rozpocząć",
        "samochód auto",
        "zdjęcie fotografia",
        "obraz obrazek",
        "zalety plusy",
        "wady minusy",
        "oznacza znaczy",
        "wyjaśnij wytłumacz",
        "między pomiędzy",
        "skończyła zakończyła",
        "wycentrować wyśrodkować",
        "opornik rezystor",
        "który jaki",
        "która jaka",
        "które jakie",
        "którym jakim",
    )
    for word in line.split()
}
"""Words that ask the same wherever a question has them."""

CASED = _words("polish march may august turkey china apple jobs us it who")
"""Words that mean something else where they are names."""

NO_PLURALS = _words(
    "news goods arms customs woods times works means glasses premises waters rights looks pants savings damages papers "
    "grounds forces manners spirits arts letters quarters remains windows teams pages numbers notes docs sheets maps"
)
"""Words that mean something else, or something more, than their singular does."""

SUPERLATIVES = re.compile(r"\b(?:most|least|best|worst|only|\w{3,}est)\b", re.IGNORECASE)
"""With one of these it matters whether one thing is asked for or several."""
