# SPDX-License-Identifier: MIT
# Times training epochs of PyTorch, Keras and strata on this machine, one after the other and R times round, each round
# beginning with another of them, so that all meet the same noise. Prints one Markdown table: median seconds per epoch (each
# process's first epoch left out), the ratio of the medians to strata's, and the range of that ratio over the rounds: with
# other work on the machine the same command has been 1.3 x itself, so believe no ratio whose range holds 1. `--control`
# adds a second run of the strata command under the name "strata again", whose ratio shows what the noise alone does.
# The strata command prints epoch_time.py's JSON lines; {rows}, {batch_size}, {epochs}, {threads} and {width} are filled in:
#   python bench/peers/run.py --rounds 5 --strata 'build/release/bench/fit_epoch --data DIR --rows {rows} --batch-size {batch_size}
#       --epochs {epochs} --threads {threads} --width {width}'
import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

here = Path(__file__).resolve().parent


def cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def commands(options):
    setting = {key: str(getattr(options, key)) for key in ("rows", "batch_size", "epochs", "threads", "width")}
    arguments = [part for key, value in setting.items() for part in (f"--{key.replace('_', '-')}", value)]
    found = {}
    if options.strata:
        found["strata"] = [word.format(**setting) for word in shlex.split(options.strata)]
        if options.control:
            found["strata again"] = found["strata"]
    for peer in options.peers:
        framework, _, mode = peer.partition(":")
        command = [sys.executable, str(here / "epoch_time.py"), "--framework", framework, "--mode", mode or "eager", *arguments]
        found[peer] = command + (["--data", options.data] if options.data else [])
    return found


def epochs_of(name, command):
    """The JSON lines of one process, its first epoch left out."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or len(lines) < 2:
        sys.exit(f"{name}: exit code {done.returncode}, {len(lines)} epochs; it needs two or more. The command was: {shlex.join(command)}")
    return lines[1:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strata", help="command that prints the same JSON lines")
    parser.add_argument("--control", action="store_true", help="time the strata command against itself as well")
    parser.add_argument("--peers", nargs="*", default=["torch:eager", "torch:compile", "keras:eager"], help="framework:mode ...")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rows", type=int, default=4000, help="before the validation split")
    parser.add_argument("--epochs", type=int, default=3, help="per process, the first one not counted")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--data", help="folder of the binary CIFAR-10 files for the peers; random bytes when it is not given")
    options = parser.parse_args()

    load, rounds, versions = os.getloadavg()[0], [], {}
    if load > 0.5:
        print(f"The load average is {load:.1f}: something else is running, and the figures below are not to be quoted.", file=sys.stderr)
    contestants = list(commands(options).items())
    if not contestants:
        sys.exit("nothing to time; give --strata COMMAND or --peers")
    for turn in range(options.rounds):
        first = turn % len(contestants)
        rounds.append({})
        for name, command in contestants[first:] + contestants[:first]:
            lines = epochs_of(name, command)
            rounds[-1][name] = [line["seconds"] for line in lines]
            versions[name] = lines[0].get("version", "")
            print(f"round {turn + 1}, {name}: " + ", ".join(f"{line['seconds']:.3f} s" for line in lines), file=sys.stderr, flush=True)

    print(f"{cpu_name()}, {options.threads} threads, batch {options.batch_size}, {options.rows} rows with the last 20 % for validation, "
          f"width {options.width:g}, {options.rounds} rounds; "
          f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after\n")
    print("| framework | version | median s per epoch | lowest | highest | ratio to strata | over the rounds |")
    print("|---|---|---|---|---|---|---|")
    all_seconds = {name: [value for found in rounds for value in found[name]] for name, _ in contestants}
    for name, values in all_seconds.items():
        ratio, over = "-", "-"
        if options.strata:
            by_round = [statistics.median(found[name]) / statistics.median(found["strata"]) for found in rounds]
            ratio = f"{statistics.median(values) / statistics.median(all_seconds['strata']):.2f}"
            over = f"{min(by_round):.2f} - {max(by_round):.2f}"
        print(f"| {name} | {versions[name]} | {statistics.median(values):.3f} | {min(values):.3f} | {max(values):.3f} | {ratio} | {over} |")


main()
