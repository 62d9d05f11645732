"""Generated stubs and servicers over a real grpc.aio connection, one call of each streaming kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import empty_pb2

Load = Callable[[str], Any]


@pytest.fixture(scope="module")
def zoo(load: Load) -> Any:
    return load("zoo.v202601")


@asynccontextmanager
async def serving(
    add: Callable[[Any, grpc.aio.Server], None], servicer: object
) -> AsyncIterator[grpc.aio.Channel]:
    """A server with one servicer, and a channel to it."""
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    add(servicer, server)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


def keeper(zoo: Any, page: type) -> Any:
    """A servicer with a method of each kind."""

    class Zoo(zoo.ZooServiceServicer):
        async def GetAnimal(self, request: Any, context: Any) -> Any:
            sent = dict(context.invocation_metadata())
            return zoo.Animal(
                name=f"{request.id}-{sent.get('x-test')}-{context.time_remaining() is not None}"
            )

        async def WatchAnimals(self, request: Any, context: Any) -> AsyncIterator[Any]:
            for n in range(request.number):
                yield zoo.Animal(legs=n)

        async def CountAnimals(self, request: AsyncIterator[Any], context: Any) -> Any:
            return page(number=len([animal async for animal in request]))

        async def Chat(self, request: AsyncIterator[Any], context: Any) -> None:
            async for animal in request:
                await context.write(zoo.Animal(borrowed_from=animal))

        async def Close(self, request: Any, context: Any) -> Any:
            return request

    return Zoo()


async def test_each_streaming_kind(zoo: Any, load: Load) -> None:
    page = load("core.v202303").Page
    animals = [zoo.Animal(name="a"), zoo.Animal(name="b")]

    async def sent() -> AsyncIterator[Any]:
        for animal in animals:
            yield animal

    async with serving(zoo.add_ZooServiceServicer_to_server, keeper(zoo, page)) as channel:
        stub = zoo.ZooServiceStub(channel)
        got = await stub.GetAnimal(zoo.Cage(id="7"), timeout=60, metadata=(("x-test", "m"),))
        assert got == zoo.Animal(name="7-m-True")
        assert (await stub.get_animal(zoo.Cage(id="8"))).name == "8-None-False"
        assert [animal.legs async for animal in stub.WatchAnimals(page(number=3))] == [0, 1, 2]
        assert (await stub.CountAnimals(iter(animals))).number == 2
        assert (await stub.CountAnimals(sent())).number == 2
        assert [animal.borrowed_from async for animal in stub.Chat(sent())] == animals
        assert await stub.Close(empty_pb2.Empty()) == empty_pb2.Empty()


async def test_what_a_servicer_does_not_define_is_unimplemented(zoo: Any, load: Load) -> None:
    page = load("core.v202303").Page
    async with serving(zoo.add_ZooServiceServicer_to_server, zoo.ZooServiceServicer()) as channel:
        stub = zoo.ZooServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as unary:
            await stub.GetAnimal(zoo.Cage())
        with pytest.raises(grpc.aio.AioRpcError) as stream:
            [animal async for animal in stub.WatchAnimals(page())]
        with pytest.raises(grpc.aio.AioRpcError) as sending:
            await stub.CountAnimals(iter([zoo.Animal()]))
        with pytest.raises(grpc.aio.AioRpcError) as named_import:
            await getattr(stub, "import")(getattr(zoo, "None")())
    for caught in (unary, stream, sending, named_import):
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_service_without_methods(zoo: Any) -> None:
    async with serving(zoo.add_ShutServiceServicer_to_server, zoo.ShutServiceServicer()) as channel:
        assert zoo.ShutServiceStub(channel).METHODS == {}


async def test_an_rpc_named_like_the_facts(load: Load) -> None:
    clash = load("clash.v1")

    class Service(clash.ClashServiceServicer):
        async def METHODS(self, request: Any, context: Any) -> Any:
            return clash._runtime(to_dict="facts")

    async with serving(clash.add_ClashServiceServicer_to_server, Service()) as channel:
        stub = clash.ClashServiceStub(channel)
        assert (await stub.METHODS(clash._types())).to_dict == "facts"
        assert (await stub.methods(clash._types())).to_dict == "facts"
    assert list(clash.ClashServiceStub.METHODS) == ["METHODS", "ListASNs", "GetThing", "get_thing", "link"]


def test_snake_case_names(load: Load) -> None:
    methods = load("clash.v1").ClashServiceStub.METHODS
    python_names = {name: spec.python_name for name, spec in methods.items()}
    assert python_names == {
        "METHODS": "methods",
        "ListASNs": "list_asns",
        "GetThing": "",  # another RPC has the name
        "get_thing": "",
        "link": "",
    }
    methods = load("words.v1").WordsServiceStub.METHODS
    python_names = {name: spec.python_name for name, spec in methods.items()}
    assert python_names == {"GetASN": "", "GetAsn": "", "GetSorted": "get_sorted"}


def test_method_facts(zoo: Any, load: Load) -> None:
    methods = zoo.ZooServiceStub.METHODS
    assert list(methods) == ["GetAnimal", "WatchAnimals", "CountAnimals", "Chat", "Close", "import"]
    facts = {name: (spec.verb, spec.http_path, spec.body) for name, spec in methods.items()}
    assert facts["GetAnimal"] == ("GET", "/zoo/v202601/animals/{id}", "")  # of several bindings the first
    assert facts["CountAnimals"] == ("PATCH", "/zoo/v202601/animals", "name")
    assert facts["Chat"] == ("CHAT", "/zoo/v202601/chat", "")
    assert facts["Close"] == ("", "", "")
    kinds = [spec.kind for spec in methods.values()]
    assert kinds == [
        "unary_unary", "unary_stream", "stream_unary", "stream_stream", "unary_unary", "unary_unary"
    ]  # fmt: skip
    assert methods["WatchAnimals"].path == "/kentik.zoo.v202601.ZooService/WatchAnimals"
    assert methods["WatchAnimals"].request is load("core.v202303").Page
    with pytest.raises(AttributeError):
        methods["Close"].name = "Open"


def test_a_stub_asks_any_channel_as_plain_gencode_does(zoo: Any) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.asked: list[tuple[str, str, Any, Any]] = []

        def __getattr__(self, kind: str) -> Callable[..., str]:
            def make(path: str, *, request_serializer: Any, response_deserializer: Any) -> str:
                self.asked.append((kind, path, request_serializer, response_deserializer))
                return path

            return make

    recorder = Recorder()
    stub = zoo.ZooServiceStub(recorder)
    kind, path, serializer, deserializer = recorder.asked[0]
    assert (kind, path) == ("unary_unary", "/kentik.zoo.v202601.ZooService/GetAnimal")
    assert deserializer(serializer(zoo.Cage(id="1"))) == zoo.Animal(name="1")  # field 1, text, in both
    assert len(recorder.asked) == 6
    assert stub.Chat == "/kentik.zoo.v202601.ZooService/Chat"
