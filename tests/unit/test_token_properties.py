"""Tokens under mutation: of every kind only the very text that was issued is accepted, and only while it is valid."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, cast

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.users import User
from backend.errors import AetherError, InvalidInput, Unauthenticated
from backend.services.accounts import Links
from backend.services.identity.challenges import Challenges
from backend.services.identity.tokens import ACCESS_LIFETIME_S, AccessTokens
from tests.support.identity import Clock, OneTimeTokens, World

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
CLOCK = Clock()
USER = User("user_ada", "ada@example.com", "Ada", "user", "free", CLOCK.instant)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ANYTHING = st.text(ALPHABET + ".=+/ \n\té\0", min_size=1, max_size=4)


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[str], str]:
    """One to three changes of a text: what is cut, put in or replaced, wherever. The text may come out as it was."""
    kinds = draw(
        st.lists(st.sampled_from(["cut", "insert", "replace", "end", "case", "repeat"]), min_size=1, max_size=3)
    )
    places = [draw(st.floats(0, 1, exclude_max=True)) for _ in kinds]
    texts = [draw(ANYTHING) for _ in kinds]

    def mutate(text: str) -> str:
        for kind, share, new in zip(kinds, places, texts, strict=True):
            place = int(share * len(text))
            changes = {
                "cut": text[:place] + text[place + len(new) :],
                "insert": text[:place] + new + text[place:],
                "replace": text[:place] + new + text[place + len(new) :],
                "end": text + new,
                "case": text[:place] + text[place : place + 1].swapcase() + text[place + 1 :],
                "repeat": text[:place] + text[place : place + 4] + text[place:],
            }
            text = changes[kind]
        return text

    return mutate


def refused(act: Callable[[], object], error: type[AetherError] = Unauthenticated) -> bool:
    try:
        act()
    except error:
        return True
    return False


# Access tokens


def access_token(key: bytes = KEY) -> str:
    return AccessTokens(key, clock=CLOCK).issue(USER, "sess_1")


def is_refused(token: str, clock: Clock = CLOCK) -> bool:
    return refused(lambda: AccessTokens(KEY, clock=clock).verify(token))


def test_the_token_itself_is_accepted_and_only_by_who_has_its_key() -> None:
    assert not is_refused(access_token())
    assert is_refused(access_token(OTHER_KEY))


@given(mutations())
def test_no_mutation_of_an_access_token_is_accepted(mutate: Callable[[str], str]) -> None:
    token = access_token()
    assert mutate(token) == token or is_refused(mutate(token))


def test_no_other_spelling_of_a_signature_is_accepted() -> None:
    """The last of its 43 letters of base64 has two bits that mean nothing: it could be written in four ways."""
    token = access_token()
    assert len(token.rpartition(".")[2]) == 43
    accepted = [letter for letter in ALPHABET if not is_refused(token[:-1] + letter)]
    assert accepted == [token[-1]]


@pytest.mark.parametrize("end", ["=", "==", " ", "\n", "!", "\0", "."])
def test_nothing_is_overlooked_at_the_end_of_a_signature(end: str) -> None:
    assert is_refused(access_token() + end)


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


CLAIMS = jwt.decode(access_token(), options={"verify_signature": False})


@given(st.sampled_from(["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256", "", "hs256"]))
def test_no_other_algorithm_is_accepted_whatever_signs_it(algorithm: str) -> None:
    header, body = encoded({"alg": algorithm, "typ": "JWT"}), encoded(CLAIMS)
    signature = access_token().rpartition(".")[2]
    for end in ("", signature, encoded({"signed": "by nobody"})):
        assert is_refused(f"{header}.{body}.{end}")
    if algorithm in ("HS384", "HS512"):
        assert is_refused(jwt.encode(CLAIMS, KEY * 2, algorithm=algorithm))


@given(
    st.sampled_from(sorted(CLAIMS)),
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.lists(st.text(max_size=5), max_size=2)),
)
def test_no_claim_can_be_changed_without_the_key(name: str, value: object) -> None:
    header, _, signature = access_token().split(".")
    assert is_refused(f"{header}.{encoded({**CLAIMS, name: value})}.{signature}") or CLAIMS[name] == value


@given(st.text(max_size=20).filter(lambda text: text != "access"))
def test_a_token_of_another_type_or_audience_is_refused_with_the_right_key_too(other: str) -> None:
    for claim in ("typ", "aud"):
        if CLAIMS[claim] != other:
            assert is_refused(jwt.encode({**CLAIMS, claim: other}, KEY, algorithm="HS256"))


@given(st.integers(0, 10**9))
def test_an_expired_token_stays_expired(late: int) -> None:
    later = Clock()
    later.now = CLOCK.now + ACCESS_LIFETIME_S + late
    assert is_refused(access_token(), later)
    later.now = CLOCK.now + ACCESS_LIFETIME_S - 1
    assert not is_refused(access_token(), later)


# Refresh tokens


@given(mutations())
def test_no_mutation_of_a_refresh_token_is_accepted(mutate: Callable[[str], str]) -> None:
    async def act() -> None:
        world = World()
        identity = world.identity()
        world.users.rows[USER.id] = USER
        tokens = await identity.sign_in(USER, "a browser")
        mutated = mutate(tokens.refresh_token)
        if mutated == tokens.refresh_token:
            return
        with pytest.raises(Unauthenticated):
            await identity.refresh(mutated)
        await identity.logout_refresh(mutated)
        # It is somebody who knows a session and not its token: the sign-in is left alone, or ended, never handed over.
        [session] = world.sessions.rows.values()
        assert session.previous_hash is None

    asyncio.run(act())


# One-time tokens


@given(mutations())
def test_no_mutation_of_a_one_time_token_is_accepted(mutate: Callable[[str], str]) -> None:
    async def act() -> None:
        tokens = OneTimeTokens(CLOCK)
        links = Links(cast(Any, tokens), now=lambda: CLOCK.instant)
        challenges = Challenges(tokens, now=lambda: CLOCK.instant)
        link = await links.issue("reset", user_id=USER.id, email=USER.email)
        challenge = await challenges.issue(USER)
        for token in (link, challenge):
            other = token if mutate(token) == token else mutate(token)
            for purpose in ("register", "verify", "confirm", "reset"):
                if (other, purpose) != (link, "reset"):
                    with pytest.raises(InvalidInput):
                        await links.check(purpose, other)
            if other != challenge:
                with pytest.raises(Unauthenticated):
                    await challenges.user_of(other)
        assert (await links.check("reset", link)).user_id == await challenges.user_of(challenge) == USER.id

    asyncio.run(act())
