"""A local Kentik emulator: both Kentik APIs on loopback ports, with the vendor's rate limits.

async with Emulator(speed=60) as emu, emu.client() as kentik:
    ...
"""

from kentik_async.emulator.background import BackgroundEmulator
from kentik_async.emulator.engine.auth import User
from kentik_async.emulator.engine.call_log import Call, Report
from kentik_async.emulator.engine.faults import Fault
from kentik_async.emulator.server import DEFAULT_USER, Emulator

__all__ = ["DEFAULT_USER", "BackgroundEmulator", "Call", "Emulator", "Fault", "Report", "User"]
