"""What is said to people from where no language is known: English, with what is needed to say it in another one."""

from collections.abc import Mapping


class Said(str):
    """An English text that remembers its words and the facts in them: a language can say it again.

    It is equal to the plain text, prints like it, and travels between processes.
    """

    __slots__ = ("facts", "template")
    template: str
    facts: Mapping[str, object]

    def __new__(cls, template: str, facts: Mapping[str, object]) -> "Said":
        """Put the facts in the places of their names; of facts in both languages the English."""
        in_english = {name: fact.in_language("en") if hasattr(fact, "in_language") else fact
                      for name, fact in facts.items()}  # fmt: skip
        said = super().__new__(cls, template.format(**in_english) if facts else template)
        said.template, said.facts = template, facts
        return said

    def __reduce__(self) -> tuple[type["Said"], tuple[str, Mapping[str, object]]]:
        """Travel with the words and the facts, not with the text alone."""
        return type(self), (self.template, self.facts)


def words(template: str, /, **facts: object) -> Said:
    """Say words in English, with facts in the places of their names; the catalog has them in other languages.

    Facts may be such texts themselves, or a ``Text`` in both languages. Days stay as ISO writes them.
    """
    return Said(template, facts)
