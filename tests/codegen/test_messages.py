"""Generated messages: every kind of field, type and file that a schema may contain."""

from __future__ import annotations

import copy
import inspect
import pickle
import shutil
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from codegen.__main__ import main
from tests.codegen.support import run_python

Load = Callable[[str], Any]


@pytest.fixture(scope="module")
def zoo(load: Load) -> Any:
    return load("zoo.v202601")


def full_animal(zoo: Any) -> Any:
    """An animal with every kind of field set."""
    habitat = zoo.Animal.Habitat(
        climate="CLIMATE_WARM",
        zone=zoo.Animal.Habitat.Zone(name="north", climates=[1, 2]),
        zones={"south": zoo.Animal.Habitat.Zone(name="south")},
    )
    animal = zoo.Animal(
        name="leo",
        legs=0,
        habitat=habitat,
        zones=[zoo.Animal.Habitat.Zone(name="east")],
        diet=zoo.DIET_MEAT,
        diets=["DIET_MEAT", 1],
        first_diet=0,
        borrowed_from=zoo.Animal(name="lea"),
        free=False,
        labels={"a": "b"},
        diet_by_year={-2024: zoo.DIET_LEAVES},
        friends={True: zoo.Animal(name="tim")},
        born=timestamp_pb2.Timestamp(seconds=1),
        nickname=wrappers_pb2.StringValue(value="l"),
        ratings=[wrappers_pb2.UInt32Value(value=5)],
        unpacked=[-1, 2],
        packed=[1, 2**63],
        weight=1.5,
        exact_weight=1e300,
        dna=b"\x00\xff",
        offset=-7,
    )
    animal.places["lair"].latitude = 48.1
    animal.naps.FromSeconds(3)
    animal.notes.update({"k": [1, None, True]})
    animal.any_value.CopyFrom(struct_pb2.Value(bool_value=True))
    animal.anything.Pack(timestamp_pb2.Timestamp(seconds=2))
    animal.mask.FromJsonString("name,diet")
    animal.place.longitude = 11.6
    animal.status.message = "asleep"
    animal.page.number = 4
    return animal


def test_every_kind_of_field_survives_the_wire_and_json(zoo: Any) -> None:
    animal = full_animal(zoo)
    assert zoo.Animal.FromString(animal.SerializeToString()) == animal
    assert json_format.Parse(json_format.MessageToJson(animal), zoo.Animal()) == animal
    unset = {field.name for field in zoo.Animal.DESCRIPTOR.fields} - {f.name for f, _ in animal.ListFields()}
    assert unset == {"roar", "recording", "cage"}  # the oneof members that were overwritten


def test_presence_and_oneofs(zoo: Any) -> None:
    animal = zoo.Animal(legs=0, roar="")
    assert animal.HasField("legs")
    assert not zoo.Animal().HasField("legs")
    assert animal.WhichOneof("sound") == "roar"
    animal.recording = b"x"
    assert animal.WhichOneof("sound") == "recording"
    assert animal.WhichOneof("home") is None
    with pytest.raises(ValueError, match="presence"):
        animal.HasField("name")


def test_enums_are_int_enums(zoo: Any) -> None:
    diet = zoo.Diet(zoo.Animal(diet=2).diet)
    assert diet is zoo.Diet.DIET_MEAT is zoo.DIET_MEAT
    assert isinstance(diet, IntEnum)
    assert (diet.name, diet, zoo.Animal(diet=diet).diet) == ("DIET_MEAT", 2, 2)
    assert zoo.Diet.DIET_LEAVES is zoo.Diet.DIET_PLANTS  # an alias
    assert zoo.Diet.__doc__.startswith("What an animal eats.")
    climate = zoo.Animal.Habitat.Climate
    assert zoo.Animal.Habitat.CLIMATE_WARM is climate.CLIMATE_WARM
    assert getattr(zoo.Animal.Habitat, "None") == 2
    assert pickle.loads(pickle.dumps(climate.CLIMATE_WARM)) is climate.CLIMATE_WARM
    assert zoo.Animal(diet=99).diet == 99  # open: unknown values of a newer server are kept


def test_enums_have_the_methods_of_wrappers(zoo: Any) -> None:
    assert zoo.Diet.Name(2) == "DIET_MEAT"
    assert zoo.Diet.Value("DIET_LEAVES") is zoo.Diet.DIET_PLANTS
    assert zoo.Animal.Habitat.Climate.keys() == ["CLIMATE_UNSPECIFIED", "CLIMATE_WARM", "None"]
    assert dict(zoo.Diet.items()) == dict(zip(zoo.Diet.keys(), zoo.Diet.values(), strict=True))
    assert zoo.Diet.DESCRIPTOR.values_by_name["DIET_MEAT"].number == 2
    with pytest.raises(ValueError, match="Diet has no value 'MEAT'; it has DIET_UNSPECIFIED"):
        zoo.Diet.Value("MEAT")
    with pytest.raises(ValueError, match="99"):
        zoo.Diet.Name(99)


