"""What a user prefers: how prompts and answers are to be, and how their questions may be routed."""

from dataclasses import dataclass, field

from backend.domain.instructions import NO_INSTRUCTIONS, Instructions


@dataclass(frozen=True, slots=True)
class RoutingPreferences:
    """large_share: the share of questions, 0 to 1, that may go to the large model; None: as the deployment has it.

    compare: answers of the small model may be sampled and compared with the large model's, at nobody's cost but the
    installation's. similar_answers: an answer to a similar question of one's own may be reused.
    """

    large_share: float | None = None
    compare: bool = True
    similar_answers: bool = False


USUAL_ROUTING = RoutingPreferences()


@dataclass(frozen=True, slots=True)
class UserPreferences:
    instructions: Instructions = field(default=NO_INSTRUCTIONS)
    routing: RoutingPreferences = field(default=USUAL_ROUTING)


NO_PREFERENCES = UserPreferences()
