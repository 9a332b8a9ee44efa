"""Words of a search, and the snippets that show what was found."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.search import MAX_WORDS, SNIPPET_CHARACTERS, snippet, words_of


def test_words_are_what_stands_between_spaces_each_once() -> None:
    assert words_of("  node.js and\tC++ and -v ") == ("node.js", "and", "C++", "-v")
    assert words_of('say "hello \\"world"') == ("say", "hello", "world")
    assert words_of(' "\\" ') == ()
    assert len(words_of(" ".join(map(str, range(100))))) == MAX_WORDS


def test_a_snippet_shows_the_first_word_and_what_is_around_it() -> None:
    text = "word " * 100 + "the Needle is here\n\nand  " + "more " * 100
    shown = snippet(text, ("is", "needle"))
    assert shown.startswith("…word")
    assert "the Needle is here and more" in shown
    assert shown.endswith("…")
    assert snippet("short and sweet", ("sweet",)) == "short and sweet"
    assert snippet("Żółta łódź", ("lodz",)) == "Żółta łódź"
    assert snippet("C++ (really)", ("(really)",)) == "C++ (really)"


@given(st.text(max_size=600), st.lists(st.text(min_size=1, max_size=5), max_size=4))
def test_a_snippet_is_a_bounded_piece_of_the_text(text: str, words: list[str]) -> None:
    shown = snippet(text, words)
    line = " ".join(text.split())
    assert len(shown) <= SNIPPET_CHARACTERS + 2
    assert shown.removeprefix("…").removesuffix("…") in line or shown in line
