"""Parts of a page that are drawn once for all readers to whom they say the same."""

from django.template import Context, Template
from django.utils import translation

from tandem.ui.keeping import MOST, KeepNode


def drawn(template, **values):
    return template.render(Context(values))


def test_a_part_is_drawn_once_for_the_values_that_it_names():
    template = Template("{% keep who.name %}{{ who.name }} {{ other }}{% endkeep %}|{{ other }}")
    assert drawn(template, who={"name": "Ann"}, other=1) == "Ann 1|1"
    assert drawn(template, who={"name": "Ann"}, other=2) == "Ann 1|2"
    assert drawn(template, who={"name": "Theo"}, other=3) == "Theo 3|3"
    assert drawn(template, who={"name": "<b>"}, other=4) == "&lt;b&gt; 4|4"


def test_the_token_of_a_form_is_always_that_of_the_page():
    template = Template("{% keep 1 %}<form>{% csrf_token %}</form>{% endkeep %}")
    first, second = (drawn(template, csrf_token=token) for token in ("one" * 10, "two" * 10))
    assert 'value="onetwo' not in first
    assert first == second.replace("two" * 10, "one" * 10)
    assert "two" * 10 in second


def test_each_language_has_its_own():
    template = Template("{% keep 1 %}{{ n }}{% endkeep %}")
    with translation.override("en"):
        assert drawn(template, n=1) == "1"
    with translation.override("de"):
        assert drawn(template, n=2) == "2"
    with translation.override("en"):
        assert drawn(template, n=3) == "1"


def test_what_is_kept_has_an_end():
    template = Template("{% keep n %}{{ n }}{% endkeep %}")
    [node] = [one for one in template.nodelist if isinstance(one, KeepNode)]
    for number in range(MOST * 2 + 3):
        assert drawn(template, n=number) == str(number)
        assert len(node.kept) <= MOST
