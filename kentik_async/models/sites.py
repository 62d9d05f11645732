"""Sites: the physical locations of a company's devices."""

from kentik_async.models._base import Float64, Int64, Model, reads_as_dataclass

__all__ = ["Site"]


@reads_as_dataclass
class Site(Model, frozen=True, gc=False):
    """A site (Kentik KB, Site and Plan APIs).

    Attributes:
        id: Its identifier, assigned by the vendor.
        site_name: Its name.
        lat: Its latitude in degrees; None if unknown.
        lon: Its longitude in degrees; None if unknown.
        company_id: The company that it belongs to.
    """

    id: Int64
    site_name: str | None = None
    lat: Float64 | None = None
    lon: Float64 | None = None
    company_id: Int64 | None = None
