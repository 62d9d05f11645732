"""Sites of API v6 and the columns of their tables."""

import datetime as dt

import pyarrow as pa

from kentik_async.models import (
    Layer,
    LayerSet,
    PeeringDBSiteMapping,
    PostalAddress,
    SiteIpAddressClassification,
    SiteMarket,
    SiteType,
    SiteV6,
)

_NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
_INSTANT = pa.timestamp("us", tz="UTC")
_LAYERS = LayerSet(layers=(Layer(name="edge", device_ids=("1", "2")),))
_LAYERS_COLUMN = {"layers": pa.list_(pa.struct({"name": pa.string(), "device_ids": pa.list_(pa.string())}))}

SITE_SCHEMAS = {
    SiteMarket: {
        "id": pa.string(),
        "name": pa.string(),
        "description": pa.string(),
        "number_of_sites": pa.int64(),
        "cdate": _INSTANT,
        "edate": _INSTANT,
    },
    LayerSet: _LAYERS_COLUMN,
    SiteV6: {
        "id": pa.string(),
        "title": pa.string(),
        "lat": pa.float64(),
        "lon": pa.float64(),
        "postal_address": pa.string(),
        "type": pa.string(),
        "address_classification": pa.string(),
        "architecture": pa.list_(pa.struct(_LAYERS_COLUMN)),
        "site_market": pa.string(),
        "peeringdb_site_mapping": pa.list_(
            pa.struct(
                {
                    "id": pa.string(),
                    "site_id": pa.string(),
                    "peeringdb_fac_id": pa.string(),
                    "edate": _INSTANT,
                    "cdate": _INSTANT,
                    "company_id": pa.string(),
                }
            )
        ),
    },
}

ALMOST_EMPTY_SITES = {
    SiteMarket: SiteMarket(name=""),
    LayerSet: LayerSet(),
    SiteV6: SiteV6(title="", type="99"),
}

FULL_SITES = {
    SiteMarket: SiteMarket(
        id="1", name="Europe", description="PoPs", number_of_sites=2, cdate=_NOON, edate=_NOON
    ),
    LayerSet: _LAYERS,
    SiteV6: SiteV6(
        id="17",
        title="fra1",
        lat=50.0,
        lon=8.5,
        postal_address=PostalAddress(address="Street 1", city="Frankfurt", country="Germany"),
        type=SiteType.DATA_CENTER,
        address_classification=SiteIpAddressClassification(other_networks=("192.0.2.0/24",)),
        architecture=(_LAYERS,),
        site_market=SiteMarket(name="Europe"),
        peeringdb_site_mapping=(PeeringDBSiteMapping(peeringdb_fac_id="58", cdate=_NOON),),
    ),
}
