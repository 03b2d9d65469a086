# SPDX-License-Identifier: MIT
# strata beside PyTorch, Keras and dlib on this machine: the same network, batch, optimizer, rows and initial weights; whole training
# epochs and predictions. One command, one table; also CSV and SVG:
#   python bench/peers/run.py --build build/release --batch-sizes 128 32 --rounds 5 --csv speed.csv --svg speed.svg [--data DIR]
# First each peer trains three steps of the smallest batch from the stored weights without dropout, rows in order: unless the losses of
# the first agree to 1e-4 nothing is timed. Then all of them are started, warm up by one round that is not counted (it compiles), and take
# turns: a round is one epoch of each, and each begins with another, so that all meet the same noise. While one works, the others wait.
# --control adds strata a second time, as "strata again": its ratio is what the noise alone does.
import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import table
import work

here = Path(__file__).resolve().parent
slow_rounds = 2


def cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def contestants(options):
    """{name: command without the task}: those that are here. What is missing is left out with a sentence."""
    build, found = Path(options.build) / "bench", {}
    ours = shlex.split(options.strata) if options.strata else [str(build / "fit_epoch")]
    found["strata"] = ours + (["--tuning", options.tuning] if options.tuning else [])
    if options.control:
        found["strata again"] = found["strata"]
    for peer in options.peers:
        framework, _, mode = peer.partition(":")
        if framework == "dlib":
            command = [str(build / "dlib_peer")]
        else:
            command = [sys.executable, str(here / "python_peer.py"), "--framework", framework, "--mode", mode or "eager"]
        found[peer] = command
    for name, command in list(found.items()):
        if not Path(command[0]).is_file():
            why = "" if not name.startswith("dlib") else " (it needs libdlib-dev, and a build of the target bench_dlib_peer)"
            if name.startswith("strata"):
                sys.exit(f"{command[0]}: there is no such program; build strata with benchmarks, and give --build or --strata")
            print(f"{name} is left out: there is no {command[0]}{why}", file=sys.stderr)
            del found[name]
    return found


class Peer:
    """One process, which prints a line for each round and waits for one before the next."""

    def __init__(self, name, command, options, task, batch_size, file):
        self.name = name
        self.command = [*command, "--task", task, "--batch-size", str(batch_size), "--work", str(file), "--threads", str(options.threads),
                        "--width", str(options.width), "--paced", "yes"]  # fmt: skip
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(options.threads), "OMP_NUM_THREADS": str(options.threads)}
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def line(self):
        for text in self.process.stdout:
            if text.startswith("{"):
                return json.loads(text)
        sys.exit(f"{self.name}: exit code {self.process.wait()} without a result. The command was: {shlex.join(self.command)}")

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.line()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait()


def check_losses(options, commands, batch_size, file):
    """The losses of three steps from the same weights: the first may differ by 1e-4 of its value, the later ones, where Adam has
    divided rounding errors by themselves, by 2e-2."""
    losses = {}
    for name, command in commands.items():
        if name == "strata again":
            continue
        peer = Peer(name, command, options, "check", batch_size, file)
        losses[name] = peer.line()["losses"]
        peer.end()
        print(f"batch {batch_size}, {name}: losses " + ", ".join(f"{loss:.6f}" for loss in losses[name]), file=sys.stderr, flush=True)
    reference = losses["strata"]
    for name, found in losses.items():
        if len(found) != len(reference):
            sys.exit(f"{name}: {len(found)} losses, and strata has {len(reference)}")
        for step, (loss, expected) in enumerate(zip(found, reference)):
            limit = 1e-4 if step == 0 else 2e-2
            if not abs(loss - expected) <= limit * abs(expected):
                sys.exit(f"{name}: the loss of step {step + 1} is {loss:.6f}, and strata's {expected:.6f}: not the same work, and nothing "
                         "is timed")  # fmt: skip
    return {name: found[0] for name, found in losses.items()}


