"""The sandbox: a local, pretend Mews that follows the documented rules to the letter.

A leaf: nothing else in the package needs it, and what it makes is made up and says so.
"""

from __future__ import annotations

from mews_frames._sandbox.box import Sandbox, sandbox
from mews_frames._sandbox.serving import serve
from mews_frames._sandbox.transport import profile_transport
from mews_frames._sandbox.values import Received

__all__ = ["Received", "Sandbox", "profile_transport", "sandbox", "serve"]