def test_dictionaries(zoo: Any) -> None:
    animal = full_animal(zoo)
    for names in (False, True):
        assert zoo.Animal.from_dict(animal.to_dict(json_names=names)) == animal
    small = zoo.Animal(name="leo", diet=zoo.DIET_MEAT, packed=[2**63])
    assert small.to_dict() == {"name": "leo", "diet": "DIET_MEAT", "packed": [str(2**63)]}
    assert small.to_dict(json_names=True)["animalName"] == "leo"
    assert zoo.Animal.from_dict({"new": 1, "name": "x"}, ignore_unknown_fields=True).name == "x"
    with pytest.raises(json_format.ParseError, match="new"):
        zoo.Animal.from_dict({"new": 1})


def test_docstrings(zoo: Any, load: Load) -> None:
    assert zoo.Animal.__doc__ == (
        'An animal.\n\nIt says "hello" with a back\\slash.\n\nAttributes:\n    name: What it is called.'
    )
    assert zoo.Animal.Habitat.__doc__ == "How it lives."
    stub = zoo.ZooServiceStub
    assert inspect.getdoc(stub).endswith("Everything that streams, and everything that does not.")
    assert stub.GetAnimal.__doc__ == stub.get_animal.__doc__
    assert stub.get_animal.__doc__ == "Asks once, answers once.\n\nTakes Cage, returns Animal."
    assert stub.Chat.__doc__ == "Takes a stream of Animal, returns a stream of Animal."
    with pytest.raises(TypeError, match="must be called on an instance of ZooServiceStub"):
        stub.GetAnimal(None, None)


def test_maps_stay_maps(zoo: Any) -> None:
    animal = zoo.Animal()
    animal.labels["k"] = "v"
    assert dict(animal.labels) == {"k": "v"}
    assert zoo.Animal.DESCRIPTOR.fields_by_name["labels"].message_type.GetOptions().map_entry


def test_wire_details_are_kept(zoo: Any) -> None:
    assert zoo.Animal(unpacked=[1, 2]).SerializeToString() == b"\xe0\x01\x02\xe0\x01\x04"
    assert json_format.MessageToDict(zoo.Animal(name="x")) == {"animalName": "x"}


def test_classes_know_where_they_are(zoo: Any) -> None:
    zone = zoo.Animal.Habitat.Zone
    assert (zone.__module__, zone.__qualname__) == ("zootree.zoo.v202601", "Animal.Habitat.Zone")
    assert type(full_animal(zoo).zones[0]) is zone


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(zoo: Any, protocol: int) -> None:
    animal = full_animal(zoo)
    for message in (animal, animal.habitat, animal.zones[0], animal.place):
        again = pickle.loads(pickle.dumps(message, protocol))
        assert (again, type(again)) == (message, type(message))


def test_copying(zoo: Any) -> None:
    zone = zoo.Animal.Habitat.Zone(name="z")
    assert copy.copy(zone) == zone
    assert copy.deepcopy(zone) == zone
    assert copy.deepcopy(zone) is not zone


def test_a_fresh_process_reads_pickled_nested_messages(zoo: Any, tree: Path) -> None:
    data = pickle.dumps(zoo.Animal.Habitat.Zone(name="north"))
    shown = run_python(f"import pickle; m = pickle.loads({data!r}); print(type(m), m.name)", tree.parent)
    assert shown == "<class 'zootree.zoo.v202601.Animal.Habitat.Zone'> north\n"


def test_words_of_python_as_names(zoo: Any) -> None:
    awkward = zoo.Awkward(**{"from": "a", "class": ["b"], "self": "c", "None": ""})
    assert getattr(awkward, "from") == "a"
    assert list(getattr(awkward, "class")) == ["b"]
    assert awkward.self == "c"
    assert awkward.HasField("None")
    assert getattr(zoo, "None")(yes=True).yes


def test_names_that_clash(zoo: Any, load: Load) -> None:
    clash = load("clash.v1")
    message = clash.Message(
        animal=clash.Animal(animal=clash.Animal.Animal(name="inner")),
        other_animal=zoo.Animal(name="other"),
        timestamp=clash.Timestamp(str=1),
        other_timestamp=timestamp_pb2.Timestamp(seconds=2),
        values={"k": clash.ClassVar.Value("ZERO")},
    )
    assert clash.Message.FromString(message.SerializeToString()) == message
    assert clash.str(nested=[clash.str()]).nested[0] == clash.str()


