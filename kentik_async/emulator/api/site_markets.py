"""Handlers of the five site market calls of API v6: from the request message to the serialized answer."""

from kentik_async._generated.site import v202509 as pb
from kentik_async.emulator.world.state import EmulatorState

__all__ = ["create_market", "delete_market", "get_market", "list_markets", "update_market"]


def list_markets(state: EmulatorState, customer: str, request: pb.ListSiteMarketsRequest) -> bytes:
    """Answer ListSiteMarkets."""
    del request
    details = state.customer_data(customer).details
    markets = [details.market(market_id) for market_id in details.markets]
    return pb.ListSiteMarketsResponse(site_markets=markets).SerializeToString()


def get_market(state: EmulatorState, customer: str, request: pb.GetSiteMarketRequest) -> bytes:
    """Answer GetSiteMarket.

    Raises:
        AnswerError: There is no such site market.
    """
    market = state.customer_data(customer).details.market(request.id)
    return pb.GetSiteMarketResponse(site_market=market).SerializeToString()


def create_market(state: EmulatorState, customer: str, request: pb.CreateSiteMarketRequest) -> bytes:
    """Answer CreateSiteMarket.

    Raises:
        AnswerError: The name is blank or in use.
    """
    wanted = request.site_market
    market = state.customer_data(customer).details.create_market(wanted.name, wanted.description)
    return pb.CreateSiteMarketResponse(site_market=market).SerializeToString()


def update_market(state: EmulatorState, customer: str, request: pb.UpdateSiteMarketRequest) -> bytes:
    """Answer UpdateSiteMarket, which replaces both the name and the description.

    Raises:
        AnswerError: There is no such site market, or the name is blank or in use.
    """
    wanted = request.site_market
    details = state.customer_data(customer).details
    market = details.update_market(wanted.id, wanted.name, wanted.description)
    return pb.UpdateSiteMarketResponse(site_market=market).SerializeToString()


def delete_market(state: EmulatorState, customer: str, request: pb.DeleteSiteMarketRequest) -> bytes:
    """Answer DeleteSiteMarket.

    Raises:
        AnswerError: There is no such site market, or it has sites.
    """
    state.customer_data(customer).details.delete_market(request.id)
    return pb.DeleteSiteMarketResponse().SerializeToString()
