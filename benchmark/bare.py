"""What FastAPI itself costs: one route with a pydantic body and answer, which does nothing."""

from fastapi import FastAPI
from pydantic import BaseModel

PATH = "/ask"


class Question(BaseModel):
    message: str


class Answer(BaseModel):
    content: str


def create_app() -> FastAPI:
    app = FastAPI()

    @app.post(PATH)
    async def ask(question: Question) -> Answer:
        return Answer(content=question.message)

    return app
