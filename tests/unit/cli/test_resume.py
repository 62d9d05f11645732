"""The command that a pull prints for resuming it."""

from kentik_async.cli.pulls.resume import resume_command

LINE = ["kmi", "pull", "rankings", "data", "--profile", "a", "--markets", "western europe", "--profile=b"]


def test_the_same_command_is_quoted_for_a_shell() -> None:
    assert resume_command(["kmi", "pull", "all", "my data"]) == "kentik-async kmi pull all 'my data'"


def test_one_of_several_customers_resumes_alone() -> None:
    assert (
        resume_command(LINE, target="data", own_target="data/b", profile="b")
        == "kentik-async kmi pull rankings data/b --markets 'western europe' --profile b"
    )


def test_an_ambiguous_target_resumes_all_customers() -> None:
    line = [*LINE, "--ca-file", "data"]
    assert resume_command(line, target="data", own_target="data/b", profile="b").endswith(
        "--markets 'western europe' --profile=b --ca-file data"
    )
