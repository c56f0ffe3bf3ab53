"""Why a run ended without the kernel's own word, as people read it."""

from typing import Final

__all__ = ["DIED", "GAP", "GONE", "INTERRUPTED", "RESTARTED", "SHUT_DOWN", "UNSEEN"]

RESTARTED: Final = "The kernel was restarted before the cell ended"
DIED: Final = "The kernel died while it ran this cell. It is started again, without its variables"
GONE: Final = "Jupyter ended or was restarted, and the kernel with it. Run the cells again"
UNSEEN: Final = "The connection to the kernel was lost, and the end of the output with it"
SHUT_DOWN: Final = "The kernel was shut down before the cell ended"
INTERRUPTED: Final = "The kernel was interrupted before the cell ended"
GAP: Final = "… the connection to the kernel was lost here: some output may be missing …"
