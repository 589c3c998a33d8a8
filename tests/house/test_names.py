"""The check of names that `make lint` runs."""

from tests.house.names import refused


def test_a_hollow_name_is_refused_as_function_as_parameter_and_as_local_of_a_longer_function():
    assert list(refused("def found(): pass")) == [(1, "found", "found")]
    assert list(refused("def read(*, value): pass")) == [(1, "read", "value")]
    long = "def read():\n    for one in rows():\n        a()\n        b()\n        c()\n        d()"
    assert list(refused(long)) == [(1, "read", "one")]


def test_a_hollow_local_of_a_short_function_passes():
    assert not list(refused("def read():\n    for one in rows():\n        a()"))


def test_a_parameter_that_a_library_names_passes_in_its_method_alone():
    assert not list(refused("class Field:\n    def to_python(self, value): return value"))
    assert list(refused("class Field:\n    def to_python(self, obj): return obj")) == [
        (2, "to_python", "obj")
    ]
