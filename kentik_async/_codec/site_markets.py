"""Encodes requests and decodes responses about site markets, API v6 (SiteService v202509)."""

from collections.abc import Callable, Mapping
from typing import Any, SupportsIndex

from msgspec import structs

from kentik_async._codec._changes import Checks, change_of, encoded, optional_text
from kentik_async._codec._values import from_timestamp, parse
from kentik_async._generated.site import v202509 as messages
from kentik_async._validation import valid_name, valid_object_id
from kentik_async.errors import DecodeError, ValidationError
from kentik_async.models import SiteMarket, SiteMarketList

__all__ = [
    "change",
    "clear_server_fields",
    "decode_create",
    "decode_delete",
    "decode_get",
    "decode_list",
    "decode_stored",
    "decode_update",
    "encode_create",
    "encode_delete",
    "encode_get",
    "encode_list",
    "encode_replace",
    "encode_update",
    "market_message",
    "market_model",
    "writable",
]

_OWNER = "a site market"
_CHECKS: Checks = {"name": valid_name, "description": optional_text}


def encode_list() -> bytes:
    """Encode the request for all site markets."""
    return messages.ListSiteMarketsRequest().SerializeToString()


def decode_list(raw: bytes) -> SiteMarketList:
    """Decode all site markets, in the server's order.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    response = parse(messages.ListSiteMarketsResponse, raw, "the list of site markets")
    markets = [market_model(market) for market in response.site_markets]
    return SiteMarketList(markets, invalid_count=response.invalid_count)


def encode_get(id: str | SupportsIndex) -> bytes:
    """Encode the request for one site market.

    Raises:
        ValidationError: The id is invalid.
    """
    return messages.GetSiteMarketRequest(id=valid_object_id(id, _OWNER)).SerializeToString()


def decode_get(raw: bytes) -> SiteMarket:
    """Decode the requested site market.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site market.
    """
    return market_model(decode_stored(raw))


def decode_stored(raw: bytes) -> messages.SiteMarket:
    """Decode the requested site market as a message, which keeps fields that this SDK does not know.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site market.
    """
    return _market_in(parse(messages.GetSiteMarketResponse, raw, "the site market"))


def encode_create(market: SiteMarket) -> bytes:
    """Encode the request that creates a site market; its id is not sent.

    Raises:
        ValidationError: A field is invalid.
    """
    return messages.CreateSiteMarketRequest(site_market=_new_market(market)).SerializeToString()


def decode_create(raw: bytes) -> SiteMarket:
    """Decode the created site market.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site market.
    """
    return market_model(_market_in(parse(messages.CreateSiteMarketResponse, raw, "the created site market")))


def encode_replace(market: SiteMarket) -> bytes:
    """Encode the request that replaces a site market.

    Raises:
        ValidationError: The id is missing, or a field is invalid.
    """
    message = _new_market(market)
    message.id = valid_object_id(market.id or "", _OWNER)
    return messages.UpdateSiteMarketRequest(site_market=message).SerializeToString()


def change(changes: Mapping[str, Any]) -> Callable[[messages.SiteMarket], messages.SiteMarket]:
    """Check new values of some fields and return the function that sets them in a copy of a site market.

    Raises:
        ValidationError: A field does not exist, or a value is invalid.
    """
    return change_of(messages.SiteMarket, _CHECKS, changes)


def encode_update(market: messages.SiteMarket) -> bytes:
    """Encode the request that replaces a site market with a changed one."""
    request = messages.UpdateSiteMarketRequest(site_market=market)
    clear_server_fields(request.site_market)
    return request.SerializeToString()


def decode_update(raw: bytes) -> SiteMarket:
    """Decode the site market after the update.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site market.
    """
    return market_model(_market_in(parse(messages.UpdateSiteMarketResponse, raw, "the updated site market")))


def encode_delete(id: str | SupportsIndex) -> bytes:
    """Encode the request that deletes a site market.

    Raises:
        ValidationError: The id is invalid.
    """
    return messages.DeleteSiteMarketRequest(id=valid_object_id(id, _OWNER)).SerializeToString()


def decode_delete(raw: bytes) -> None:
    """Check the response to a deletion, which has no content.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    parse(messages.DeleteSiteMarketResponse, raw, "the response to the deletion")


def market_message(market: SiteMarket, field: str) -> messages.SiteMarket:
    """Return the message of a site market as it is sent, with its id if it has one.

    Args:
        market: The site market.
        field: The argument's name in errors.

    Raises:
        ValidationError: A field is invalid.
    """
    if not isinstance(market, SiteMarket):
        raise ValidationError(f"{field} must be a SiteMarket; got {type(market).__name__}")
    prefix = "" if field == "market" else f"{field}."
    message = messages.SiteMarket(
        **encoded(_CHECKS, {name: getattr(market, name) for name in _CHECKS}, prefix)
    )
    if market.id is not None:
        message.id = valid_object_id(market.id, _OWNER, f"{prefix}id")
    return message


def market_model(market: messages.SiteMarket) -> SiteMarket:
    """Return the model of a site market."""
    return SiteMarket(
        id=market.id or None,
        name=market.name,
        description=market.description,
        number_of_sites=market.number_of_sites,
        cdate=from_timestamp(market.cdate) if market.HasField("cdate") else None,
        edate=from_timestamp(market.edate) if market.HasField("edate") else None,
    )


def clear_server_fields(market: messages.SiteMarket) -> None:
    """Remove the fields that only the server sets, except for the id."""
    for name in ("number_of_sites", "cdate", "edate"):
        market.ClearField(name)


def writable(market: SiteMarket) -> SiteMarket:
    """Return a site market without the values that only the server sets, except for the id."""
    return structs.replace(market, number_of_sites=0, cdate=None, edate=None)


def _new_market(market: SiteMarket) -> messages.SiteMarket:
    message = market_message(market, "market")
    message.ClearField("id")
    return message


def _market_in(
    response: messages.GetSiteMarketResponse
    | messages.CreateSiteMarketResponse
    | messages.UpdateSiteMarketResponse,
) -> messages.SiteMarket:
    if not response.HasField("site_market"):
        raise DecodeError(
            f"the response has no site market: the field site_market of {type(response).__name__} is missing"
        )
    return response.site_market
