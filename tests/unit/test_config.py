"""Endpoints, credentials, trust and proxies: valid values, and one clear line for invalid ones."""

import traceback
from pathlib import Path

import pytest

from kentik_async._config import (
    REGIONS,
    Credentials,
    Endpoint,
    Token,
    Trust,
    proxy_for,
    read_authorities,
)
from kentik_async.errors import ConfigError

CANARY = "canary-5f1c0ffee5eed"


@pytest.mark.parametrize(
    ("url", "secure", "authority", "path"),
    [
        ("https://grpc.api.kentik.com:443", True, "grpc.api.kentik.com:443", ""),
        ("https://api.kentik.eu/api/v5/", True, "api.kentik.eu:443", "/api/v5"),
        ("HTTPS://API.Kentik.EU", True, "api.kentik.eu:443", ""),
        ("http://localhost:8080/x", False, "localhost:8080", "/x"),
        ("http://127.0.0.1", False, "127.0.0.1:80", ""),
        ("http://[::1]:50051", False, "[::1]:50051", ""),
    ],
)
def test_endpoints(url: str, secure: bool, authority: str, path: str) -> None:
    endpoint = Endpoint.parse(url, name="rest_endpoint")
    assert (endpoint.secure, endpoint.authority, endpoint.path) == (secure, authority, path)
    assert Endpoint.parse(endpoint.url, name="rest_endpoint") == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.kentik.com",
        "api.kentik.com:443",
        "ftp://api.kentik.com",
        "https://",
        "https://:443",
        "https://host:port",
        "https://host:0",
        "https://host:99999",
        "https://host name",
        "https://host\n",
        "https://[::1",
        "https://user:secret@host",
        "https://host?token=1",
        "https://host#x",
        None,
        7,
        b"https://host",
    ],
)
def test_invalid_endpoints(url: str) -> None:
    with pytest.raises(ConfigError, match="rest_endpoint") as caught:
        Endpoint.parse(url, name="rest_endpoint")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["10.0.0.1", "kentik.example", "0.0.0.0", "127.0.0.1.example", "[::2]"])
def test_plaintext_stays_on_this_machine(host: str) -> None:
    url = f"http://{host}:8080"
    with pytest.raises(ConfigError, match=r"allow_plaintext.*unencrypted"):
        Endpoint.parse(url, name="grpc_endpoint")
    assert not Endpoint.parse(url, name="grpc_endpoint", allow_plaintext=True).secure


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "[::1]"])
def test_plaintext_on_this_machine(host: str) -> None:
    assert Endpoint.parse(f"http://{host}:8080", name="grpc_endpoint").loopback


def test_the_regions_are_the_vendors() -> None:
    assert {name: (region.grpc_endpoint, region.rest_endpoint) for name, region in REGIONS.items()} == {
        "us": ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5"),
        "eu": ("https://grpc.api.kentik.eu:443", "https://api.kentik.eu/api/v5"),
    }


def test_a_token_is_a_text_that_hides_itself() -> None:
    token = Token(CANARY)
    assert token == CANARY
    assert repr(token) == "'***'"
    assert CANARY not in repr({"token": token, "pairs": [("x", token)]})
    assert CANARY not in f"{token!r}"


@pytest.mark.parametrize(
    "email", ["", "  ", None, 7, b"ada@example.com", "ada\n@example.com", "adä@example.com"]
)
def test_invalid_email_addresses(email: str) -> None:
    with pytest.raises(ConfigError, match=r"^email "):
        Credentials.of(email, CANARY)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "  ",
        None,
        7,
        CANARY.encode(),
        CANARY + "\r\nx-admin: 1",
        CANARY + "\n",
        "\x00" + CANARY,
        CANARY + " ",
        CANARY + "é",
        "\N{ZERO WIDTH SPACE}" + CANARY,
    ],
)
def test_an_invalid_token_is_refused_but_not_shown(token: str) -> None:
    with pytest.raises(ConfigError, match=r"^token ") as caught:
        Credentials.of("ada@example.com", token)
    ours = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours.stack[:] = [frame for frame in ours.stack if frame.filename != __file__]
    shown = "".join(ours.format())
    assert "in of" in shown
    assert CANARY not in shown


def test_the_two_headers() -> None:
    credentials = Credentials.of("ada@example.com", CANARY)
    assert credentials.headers() == (
        ("x-ch-auth-email", "ada@example.com"),
        ("x-ch-auth-api-token", CANARY),
    )
    assert CANARY not in repr(credentials) + repr(credentials.headers())


def test_a_text_from_outside_is_scrubbed() -> None:
    assert Credentials.of("ada@example.com", CANARY).scrub(f"bad token {CANARY}!") == "bad token ***!"


class TestAuthorities:
    def test_authorities_of_the_machine_by_default(self) -> None:
        assert read_authorities(None) is None

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"^ca_file '.*absent.pem' cannot be read: No such file"):
            read_authorities(tmp_path / "absent.pem")

    @pytest.mark.parametrize(
        "text",
        ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\xff"],
    )
    def test_a_file_without_certificates(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "ca.pem").write_text(text)
        with pytest.raises(
            ConfigError, match=r"^ca_file '.*ca.pem' contains (no|invalid) PEM certificates.+$"
        ):
            read_authorities(str(tmp_path / "ca.pem"))


