"""docs/operations.md: its tables are the program's."""

import re
from pathlib import Path

from backend.domain.alerts import ALERTS, AlertRule, format_amount, format_duration
from tests.unit.test_prometheus import exposed, families

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text()


def row_of(rule: AlertRule) -> str:
    """A rule as a row of the document's table."""
    limit = f"{rule.direction} {format_amount(rule.threshold, rule.unit)}" if rule.threshold is not None else "off"
    clear = format_amount(rule.clear_threshold, rule.unit) if rule.threshold is not None else f"{rule.clear_percent}%"
    held = f"{rule.fire_after_s} s" if rule.fire_after_s else "at once"
    samples = "1 sample" if rule.minimum_samples == 1 else f"{rule.minimum_samples} samples"
    window = f"{format_duration(rule.window_s)}, from {samples}"
    return f"| `{rule.id}` | {limit} | {held} | {window} | {clear} for {rule.clear_after_s} s | {rule.severity} |"


def test_the_table_of_alerts_is_the_rules() -> None:
    rows = re.findall(r"^\| `\w+` \| (?:above|below|off).*\|$", DOCUMENT, re.M)
    assert rows == [row_of(rule) for rule in ALERTS]


async def test_the_metrics_that_it_names_exist() -> None:
    named = set(re.findall(r"`(aether_[a-z0-9_]+)`", DOCUMENT))
    samples = {sample.name for family in families(await exposed()).values() for sample in family.samples}
    known = samples | {name.removesuffix("_count") for name in samples}
    assert len(named) > 15
    assert named <= known


def test_the_events_that_it_names_are_logged() -> None:
    section = DOCUMENT.partition("## Logs")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section)) - {"request", "code", "correlation_id", "AETHER_LOG_LEVEL"}
    source = "".join(path.read_text() for path in (ROOT / "backend").rglob("*.py"))
    logged = set(re.findall(r'log\.\w+\(\s*"(\w+)"', source))
    assert len(named) > 10
    assert named <= logged
