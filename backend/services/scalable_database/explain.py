"""Does every named query use an index, and read no more than it returns? Asked of the server's own planner."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.drivers import Driver
from backend.services.scalable_database.failures import translated
from backend.services.scalable_database.queries import Query

EXAMINED_PER_RETURNED = 1.2
CHILDREN = ("inputStage", "inputStages", "thenStage", "elseStage", "outerStage", "innerStage", "shards", "queryPlan")


@dataclass(frozen=True, slots=True)
class Explanation:
    """stages: the plan from the top down. examined: documents fetched. faults: what is wrong with it, if anything."""

    query: str
    stages: tuple[str, ...]
    indexes: tuple[str, ...]
    examined: int
    returned: int
    faults: tuple[str, ...]


def _plan_nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "stage" in node:
        yield node
    for name in CHILDREN:
        child = node.get(name)
        for item in child if isinstance(child, list) else [child]:
            if isinstance(item, Mapping):
                yield from _plan_nodes(item)


def _cursor_stage(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """An aggregation's match stage is explained inside its $cursor, unless the planner took all of it."""
    for stage in answer.get("stages", ()):
        if "$cursor" in stage:
            found: Mapping[str, Any] = stage["$cursor"]
            return found
    return answer


def _faults(query: Query, stages: Sequence[str], examined: int, returned: int) -> Iterator[str]:
    if "COLLSCAN" in stages:
        yield "scans the whole collection"
    if query.kind == "find":
        if "SORT" in stages:
            yield "sorts in memory"
        if examined > EXAMINED_PER_RETURNED * returned:
            yield f"examines {examined} documents to return {returned}"


def judge(query: Query, answer: Mapping[str, Any]) -> Explanation:
    """answer: of the explain command with verbosity executionStats."""
    plan = _cursor_stage(answer)
    nodes = list(_plan_nodes(plan["queryPlanner"]["winningPlan"]))
    stages = tuple(str(node["stage"]) for node in nodes)
    indexes = tuple(str(node["indexName"]) for node in nodes if "indexName" in node)
    statistics = plan["executionStats"]
    examined, returned = int(statistics["totalDocsExamined"]), int(statistics["nReturned"])
    faults = tuple(_faults(query, stages, examined, returned))
    return Explanation(query.name, stages, indexes, examined, returned, faults)


def explain_command(query: Query, where: Document, limit: int) -> Document:
    if query.kind == "aggregate":
        command: Document = {
            "aggregate": query.collection,
            "pipeline": [{"$match": where}, *query.stages],
            "cursor": {},
        }
    else:
        command = {"find": query.collection, "filter": where, "sort": dict(query.order), "limit": limit}
        if not query.order:
            del command["sort"]
    return {"explain": command, "verbosity": "executionStats"}


async def explain(driver: Driver, query: Query, limit: int = 25) -> Explanation:
    """Runs the query with arguments of a stored document where there is one."""
    with translated():
        stored = await driver.collection(query.collection).find_one({}, sort=[("_id", -1)]) or {}
        answer = await driver.command(explain_command(query, query.sample_filter(stored), limit))
    return judge(query, answer)
