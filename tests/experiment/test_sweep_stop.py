"""A sweep that is told to stop stops all of its workers at once, and says how to go on."""

import os
import signal
import time

import pytest

from sweeping import kill, members, start
from trainings import write_data


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_a_sweep_that_is_told_to_stop(tmp_path, how):
    runs, log = tmp_path / "runs", tmp_path / "log"
    words = ("-m", *write_data(tmp_path), "masking=random,span", "stage=pretrain", "launcher=submitit_local")
    budget = ("pretrain.max_steps=1000000", "pretrain.validate_every=1000000")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & has it ignored
    process = start(*words, *budget, f"paths.runs={runs}", log=log)
    signal.signal(signal.SIGINT, before)
    try:
        while len(list(runs.glob("encoder/*.building/checkpoints/*.ckpt"))) < 2:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        if how == signal.SIGINT:  # as a terminal sends it: to all of them
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        told = time.monotonic()
        process.wait(60)
        while members(process) and time.monotonic() < told + 15:
            time.sleep(0.1)
        assert not members(process)
        printed = log.read_text()
        assert "Traceback" not in printed
        assert process.returncode == 1
        assert "Stopped. The same command goes on from here." in printed
    finally:
        for pid in members(process):
            kill(pid)
        process.kill()
        process.wait()
