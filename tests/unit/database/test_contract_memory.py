"""The contract of repositories and turn log, here on the in-memory database."""

from tests.support.database.contract.api_keys import *  # noqa: F403
from tests.support.database.contract.audit import *  # noqa: F403
from tests.support.database.contract.calibration import *  # noqa: F403
from tests.support.database.contract.conversations import *  # noqa: F403
from tests.support.database.contract.external_identities import *  # noqa: F403
from tests.support.database.contract.feedback import *  # noqa: F403
from tests.support.database.contract.mail_links import *  # noqa: F403
from tests.support.database.contract.people import *  # noqa: F403
from tests.support.database.contract.prompts import *  # noqa: F403
from tests.support.database.contract.reports import *  # noqa: F403
from tests.support.database.contract.second_factors import *  # noqa: F403
from tests.support.database.contract.shared_state import *  # noqa: F403
from tests.support.database.contract.turns import *  # noqa: F403
