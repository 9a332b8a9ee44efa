"""Names that the page and the server have to agree on."""

import re
from pathlib import Path

from backend.domain.audit import AuditAction

ADMIN_PAGES = Path(__file__).resolve().parents[2] / "frontend" / "src" / "pages" / "admin"


def test_the_audit_log_can_be_filtered_by_every_action() -> None:
    names = re.findall(r'"(\w+)"', (ADMIN_PAGES / "audit-actions.ts").read_text())
    assert names == [action.value for action in AuditAction]
