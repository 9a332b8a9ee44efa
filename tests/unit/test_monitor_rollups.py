"""Roll-ups: spans, what is written when, what outlives a restart."""

from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.rollups import DAY, HOUR, LEVELS, MINUTE, WINDOWS, Document, Rollups, instant
from tests.support.monitoring import NOON


def figures(count: int, seconds: float = 0.1) -> Figures:
    made = Figures()
    series = made.of(("request", "/x", "GET"))
    for _ in range(count):
        series.count("200")
        series.observe("seconds", seconds)
    return made


def requests_of(documents: list[Document]) -> int:
    merged = Figures()
    for document in documents:
        merged.absorb(document["series"])
    return merged.merged("request").total()


def by_level(documents: list[Document], level: str) -> dict[float, int]:
    return {d["bucket"].timestamp(): requests_of([d]) for d in documents if d["level"] == level}


def test_figures_count_in_every_level_that_holds_the_instant() -> None:
    rollups = Rollups("w1")
    rollups.add(figures(2), NOON + 5)
    rollups.add(figures(3), NOON + 59)
    rollups.add(figures(4), NOON + 60)
    documents = rollups.take_unwritten()
    assert by_level(documents, "minute") == {NOON: 5, NOON + 60: 4}
    assert by_level(documents, "hour") == {NOON: 9}
    assert by_level(documents, "day") == {NOON - 12 * 3600: 9}


def test_only_what_changed_is_written_again() -> None:
    rollups = Rollups("w1")
    rollups.add(figures(1), NOON)
    assert len(rollups.take_unwritten()) == len(LEVELS)
    assert rollups.take_unwritten() == []
    rollups.add(figures(1), NOON + 61)
    documents = rollups.take_unwritten()
    assert by_level(documents, "minute") == {NOON + 60: 1}
    assert by_level(documents, "hour") == {NOON: 2}


def test_writing_a_document_again_replaces_it() -> None:
    rollups = Rollups("w1")
    stored: dict[str, Document] = {}
    for second in range(0, 300, 5):
        rollups.add(figures(1), NOON + second)
        stored |= {document["_id"]: document for document in rollups.take_unwritten()}
    for level in LEVELS:
        assert requests_of([d for d in stored.values() if d["level"] == level.name]) == 60


def test_a_restarted_worker_adds_to_its_predecessor() -> None:
    stored: dict[str, Document] = {}
    for instance in ("w1-first", "w1-second"):
        rollups = Rollups(instance)
        rollups.add(figures(5), NOON)
        stored |= {document["_id"]: document for document in rollups.take_unwritten()}
    assert requests_of([d for d in stored.values() if d["level"] == "hour"]) == 10


def test_what_could_not_be_written_is_taken_again_with_what_came_since() -> None:
    rollups = Rollups("w1")
    rollups.add(figures(1), NOON)
    failed = rollups.take_unwritten()
    rollups.add(figures(2), NOON + 60)
    rollups.put_back(failed)
    assert by_level(rollups.take_unwritten(), "minute") == {NOON: 1, NOON + 60: 2}


def test_a_clock_that_is_set_back_does_not_reopen_a_span() -> None:
    """The closed minute may be written already: reopening it would replace what it counted."""
    rollups = Rollups("w1")
    rollups.add(figures(1), NOON)
    rollups.add(figures(1), NOON + 60)
    rollups.add(figures(1), NOON + 1)
    assert by_level(rollups.take_unwritten(), "minute") == {NOON: 1, NOON + 60: 2}


def test_memory_keeps_the_windows_and_no_more() -> None:
    rollups = Rollups("w1")
    for minute in range(3 * 60):
        rollups.add(figures(1), NOON + 60 * minute)
    kept = rollups.window(MINUTE, 0)
    assert 61 <= len(kept) <= 63
    assert len(rollups.take_unwritten()) <= 63 + 3 + 1
    now = NOON + 3 * 3600 - 60
    assert len(rollups.window(MINUTE, WINDOWS["1h"].since(now))) == 61
    assert requests_of(rollups.window(HOUR, WINDOWS["24h"].since(now))) == 180
    assert requests_of(rollups.window(DAY, WINDOWS["30d"].since(now))) == 180


def test_documents_outlive_the_window_that_they_answer_for() -> None:
    rollups = Rollups("w1")
    rollups.add(figures(1), NOON)
    windows = {window.level.name: window.seconds for window in WINDOWS.values()}
    for document in rollups.take_unwritten():
        lifetime = (document["expires_at"] - document["bucket"]).total_seconds()
        assert lifetime > windows[document["level"]]


def test_instants_are_aware() -> None:
    assert instant(NOON).isoformat() == "2026-11-22T12:00:00+00:00"
