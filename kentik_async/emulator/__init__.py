"""A Kentik to test against: the vendor's two APIs on this machine, with its limits, in compressed time.

async with Emulator(speed=60) as emu, emu.client() as kentik:
    ...
"""

from kentik_async.emulator.faults import Fault
from kentik_async.emulator.record import Call, Report
from kentik_async.emulator.server import DEFAULT_USER, Emulator
from kentik_async.emulator.users import User

__all__ = ["DEFAULT_USER", "Call", "Emulator", "Fault", "Report", "User"]
