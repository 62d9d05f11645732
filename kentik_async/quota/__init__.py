"""The quota: the vendor's limits, their usage, and the limiters that enforce them."""

from kentik_async.quota.limiter import LocalLimiter
from kentik_async.quota.limits import PACINGS, QUOTA_CLASSES, Allowance, Outcome, Pacing, Quota, QuotaClass
from kentik_async.quota.protocols import Grant, HintAwareGrant, Limiter
from kentik_async.quota.snapshot import QuotaSnapshot

__all__ = [
    "PACINGS",
    "QUOTA_CLASSES",
    "Allowance",
    "Grant",
    "HintAwareGrant",
    "Limiter",
    "LocalLimiter",
    "Outcome",
    "Pacing",
    "Quota",
    "QuotaClass",
    "QuotaSnapshot",
]
