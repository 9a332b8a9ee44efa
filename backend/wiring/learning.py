"""What learns from own traffic: counts, comparisons, labels, and the calibration that is fitted to them."""

import random
from contextlib import AsyncExitStack

from backend.services.budgets import Budgets
from backend.services.calibration.calibrations import Calibrations
from backend.services.calibration.comparing import Comparer
from backend.services.calibration.comparisons import Comparisons
from backend.services.calibration.fitting import Fitting
from backend.services.calibration.in_use import CalibrationInUse
from backend.services.calibration.labelling import Labelling
from backend.services.calibration.refitting import Refitting
from backend.services.calibration.traffic import TrafficCounter
from backend.services.llm.provider import Provider
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.routing_labels import AdminRoutingLabelRepository, RoutingLabelRepository
from backend.services.repositories.routing_traffic import RoutingTrafficRepository
from backend.services.turn_log.own_calls import OwnCalls
from backend.wiring.foundation import Foundation


async def open_calibrations(
    base: Foundation,
    in_use: CalibrationInUse,
    budgets: Budgets,
    monitor: PerformanceMonitor,
    llm: Provider,
    stack: AsyncExitStack,
) -> Calibrations:
    """llm: that an administrator can stop."""
    database, now = base.database, base.database.now
    repository, days = CalibrationRepository(database), RoutingTrafficRepository(database)
    labels = AdminRoutingLabelRepository(database)
    fitting = Fitting(repository, labels, days, in_use, base.audit, large_share=base.settings.large_share, now=now)
    traffic = TrafficCounter(days, now=now)
    labelling = Labelling(RoutingLabelRepository(database), now)
    chance = random.Random()  # noqa: S311 (who is drawn is no secret)
    comparisons = Comparisons(
        Comparer(llm, base.catalogue, rng=chance),
        in_use,
        budgets,
        OwnCalls(database),
        labelling,
        traffic,
        monitor,
        rng=chance,
    )
    refitting = Refitting(fitting, in_use, LeaseRepository(database), monitor, owner=monitor.instance)
    for part in (traffic, comparisons, refitting):
        await part.start()
        stack.push_async_callback(part.close)
    calibrations = Calibrations(
        in_use,
        fitting,
        comparisons,
        labelling,
        traffic,
        repository=repository,
        labels=labels,
        days=days,
        budgets=budgets,
    )
    stack.push_async_callback(calibrations.close)
    return calibrations
