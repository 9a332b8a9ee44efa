"""The Grafana dashboard and the Prometheus rules speak of metrics and thresholds that exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from backend.domain.alerts import ALERTS, QUICK_ROUTES, waits_for_a_model
from backend.domain.usage import PICO_PER_USD
from tests.unit.test_prometheus import exposed, families

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "aether.rules.yml"
METRIC = re.compile(r"\baether_[a-z0-9_]+")


async def exposed_names() -> set[str]:
    return {sample.name for family in families(await exposed()).values() for sample in family.samples}


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DEPLOY / "grafana" / "aether.json").read_text())
    return loaded


def alert_rules() -> dict[str, str]:
    """Rule id of Aether -> expression of the Prometheus alert for it."""
    blocks = RULES.read_text().split("- alert: ")[1:]
    found = {}
    for block in blocks:
        rule, expression = re.search(r"rule: (\w+)", block), re.search(r"expr: (.+)", block)
        if rule and expression:
            found[rule[1]] = expression[1]
    return found


async def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    expressions = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    assert len(expressions) > 20
    assert set(METRIC.findall(" ".join(expressions))) <= await exposed_names()


async def test_the_rules_ask_for_metrics_that_exist() -> None:
    expressions = re.findall(r"^\s+(?:expr: .*|histogram_quantile.*)$", RULES.read_text(), re.M)
    used = set(METRIC.findall("\n".join(expressions)))
    assert len(used) >= 8
    assert used <= await exposed_names()


def test_panels_do_not_overlap_and_have_ids_of_their_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_every_alert_that_is_on_has_a_rule_with_its_threshold() -> None:
    on = {rule.id: rule for rule in ALERTS if rule.threshold is not None}
    rules = alert_rules()
    assert set(rules) == set(on)
    for rule_id, expression in rules.items():
        threshold = on[rule_id].threshold
        assert threshold is not None
        expected = threshold // PICO_PER_USD if isinstance(threshold, int) else threshold
        limit = re.search(r"> ([0-9.]+)", expression)
        assert limit
        assert float(limit[1]) == expected, rule_id


@pytest.mark.parametrize(
    "route",
    [
        "/api/ai/v4/chat/optimized",
        "/api/ai/v4/chat/quick",
        "/api/ai/v4/chat/multi-agent",
        "/api/ai/v4/chat/multi-agent/{message_id}/agents/{agent}/rerun",
        "/api/ai/v4/chat/stream/{stream_id}",
        "/api/events",
        "/api/conversations",
        *QUICK_ROUTES,
    ],
)
def test_the_rules_exempt_the_same_routes(route: str) -> None:
    pattern = re.search(r'route!~"([^"]+)"', RULES.read_text())
    assert pattern
    assert bool(re.fullmatch(pattern[1], route)) is waits_for_a_model(route)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_promtool_accepts_rules_and_configuration(tmp_path: Path) -> None:
    directory = shutil.copytree(DEPLOY / "prometheus", tmp_path / "prometheus")
    (directory / "metrics_token").touch()
    check = subprocess.run(
        ["promtool", "check", "config", str(directory / "prometheus.yml")], capture_output=True, timeout=30, text=True
    )
    assert check.returncode == 0, check.stdout + check.stderr


RULE_TESTS = """
rule_files: [aether.rules.yml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - {series: 'aether_http_requests_total{route="/api/x",method="GET",status="200"}', values: '0+9x60'}
      - {series: 'aether_http_requests_total{route="/api/x",method="GET",status="503"}', values: '0+1x60'}
      - {series: 'aether_http_request_duration_seconds_bucket{route="/api/x",le="1.0"}', values: '0+10x60'}
      - {series: 'aether_http_request_duration_seconds_bucket{route="/api/x",le="0.5"}', values: '0+1x60'}
      - {series: 'aether_http_request_duration_seconds_bucket{route="/api/x",le="+Inf"}', values: '0+10x60'}
      - {series: 'aether_ai_cost_usd_total{model="m",agent="dev"}', values: '0+0.01x60'}
    alert_rule_test:
      - eval_time: 10m
        alertname: AetherErrorRate
        exp_alerts:
          - exp_labels: {severity: critical, rule: error_rate}
            exp_annotations: {summary: 'Requests fail: 10% ended in a server error (limit 5%).'}
      - eval_time: 10m
        alertname: AetherApiLatency
        exp_alerts:
          - exp_labels: {severity: warning, rule: api_latency}
            exp_annotations: {summary: 'The API is slow: p95 is 0.97 s over 5 minutes (limit 0.5 s).'}
      - {eval_time: 10m, alertname: AetherCostPerHour, exp_alerts: []}
      - {eval_time: 10m, alertname: AetherAiLatency, exp_alerts: []}
"""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_the_rules_fire_when_they_should(tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    (tmp_path / "tests.yml").write_text(RULE_TESTS)
    check = subprocess.run(
        ["promtool", "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, timeout=60, text=True
    )
    assert check.returncode == 0, check.stdout + check.stderr
