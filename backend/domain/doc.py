"""Descriptions of fields, kept with their types: the OpenAPI document shows them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

JsonSchema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Doc:
    """In an Annotated type: what a field holds, in which unit. Pydantic asks for it by the method's name."""

    text: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], JsonSchema]) -> JsonSchema:  # noqa: ANN401
        return {**handler(schema), "description": self.text}


Count = Annotated[int, Doc("A number of events or things")]
Bytes = Annotated[int, Doc("Bytes")]
Share = Annotated[float, Doc("A share, 0 to 1")]
Usd = Annotated[str, Doc("USD as an exact decimal string, up to 12 decimals")]
