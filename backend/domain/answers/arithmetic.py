"""Re-calculates what a text calculates: every "a op b = c" in it, exactly, whatever its length within bounds.

Numbers are fractions, so that nothing is rounded here; a result that the text rounds is right where it is the exact one
to the digits that it shows. What cannot be read beyond doubt (variables, words as operators, a sum that goes on behind
the result) is left out: a check that is wrong costs more than one that is missing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

EQUATIONS_MAX, LEFT_CHARACTERS_MAX, DIGITS_MAX, POWER_BITS_MAX = 50, 120, 30, 4096
SCANNED_CHARACTERS = 20_000

FENCE = re.compile(r"```.*?(?:```|\Z)", re.S)
REWRITTEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\(?:times|cdot)"), "*"),
    (re.compile(r"\\div"), "/"),
    (re.compile(r"\\approx|≈"), "="),
    (re.compile(r"(?<=\d)\s?\*\*\s?(?=\d)"), "^"),
    (re.compile(r"\*\*|[$€£]|\\[,$()\[\]]"), ""),
    (re.compile(r"(?<=\d)\s*[xX×·]\s*(?=[\d(])"), "*"),
    (re.compile("[−–]"), "-"),
    (re.compile("÷"), "/"),
)
EQUALS = re.compile(r"(?<![<>!=:])=(?!=)")
LEFT = re.compile(r"[\d\s.,()+\-*/^%]+\Z")
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
RIGHT = re.compile(rf"[^\S\n]*(-?)({NUMBER})(%?)")
TOKEN = re.compile(rf"\s*(?:({NUMBER})(%?)|([-+*/^()]))")
GOES_ON = re.compile(r"[^\S\n]*[-+*/^(]\s*[\d(]|[^\S\n]\d{3}\b|[A-Za-z](?![A-Za-z])|/|\^|,\d|\.\d")
SPOKEN_OPERATOR = re.compile(r"\b(?:and|plus|minus|times|of|by|over|divided|i|razy|przez|z)\s*\Z", re.I)


@dataclass(frozen=True, slots=True)
class Equation:
    """text as it was found, with plain operators. right: the result is the exact one, to the digits shown."""

    text: str
    right: bool


class Unreadable(Exception):
    """Not an expression of numbers, or one beyond the bounds."""


def equations(text: str) -> tuple[Equation, ...]:
    """Those outside of code blocks that can be read, in the order of the text; EQUATIONS_MAX at most."""
    plain = FENCE.sub("\n", text[:SCANNED_CHARACTERS])
    for pattern, replacement in REWRITTEN:
        plain = pattern.sub(replacement, plain)
    return tuple(_found(plain))


def _found(text: str) -> Iterator[Equation]:
    for count, sign in enumerate(EQUALS.finditer(text)):
        if count >= EQUATIONS_MAX:
            return
        left, result = _left(text, sign.start()), RIGHT.match(text, sign.end())
        if left is None or result is None or GOES_ON.match(text, result.end()):
            continue
        try:
            right = _agrees(_Expression(left).value(), result)
        except (Unreadable, ZeroDivisionError):
            continue
        yield Equation(f"{left} = {result[0].strip()}", right)


def _left(text: str, end: int) -> str | None:
    """The expression that ends there; None where what stands before it may belong to it."""
    line = text.rfind("\n", 0, end) + 1
    start = max(line, end - LEFT_CHARACTERS_MAX)
    run = LEFT.search(text[start:end])
    if run is None or (start > line and not run.start()):
        return None
    expression = re.split(r"[.,][^\S\n]|\A[^(]*\)(?=[^\S\n]*\d)", run[0])[-1]
    whole = len(expression) == len(run[0])
    before = text[start : start + run.start()] if whole else ""
    stripped = expression.strip()
    if whole and stripped[:1] in ("+", "-", "*") and (not before or before.isspace()) and stripped[1:2] == " ":
        stripped = stripped[1:].strip()  # a list's bullet
    elif stripped[:1] in ("+", "*", "/", "^", "%") or (stripped[:1] == "-" and before.strip()[-1:].isalnum()):
        return None
    attached = bool(before) and not expression[:1].isspace() and before[-1].isalnum()
    return None if attached or SPOKEN_OPERATOR.search(before) else stripped


def _agrees(value: Fraction, result: re.Match[str]) -> bool:
    for shown, places in _readings(result[2]):
        signed = -shown if result[1] else shown
        for candidate in (signed, signed / 100) if result[3] else (signed,):
            unit = Fraction(1, 10**places) / (100 if candidate is not signed else 1)
            exact = (value / unit).denominator == 1
            if value == candidate or (not exact and abs(value - candidate) < unit):
                return True
    return False


def _readings(number: str) -> Iterator[tuple[Fraction, int]]:
    """(value, decimal places) in each of the ways in which a comma can be read."""
    if sum(map(str.isdigit, number)) > DIGITS_MAX:
        raise Unreadable(number)
    if "," in number and (number.count(",") > 1 or "." in number or re.search(r",\d{3}\Z", number)):
        yield _decimal(number.replace(",", ""))
    if number.count(",") == 1 and "." not in number:
        yield _decimal(number.replace(",", "."))
    if "," not in number:
        yield _decimal(number)


def _decimal(number: str) -> tuple[Fraction, int]:
    return Fraction(number), len(number.partition(".")[2])


class _Expression:
    """Sums, products and powers of numbers with parentheses. The depth is bounded by the length of the text."""

    def __init__(self, text: str) -> None:
        self._tokens: list[Fraction | str] = []
        end, operators = 0, 0
        text = text.strip()
        while end < len(text):
            token = TOKEN.match(text, end)
            if token is None:
                raise Unreadable(text)
            end = token.end()
            if token[3]:
                operators += token[3] not in "()"
                self._tokens.append(token[3])
            else:
                value = next(_readings(token[1]))[0]
                self._tokens.append(value / 100 if token[2] else value)
        if not operators:
            raise Unreadable(text)
        self._tokens.reverse()

    def value(self) -> Fraction:
        value = self._sum()
        if self._tokens:
            raise Unreadable("what is left over")
        return value

    def _next(self, *operators: str) -> str | None:
        if self._tokens and self._tokens[-1] in operators:
            return str(self._tokens.pop())
        return None

    def _sum(self) -> Fraction:
        value = -self._product() if self._next("-") else self._product()
        while operator := self._next("+", "-"):
            part = self._product()
            value = value + part if operator == "+" else value - part
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while operator := self._next("*", "/"):
            part = self._power()
            value = value * part if operator == "*" else value / part
        return value

    def _power(self) -> Fraction:
        base = self._atom()
        if not self._next("^"):
            return base
        exponent = self._atom()
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if exponent.denominator != 1 or abs(exponent) * size > POWER_BITS_MAX:
            raise Unreadable("a power that is too large, or no whole one")
        power: Fraction = base ** int(exponent)
        return power

    def _atom(self) -> Fraction:
        if self._next("("):
            value = self._sum()
            if not self._next(")"):
                raise Unreadable("a parenthesis that stays open")
            return value
        if not self._tokens or not isinstance(self._tokens[-1], Fraction):
            raise Unreadable("no number")
        value = self._tokens[-1]
        self._tokens.pop()
        return value
