"""The quota: the vendor's rules, the exact ledger, and the limiters that keep it."""

from kentik_async.quota.allowance import Allowance, read_allowance
from kentik_async.quota.limiter import LocalLimiter
from kentik_async.quota.registry import shared_limiter
from kentik_async.quota.rules import PACINGS, QUOTA_CLASSES, Outcome, Pacing, Quota, QuotaClass
from kentik_async.quota.seam import Grant, HeedfulGrant, Limiter, QuotaSnapshot

__all__ = [
    "PACINGS",
    "QUOTA_CLASSES",
    "Allowance",
    "Grant",
    "HeedfulGrant",
    "Limiter",
    "LocalLimiter",
    "Outcome",
    "Pacing",
    "Quota",
    "QuotaClass",
    "QuotaSnapshot",
    "read_allowance",
    "shared_limiter",
]
