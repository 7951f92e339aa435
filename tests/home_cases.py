"""All made cases by name."""

from __future__ import annotations

import cases_changes
import cases_company
import cases_quiet
import cases_told
from cases import Case

CASES: dict[str, Case] = {
    found.name: found
    for module in (cases_told, cases_quiet, cases_changes, cases_company)
    for found in vars(module).values()
    if isinstance(found, Case)
}