class TestProxy:
    REMOTE = Endpoint.parse("https://api.kentik.com", name="rest_endpoint")
    PLAIN = Endpoint.parse("http://kentik.example", name="rest_endpoint", allow_plaintext=True)
    HERE = Endpoint.parse("http://127.0.0.1:1", name="rest_endpoint")

    def test_none_by_default(self) -> None:
        assert proxy_for(self.REMOTE, None) is None

    @pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
    def test_the_environments(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "http://proxy.example:3128")
        assert proxy_for(self.REMOTE, None) == "http://proxy.example:3128"
        assert proxy_for(self.PLAIN, None) is None

    def test_plaintext_has_a_variable_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
        assert proxy_for(self.PLAIN, None) == "http://proxy.example:3128"
        assert proxy_for(self.REMOTE, None) is None

    @pytest.mark.parametrize("excluded", ["api.kentik.com", ".kentik.com", "kentik.com", "a.example, *", "*"])
    def test_no_proxy_names_the_host(self, monkeypatch: pytest.MonkeyPatch, excluded: str) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("NO_PROXY", excluded)
        expected = "http://proxy.example:3128" if excluded == "a.example, *" else None
        assert proxy_for(self.REMOTE, None) == expected

    @pytest.mark.parametrize(
        ("excluded", "bypassed"),
        [
            ("api.kentik.com:443", True),
            ("kentik.com:443", True),
            (".kentik.com:443", True),
            ("*.kentik.com", True),
            ("kentik.com.", True),
            ("api.kentik.com:8443", False),
            ("other.example, api.kentik.com:443", True),
            ("tik.com", False),
            ("API.KENTIK.COM", True),
            ("api.kentik.com:x", False),
            ("", False),
            (",", False),
        ],
    )
    def test_entries_of_no_proxy_may_have_a_port(
        self, monkeypatch: pytest.MonkeyPatch, excluded: str, bypassed: bool
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("NO_PROXY", excluded)
        assert proxy_for(self.REMOTE, None) == (None if bypassed else "http://proxy.example:3128")

    @pytest.mark.parametrize(
        ("url", "excluded"),
        [
            ("https://[fd00::1]:8443", "[fd00::1]:8443"),
            ("https://[fd00::1]", "fd00::1"),
            ("https://10.1.2.3", "10.1.2.3"),
        ],
    )
    def test_entries_of_no_proxy_may_be_addresses(
        self, monkeypatch: pytest.MonkeyPatch, url: str, excluded: str
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("NO_PROXY", excluded)
        assert proxy_for(Endpoint.parse(url, name="rest_endpoint"), None) is None

    @pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy"])
    def test_all_proxy_serves_both_schemes(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "http://all.example:3128")
        assert proxy_for(self.REMOTE, None) == proxy_for(self.PLAIN, None) == "http://all.example:3128"
        monkeypatch.setenv("HTTPS_PROXY", "http://own.example:3128")
        assert proxy_for(self.REMOTE, None) == "http://own.example:3128"
        monkeypatch.setenv("NO_PROXY", "api.kentik.com")
        assert proxy_for(self.REMOTE, None) is None

    def test_an_argument_overrides_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("NO_PROXY", "*")
        assert proxy_for(self.REMOTE, "http://other.example:8080") == "http://other.example:8080"

    def test_an_empty_proxy_means_no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        assert proxy_for(self.REMOTE, "") is None

    def test_this_machine_is_never_reached_through_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        assert proxy_for(self.HERE, "http://proxy.example:3128") is None

    def test_the_port_is_that_of_plain_http(self) -> None:
        assert proxy_for(self.REMOTE, "http://u:p@proxy.example/") == "http://u:p@proxy.example:80"

    def test_the_scheme_may_be_omitted(self) -> None:
        assert proxy_for(self.REMOTE, "proxy.example:3128") == "http://proxy.example:3128"

    @pytest.mark.parametrize(
        "proxy", ["https://proxy.example", "socks5://user:secret@proxy.example", "http://", "http://h:x", 7]
    )
    def test_other_kinds_are_refused(self, proxy: str) -> None:
        with pytest.raises(ConfigError, match=r"^proxy must be a URL such as http://host:port") as caught:
            proxy_for(self.REMOTE, proxy)
        assert "secret" not in str(caught.value)

    def test_other_kinds_are_refused_for_this_machine_too(self) -> None:
        with pytest.raises(ConfigError, match="proxy must be a URL"):
            proxy_for(self.HERE, "ftp://p")

    @pytest.mark.parametrize(
        ("proxy", "url"),
        [
            ("p:", "http://p:80"),
            ("ada@p", "http://ada:@p:80"),
            ("http://ada:x@[::1]:8080", "http://ada:x@[::1]:8080"),
            ("HTTP://p:3128/", "http://p:3128"),
        ],
    )
    def test_the_url_is_the_same_for_all_libraries(self, proxy: str, url: str) -> None:
        assert proxy_for(self.REMOTE, proxy) == url

    def test_a_trust_hides_its_proxy(self) -> None:
        assert "secret" not in repr(Trust(None, "http://user:secret@proxy.example:3128"))
