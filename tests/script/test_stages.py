"""The tables of a full-size voice's pieces in each form, and the pieces themselves."""

import numpy as np

from script.arm64.stages import FullVoice, Measured, Part, cleanest, count_rows, least, likeness, write_pieces
from tests.support import TINY_REPO

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
    assert found["flow"]["least"] == "product"
    assert found["decoder 2"]["least"] == "tensor"


def test_a_piece_without_convolutions_for_int8_is_in_fp32():
    row = rows()["decoder 0"]
    assert (row["tensor"], row["least"], row["cleanest worth it"]) == ("", "fp32", "fp32")


def test_a_form_that_fails_is_left_blank_and_not_chosen():
    counts = COUNTS | {"decoder 2": {"fp32": COUNTS["decoder 2"]["fp32"]}}
    row = dict(zip(*(count_rows(PARTS, counts)[index] for index in (0, 4)), strict=True))
    assert (row["tensor"], row["least"], row["cleanest worth it"]) == ("", "fp32", "fp32")


def test_the_decoder_is_the_sum_of_its_pieces_in_their_best_forms_with_the_last_ones_in_fp32():
    found = rows()
    assert found["decoder"]["least"] == "45 (0.45)"
    assert found["decoder, last 1 in fp32"]["least"] == "55 (0.55)"
    assert found["decoder, last 2 in fp32"]["least"] == "100 (1.00)"
    assert found["decoder"]["fp32"] == "100"


def test_the_whole_is_the_sum_of_all_pieces_with_the_last_one_in_fp32():
    row = rows()["all, last 1 in fp32"]
    assert (row["fp32"], row["least"]) == ("150", "65 (0.43)")


def test_a_form_with_less_noise_is_preferred_to_one_that_is_little_faster():
    forms = measured(100, tensor=58, channel=60, product=62)
    assert (least(forms), cleanest(forms)) == ("tensor", "product")
    assert cleanest(measured(100, tensor=50, channel=60, product=110)) == "channel"


def test_machines_may_differ_by_less_than_the_noise_of_int8():
    assert Measured(1.0, to_fp32=45.0, to_here=300.0).is_as_here
    assert Measured(1.0, to_fp32=20.0, to_here=31.0).is_as_here
    assert not Measured(1.0, to_fp32=45.0, to_here=46.0).is_as_here


def test_machines_may_differ_in_fp32_by_the_order_of_sums_only():
    assert Measured(1.0, to_fp32=129.0, to_here=129.0).is_as_here
    assert not Measured(1.0, to_fp32=70.0, to_here=70.0).is_as_here


def test_pieces_of_a_voice_with_sub_bands_are_written_with_what_they_take_and_make(tmp_path):
    voice = FullVoice.of(TINY_REPO.parent / "piper" / "piper-plus")
    parts = write_pieces(voice, tmp_path)
    assert [part.name for part in parts] == ["encoder", "flow", *(f"decoder {depth}" for depth in range(5))]
    assert {part.name: bool(part.work) for part in parts if part.work} == dict.fromkeys(
        ("flow", "decoder 1", "decoder 2"), True
    )
    forms = {part.name: sorted(path.stem for path in (tmp_path / part.name).glob("*.onnx")) for part in parts}
    assert forms["encoder"] == ["fp32"]
    assert forms["decoder 2"] == ["channel", "fp32", "fp32, two dimensions", "product", "tensor"]
    made = {form: np.load(tmp_path / "decoder 2" / f"{form}.npy") for form in ("fp32", "product")}
    assert 10 < likeness(made["product"], made["fp32"]) < 80