def test_private_names_that_clash(load: Load) -> None:
    clash = load("clash.v1")
    inner = clash._runtime(to_dict="field")
    assert inner.to_dict == "field"
    assert clash._runtime.from_dict() == clash._runtime.from_dict()
    message = clash._types(_google__type=inner)
    assert clash._types.FromString(message.SerializeToString()) == message
    assert (clash.Mapping.name, clash.Mapping.keys, clash.mro, clash._private_) == (1, 2, 3, -1)


def test_words_of_python_as_values(load: Load) -> None:
    words = load("words.v1")
    assert (words.Part.real, words.Part.to_bytes, words.DESCRIPTOR, words.ValueType) == (1, 4, 5, 6)
    assert words.Part.DESCRIPTOR.values_by_name["DESCRIPTOR"].number == 5
    message = words.Sorted(self="a", _self="b", method=words.Sorted.from_dict, part=words.real)
    assert (words.Sorted.to_dict, words.Sorted.METHOD_FAST) == (0, 4)
    assert words.Sorted.DESCRIPTOR.name == "Sorted"
    assert words.Sorted.FromString(message.SerializeToString()) == message


def test_files_of_one_package_are_one_module(zoo: Any) -> None:
    assert zoo.Cage.DESCRIPTOR.file.name != zoo.Animal.DESCRIPTOR.file.name
    assert zoo.Cage.__module__ == zoo.Animal.__module__


def test_a_package_inside_a_package(zoo: Any, load: Load) -> None:
    keeper = load("zoo.v202601.keepers").Keeper(cages=[zoo.Cage(id="1")])
    assert type(keeper.cages[0]) is zoo.Cage


@pytest.mark.parametrize("first", ["left.v1", "right.v1"])
def test_packages_that_use_each_other(tree: Path, first: str) -> None:
    second = {"left.v1": "right.v1", "right.v1": "left.v1"}[first]
    code = f"""
        import zootree.{first}, zootree.{second}, pickle
        left, right = zootree.left.v1, zootree.right.v1
        both = left.Both(left=left.Left(name="a"), right=right.Right(left=left.Left(name="b")))
        assert pickle.loads(pickle.dumps(both.right)) == both.right
        print(left.BothServiceStub.METHODS["Join"].request is right.Right)
    """
    assert run_python("\n".join(line.strip() for line in code.splitlines()), tree.parent) == "True\n"


def test_the_older_syntax(load: Load) -> None:
    old = load("old.v1")
    message = old.Old(id="a")
    assert message.count == 7
    assert not message.HasField("count")
    message.part.text = "t"
    assert message.SerializeToString() == b"\x0a\x01a\x23\x0a\x01t\x24"
    assert not old.Old().IsInitialized()


def test_a_file_without_a_package(load: Load) -> None:
    hello = load("helloworld.v1")
    assert hello.HelloWorldStub.METHODS["Greet"].path == "/HelloWorld/Greet"
    assert hello.Hello(to=load("lambda_.v1").Lambda()).HasField("to")


def test_a_package_is_taken_along_whole(load: Load) -> None:
    assert load("google.type").MONDAY == 1  # a file that no API imports: a later run might need it


def test_options_are_not_registered(tree: Path) -> None:
    assert not (tree / "quiet").exists()  # it contained only options
    assert not (tree / "google" / "api").exists()
    for path in tree.rglob("descriptors.binpb"):
        for file in FileDescriptorSet.FromString(path.read_bytes()).file:
            assert all(name.startswith(("kentik_async/", "google/protobuf/")) for name in file.dependency)
            assert not any("descriptor.proto" in name for name in file.dependency)
            assert not any(ext.extendee.startswith(".google.protobuf") for ext in file.extension)
            assert not file.HasField("options")
            assert not file.HasField("source_code_info")


def test_descriptors_are_small() -> None:
    root = Path(__file__).resolve().parents[2] / "kentik_async" / "_generated"
    sizes = [path.stat().st_size for path in root.rglob("descriptors.binpb")]
    assert sizes
    assert max(sizes) < 4096


def test_files_of_one_name_and_package_in_two_folders(checkout: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema"
    shutil.copytree(checkout, schema)
    for folder in ("one", "two"):
        path = schema / "proto" / "kentik" / folder / "same.proto"
        path.parent.mkdir()
        path.write_text(f'syntax = "proto3"; package kentik.split.v1; message {folder.title()} {{}}\n')
    assert main(["--schema", str(schema), "--out", str(tmp_path / "splittree")]) == 0
    code = "from splittree.split import v1; print(v1.One.DESCRIPTOR.file.name, v1.Two.DESCRIPTOR.file.name)"
    names = run_python(code, tmp_path).split()
    assert names == [
        "kentik_async/splittree/split/v1/same.proto",
        "kentik_async/splittree/split/v1/same_2.proto",
    ]
