"""Sites in any executor: the same answer."""

import json
from concurrent.futures import Executor, ThreadPoolExecutor

from synthetic_sites import synthetic

from schedule.desk.optimising import Answer, Setting, optimise
from schedule.files.planning_problem import parse_problem

PROBLEM = parse_problem(json.dumps(synthetic(12, 3)), file="problem.json")


def answer(jobs: int, executor: Executor | None = None) -> Answer:
    setting = Setting(max_gap=0, is_stopped=bool)
    return optimise(PROBLEM, setting, seconds=None, jobs=jobs, tell=lambda *_: None, executor=executor)


def test_threads_find_what_one_after_the_other_finds_and_stay_open() -> None:
    with ThreadPoolExecutor(2) as threads:
        assert answer(2, threads) == answer(1)
        assert answer(1, threads) == answer(1)
        assert threads.submit(int).result() == 0
