"""A code of the second factor is good once, whichever workers are asked and however many at once."""

import asyncio

from tests.support.second_factor import first_step, second_step, switch_on
from tests.support.workers import Workers


async def test_one_code_on_both_workers_at_once_signs_in_once(workers: Workers) -> None:
    user = await workers.a.new_user()
    authenticator, codes = await switch_on(workers.a, user)
    for code in (authenticator.code(), codes[0]):
        tokens = [await first_step(worker, user.email) for worker in (workers.a, workers.b) * 3]
        both = (workers.b, workers.a) * 3
        answers = await asyncio.gather(
            *(second_step(worker, token, code) for worker, token in zip(both, tokens, strict=True))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]


async def test_a_factor_that_one_worker_switched_on_is_asked_for_by_the_other(workers: Workers) -> None:
    user = await workers.a.new_user()
    await workers.b.sign_in(user.email)
    _, codes = await switch_on(workers.a, user)
    token = await first_step(workers.b, user.email)
    assert (await second_step(workers.a, token, codes[0])).status_code == 200
    assert (await second_step(workers.b, token, codes[1])).json()["code"] == "mfa_token_invalid"
