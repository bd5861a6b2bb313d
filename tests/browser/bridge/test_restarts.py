"""How often a polyfill may lose its footing (ours)."""

from polyhost.browser.bridge.restarts import CRASHES, CRASHES_IN_A_ROW, NAVIGATIONS_IN_A_ROW, Cause, RestartBudget


def test_crashes_in_a_row_end_the_run_whatever_crashed() -> None:
    budget = RestartBudget()
    causes = [Cause.PAGE_CRASH, Cause.BROWSER_CRASH, Cause.PAGE_HUNG, Cause.PAGE_CRASH]
    assert [budget.admit(cause) for cause in causes] == [True] * CRASHES_IN_A_ROW + [False]
    assert budget.attempts == 4


def test_progress_in_between_starts_the_row_again_but_not_the_whole() -> None:
    budget = RestartBudget()
    for _ in range(CRASHES):
        assert budget.admit(Cause.PAGE_CRASH)
        budget.progressed()
    assert not budget.admit(Cause.PAGE_CRASH)


def test_a_site_may_navigate_more_often_than_it_may_crash() -> None:
    budget = RestartBudget()
    for _ in range(NAVIGATIONS_IN_A_ROW):
        assert budget.admit(Cause.NAVIGATION)
    assert not budget.admit(Cause.NAVIGATION)
    assert budget.admit(Cause.PAGE_CRASH)
