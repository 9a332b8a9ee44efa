"""Named queries as data. Repositories run them and --explain judges them: both see the same filter and sort."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.keyset import Keyset


@dataclass(frozen=True, slots=True)
class Query:
    """A filter with named parameters.

    where: keyword arguments -> filter; for an aggregation -> the pipeline after it is `stages`.
    sample: parameter -> (field of a stored document to take its value from, value where none is stored).
    writes: the filter belongs to an update or a deletion. text: it searches the text index.
    """

    name: str
    collection: str
    where: Callable[..., Document]
    sample: Mapping[str, tuple[str, Any]]
    sort: tuple[tuple[str, int], ...] = ()
    keyset: Keyset | None = None
    fields: tuple[str, ...] = ()
    stages: tuple[Document, ...] = ()
    kind: Literal["find", "aggregate", "text", "write"] = "find"

    @property
    def order(self) -> tuple[tuple[str, int], ...]:
        return self.keyset.sort if self.keyset else self.sort

    @property
    def projection(self) -> dict[str, int] | None:
        return dict.fromkeys(self.fields, 1) or None

    def sample_filter(self, stored: Mapping[str, Any]) -> Document:
        """The filter with arguments taken from a stored document, so that it finds something where there is any.

        A parameter whose default is a list takes a list of one.
        """
        arguments: dict[str, Any] = {}
        for name, (field, default) in self.sample.items():
            value = stored.get(field, default)
            arguments[name] = [value] if isinstance(default, list) and field in stored else value
        return self.where(**arguments)
