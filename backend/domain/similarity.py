"""Whether two questions ask the same, by their words alone: no model, no guess at meanings.

A question becomes a form: its words in order, without what only frames them (greetings, politeness, "could you tell
me"), in spellings that tables make equal. Two forms are as similar as the words that only one of them has allow, and
a word takes everything away unless a table says how little it matters. So numbers, dates, units, negations, names,
comparisons, directions and question words have to be the same without being recognised as such. Quotations, code
and what follows a colon or the first line have to be the same to the letter. Endings of Polish words are compared as
they are: they say who does what to whom.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.question_words import (
    AUXILIARY,
    AUXILIARY_AFTER,
    CASED,
    CONTRACTIONS,
    DROPPED,
    FOLD,
    FRAMES,
    GREETING,
    LANGUAGE_WORDS,
    LAST_PLEASE,
    MENTIONS,
    MOVABLE,
    NUMBERS,
    PLEASE,
    POLISH_LETTERS,
    SUPERLATIVES,
    SYNONYMS,
    THANKS,
    WEAK,
    YES_OR_NO,
)

LONGEST_CHARACTERS = 600
"""Of a question that has a form: longer ones carry material."""
LONGEST_WORDS = 60
OTHER_SPELLING, OTHER_ENDING, OTHER_WORD, OTHER_PLACE = 0.03, 0.04, 0.05, 0.02
"""What is lost by missing diacritics, by a plural, by a synonym, by a phrase that stands elsewhere."""
DIFFERENT = 1.0
THRESHOLD = 0.9
"""From here on two questions ask the same: chosen on the fitting part of tests/data/similar_pairs.jsonl."""
FRAMES_AT_MOST = 6
YES_OR_NO_MARK = "?"
PRONOUN = ("I",)

LITERAL = re.compile(
    r"```.*?```|`[^`]+`|\"[^\"]+\"|[„”“][^„”“]+[”“]|«[^»]+»|(?<!\w)'[^']+'(?!\w)"
    r"|(?<=\w:)\s+\S.*\Z|\n.+\Z|https?://\S+",
    re.DOTALL,
)
SET_APART = "\x00"
SPACE = re.compile(r"[^\S\n]+")
TOPIC = re.compile(
    r"^(?:(in|w|we) (\w[\w.+#-]*),? |(\w[\w.+#-]*): )((?:how|what|why|which|jak|co|dlaczego)\b.*?)[?.! ]*$",
    re.IGNORECASE | re.DOTALL,
)
"""What the question is about, said first; it is moved to the end."""
TOKEN = re.compile(rf"{SET_APART}|-{{1,2}}\w[\w-]*|\w+(?:[.'_+#/-]+\w+)*[+#%]*|(?<=\w)[(\[]|!=|[<>=+*/^%&|~@$\\-]+")
SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|^\W+)$")


@dataclass(frozen=True, slots=True)
class Word:
    """text: as it stands, in lower case. key: what its synonyms, its plural and its plain spelling share.

    name: capitalised within a sentence, or all of it.
    """

    text: str
    key: str
    name: bool = False


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """words: in order. phrase: index of the only movable phrase (its preposition, then one word), None without one.

    literals: what has to be the same to the letter, in order. diacritics: words with Polish letters.
    """

    language: str
    words: tuple[Word, ...]
    phrase: int | None
    literals: tuple[str, ...]
    diacritics: int

    @property
    def signature(self) -> tuple[str, ...]:
        """Equal for all forms that are similar at all: what may be looked up."""
        return (*sorted(word.key for word in self.words if word.key not in WEAK), *self.literals)


def form_of(question: str) -> QuestionForm | None:
    """None for a text that is too long, or has nothing to compare."""
    if len(question) > LONGEST_CHARACTERS:
        return None
    text = SPACE.sub(" ", unicodedata.normalize("NFKC", question).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    text = _unadorned(text.strip())
    text = TOPIC.sub(lambda match: f"{match[4]} {(match[1] or 'in').lower()} {match[2] or match[3]}", text)
    for pattern, replacement in CONTRACTIONS:
        text = pattern.sub(replacement, text)
    literals: list[str] = []
    tokens = _tokens(LITERAL.sub(lambda match: _set_apart(literals, match[0]), text))
    language = _language(text.lower())
    plural = language == "en" and not SUPERLATIVES.search(text.lower())
    words = tuple(_word(token, name=name, plural=plural) for token, name in _framed(tokens, language))
    if not words or len(words) > LONGEST_WORDS:
        return None
    diacritics = sum(POLISH_LETTERS.search(word.text) is not None for word in words)
    return QuestionForm(language, words, _movable(words), tuple(literals), diacritics)


def similarity(one: QuestionForm, other: QuestionForm) -> float:
    """0 (different) to 1 (the same, but for what only frames a question). Symmetrical."""
    if one.signature != other.signature or (one.language and other.language and one.language != other.language):
        return 0.0
    fold = 0 in (one.diacritics, other.diacritics) and one.diacritics + other.diacritics > 1
    loss = _loss(one.words, other.words, fold)
    if one.phrase is not None and other.phrase is not None:
        rests, phrases = zip(_parted(one, one.phrase), _parted(other, other.phrase), strict=True)
        loss = min(loss, OTHER_PLACE + _loss(*rests, fold) + _loss(*phrases, fold))
    return round(max(0.0, 1.0 - loss), 4)


def _unadorned(text: str) -> str:
    """The text without greeting, please and thanks."""
    text = THANKS.sub("", PLEASE.sub(r"\1", GREETING.sub("", text)))
    return text if MENTIONS.search(text) else LAST_PLEASE.sub("", text)


def _set_apart(literals: list[str], text: str) -> str:
    """Keeps the text as a literal; a mark stays where it stood."""
    literals.append(text.strip(" \n\t`\"'„”“«»"))
    return f" {SET_APART} "


def _tokens(text: str) -> list[tuple[str, bool]]:
    """(token in lower case, whether it is a name)."""
    tokens = []
    for match in TOKEN.finditer(text):
        token = match[0]
        starts = SENTENCE_START.search(text[: match.start()]) is not None
        cased = token[:1].isupper() and not (starts or token in PRONOUN)
        tokens.append((token.lower(), cased or (len(token) > 1 and token.isupper())))
    return tokens


def _language(text: str) -> str:
    """en, pl, or nothing where neither speaks out of the text."""
    words = set(re.findall(r"\w+", text))
    polish = len(words & LANGUAGE_WORDS["pl"]) + 2 * (POLISH_LETTERS.search(text) is not None)
    english = len(words & LANGUAGE_WORDS["en"])
    return "" if polish == english else "pl" if polish > english else "en"


def _framed(tokens: list[tuple[str, bool]], language: str) -> list[tuple[str, bool]]:
    """The tokens without what only frames them; a question for yes or no is marked as one."""
    for _ in range(FRAMES_AT_MOST):
        joined = " ".join(token for token, _ in tokens)
        found = next(((match, words) for frame, words in FRAMES[language] if (match := frame.match(joined))), None)
        if found is None:
            break
        match, words = found
        length = match[0].count(" ") + 1
        replacement = words.format(tokens[0][0]).split()
        if [token for token, _ in tokens[:length]] == replacement:
            break
        tokens = [(word, False) for word in replacement] + tokens[length:]
    mark = [(YES_OR_NO_MARK, False)] if tokens and tokens[0][0] in YES_OR_NO and language == "en" else []
    dropped = DROPPED[language]
    kept = [
        (token, name)
        for place, (token, name) in enumerate(tokens)
        if name or token not in dropped or _speaks(tokens, place)
    ]
    return mark + kept


def _speaks(tokens: Sequence[tuple[str, bool]], place: int) -> bool:
    """Whether a do or does is the verb itself, and helps no other."""
    before = tokens[place - 1][0] if place else ""
    return tokens[place][0] in AUXILIARY and (place == len(tokens) - 1 or before in AUXILIARY_AFTER)


def _word(token: str, *, name: bool, plural: bool) -> Word:
    text = NUMBERS.get(token, token)
    key = SYNONYMS.get(text) or (_singular(text) if plural else text)
    return Word(text, SYNONYMS.get(key, key).translate(FOLD), name)


def _singular(text: str) -> str:
    """An English word without the ending of a plural or of a verb's third person."""
    if len(text) < 4 or not text.isalpha() or text.endswith(("ss", "us", "is")):
        return text
    if text.endswith("ies") and len(text) > 4:
        return f"{text[:-3]}y"
    if text.endswith(("sses", "shes", "ches", "xes", "zes")):
        return text[:-2]
    return text[:-1] if text.endswith("s") else text


