"""Runs three comparisons of the same two files in turn, several times, and prints what each cost as a table.

A process is measured from outside: wall seconds from its start to its end, and from the operating system its
seconds of processor and the most memory it had (never less than this program's own few MB). Of several runs the
least is taken, since a busy machine only adds. The packages write their own readings to standard error.
"""

import argparse
import os
import subprocess
import sys
import time


def run(command, accepted):
    """Wall seconds, processor seconds and peak bytes of a command; one that fails ends the measuring."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in accepted:
        sys.exit(f"measure.py: {command[0]} ended with {code}, expected one of {accepted}")
    return (wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024), output.decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incumbent", required=True, help="the program")
    parser.add_argument("--evidently", required=True, help="a Python that has evidently")
    parser.add_argument("--nannyml", required=True, help="a Python that has nannyml")
    parser.add_argument("--runs", type=int, default=3, help="how often each runs")
    parser.add_argument("reference", help="a Parquet file")
    parser.add_argument("current", help="a Parquet file with the same columns")
    arguments = parser.parse_args()

    files = [arguments.reference, arguments.current]
    peers = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.py")
    # the program says with 1 that something moved
    ours = [arguments.incumbent, "drift", "--reference", files[0], "--current", files[1], "--columns-only", "--json"]
    commands = {
        "incumbent": (ours, (0, 1)),
        "evidently": ([arguments.evidently, peers, "evidently", *files], (0,)),
        "nannyml": ([arguments.nannyml, peers, "nannyml", *files], (0,)),
    }
    costs = {name: [] for name in commands}
    for _ in range(arguments.runs):
        for name, (command, accepted) in commands.items():
            cost, output = run(command, accepted)
            costs[name].append(cost)
            if name != "incumbent":
                print(output.strip(), file=sys.stderr)
    least = {name: [min(values) for values in zip(*runs)] for name, runs in costs.items()}
    base = least["incumbent"]
    print("| | wall, s | processor, s | peak, MB | wall, times incumbent | processor | peak |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, (wall, cpu, peak) in least.items():
        ratios = " | ".join(f"{mine / theirs:.1f}" for mine, theirs in zip((wall, cpu, peak), base))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak / 1e6:.0f} | {ratios} |")


if __name__ == "__main__":
    main()
