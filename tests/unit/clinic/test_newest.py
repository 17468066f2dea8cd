"""The last record's hash, which many phones that ask at once share for a twentieth of a second."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from clinic.feeds import views
from clinic.feeds.views import Newest


@dataclass
class Counted:
    """A store that counts how often it is asked."""

    name: str
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> Any:
        return SimpleNamespace(shown=self.name)

    def newest(self) -> str:
        self.asked.append(self.name)
        return f"{self.name} {len(self.asked)}"


def test_it_is_looked_up_again_after_a_twentieth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    store, newest = Counted("one"), Newest()

    def at(seconds: float) -> str:
        monkeypatch.setattr(views, "monotonic", lambda: seconds)
        return newest.look(cast("Any", store))

    assert [at(100.0), at(100.049), at(100.051), at(100.1), at(100.102)] == [
        "one 1",
        "one 1",
        "one 2",
        "one 2",
        "one 3",
    ]


def test_another_store_is_never_answered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "monotonic", lambda: 100.0)
    newest = Newest()

    assert [newest.look(cast("Any", Counted(name))) for name in ("one", "two", "one")] == ["one 1", "two 1", "one 1"]
