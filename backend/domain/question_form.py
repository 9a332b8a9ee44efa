"""A question as a form: its words in order, without what only frames them, in spellings that tables make equal.

Greetings, politeness and "could you tell me" are framing. Quotations, code, links and what follows a colon or the first
line are literals: set apart, to be the same to the letter.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.similarity.words import (
    ABOUT_WORDS,
    AUXILIARY,
    AUXILIARY_AFTER,
    CONTRACTIONS,
    DROPPED,
    FOLD,
    FRAMES,
    GREETING,
    LANGUAGE_WORDS,
    LAST_PLEASE,
    MENTIONS,
    MOVABLE,
    NO_PLURALS,
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
FRAMES_AT_MOST = 6
YES_OR_NO_MARK = "?"
VERBS = frozenset(("is", "are", "jest", "są"))
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
SYMBOL = r"[^\w\s.,;:?!'\"\x00-\x7f„”“«»–—…]"
TOKEN = re.compile(
    rf"{SET_APART}|-{{1,2}}\w[\w-]*|\d+(?:[.,:]\d+)+|\w+(?:[.'_+#/-]+\w+)*[+#%]*|!=|(?<=\d)!"
    rf"|[()\[\]{{}}]|[<>=+*/^%&|~@$#\\-]+|{SYMBOL}"
)
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

    literals: what has to be the same to the letter, in order. diacritics: words with Polish letters. verbs: which of
    "is" and "are" it has; they are not among the words.
    """

    language: str
    words: tuple[Word, ...]
    phrase: int | None
    literals: tuple[str, ...]
    diacritics: int
    verbs: frozenset[str]

    @property
    def cased(self) -> bool:
        return any(word.name for word in self.words)

    @property
    def signature(self) -> tuple[str, ...]:
        """Equal for all forms that are similar at all: what may be looked up."""
        return (*sorted(word.key for word in self.words if word.key not in WEAK), *self.literals)


def form_of(question: str) -> QuestionForm | None:
    """None for a text that is too long, or has nothing to compare."""
    if len(question) > LONGEST_CHARACTERS:
        return None
    text = SPACE.sub(" ", unicodedata.normalize("NFC", question).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    text = _unadorned(text.strip())
    text = TOPIC.sub(lambda match: f"{match[4]} {(match[1] or 'in').lower()} {match[2] or match[3]}", text)
    for pattern, replacement in CONTRACTIONS:
        text = pattern.sub(replacement, text)
    literals: list[str] = []
    tokens = _tokens(LITERAL.sub(lambda match: _set_apart(literals, match[0]), text))
    language = _language(text.lower())
    loose = not ABOUT_WORDS.search(text)
    plural = loose and language == "en" and not SUPERLATIVES.search(text)
    words = tuple(_word(token, name, loose=loose, plural=plural) for token, name in _framed(tokens, language))
    if not words or len(words) > LONGEST_WORDS:
        return None
    diacritics = sum(POLISH_LETTERS.search(word.text) is not None for word in words)
    verbs = VERBS & {token for token, _ in tokens}
    return QuestionForm(language, words, _movable(words), tuple(literals), diacritics, verbs)


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
        capital = token[:1].isupper() and not (starts or token in PRONOUN)
        tokens.append((token.lower(), capital or (len(token) > 1 and token.isupper())))
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


def _word(token: str, name: bool, *, loose: bool, plural: bool) -> Word:
    """loose: synonyms share a key. plural: so do singular and plural."""
    text = NUMBERS.get(token, token)
    key = _singular(text) if plural and text not in SYNONYMS and text not in NO_PLURALS else text
    return Word(text, (SYNONYMS.get(key, key) if loose else key).translate(FOLD), name)


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
