"""What a vendor reports of a call is compared with what is counted here; both figures are told where they differ."""

import time

import pytest
from structlog.testing import capture_logs

from backend.domain.models import ModelCatalogue
from backend.domain.reconciliation import Discrepancy, VendorReport, read_cost, reconcile
from backend.domain.usage import PICO_PER_USD, TokenUsage
from backend.services.enhanced_ai_service.calls import ModelCall
from backend.services.llm.payloads import read_chunk, read_completion
from backend.services.llm.provider import ChatMessage, ChatRequest, Completion
from backend.services.llm.scripted import ScriptedProvider
from tests.support.ai import ask, running_ai
from tests.support.monitoring import SMALL
from tests.unit.llm_support import Clock

USAGE = TokenUsage(100, 0, 50, 10)
COST = 10**9


@pytest.mark.parametrize(
    ("report", "found"),
    [
        (VendorReport(100, 50, 150, 40, 10, COST), None),
        (VendorReport(100, 50), None),
        (VendorReport(100, 50, 160), Discrepancy("total_tokens", 150, 160)),
        (VendorReport(100, 50, 150, 101), Discrepancy("cached_prompt", 100, 101)),
        (VendorReport(100, 50, 150, 0, 51), Discrepancy("reasoning", 50, 51)),
        (VendorReport(100, 50, cost=COST * 101 // 100), None),
        (VendorReport(100, 50, cost=COST * 102 // 100), Discrepancy("cost", COST, COST * 102 // 100)),
        (VendorReport(100, 50, cost=0), Discrepancy("cost", COST, 0)),
        (VendorReport(100, 1_000), Discrepancy("completion", 50, 1_000)),
    ],
)
def test_a_report_that_differs_is_found(report: VendorReport, found: Discrepancy | None) -> None:
    assert reconcile(report, USAGE, COST, 50) == ((found,) if found else ())


def test_what_cannot_be_known_is_not_compared() -> None:
    assert reconcile(VendorReport(100, 5_000, cost=7), USAGE, None, None) == ()
    assert reconcile(VendorReport(100, 50, cost=COST + 10**6), USAGE, COST, 50) == ()
    assert reconcile(VendorReport(100, 2, cost=10**6), USAGE, 0, 50) == ()


NO_COST: tuple[object, ...] = (None, True, "much", -1, float("nan"), 10**9, [], {})


@pytest.mark.parametrize(
    ("value", "cost"),
    [
        (0.00014, 140 * 10**6),
        ("0.5", PICO_PER_USD // 2),
        ({"total_cost": 1}, PICO_PER_USD),
        *((value, None) for value in NO_COST),
    ],
)
def test_a_cost_is_read_in_the_ways_in_which_gateways_tell_it(value: object, cost: int | None) -> None:
    assert read_cost(value) == cost
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "cost": value}
    assert read_chunk({"choices": [], "usage": usage}).report == VendorReport(5, 3, 8, cost=cost)


def test_a_report_keeps_what_usage_had_to_bound() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 50}}
    payload = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": usage}
    completion = read_completion(payload, "m")
    assert completion.usage == TokenUsage(5, 5, 3, 0)
    assert completion.report == VendorReport(5, 3, None, 50)


class Reporting(ScriptedProvider):
    """Answers with a report of its own."""

    def __init__(self, report: VendorReport, reasoning: str, clock: Clock) -> None:
        super().__init__(clock=clock)
        self._report, self._reasoning = report, reasoning

    async def complete(self, request: ChatRequest) -> Completion:
        usage = TokenUsage(self._report.prompt, 0, self._report.completion, 0)
        return Completion("short", "stop", usage, request.model, self._reasoning, report=self._report)


@pytest.mark.parametrize(("reasoning", "kinds"), [("", []), ("a thought", ["completion"])])
async def test_reasoning_that_is_kept_back_is_no_discrepancy(reasoning: str, kinds: list[str]) -> None:
    clock, catalogue = Clock(), ModelCatalogue()
    request = ChatRequest(SMALL, (ChatMessage("user", "Hi"),), 0.2, 100, clock() + 60)
    report = VendorReport(100, 2_000, 2_100, cost=catalogue.for_tier("small").cost(TokenUsage(100, 0, 2_000, 0)))
    call = ModelCall(Reporting(report, reasoning, clock), request, "dev", clock=clock)
    await call.run()
    record = call.record(catalogue)
    assert record.reported_cost == record.cost
    assert [one.kind for one in call.discrepancies(record, catalogue)] == kinds


async def test_a_discrepancy_is_logged_with_both_figures_and_counted_with_its_call() -> None:
    report = VendorReport(100, 50, 170, cost=10**12)
    async with running_ai(Reporting(report, "a thought", Clock(time.monotonic()))) as ai:
        with capture_logs() as logs:
            await ai.service.process_ai_request(ask())
        [record] = ai.log.calls
        assert (record.reported_cost, ai.monitor.discrepancies) == (10**12, [record.model])
        found = [(line["kind"], line["ours"], line["theirs"]) for line in logs if line["event"] == "usage_differs"]
        assert found == [("total_tokens", 150, 170), ("cost", record.cost, 10**12)]
