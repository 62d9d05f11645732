"""Measure the cost of decoding bytes to models, as a multiple of only parsing the same bytes.

    python benchmarks/decode.py [ROWS]

Each pair runs in turn, after a warm-up, so that both run under the same load; medians are printed. The bare
parse is `FromString` of the generated class for protobuf, `msgspec.json.decode` without a type for JSON.
"""

import datetime as dt
import random
import statistics
import sys
import time
from collections.abc import Callable

import msgspec

from kentik_async._codec import kmi, sites
from kentik_async._generated.kmi import v202212 as wire

REPEATS = 51
ASKED_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def rankings_answer(rows: int) -> bytes:
    """Return a ranking with as many losses as gains."""
    chance = random.Random(1)
    answer = wire.GetRankingsResponse()
    for rank in range(1, rows + 1):
        answer.rankings.add(
            asn=chance.randrange(1, 400_000),
            name=f"Network number {rank}",
            rank=rank,
            rank_change=chance.choice([0, 0, 1, 2, 2**32 - 1]),
            score=chance.randrange(10**6),
            score_change=chance.choice([0, 17, 2**32 - 350]),
        )
    return answer.SerializeToString()


def details_answer(rows: int) -> bytes:
    """Return a network with the given number of neighbours: a few are providers, a third are peers."""
    chance = random.Random(2)
    answer = wire.GetASNDetailsResponse()
    details = answer.asn_details
    details.asn, details.name, details.country_name = 64512, "Example Carrier", "Switzerland"
    for number in range(rows):
        asn, name = chance.randrange(1, 400_000), f"Network number {number}"
        if number % 3 == 0:
            details.peers.add(asn=asn, name=name, pfx_count=chance.randrange(5_000))
            continue
        (details.providers if number % 50 == 1 else details.customers).add(
            asn=asn,
            name=name,
            score=chance.randrange(10**6),
            singlehomed_customer=chance.random() < 0.3,
            mutual_customer=chance.random() < 0.2,
            mutual_provider=chance.random() < 0.1,
        )
    return answer.SerializeToString()


def customers_answer(rows: int) -> bytes:
    """Return a network with the given number of customers: the widest rows, with mostly false values."""
    chance = random.Random(3)
    answer = wire.GetASNDetailsResponse()
    for number in range(rows):
        answer.asn_details.customers.add(
            asn=chance.randrange(1, 400_000),
            name=f"Network number {number}",
            score=chance.randrange(10**6),
            singlehomed_customer=chance.random() < 0.3,
            mutual_customer=chance.random() < 0.2,
            mutual_provider=chance.random() < 0.1,
        )
    return answer.SerializeToString()


def sites_answer(rows: int) -> bytes:
    """Return sites as API v5 sends them, with ids as text and coordinates as numbers."""
    chance = random.Random(4)
    found = [
        {
            "id": str(number),
            "site_name": f"Site {number}",
            "lat": chance.uniform(-90, 90),
            "lon": chance.uniform(-180, 180),
            "company_id": 1289,
        }
        for number in range(1, rows + 1)
    ]
    return msgspec.json.encode({"sites": found})


def in_turn(bare: Callable[[], object], ours: Callable[[], object]) -> tuple[float, float]:
    """Return the median seconds of both."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(REPEATS + 5):
        for function, kept in zip((bare, ours), times, strict=True):
            start = time.perf_counter()
            result = function()
            elapsed = time.perf_counter() - start
            del result
            if turn >= 5:
                kept.append(elapsed)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    """Measure, and print one line for each kind of answer."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rankings, details, customers = rankings_answer(rows), details_answer(rows), customers_answer(rows)
    listed = sites_answer(rows)
    asked = {"market_id": "planet$earth", "ip": "v4", "fetched_at": ASKED_AT}
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "rankings": (
            lambda: wire.GetRankingsResponse.FromString(rankings),
            lambda: kmi.decode_rankings(rankings, rank_type="customer_base", limit=None, **asked),
        ),
        "details": (
            lambda: wire.GetASNDetailsResponse.FromString(details),
            lambda: kmi.decode_asn_details(details, type="all", **asked),
        ),
        "customers": (
            lambda: wire.GetASNDetailsResponse.FromString(customers),
            lambda: kmi.decode_asn_details(customers, type="customers", **asked),
        ),
        "sites (JSON)": (lambda: msgspec.json.decode(listed), lambda: sites.decode_list(listed)),
    }
    print(f"{rows} rows, median of {REPEATS}")
    for name, (bare, ours) in pairs.items():
        base, cost = in_turn(bare, ours)
        print(f"{name:14} bare {base * 1e3:6.2f} ms   models {cost * 1e3:6.2f} ms   {cost / base:5.1f} times")


if __name__ == "__main__":
    main()
