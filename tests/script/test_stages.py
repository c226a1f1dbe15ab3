"""The tables of a full-size voice's pieces in each form."""

from script.arm64.stages import Measured, Part, best, count_rows

PARTS = [Part("flow", 5e6), Part("decoder 0", 0), Part("decoder 1", 8e6), Part("decoder 2", 4e6)]


def measured(fp32, **forms):
    counts = {"fp32": fp32, "fp32, two dimensions": fp32 + 1, **forms}
    return {name: Measured(1e6 * count, 50.0, 90.0) for name, count in counts.items()}


COUNTS = {
    "flow": measured(50, tensor=20, channel=30, product=10),
    "decoder 0": measured(10),
    "decoder 1": measured(60, tensor=20, channel=25, product=15),
    "decoder 2": measured(30, tensor=20, channel=25, product=40),
}


def rows():
    head, *found = count_rows(PARTS, COUNTS)
    return {row[0]: dict(zip(head, row, strict=True)) for row in found}


def test_a_piece_has_the_count_of_each_form_and_the_form_with_the_least():
    found = rows()
    assert found["flow"]["product"] == "10"
    assert found["flow"]["best"] == "product"
    assert found["decoder 2"]["best"] == "tensor"


def test_a_piece_without_convolutions_for_int8_is_in_fp32():
    row = rows()["decoder 0"]
    assert (row["tensor"], row["best"]) == ("", "fp32")


def test_a_form_that_fails_is_left_blank_and_not_chosen():
    counts = COUNTS | {"decoder 2": {"fp32": COUNTS["decoder 2"]["fp32"]}}
    row = dict(zip(*(count_rows(PARTS, counts)[index] for index in (0, 4)), strict=True))
    assert (row["tensor"], row["best"]) == ("", "fp32")


def test_the_decoder_is_the_sum_of_its_best_pieces_with_the_last_ones_in_fp32():
    found = rows()
    assert found["decoder"]["best"] == "45 (0.45)"
    assert found["decoder, last 1 in fp32"]["best"] == "55 (0.55)"
    assert found["decoder, last 2 in fp32"]["best"] == "100 (1.00)"
    assert found["decoder"]["fp32"] == "100"


def test_only_allowed_forms_are_chosen():
    assert best(COUNTS["decoder 1"], ("fp32", "channel")) == "channel"
