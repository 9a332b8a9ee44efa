"""Which endpoint answers which path."""

import re
from typing import Any

import orjson

from backend.domain.models import Model, ModelCatalogue
from backend.simulator.call_log import CallLog
from backend.simulator.chat import ChatEndpoint, authorized
from backend.simulator.connection import Connection, HttpRequest
from backend.simulator.control import Control
from backend.simulator.failures import ApiFailure, unknown_model, unknown_url
from backend.simulator.faults import FaultPlan
from backend.simulator.gate import Gate
from backend.simulator.options import Options
from backend.simulator.run import JSON_TYPE

CHAT_PATH = "/openai/v1/chat/completions"
MODEL_PATH = re.compile(r"/openai/v1/models(?:/(.+))?")


class Application:
    """The responder of every connection."""

    def __init__(self, options: Options, catalogue: ModelCatalogue) -> None:
        faults, gate, calls = (
            FaultPlan(options.fault, options.fault_rate),
            Gate(),
            CallLog(),
        )
        self._catalogue = catalogue
        self._chat = ChatEndpoint(options, catalogue, faults, gate, calls)
        self._control = Control(self._chat, faults, gate, calls)

    def respond(self, request: HttpRequest, reply: Connection) -> None:
        if request.path == CHAT_PATH and request.method == "POST":
            self._chat.respond(request, reply)
            return
        try:
            answer = self._control.handle(request) or self._models(request)
        except ApiFailure as failure:
            reply.send(failure.status, {"content-type": JSON_TYPE}, failure.body())
        else:
            reply.send(200, {"content-type": JSON_TYPE}, orjson.dumps(answer))

    def _models(self, request: HttpRequest) -> dict[str, Any]:
        match = MODEL_PATH.fullmatch(request.path)
        if match is None or request.method != "GET":
            raise unknown_url(request.method, request.path)
        authorized(request)
        served = [model for model in self._catalogue.models if model.status != "retired"]
        if (wanted := match[1]) is None:
            return {"object": "list", "data": [_row(model) for model in served]}
        for model in served:
            if model.id == wanted:
                return _row(model)
        raise unknown_model(wanted)


def _row(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "created": 1_760_000_000,
        "owned_by": "Aether's simulator",
        "active": True,
        "context_window": model.context,
        "max_completion_tokens": model.max_output,
        "public_apps": None,
    }
