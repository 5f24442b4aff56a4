from stream.source_paths import source_paths


def test_several_sources_get_a_file_each(tmp_path):
    out = tmp_path / "out.mp4"
    assert source_paths(out, ["left"]) == {"left": out}
    assert source_paths(out, ["left", "right"]) == {
        "left": tmp_path / "out.left.mp4",
        "right": tmp_path / "out.right.mp4",
    }
