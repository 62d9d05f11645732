"""One request of this process, as the quota file has it in flight."""

import msgspec

__all__ = ["Flight"]


# A Struct, because one is made for each request: 70 ns, where a dataclass takes 300.
class Flight(msgspec.Struct, eq=False, gc=False):
    """A request of this process that was granted.

    Attributes:
        seq: Its place in the file.
        sent: The instant of the grant.
        order: The number of the grant.
        epoch: The freeze epoch of the grant.
        waiting: How many more waited here.
        slot: The slot that it holds.
        streak: Refusals in a row before the grant.
        raw: What was entered in the file.
        home: Where its caller is at home; of no meaning here.
    """

    seq: int
    sent: float
    order: int
    epoch: int
    waiting: int
    slot: int
    streak: int
    raw: bytes
    home: object = None
