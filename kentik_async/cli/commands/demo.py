"""`kentik-async demo`: compares four ways to make many calls, without an account."""

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.errors import ValidationError

__all__ = ["demo"]


async def demo(*, calls: int = 1000, speed: float = 60.0, seed: int = 0, context: Ctx) -> Exit:
    """Compare four ways to make many calls, on a local emulator.

    The calls request rankings. The emulator enforces the vendor's rate limits
    in compressed time: at speed 60, a minute lasts a second. The four methods
    are: all calls at once with plain gRPC stubs; a loop with a safe pause; a
    loop without a pause; and all calls at once with this package, with ten
    interactive calls in between.

    The exit code is 0 if no request of the last method was refused.

    For example:

      kentik-async demo
      kentik-async demo --calls 200

    Args:
        calls: Number of rankings to request.
        speed: Clock speed-up factor of the emulator.
        seed: Seed of the generated data.
        context: The command context.
    """
    if calls < 1:
        raise ValidationError(f"--calls must be a whole number of at least 1; got {calls}")
    if not speed > 0:
        raise ValidationError(f"--speed must be a number greater than 0; got {speed:g}")
    from kentik_async.cli.demo.show import show

    return await show(context, calls=calls, speed=speed, seed=seed)
