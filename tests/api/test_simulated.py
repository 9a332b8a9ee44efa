"""What the simulator answered stays with the simulator."""

from backend.config import Settings
from tests.support.application import serve
from tests.support.chat import Chat


async def test_an_answer_of_the_simulator_is_never_given_for_a_models(app_settings: Settings) -> None:
    """The first start without a key, the second with one, the same question within a day."""
    question = "How do I reverse a list?"
    async with serve(app_settings.model_copy(update={"simulated": True})) as served:
        account = await served.new_user()
        await Chat(served, account).ask(question)
        assert (await Chat(served, account).ask(question))["cached"] is True
    async with serve(app_settings) as served:
        asked = Chat(served, await served.sign_in(account.email))
        assert (await asked.ask(question))["cached"] is False
        assert (await asked.ask(question))["cached"] is True
