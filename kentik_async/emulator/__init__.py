"""A Kentik to test against: the vendor's two APIs on this machine, with its limits, in compressed time.

async with Emulator(speed=60) as emu, emu.client() as kentik:
    ...
"""

from kentik_async.emulator.engine.auth import User
from kentik_async.emulator.engine.call_log import Call, Report
from kentik_async.emulator.engine.faults import Fault
from kentik_async.emulator.server import DEFAULT_USER, Emulator

__all__ = ["DEFAULT_USER", "Call", "Emulator", "Fault", "Report", "User"]
