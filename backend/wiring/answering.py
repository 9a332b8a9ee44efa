"""What answers people: the provider, the turn log, and the service that brings them together."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from backend.services.budgets import Budgets, Controls
from backend.services.calibration.calibrations import Calibrations
from backend.services.calibration.in_use import CalibrationInUse
from backend.services.enhanced_ai_service import EnhancedAIService
from backend.services.llm.provider import Provider
from backend.services.llm.switched import Switched
from backend.services.llm.vendor_models import VendorModels
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.controls import ControlRepository
from backend.services.repositories.idempotency import IdempotencyRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.similar_answers import SimilarAnswersRepository
from backend.services.repositories.usage_totals import AdminUsageTotalsRepository
from backend.services.similar_answers import SimilarAnswersSwitch
from backend.services.single_flight import SingleFlight
from backend.services.stream_log import StreamLog
from backend.services.sweeper import Sweeper
from backend.services.turn_log import TurnLog
from backend.services.updates import AnnouncedTurnLog
from backend.services.usage_closing import UsageClosing
from backend.wiring.foundation import Foundation
from backend.wiring.learning import open_calibrations
from backend.wiring.library import Library
from backend.wiring.parts import budgets_of, monitor_of, provider_of
from backend.wiring.routing import agent_router_of, complexity_router_of, worked_answers


@dataclass(frozen=True, slots=True)
class Supervision:
    """What watches over answering; to be started."""

    monitor: PerformanceMonitor
    vendor_models: VendorModels
    controls: Controls
    budgets: Budgets
    flights: SingleFlight
    streams: StreamLog
    calibration: CalibrationInUse
    similar: SimilarAnswersSwitch


def supervision_of(base: Foundation) -> Supervision:
    vendor_models = VendorModels(base.catalogue)
    monitor = monitor_of(
        base.settings, base.database, base.cache, base.catalogue, base.worker, base.updates, vendor_models
    )
    base.commands.monitor = monitor
    controls = Controls(ControlRepository(base.database), base.bus, base.audit)
    return Supervision(
        monitor=monitor,
        vendor_models=vendor_models,
        controls=controls,
        budgets=budgets_of(base.settings, base.redis, base.database, controls),
        flights=SingleFlight(base.redis, across_workers=not base.settings.alone),
        streams=StreamLog(base.redis, base.bus),
        calibration=CalibrationInUse(CalibrationRepository(base.database), base.bus),
        similar=SimilarAnswersSwitch(
            SimilarAnswersRepository(base.database),
            base.bus,
            base.audit,
            allowed=base.settings.similar_answers,
            certain=monitor.record_similar,
        ),
    )


async def open_answering(
    base: Foundation, library: Library, watch: Supervision, provider: Provider | None, stack: AsyncExitStack
) -> tuple[EnhancedAIService, Calibrations, Provider]:
    """The service, what learns from its answers, and what it asks. provider: instead of the configured one."""
    settings, database = base.settings, base.database
    llm = Switched(provider or provider_of(settings, base.catalogue, watch.vendor_models), watch.controls)
    stack.push_async_callback(llm.close)
    watch.vendor_models.start(llm.models)
    stack.push_async_callback(watch.vendor_models.close)
    turn_log = TurnLog(database)
    await turn_log.start()
    stack.push_async_callback(turn_log.stop)
    closing = UsageClosing(AdminUsageTotalsRepository(database))
    sweeper = Sweeper(turn_log, closing, LeaseRepository(database), owner=watch.monitor.instance)
    await sweeper.start()
    stack.push_async_callback(sweeper.close)
    calibrations = await open_calibrations(base, watch.calibration, watch.budgets, watch.monitor, llm, stack)
    ai = EnhancedAIService(
        provider=llm,
        catalogue=base.catalogue,
        cache=base.cache,
        flights=watch.flights,
        limiter=base.limiter,
        budgets=watch.budgets,
        streams=watch.streams,
        turn_log=AnnouncedTurnLog(turn_log, base.updates),
        monitor=watch.monitor,
        conversations=library.conversations,
        messages=library.messages,
        preferences=library.preferences,
        idempotency=IdempotencyRepository(database),
        complexity=complexity_router_of(settings, watch.calibration.current),
        worked_answers=worked_answers(),
        agent_router=agent_router_of(settings),
        max_tokens=settings.max_tokens,
        context_tokens=settings.context_tokens,
        deadline_s=settings.deadline,
        stream_grace_s=settings.stream_grace,
        drain_s=settings.drain,
        observer=calibrations,
        cascade=settings.cascade,
        similar=watch.similar,
    )
    stack.push_async_callback(ai.close)
    stack.callback(calibrations.drain)
    return ai, calibrations, llm
