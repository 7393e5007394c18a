"""Points with reasons that always sum to them."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.handoff.rules.scoring import USUAL_POINTS, Behaviour, Contribution, score

POINTS = {"form": {"each": 20, "most": 40}, "visit": {"each": 5, "most": 20}}


def test_a_score_is_the_sum_of_its_reasons_strongest_first():
    found = score(
        [
            Contribution("visit", 3, ("v1",)),
            Contribution("form", 1, ("s1",)),
            Contribution("free_mail", 1),
            Contribution("dance", 9),
        ],
        {**POINTS, "free_mail": {"each": -5, "most": 5}},
    )

    assert found.value == 30
    assert [(one.key, one.points, one.count) for one in found.reasons] == [
        ("form", 20, 1),
        ("visit", 15, 3),
        ("free_mail", -5, 1),
    ]


def test_repetitions_count_up_to_the_most():
    assert score([Contribution("visit", 50)], POINTS).value == 20
    assert score([Contribution("x", 50)], {"x": {"each": -2, "most": 10}}).value == -10


def test_small_reasons_are_one():
    seen = [Contribution(str(number), 1, (f"e{number}",)) for number in range(6)]
    found = score(seen, {str(number): {"each": 9 - number} for number in range(6)}, shown=3)

    assert found.value == 9 + 8 + 7 + 6 + 5 + 4
    assert [(one.key, one.points) for one in found.reasons] == [
        ("0", 9), ("1", 8), ("2", 7), ("other", 15),
    ]  # fmt: skip
    assert found.reasons[-1].evidence == ("e3", "e4", "e5")


contributions = st.lists(
    st.builds(Contribution, st.sampled_from([str(one) for one in Behaviour]), st.integers(0, 30)),
    max_size=12,
    unique_by=lambda one: one.behaviour,
)
worth = st.fixed_dictionaries({"each": st.integers(-50, 50), "most": st.integers(1, 60)})


@given(
    contributions, st.dictionaries(st.sampled_from(list(USUAL_POINTS)), worth), st.integers(1, 6)
)
def test_the_reasons_sum_to_the_score_and_to_all_points(seen, points, shown):
    found = score(seen, points, shown=shown)

    assert found.value == sum(one.points for one in found.reasons)
    assert found.value == score(seen, points, shown=100).value
    assert len(found.reasons) <= shown + 1
    assert found == score(list(reversed(seen)), points, shown=shown)
