"""What the guards find of secrets: in the template, in parameters that are shown, in outputs."""

from __future__ import annotations

from typing import Any

import pytest

from heat_templates.lint.secrets import looks_secret
from tests.unit.heat_templates.linting import found, one, server, value


@pytest.mark.parametrize(
    "name", ["password", "admin_pass", "db-passwd", "clusterSecret", "API_KEY", "apikey", "ssh_private_key", "tokens",
             "node_credentials", "$token", "__PASSWORD__", "SPARK_AUTH_SECRET", "DBPassword"],
)  # fmt: skip
def test_names_of_secrets_are_recognised(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["name", "key_name", "keypair", "key_pair", "public_key", "token_url", "password_length", "compass",
             "monkey", "passenger", "hosts", "", "image", "secret_name", "token_ttl"],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert not looks_secret(name)


def test_a_secret_parameter_must_be_hidden_and_have_no_default() -> None:
    shown, hidden = {"type": "string"}, {"type": "string", "hidden": True}
    assert "not hidden" in one({}, parameters={"password": shown}).what
    assert found({}, parameters={"password": hidden}) == []
    assert "has a default" in one({}, parameters={"password": hidden | {"default": "hunter2"}}).what
    assert found({}, parameters={"password": hidden | {"default": ""}}) == []
    keypair = {"type": "string", "constraints": [{"custom_constraint": "nova.keypair"}]}
    assert found({}, parameters={"key": keypair}) == []


def test_what_is_used_as_a_secret_must_be_hidden_whatever_its_name() -> None:
    made = {"a": server(admin_pass={"get_param": "word"})}
    finding = one(made, parameters={"word": {"type": "string"}})
    assert finding.where == "parameters.word"
    assert "resources.a.properties.admin_pass" in finding.what
    assert found(made, parameters={"word": {"type": "string", "hidden": True}}) == []


@pytest.mark.parametrize(
    "properties",
    [
        {"admin_pass": "hunter2"},
        {"admin_pass": 1234},
        {"metadata": {"api_token": "abc"}},
        {"user_data": {"str_replace": {"template": "$password", "params": {"$password": "hunter2"}}}},
        {"user_data": {"str_replace": {"template": "$x", "params": {"$x": {"portal": {"credential": "abc"}}}}}},
        {"user_data": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"},
    ],
)
def test_a_secret_in_the_template_is_found(properties: dict[str, Any]) -> None:
    assert one({"a": server(**properties)}).what in (
        "a secret stands in the template",
        "a private key stands in the template",
    )


def test_what_only_looks_like_a_secret_passes() -> None:
    key = {
        "type": "OS::Nova::KeyPair",
        "properties": {"name": "k", "public_key": "ssh-rsa AAAA", "save_private_key": True},
    }
    tags = value([{"key": "department", "value": "physics"}])
    asked = server(key_name="k", admin_pass=None, metadata={"token": {"get_attr": ["random", "value"]}})
    random = {"type": "OS::Heat::RandomString", "properties": {"length": 32}}
    assert found({"key": key, "tags": tags, "a": asked, "random": random}) == []


@pytest.mark.parametrize(
    "shown",
    [
        {"get_param": "word"},
        {"get_param": ["word", "part"]},
        {"str_replace": {"template": "the word is $w", "params": {"$w": {"get_param": "word"}}}},
        {"get_attr": ["random", "value"]},
        {"get_attr": ["handle", "token"]},
        {"get_attr": ["handle", "curl_cli"]},
        {"get_attr": ["key", "private_key"]},
        {"get_attr": ["indirect", "value"]},
    ],
)
def test_an_output_that_shows_a_secret_is_found(shown: Any) -> None:
    resources = {
        "random": {"type": "OS::Heat::RandomString"},
        "handle": {"type": "OS::Heat::WaitConditionHandle"},
        "key": {"type": "OS::Nova::KeyPair", "properties": {"name": "k"}},
        "direct": value({"get_param": "word"}),
        "indirect": value({"get_attr": ["direct", "value"]}),
        "itself": value({"get_attr": ["itself", "value"]}),
    }
    parameters = {"word": {"type": "string", "hidden": True}}
    assert one(resources, parameters=parameters, outputs={"o": {"value": shown}}).what.startswith("the output shows")
    open_output = {"o": {"value": [{"get_attr": ["itself", "value"]}, {"get_attr": ["handle", "endpoint"]}]}}
    assert found(resources, parameters=parameters, outputs=open_output) == []
