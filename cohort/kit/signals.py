"""Names the signals by which a lower room tells an upper one what happened; listeners run in the same transaction."""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

# Each is sent with the session as sender and the facts as keywords; an architecture test lists the listeners.
member_joined = _signals.signal("member_joined")
member_left = _signals.signal("member_left")
export_verified = _signals.signal("export_verified")
firm_merged = _signals.signal("firm_merged")