def measure(options, commands, task, batch_size, file, pictures):
    peers, measured = [], {}
    for name, command in commands.items():
        peers.append(Peer(name, command, options, task, batch_size, file))
        peers[-1].line()  # it warms up, and may have compiled
        measured[name] = []
    for turn in range(options.rounds):
        first = turn % len(peers)
        for peer in peers[first:] + peers[:first]:
            if turn >= slow_rounds and min(line["seconds"] for line in measured[peer.name]) > options.slow_seconds:
                continue
            measured[peer.name].append(peer.round())
            print(f"{task}, batch {batch_size}, round {turn + 1}, {peer.name}: {measured[peer.name][-1]['seconds']:.3f} s", file=sys.stderr,
                  flush=True)  # fmt: skip
    for peer in peers:
        peer.end()
    return table.Part(task, batch_size, pictures, measured)


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=str(here.parent.parent / "build" / "release"), help="where strata was built")
    parser.add_argument("--strata", help="another command in the place of BUILD/bench/fit_epoch")
    parser.add_argument("--tuning", help="a tuning file for strata")
    parser.add_argument("--peers", nargs="*", default=["torch:eager", "torch:compile", "keras:eager", "dlib"], help="framework:mode ...")
    parser.add_argument("--control", action="store_true", help="strata a second time, beside itself")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow-seconds", type=float, default=25, help=f"who is slower takes part in {slow_rounds} rounds only")
    parser.add_argument("--batch-sizes", type=int, nargs="*", default=[128, 32], help="of training; none: no training")
    parser.add_argument("--predict", type=int, nargs="*", default=[1, 256], help="batch sizes of prediction; none: no prediction")
    parser.add_argument("--rows", type=int, default=640, help="of training, the last 20 %% of them for validation")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--data", help="folder of the binary CIFAR-10 files; random bytes when it is not given")
    parser.add_argument("--csv", help="every measurement, to this file")
    parser.add_argument("--svg", help="a bar chart, to this file")
    return parser.parse_args()


def keep(options, parts):
    """What was measured so far: a command that is cut off leaves it."""
    if options.csv:
        table.write_csv(options.csv, parts)
    if options.svg:
        Path(options.svg).write_text(table.svg(parts, f"AlexNet on CIFAR-10, {cpu_name()}, {options.threads} threads"))


def main():
    options = parse_options()
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"The load average is {load:.1f}: something else is running, and the figures below are not to be quoted.", file=sys.stderr)
    commands, parts, first_losses = contestants(options), [], {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "work.safetensors"
        if options.batch_sizes:
            smallest = min(options.batch_sizes)
            work.write(file, 3 * smallest, options.width, data=options.data)
            first_losses = check_losses(options, commands, smallest, file)
        for batch_size in options.batch_sizes:
            work.write(file, options.rows, options.width, data=options.data)
            parts.append(measure(options, commands, "train", batch_size, file, options.rows))
            keep(options, parts)
        for batch_size in options.predict:
            pictures = max(200, 2 * batch_size)
            work.write(file, pictures, options.width, data=options.data)
            parts.append(measure(options, commands, "predict", batch_size, file, pictures))
            keep(options, parts)

    print(f"{cpu_name()}, {options.threads} threads, width {options.width:g}, {options.rounds} rounds; "
          f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after. {table.versions(parts)}.\n")  # fmt: skip
    print(table.markdown(parts))
    if first_losses:
        print(f"\nLosses of the first step from the same weights, batch {smallest}, without dropout: "
              + ", ".join(f"{name} {loss:.6f}" for name, loss in first_losses.items()) + ".")  # fmt: skip
    planned = [f"batch {part.batch_size}: {part.measured['strata'][0]['planned_mb']:.0f} MB" for part in parts if part.task == "train"]
    if planned:
        print("\nMemory is the most that was resident after the first round, above what was when imports and data were there. "
              f"strata plans {', '.join(planned)}, without oneDNN's scratchpad.")  # fmt: skip


main()
