"""Faults: what can go wrong on purpose, one row each, and the plan that decides which call is struck.

A fault is written `name;parameter=value`, in the header X-Simulator-Fault, in POST /simulator/faults and in --fault.
Parameters: after (tokens sent before a fault in the middle), seconds (slow-first-token), rate (tokens per second of
slow-tokens), retry_after (seconds, 429 only).
"""

from dataclasses import dataclass, replace

from backend.simulator.failures import ApiFailure, body_too_large, invalid_key, message_too_large, rate_limited

STATUS_FAULTS: dict[str, tuple[int, str, str, str | None]] = {
    "400": (400, "The request is invalid.", "invalid_request_error", "invalid_request"),
    "403": (403, "Permission denied.", "permissions_error", "permission_denied"),
    "422": (422, "The request could not be processed.", "invalid_request_error", "unprocessable"),
    "498": (498, "Flex tier capacity exceeded.", "capacity_error", "capacity_exceeded"),
    "500": (500, "Internal Server Error", "internal_server_error", None),
    "502": (502, "Bad Gateway", "bad_gateway", None),
    "503": (503, "Service Unavailable", "service_unavailable", None),
}
OTHER_FAULTS = (
    "401",
    "413",
    "429",
    "429-no-retry-after",
    "429-oversized",
    "hang",
    "refuse",
    "slow-first-token",
    "slow-tokens",
    "cut",
    "early-stop",
    "stream-error",
    "hang-mid-stream",
    "malformed-json",
    "wrong-content-type",
    "long-line",
)
FAULT_NAMES = ", ".join((*STATUS_FAULTS, *OTHER_FAULTS))
PARAMETERS = ("after", "seconds", "rate", "retry_after")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault with its parameters; see the module's docstring."""

    name: str
    after: int = 3
    seconds: float = 1.0
    rate: float = 20.0
    retry_after: float = 1.0

    def failure(self, model: str) -> ApiFailure | None:
        """The error answer, None for a fault that is none."""
        if row := STATUS_FAULTS.get(self.name):
            status, message, kind, code = row
            return ApiFailure(status, message, kind=kind, code=code)
        match self.name:
            case "401":
                return invalid_key()
            case "413":
                return body_too_large()
            case "429":
                return rate_limited(model, "tokens", self.retry_after)
            case "429-no-retry-after":
                return rate_limited(model, "tokens", None)
            case "429-oversized":
                return message_too_large(model, 8_000, 9_000, status=429)
        return None


def parse_fault(text: str) -> Fault:
    """Raises ValueError for an unknown name or parameter."""
    name, *pairs = (part.strip() for part in text.split(";"))
    if name not in STATUS_FAULTS and name not in OTHER_FAULTS:
        raise ValueError(f"unknown fault {name!r}: one of {FAULT_NAMES}")
    return with_parameters(Fault(name), dict(pair.partition("=")[::2] for pair in pairs))


def with_parameters(fault: Fault, values: dict[str, str]) -> Fault:
    """The fault with these parameters in place of its defaults. Raises ValueError."""
    if unknown := set(values) - set(PARAMETERS):
        raise ValueError(f"unknown parameter {min(unknown)!r}: one of {', '.join(PARAMETERS)}")
    numbers = {key: float(value) for key, value in values.items()}
    if not all(0 <= number < float("inf") for number in numbers.values()):
        raise ValueError("a parameter must be a number that is not negative")
    return replace(
        fault,
        after=int(numbers.get("after", fault.after)),
        seconds=numbers.get("seconds", fault.seconds),
        rate=numbers.get("rate", fault.rate),
        retry_after=numbers.get("retry_after", fault.retry_after),
    )


@dataclass(slots=True)
class ProgrammedFault:
    """Strikes calls of the model (None: any) whose last user message and system prompt contain the given texts.

    count: how many calls it still strikes, None for every one.
    """

    fault: Fault
    model: str | None = None
    contains: str = ""
    system_contains: str = ""
    count: int | None = None

    def strikes(self, model: str, question: str, system: str) -> bool:
        return self.model in (None, model) and self.contains in question and self.system_contains in system


class FaultPlan:
    """Programmed faults in the order of their arrival, then the fault of the whole run at its rate."""

    def __init__(self, run_fault: Fault | None = None, rate: float = 1.0) -> None:
        self._run_fault = run_fault
        self._rate = rate
        self._due = 0.0
        self._programmed: list[ProgrammedFault] = []

    @property
    def programmed(self) -> tuple[ProgrammedFault, ...]:
        return tuple(self._programmed)

    def add(self, programmed: ProgrammedFault) -> None:
        self._programmed.append(programmed)

    def clear(self) -> None:
        self._programmed.clear()

    def strike(self, model: str, question: str, system: str) -> Fault | None:
        """The fault of this call, None for none; a counted one is used up by it."""
        for programmed in self._programmed:
            if programmed.strikes(model, question, system):
                if programmed.count is not None:
                    programmed.count -= 1
                    if programmed.count <= 0:
                        self._programmed.remove(programmed)
                return programmed.fault
        return self._strike_run()

    def _strike_run(self) -> Fault | None:
        """Spreads the rate evenly and without chance: 0.25 strikes every fourth call."""
        if self._run_fault is None:
            return None
        self._due += self._rate
        if self._due < 1:
            return None
        self._due -= 1
        return self._run_fault
