"""Where a target's Delta tables are, and how the Delta library reaches them.

Both fsspec and the Delta library read the usual environment variables, but not always the same ones, and only
fsspec reads its own configuration files. Its settings are passed on, so that both reach the same place.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from kentik_async.bulk.target.layout import Layout
from kentik_async.errors import ValidationError

__all__ = ["Location", "delta_location", "storage_options"]

Location = tuple[str, dict[str, str]]
"""The folder or URL that holds the tables, and the storage options."""

_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")

_SCHEMES = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "abfs": "az",
    "abfss": "az",
}

_PATIENCE = {
    "connect_timeout": "10s",
    "timeout": "60s",
    "max_retries": "12",
    "retry_timeout": "120s",
    "backoff_config.max_backoff": "2s",
}
"""How long a request may take, and how often it is repeated when the store fails."""

_GIVEN = {
    "s3": {"key": "aws_access_key_id", "secret": "aws_secret_access_key", "token": "aws_session_token"},
    "gs": {"token": "google_service_account"},
    "az": {
        "account_name": "azure_storage_account_name",
        "account_key": "azure_storage_account_key",
        "sas_token": "azure_storage_sas_key",
        "tenant_id": "azure_storage_tenant_id",
        "client_id": "azure_storage_client_id",
        "client_secret": "azure_storage_client_secret",
    },
}
"""fsspec's options that the Delta library has under another name."""


def delta_location(layout: Layout) -> Location:
    """Return the location of the tables of a target.

    Raises:
        ValidationError: The target is a URL or a path that the Delta library cannot use.
    """
    if layout.remote is None:
        # The library decodes such a path in one place and not in another.
        if _ESCAPE.search(str(layout.local)):
            raise ValidationError(f"delta cannot use a path with '%' and two hex digits; got {layout.name}")
        return str(layout.local), {}
    scheme = _SCHEMES.get(layout.remote.url.partition("://")[0])
    if scheme is None:
        raise ValidationError(
            f"delta needs a local folder, s3://, gs:// or az://; got {layout.name}: use store='parquet' there"
        )
    given: Mapping[str, Any] = layout.remote.filesystem.storage_options
    return f"{scheme}://{layout.remote.root}", storage_options(scheme, given, os.environ)


def storage_options(scheme: str, given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the options for the Delta library. Pure.

    Args:
        scheme: "s3", "gs" or "az".
        given: The options of the fsspec file system.
        environment: The environment variables.
    """
    options = dict(_PATIENCE)
    names = _GIVEN[scheme]
    options |= {
        names[name]: value for name, value in given.items() if name in names and isinstance(value, str)
    }
    if scheme == "s3":
        options |= _s3_options(given, environment)
    elif scheme == "az":
        parts = _parts(
            str(given.get("connection_string") or environment.get("AZURE_STORAGE_CONNECTION_STRING", ""))
        )
        options = {**parts, **options}
    return options


def _s3_options(given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    client: Mapping[str, Any] = given.get("client_kwargs") or {}
    endpoint = (
        given.get("endpoint_url")
        or client.get("endpoint_url")
        or environment.get("AWS_ENDPOINT_URL_S3")
        or environment.get("AWS_ENDPOINT_URL")
    )
    region = (
        client.get("region_name") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    )
    options = {}
    if endpoint:
        options["aws_endpoint_url"] = str(endpoint)
        region = region or "us-east-1"  # stores other than Amazon's accept any region, but need one
        if str(endpoint).startswith("http://"):
            options["aws_allow_http"] = "true"
    if region:
        options["aws_region"] = str(region)
    if given.get("anon"):
        options["aws_skip_signature"] = "true"
    return options


def _parts(connection_string: str) -> dict[str, str]:
    """Return what an Azure connection string holds."""
    names = {
        "AccountName": "azure_storage_account_name",
        "AccountKey": "azure_storage_account_key",
        "SharedAccessSignature": "azure_storage_sas_key",
        "BlobEndpoint": "azure_storage_endpoint",
    }
    pairs = (part.partition("=") for part in connection_string.split(";"))
    options = {names[name]: value for name, _, value in pairs if name in names}
    if options.get("azure_storage_endpoint", "").startswith("http://"):
        options["azure_allow_http"] = "true"
    return options
