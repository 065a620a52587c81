from tests.architecture.duplicates import find

RUN = "\n".join(f"value_{n} = compute({n})" for n in range(12))


def test_a_run_written_twice_is_found_whatever_stands_between_its_lines():
    spaced = RUN.replace("\n", "\n\n# why\n")
    assert len(find({"a.py": RUN, "b.py": f"import os\n{spaced}\n"})) == 1


def test_a_run_written_once_is_no_duplicate():
    assert find({"a.py": RUN, "b.py": "x = 1\n"}) == []
