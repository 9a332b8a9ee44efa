"""The control endpoints under /simulator: program faults, hold answers, read and reset the counts."""

from collections.abc import Callable
from typing import Any

import orjson

from backend.simulator.call_log import CallLog
from backend.simulator.chat import ChatEndpoint
from backend.simulator.connection import HttpRequest
from backend.simulator.failures import invalid_request
from backend.simulator.faults import PARAMETERS, FaultPlan, ProgrammedFault, parse_fault, with_parameters
from backend.simulator.gate import Gate

FAULT_FIELDS = {"fault", "model", "contains", "system_contains", "count", *PARAMETERS}


class Control:
    """handle() returns the JSON answer of a control request, None where there is no such endpoint."""

    def __init__(self, chat: ChatEndpoint, faults: FaultPlan, gate: Gate, calls: CallLog) -> None:
        self._chat = chat
        self._faults = faults
        self._gate = gate
        self._calls = calls
        self._endpoints: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
            ("GET", "/simulator/calls"): lambda _: self._calls.summary(),
            ("GET", "/simulator/requests"): lambda _: {"requests": self._calls.requests()},
            ("POST", "/simulator/requests"): self._keep_requests,
            ("GET", "/simulator/faults"): lambda _: self._pending(),
            ("POST", "/simulator/faults"): self._program,
            ("GET", "/simulator/gate"): lambda _: self._gate_state(),
            ("POST", "/simulator/gate"): self._set_gate,
            ("POST", "/simulator/reset"): lambda _: self._reset(),
        }

    def handle(self, request: HttpRequest) -> dict[str, Any] | None:
        """Raises ApiFailure 400 for a body that it does not understand."""
        endpoint = self._endpoints.get((request.method, request.path))
        if endpoint is None:
            return None
        try:
            fields = orjson.loads(request.body or b"{}")
            if not isinstance(fields, dict):
                raise ValueError("expected a JSON object")
            return endpoint(fields)
        except (ValueError, TypeError, KeyError) as error:
            raise invalid_request(str(error)) from error

    def _program(self, fields: dict[str, Any]) -> dict[str, Any]:
        if unknown := set(fields) - FAULT_FIELDS:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        parameters = {name: str(fields[name]) for name in PARAMETERS if fields.get(name) is not None}
        fault = with_parameters(parse_fault(str(fields.get("fault"))), parameters)
        count = fields.get("count")
        if count is not None and (type(count) is not int or count < 1):
            raise ValueError("count must be a positive integer or null")
        texts = str(fields.get("contains") or ""), str(fields.get("system_contains") or "")
        self._faults.add(ProgrammedFault(fault, fields.get("model"), *texts, count))
        return self._pending()

    def _keep_requests(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._calls.keep(int(fields["keep"]))
        return {"keep": int(fields["keep"])}

    def _pending(self) -> dict[str, Any]:
        rows = [
            {
                "fault": row.fault.name,
                "model": row.model,
                "contains": row.contains,
                "system_contains": row.system_contains,
                "count": row.count,
            }
            for row in self._faults.programmed
        ]
        return {"faults": rows}

    def _set_gate(self, fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("open", False):
            self._gate.open()
        else:
            self._gate.close(int(fields.get("after", 0)), str(fields.get("contains", "")))
        return self._gate_state()

    def _gate_state(self) -> dict[str, Any]:
        return {"open": self._gate.is_open, "held": self._gate.held}

    def _reset(self) -> dict[str, Any]:
        """Everything as at the start; calls that the gate holds go on."""
        self._faults.clear()
        self._gate.open()
        self._calls.clear()
        self._chat.prompts.clear()
        self._chat.limits.clear()
        return {"reset": True}
