import json


def test_the_table_names_voice_style_licence_and_author(run_here):
    head, row, *_ = run_here("voices").stdout.splitlines()
    assert head.split()[0] == "name"
    for word in ("mei", "normal", "48000", "CC BY 3.0", "MMDAgent"):
        assert word in row


def test_json_is_for_programs(tmp_path, run_here):
    path = tmp_path / "config.toml"
    path.write_text('[[preset]]\nname = "slow"\nspeed = 1.5\ndescription = "ゆっくり"\n', encoding="utf-8")
    listed = json.loads(run_here("voices", "--json", "--config", str(path)).stdout)
    mei, slow = (next(voice for voice in listed if voice["name"] == name) for name in ("mei", "slow"))
    assert (mei["name"], mei["languages"], mei["styles"], mei["speed"]) == ("mei", ["ja"], ["normal"], 1.0)
    assert (slow["name"], slow["description"], slow["speed"]) == ("slow", "ゆっくり", 1.5)


def test_columns_line_up_under_japanese_labels(tmp_path, run_here):
    path = tmp_path / "config.toml"
    path.write_text('[[preset]]\nname = "slow"\ndescription = "ゆっくり低い声"\n', encoding="utf-8")
    lines = run_here("voices", "--config", str(path)).stdout.splitlines()
    # On a terminal each Japanese character takes two columns.
    places = {len(line[: line.index("ja")].encode("shift_jis")) for line in lines[1:]}
    assert len(places) == 1
