"""One worker's services, constructed in the order in which they need each other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from backend.config import Settings
from backend.services.health import Health
from backend.services.llm.provider import Provider
from backend.services.services import Services
from backend.wiring.answering import open_answering, supervision_of
from backend.wiring.foundation import open_foundation
from backend.wiring.library import library_of
from backend.wiring.parts import browser_rules_of, probes_of, reports_of
from backend.wiring.people import people_of

VERSION = "0.1.0"


@asynccontextmanager
async def open_services(settings: Settings, *, provider: Provider | None = None) -> AsyncIterator[Services]:
    """Everything that one worker needs, started; closed in the opposite order. provider: instead of the configured."""
    async with AsyncExitStack() as stack:
        base = await open_foundation(settings, stack)
        library, people, watch = library_of(base), people_of(base), supervision_of(base)
        if people.oidc:
            stack.push_async_callback(people.oidc.close)
        callers = (people.identity, people.api_keys, people.mail, people.housekeeping)
        watchers = (watch.flights, watch.streams, watch.monitor, watch.controls, watch.budgets)
        learned = (watch.calibration, watch.similar)
        for part in (base.limiter, base.audit, base.bus, *callers, *watchers, *learned):
            await part.start()
            stack.push_async_callback(part.close)
        stack.push_async_callback(base.updates.close)
        ai, calibration, llm = await open_answering(base, library, watch, provider, stack)
        probes = probes_of(base.database, base.redis, llm, base.catalogue, simulated=settings.simulated)
        health = Health(probes, version=VERSION, simulated=settings.simulated)
        stack.callback(health.drain)
        yield Services(
            accounts=people.accounts,
            administration=people.administration,
            account_export=people.account_export,
            ai=ai,
            api_keys=people.api_keys,
            audit=base.audit,
            browser=browser_rules_of(settings),
            budgets=watch.budgets,
            cache=base.cache,
            calibration=calibration,
            controls=watch.controls,
            conversations=library.conversations,
            database=base.database,
            folders=library.folders,
            feedback=library.feedback,
            health=health,
            identity=people.identity,
            limiter=base.limiter,
            messages=library.messages,
            monitor=watch.monitor,
            oidc=people.oidc,
            preferences=library.preferences,
            prompts=library.prompts,
            reports=reports_of(base.database, watch.monitor),
            second_factor=people.second_factor,
            search=library.search,
            sharing=library.sharing,
            similar=watch.similar,
            streams=watch.streams,
            transfers_in=library.transfers_in,
            transfers_out=library.transfers_out,
            updates=base.updates,
            users=people.users,
            metrics_token=settings.metrics_token.get_secret_value(),
            simulated=settings.simulated,
        )
