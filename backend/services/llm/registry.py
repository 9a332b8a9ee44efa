"""Which transports there are, one row each, and how the provider that the services see is put together."""

from collections.abc import Callable, Mapping

from backend.domain.models import ModelCatalogue
from backend.errors import InvalidInput
from backend.services.llm.breaker import Breaker, BreakerPolicy
from backend.services.llm.endpoint import Endpoint, resolve_endpoint
from backend.services.llm.fallback import Fallback
from backend.services.llm.provider import Provider
from backend.services.llm.retry import Retry, RetryPolicy


def _open_direct(endpoint: Endpoint) -> Provider:
    from backend.services.llm.direct import DirectProvider  # aiohttp takes 0.1 s that the launcher has no use for

    return DirectProvider(endpoint)


def _open_sdk(endpoint: Endpoint) -> Provider:
    from backend.services.llm.groq_sdk import GroqSdkProvider  # groq and httpx take 0.1 s and 4 MB, wanted by few

    return GroqSdkProvider(endpoint)


TRANSPORTS: Mapping[str, Callable[[Endpoint], Provider]] = {
    "direct": _open_direct,
    "sdk": _open_sdk,
}


def check_transport(transport: str) -> None:
    """Raises InvalidInput for one that has no row."""
    if transport not in TRANSPORTS:
        raise InvalidInput(f"GROQ_TRANSPORT must be one of {', '.join(TRANSPORTS)}.", code="unknown_transport")


def open_provider(transport: str, base_url: str, api_key: str, *, loopback_only: bool = False) -> Provider:
    """The bare transport. Call it in a running event loop; close() it. Raises RefusedEndpoint, InvalidInput.

    loopback_only: refuse every address that is not on this machine (tests must not reach a paid API).
    """
    check_transport(transport)
    return TRANSPORTS[transport](resolve_endpoint(base_url, api_key, loopback_only=loopback_only))


def open_llm(
    transport: str,
    base_url: str,
    api_key: str,
    *,
    catalogue: ModelCatalogue,
    loopback_only: bool = False,
    retry: RetryPolicy | None = None,
    breaker: BreakerPolicy | None = None,
    on_gone: Callable[[str], None] = lambda _: None,
) -> Provider:
    """The provider for the services: Fallback(Retry(Breaker(transport))).

    The breaker is inside of the retries, so that it counts every attempt, opens sooner, and its opening ends the
    retries of all calls that are under way. Fallback is outermost: a model is given up only when its retries are
    used up or its circuit is open, and the next model gets retries and a circuit of its own.
    on_gone: as of Fallback.
    """
    return compose(
        open_provider(transport, base_url, api_key, loopback_only=loopback_only),
        catalogue,
        retry=retry,
        breaker=breaker,
        on_gone=on_gone,
    )


def compose(
    provider: Provider,
    catalogue: ModelCatalogue,
    *,
    retry: RetryPolicy | None = None,
    breaker: BreakerPolicy | None = None,
    on_gone: Callable[[str], None] = lambda _: None,
) -> Provider:
    """The same wrapping around any provider, a scripted one for instance."""
    return Fallback(Retry(Breaker(provider, breaker), retry), catalogue, on_gone)
