import copy
import json

import jsonschema
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from configs import shipped
from stream.commands.schema import schema
from stream.records import from_json, json_schema, to_json

KINDS = ["session", "reading", "reading", "transcript", "gap", "event", "status", "summary"]


@pytest.fixture(scope="module")
def validator():
    published = json.loads(shipped("subface.reading-1.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(published)
    return Draft202012Validator(published, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.fixture
def reading(samples):
    return json.loads(to_json(samples.reading()))


def test_the_shipped_schema_is_the_generated_one(capsys):
    assert schema() == 0
    printed = capsys.readouterr().out
    assert printed == shipped("subface.reading-1.schema.json").read_text(encoding="utf-8")
    assert json.loads(printed) == json_schema()


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_every_kind_of_record_round_trips_and_validates(samples, validator, index):
    record = samples.every_kind()[index]
    line = to_json(record)
    assert b"\n" not in line
    decoded = json.loads(line)
    assert decoded["kind"] == KINDS[index]
    assert decoded["schema"] == "subface.reading/1"
    validator.validate(decoded)
    assert from_json(line) == record


def test_every_kind_in_the_schema_has_a_sample(samples):
    kinds = {variant["$ref"].rsplit("/", 1)[1] for variant in json_schema()["oneOf"]}
    assert kinds == {type(record).__name__ for record in samples.every_kind()}


def change(record, path, value):
    changed = copy.deepcopy(record)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("mood",), "good", id="an unknown field"),
        pytest.param(("surface", "mood"), "good", id="an unknown field inside"),
        pytest.param(("surface", "label"), "contempt", id="a wrong label"),
        pytest.param(("surface", "probabilities", "contempt"), 0.1, id="a wrong class"),
        pytest.param(("surface", "valence"), 1.2, id="a valence beyond 1"),
        pytest.param(("abstained", "surface"), "shy", id="an unknown reason"),
        pytest.param(("at", "published"), "23/11/2026", id="a time that is none"),
        pytest.param(("at", "published"), "2026-11-23T10:20:30+01:00", id="a time not in UTC"),
        pytest.param(("id",), "42", id="an id that is no ULID"),
        pytest.param(("kind",), "rumour", id="an unknown kind"),
        pytest.param(("seq",), -1, id="a negative count"),
        pytest.param(("latency_ms", "total"), "fast", id="a text for a number"),
    ],
)
def test_what_is_not_of_the_schema_is_refused(reading, validator, path, value):
    wrong = change(reading, path, value)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(wrong)
    with pytest.raises(ValidationError):
        from_json(json.dumps(wrong))


@pytest.mark.parametrize("field", ["kind", "schema", "id", "surface", "policy"])
def test_a_record_names_its_schema_its_kind_and_all_else(reading, validator, field):
    del reading[field]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(reading)


def test_every_field_that_is_no_plain_name_is_explained_or_typed():
    silent = [
        f"{name}.{field}"
        for name, record in json_schema()["$defs"].items()
        for field, its in record["properties"].items()
        if its.get("type") == "string" and not its.keys() & {"description", "pattern", "enum"}
    ]
    bare = {"source", "name", "profile", "edge", "person_id", "schema", "kind", "type"}
    assert [field for field in silent if field.rsplit(".", 1)[1] not in bare] == []
