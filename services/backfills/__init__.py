"""Backfills: change a million rows, knowing before what will happen and proving afterwards that it did.

A definition (`SqlBackfill`, `PythonBackfill`) is registered in `bootstrap`; `docs/backfills.md` is its author's guide.
A backfill of it goes through draft, dry run, approval, work in batches, verification and Finance's signature; until
then it can be taken back at any time. The functions from execution are for `jobs/backfills.py` alone.
"""

from services.backfills.batching import Plan, Step
from services.backfills.catalogue import DEFINITIONS
from services.backfills.definition import (
    Check,
    Definition,
    MoneyColumns,
    NoParams,
    PythonBackfill,
    SqlBackfill,
    register,
)
from services.backfills.errors import (
    BackfillNotFound,
    BadDefinition,
    IllegalStep,
    NotAtWork,
    NotUndoable,
    PlanChanged,
    TooManyQuarantined,
    UnknownDefinition,
)
from services.backfills.execution import begin, breathe, end_back, end_forward, step, verify
from services.backfills.handlers import on_approved, on_refused, on_run_died
from services.backfills.kinds import KINDS, RUN_KIND, SIGN_OFF_KIND, UNDO_KIND
from services.backfills.load import LoadMeter
from services.backfills.policy import Excess
from services.backfills.queries import backfill_by_number, backfill_detail, backfills, catalogue
from services.backfills.service import (
    ask_approval,
    cancel,
    change_params,
    draft,
    pause,
    resume,
    roll_back,
    set_pace,
    start,
    start_dry_run,
    take_dry_run,
    verify_again,
)
from services.backfills.views import (
    BackfillDetail,
    BackfillView,
    BatchView,
    CheckView,
    ConflictView,
    DefinitionView,
    ProgressView,
    SetAside,
)
from services.backfills.vocabulary import (
    DRY_RUN,
    EXECUTE,
    ROLL_BACK,
    VERIFY,
    BackfillParams,
    BackfillState,
    Direction,
    Expect,
    Pace,
)

__all__ = [
    "DEFINITIONS",
    "DRY_RUN",
    "EXECUTE",
    "KINDS",
    "ROLL_BACK",
    "RUN_KIND",
    "SIGN_OFF_KIND",
    "UNDO_KIND",
    "VERIFY",
    "BackfillDetail",
    "BackfillNotFound",
    "BackfillParams",
    "BackfillState",
    "BackfillView",
    "BadDefinition",
    "BatchView",
    "Check",
    "CheckView",
    "ConflictView",
    "Definition",
    "DefinitionView",
    "Direction",
    "Excess",
    "Expect",
    "IllegalStep",
    "LoadMeter",
    "MoneyColumns",
    "NoParams",
    "NotAtWork",
    "NotUndoable",
    "Pace",
    "Plan",
    "PlanChanged",
    "ProgressView",
    "PythonBackfill",
    "SetAside",
    "SqlBackfill",
    "Step",
    "TooManyQuarantined",
    "UnknownDefinition",
    "ask_approval",
    "backfill_by_number",
    "backfill_detail",
    "backfills",
    "begin",
    "breathe",
    "cancel",
    "catalogue",
    "change_params",
    "draft",
    "end_back",
    "end_forward",
    "on_approved",
    "on_refused",
    "on_run_died",
    "pause",
    "register",
    "resume",
    "roll_back",
    "set_pace",
    "start",
    "start_dry_run",
    "step",
    "take_dry_run",
    "verify",
    "verify_again",
]
