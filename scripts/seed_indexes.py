"""Indexes of the database that MONGO_URL names: apply, diff, or --explain every named query."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from backend.config import Settings
from backend.services.repositories.registry import NAMED_QUERIES
from backend.services.scalable_database.seeding import main

if __name__ == "__main__":
    settings = Settings()
    sys.exit(main(sys.argv[1:], settings.mongo_url.get_secret_value(), settings.mongo_db, NAMED_QUERIES))
