"""Which passwords are refused, and what the refusal says."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import WeakPassword
from backend.services.identity.strength import (
    MAX_CHARACTERS,
    MIN_CHARACTERS,
    check_new_password,
    common_passwords,
    measure,
)

EMAIL, NAME = "ada.lovelace@example.com", "Countess Łucja"
SLOWEST = "4@8({[<3691!|1|70$5+7%2" * 40
"""Everything in it may stand for a letter: the most work for zxcvbn."""


def refusal(password: str, *own: str, composition: bool = False) -> WeakPassword:
    with pytest.raises(WeakPassword) as caught:
        check_new_password(password, *own, composition=composition)
    return caught.value


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "zażółć gęślą jaźń",
        "пароль без правил",
        "wind 🌬 in the willows",
        "        x9q        ",
        "x" * 400 + "vmq7" + "y" * 400,
        SLOWEST,
    ],
)
def test_any_characters_make_a_password(password: str) -> None:
    check_new_password(password, EMAIL, NAME)


@pytest.mark.parametrize("password", ["", "x7#qLm2", "é" * 7, "q" * (MAX_CHARACTERS + 1)])
def test_the_length_is_counted_in_characters(password: str) -> None:
    assert "8 to 1024 characters" in refusal(password).detail


def test_the_length_is_that_of_the_composed_form() -> None:
    assert "characters" in refusal("e\u0301\u0300" * 2 + "x1").detail
    refusal("e\u0301" * 7)


@pytest.mark.parametrize(
    "password", ["password1", "PASSWORD1", "iloveyou", "P@ssw0rd", "aaaaaaaaaaaa", "passwordpassword"]
)
def test_what_attackers_try_first_is_refused(password: str) -> None:
    assert "attackers" in refusal(password).detail


def test_every_password_of_the_list_is_refused() -> None:
    long_enough = [password for password in common_passwords() if len(password) >= MIN_CHARACTERS]
    assert len(long_enough) > 3000  # ASVS 6.2.4
    for password in long_enough[:200]:
        refusal(password.upper())


@pytest.mark.parametrize(
    "password",
    [
        EMAIL,
        EMAIL.upper(),
        "lovelace202",
        "AdaLovelace",
        "example.com",
        "countessłucja",
        "ŁucjaŁucja1",
        "aetheraether",
    ],
)
def test_the_users_own_address_and_name_are_refused(password: str) -> None:
    assert "own address or name" in refusal(password, EMAIL, NAME).detail


def test_what_goes_beyond_the_own_name_is_a_password() -> None:
    check_new_password("lovelace vexing quartz", EMAIL, NAME)


def test_a_refusal_carries_a_score_and_words() -> None:
    strength = refusal("password1").extensions["strength"]
    assert isinstance(strength, dict)
    assert strength["score"] == 0
    assert strength["warning"] == "This is a very common password."
    assert any("15 characters" in suggestion for suggestion in strength["suggestions"])


def test_composition_is_asked_for_only_where_it_is_switched_on() -> None:
    lower = "correct horse battery"
    check_new_password(lower)
    assert refusal(lower, composition=True).detail == "The password needs an upper-case letter, a digit."
    assert refusal("CORRECT7HORSE", composition=True).detail == "The password needs a lower-case letter, a symbol."
    check_new_password("Correct horse battery 7", composition=True)
    check_new_password("Żółw śpi 7", composition=True)


def test_no_password_keeps_a_thread_busy() -> None:
    started = time.process_time()
    measure(SLOWEST)
    assert time.process_time() - started < 1


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_every_text_is_either_taken_or_refused(password: str, email: str, name: str) -> None:
    try:
        check_new_password(password, email, name)
    except WeakPassword:
        pass
    else:
        assert len(password) >= MIN_CHARACTERS