def _movable(words: Sequence[Word]) -> int | None:
    places = [number for number, word in enumerate(words) if word.text in MOVABLE]
    return places[0] if len(places) == 1 and places[0] + 1 < len(words) else None


def _parted(form: QuestionForm, phrase: int) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """(the rest, the movable phrase)."""
    return form.words[:phrase] + form.words[phrase + 2 :], form.words[phrase : phrase + 2]


def _loss(one: Sequence[Word], other: Sequence[Word], fold: bool) -> float:
    """The smallest loss of an alignment of all words in their order (edit distance with a weight for each word)."""
    alone, others = _weights(one), _weights(other)
    row = [0.0]
    for weight in others:
        row.append(row[-1] + weight)
    for word, weight in zip(one, alone, strict=True):
        above, row = row, [row[0] + weight]
        for place, candidate in enumerate(other):
            matched = above[place] + _difference(word, candidate, fold)
            row.append(min(matched, above[place + 1] + weight, row[-1] + others[place]))
    return row[-1]


def _weights(words: Sequence[Word]) -> list[float]:
    """What is lost without each word. At the end a word is never weak: "what is it" and "what is it in" differ."""
    return [
        DIFFERENT if place == len(words) - 1 else WEAK.get(word.text, DIFFERENT) for place, word in enumerate(words)
    ]


def _difference(one: Word, other: Word, fold: bool) -> float:
    if one.text == other.text:
        return DIFFERENT if one.name != other.name and one.text in CASED else 0.0
    if one.key != other.key:
        return DIFFERENT
    if one.text.translate(FOLD) == other.text.translate(FOLD):
        return OTHER_SPELLING if fold else DIFFERENT
    if one.text in SYNONYMS and other.text in SYNONYMS:
        return OTHER_WORD
    return DIFFERENT if one.name or other.name else OTHER_ENDING
