"""The tables that route are what their training makes, and the curves that judge them are the published definition."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from backend.domain.routing.complexity import parse_complexity
from backend.domain.routing.text_features import read
from router_training.complexity import DOMAIN_OF, TABLE, provenance, quantiles, render, shipped
from router_training.gain_curves import area, at_saving, at_share, curve, judged, share_for
from router_training.gain_model import fit_gain_model
from router_training.questions import GSM8K, GSM8K_GROUP, MMLU, Answered, split

HARD, EASY = "integrate the differential equation", "name the colour of the sky"
ANSWERED = [
    Answered(f"{HARD if n % 2 else EASY} number {n} please", True, n % 2 == 0, "hard" if n % 2 else "easy")
    for n in range(40)
]


def test_the_same_questions_give_the_same_tables_and_what_they_teach_is_learned() -> None:
    model = fit_gain_model(ANSWERED)
    assert model == fit_gain_model(ANSWERED)
    hard, easy = (model.expect(read(f"please {text} now")) for text in (HARD, EASY))
    assert hard.gain > 0.3 > easy.gain
    assert 0 <= hard.small < easy.small <= 1


def test_words_that_nobody_has_asked_with_are_not_known() -> None:
    model = fit_gain_model(ANSWERED)
    assert model.expect(read("zupełnie obce słowa tutaj")).known == 0
    assert model.expect(read(HARD)).known == 1


def test_the_curve_is_that_of_the_definition() -> None:
    points = curve([4, 3, 2, 1], [1, 0, 1, 0])
    assert points == [(0, 0), (0.25, 0.5), (0.5, 0.5), (0.75, 1.0), (1.0, 1.0)]
    assert area(points) == pytest.approx(0.625)
    assert [share_for(points, 0.5), share_for(points, 0.8)] == pytest.approx([0.25, 0.65])
    assert at_share(points, 0.125) == pytest.approx(0.25)
    assert at_saving(points) == pytest.approx(0.4), "40% is saved where a fifth of the questions goes to the large one"


def test_equal_scores_are_chance_and_the_oracle_is_the_best() -> None:
    gains = [1, -1, 0, 1, 0, 1]
    assert area(curve([0.0] * 6, gains)) == pytest.approx(0.5)
    assert area(curve(gains, gains)) > area(curve([0.0] * 6, gains)) > area(curve([-gain for gain in gains], gains))


def test_questions_that_gain_nothing_are_not_judged() -> None:
    with pytest.raises(ValueError, match="not better"):
        curve([1.0, 2.0], [0, -1])


def test_an_interval_holds_its_figure() -> None:
    figures = judged([float(n) for n in range(60)], [n % 3 == 0 for n in range(60)], resamples=50)
    assert all(figure.low <= figure.value <= figure.high for figure in figures.values())


def test_the_split_is_a_rule_and_no_subject_is_in_two_parts() -> None:
    questions = [Answered(f"question {n}", True, False, f"subject {n % 12}") for n in range(600)]
    parts = split(questions)
    assert parts == split(reversed(list(reversed(questions))))
    assert len(parts.fit) + len(parts.same) + len(parts.other) == 600
    assert {q.group for q in parts.other}.isdisjoint({q.group for q in [*parts.fit, *parts.same]})
    assert not split([Answered("x", True, True, GSM8K_GROUP)]).other
    assert 0.2 < len(parts.same) / (len(parts.same) + len(parts.fit)) < 0.4


def test_the_scale_of_the_score_rises() -> None:
    steps = quantiles([0.1, 0.1, 0.1, 0.4])
    assert all(low < high for low, high in pairwise(steps))


def test_the_shipped_table_names_what_it_was_fitted_to_and_survives_its_own_writing(tmp_path: Path) -> None:
    assert {MMLU, GSM8K} <= set(provenance())
    assert all(len(digest) == 64 for digest in provenance().values())
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert parse_complexity(render(table)) == shipped()
    with pytest.raises(ValueError, match="format"):
        parse_complexity(render(table | {"format": 0}))


def test_every_measured_domain_has_its_questions() -> None:
    assert set(shipped().measured) == set(DOMAIN_OF.values())
