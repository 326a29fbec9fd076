#!/usr/bin/env python3
"""Run tests of build folders and count their cases.

    tools/run-tests.py FOLDER[:NAME,NAME...]...

Programs print TAP (cmocka does under CMOCKA_MESSAGE_OUTPUT=TAP); meson judges a program by its exit
status. A program that fails without saying which case (a crash, a sanitiser's report, a leak at
the end, a timeout) counts as one failure more. The last line is `N passed, M failed, K skipped`.
"""
import json
import os
import re
import subprocess
import sys
import time

PASS = re.compile(r"^ok \d")
FAIL = re.compile(r"^not ok \d")
SKIP = re.compile(r"^(?:not )?ok\b.*# *SKIP", re.I)


def count_cases(test):
    passed = failed = skipped = 0
    for line in test.get("stdout", "").splitlines():
        if SKIP.match(line):
            skipped += 1
        elif PASS.match(line):
            passed += 1
        elif FAIL.match(line):
            failed += 1
    result = test["result"]
    if result == "SKIP" and not passed + skipped:
        skipped = 1
    elif result == "OK" and not passed + skipped:
        passed = 1
    elif result not in ("OK", "SKIP", "EXPECTEDFAIL") and not failed:
        failed = 1
    return passed, failed, skipped


def report_failure(test):
    print(f"\n--- {test['name']}: {test['result'].lower()} (exit status {test['returncode']})")
    lines = test.get("stdout", "").splitlines() + test.get("stderr", "").splitlines()
    lines = [line for line in lines if not line.startswith("ok ")]
    if len(lines) > 80:
        lines = lines[:60] + [f"... {len(lines) - 80} lines more in the log ..."] + lines[-20:]
    print("\n".join(lines))


def run(folder, names, env):
    """Run a folder's tests, all or those named; return meson's status and the tests' records."""
    log = os.path.join(folder, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.remove(log)
    command = ["meson", "test", "-C", folder, "--no-rebuild"]
    status = subprocess.run(command + names, env=env).returncode
    if not os.path.exists(log):
        sys.exit(f"{folder}: no test ran; meson's message is above")
    with open(log, encoding="utf-8", errors="replace") as lines:
        return status, [json.loads(line) for line in lines]


def main():
    processors = len(os.sched_getaffinity(0))
    # Kernels use two threads each; more programs at once would only wait for one another.
    env = dict(os.environ, MESON_TESTTHREADS=str(max(1, processors // 2)))
    env.setdefault("OMP_NUM_THREADS", "2")
    status, programs, totals = 0, 0, [0, 0, 0]
    started = time.monotonic()
    for argument in sys.argv[1:]:
        folder, _, names = argument.partition(":")
        failed, tests = run(folder, names.split(",") if names else [], env)
        status |= failed
        programs += len(tests)
        for test in tests:
            counts = count_cases(test)
            totals = [a + b for a, b in zip(totals, counts)]
            if counts[1]:
                report_failure(test)
    print(f"\n{programs} test programs, {time.monotonic() - started:.0f} s")
    count = "{} passed, {} failed, {} skipped".format(*totals)
    with open(os.path.join(sys.argv[1].partition(":")[0], "meson-logs", "count.txt"), "w", encoding="utf-8") as out:
        print(count, file=out)
    print(count, flush=True)
    sys.exit(1 if totals[1] or status else 0)


main()
