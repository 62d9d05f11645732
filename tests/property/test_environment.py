"""Any file in the place of a profile gives settings, or one clear line that does not show its content."""

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kentik_async._environment import settings_from
from kentik_async.errors import ConfigError

CANARY = "canary-5f1c0ffee5eed"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PROFILES = st.dictionaries(
    st.sampled_from(["email", "api-key", "token", "region", "grpc-endpoint", "customer", "other"]), JSON
).map(lambda document: json.dumps({**document, "api-key": CANARY}).encode())


@given(raw=st.binary(max_size=200) | PROFILES)
def test_any_profile(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "default")
        path.write_bytes(raw)
        path.chmod(0o600)
        try:
            settings, complaint = settings_from("default", {"KTAPI_HOME": folder}, Path(folder)), None
        except ConfigError as error:
            settings, complaint = {}, str(error)
    assert all(isinstance(value, str) for value in settings.values())
    assert CANARY not in repr(settings)
    if complaint is not None:
        assert complaint.startswith("profile 'default': ")
        assert "\n" not in complaint
        assert CANARY not in complaint
