"""`kentik-async demo`: what the package is for, shown in a minute and without an account."""

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.errors import ValidationError

__all__ = ["demo"]


async def demo(*, calls: int = 1000, speed: float = 60.0, seed: int = 0, context: Ctx) -> Exit:
    """Pull a thousand rankings four ways from a Kentik emulated on this machine.

    The emulator keeps the vendor's limits, in compressed time: at speed 60 a
    minute lasts a second. The ways: all calls at once on bare stubs; a bare
    loop with a safe pause; a bare loop without; and all at once through this
    package, with ten interactive calls in between. It ends with 0 only if not
    one request of the last was refused.

      $ kentik-async demo
      $ kentik-async demo --calls 200

    Args:
        calls: How many rankings to pull.
        speed: How many times faster than at the vendor time passes.
        seed: What the emulator's data are made from.
        context: Handed over.
    """
    if calls < 1:
        raise ValidationError(f"--calls is {calls}: give a whole number from 1")
    if not speed > 0:
        raise ValidationError(f"--speed is {speed:g}: give a number above 0")
    from kentik_async.cli.demo.show import show

    return await show(context, calls=calls, speed=speed, seed=seed)
