"""Calibrations, labels and counts of own traffic: what every worker stores, and nobody's words."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

from backend.domain.calibration.evidence import Evidence
from backend.domain.calibration.fit import Label
from backend.domain.calibration.history import CalibrationSettings, CalibrationState, Drift
from backend.domain.calibration.ranks import BINS
from backend.domain.usage import UsageRecord
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.personal_data import PersonalDataRepository
from backend.services.repositories.routing_labels import (
    AdminRoutingLabelRepository,
    LabelSum,
    RoutingLabelRepository,
)
from backend.services.repositories.routing_traffic import RoutingTrafficRepository, TrafficDay
from backend.services.repositories.usage import AdminUsageRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.turn_log.own_calls import OwnCalls
from tests.support.calibrations import AT, make_fitted
from tests.support.database.turns import NOW, make_call

DAY = AT.date()
BILLED = "somebody"


async def test_a_calibration_is_stored_once_and_read_back_whole(database: ScalableDatabase) -> None:
    calibrations = CalibrationRepository(database)
    assert (await calibrations.latest(), await calibrations.get(1)) == (0, None)
    first, second = make_fitted(1), make_fitted(2, loss=None)
    assert await calibrations.add(first)
    assert await calibrations.add(second)
    assert not await calibrations.add(replace(first, share=0.9))
    assert (await calibrations.latest(), await calibrations.get(1)) == (2, first)
    page, cursor = await calibrations.page(1, None)
    assert (page, await calibrations.page(1, cursor)) == ([second], ([first], None))


async def test_settings_stay_when_another_version_is_used_and_what_was_known_goes(database: ScalableDatabase) -> None:
    calibrations = CalibrationRepository(database)
    assert await calibrations.state() == CalibrationState()
    await calibrations.configure(CalibrationSettings(10**13, 0.05))
    known = Evidence(True, 0.1, 0.05, 0.2, 60, 1, AT)
    await calibrations.use(1, pinned=False)
    noted = await calibrations.note(known, Drift(0.1, -0.02, 500))
    assert noted == await calibrations.state()
    assert noted == CalibrationState(CalibrationSettings(10**13, 0.05), 1, known, Drift(0.1, -0.02, 500), 3)
    back = await calibrations.use(0, pinned=True)
    assert back == CalibrationState(CalibrationSettings(10**13, 0.05, pinned=True), 0, Evidence(), None, 4)


async def test_an_answer_has_one_label_of_each_source_and_it_goes_with_its_user(database: ScalableDatabase) -> None:
    labels, everybodys = RoutingLabelRepository(database), AdminRoutingLabelRepository(database)
    thumb, judged = Label("math", 0.4, 1, 0.3, "thumbs", AT), Label(None, 0.4, 0, 1.0, "judge", AT)
    await labels.put("user_ada", "msg_1", "small", replace(thumb, gain=0))
    await labels.put("user_ada", "msg_1", "small", thumb)
    await labels.put("user_ada", "msg_1", "small", judged)
    await labels.put("user_eve", "msg_1", "small", replace(thumb, at=AT - timedelta(days=1)))
    found = await everybodys.newest()
    assert found[2].at < found[0].at == AT
    assert sorted(found[:2], key=lambda label: label.source) == [judged, thumb]
    assert await everybodys.sums() == [LabelSum("judge", 0, 1), LabelSum("thumbs", 1, 2)]
    await labels.remove("user_ada", "msg_1", "thumbs")
    assert await everybodys.sums() == [LabelSum("judge", 0, 1), LabelSum("thumbs", 1, 1)]
    await PersonalDataRepository(database).erase("user_ada", last=True)
    assert await everybodys.sums() == [LabelSum("thumbs", 1, 1)]


async def test_counts_of_several_workers_add_up(database: ScalableDatabase) -> None:
    traffic = RoutingTrafficRepository(database)

    def row(day: date, place: int, **outcomes: int) -> TrafficDay:
        bins = [0] * BINS
        bins[place] = 2
        return TrafficDay(day, "math", bins, 1, 800, outcomes)

    async def add(place: int) -> None:
        while not await traffic.add(row(DAY, place, compared=1), AT):
            pass  # both began the row at once: what was not written is written again

    await asyncio.gather(add(3), add(3), add(7))
    assert await traffic.add(row(DAY - timedelta(days=1), 0), AT)
    yesterday, today = await traffic.since(DAY - timedelta(days=1))
    assert (yesterday.day, yesterday.requests, yesterday.outcomes) == (DAY - timedelta(days=1), 2, {})
    assert (today.bins[3], today.bins[7], today.requests) == (4, 2, 6)
    assert (today.large, today.allowed, today.outcomes) == (3, 2400, {"compared": 3})
    assert await traffic.since(DAY + timedelta(days=1)) == []


async def test_calls_of_no_turn_are_in_the_ledger_and_nobody_is_counted_for_them(database: ScalableDatabase) -> None:
    ledger, reports = OwnCalls(database), AdminUsageRepository(database)

    async def record(number: int) -> None:
        calls: tuple[UsageRecord, ...] = (make_call(cost=5), make_call(call=1, cost=None))
        await ledger.record(BILLED, f"request_{number}", calls)

    await asyncio.gather(*(record(number) for number in range(4)))
    [(owner, usage)] = await reports.costs("user", NOW.date(), 10)
    assert (owner, usage.requests, usage.calls, usage.cost, usage.unpriced) == (BILLED, 0, 8, 20, 4)
    assert await reports.cost_since(NOW - timedelta(days=1)) == 20
