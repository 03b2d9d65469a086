#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What strata costs to compile, beside dlib and libtorch: seconds, preprocessed lines, the compiler's peak memory; and the size of a
program that only predicts.

    bench/compile_time/run.py --build build/release --dlib /usr --torch FOLDER/torch

The rounds are interleaved, the figures are medians. A peer whose folder is not given, or holds no headers, is left out with a sentence.
--csv FILE keeps every measurement, and later runs add theirs to it: long measurements can be taken in pieces (--only include,
--only train_dlib), and the table is of all of them.
"""
import argparse
import csv
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent


def say(sentence):
    print(f"compile_time: {sentence}", file=sys.stderr)


def output_of(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Case:
    """One file to compile: an include alone (text), or a program (source)."""

    def __init__(self, name, flags, text=None, source=None, libraries=()):
        self.name, self.flags, self.text, self.source, self.libraries = name, flags, text, source, list(libraries)


def cases_of(arguments, work):
    """The cases that can be measured here."""
    include = f"-I{SOURCE / 'include'}"
    build = pathlib.Path(arguments.build).resolve() if arguments.build else None
    onednn = [f"-isystem{arguments.onednn}/include"] if arguments.onednn else []
    onednn_library = [f"-L{arguments.onednn}/lib", f"-Wl,-rpath,{arguments.onednn}/lib", "-ldnnl"] if arguments.onednn else ["-ldnnl"]
    linked, header_only = [include, "-DSTRATA_LINKED=1"], [include, *onednn, "-fopenmp"]
    cases = [Case("include: nothing", [], text=""),
             Case("include: <vector> <string> <memory>", [], text="#include <vector>\n#include <string>\n#include <memory>\n"),
             Case("include: strata.hpp, linked face", linked, text="#include <strata/strata.hpp>\n"),
             Case("include: strata.hpp, header-only", header_only[:1], text="#include <strata/strata.hpp>\n"),
             Case("include: cpu.hpp, linked face", linked, text="#include <strata/cpu.hpp>\n"),
             Case("include: cpu.hpp, header-only", header_only, text="#include <strata/cpu.hpp>\n"),
             Case("include: cuda.hpp, linked face", linked, text="#include <strata/cuda.hpp>\n")]
    if arguments.cuda and os.path.exists(f"{arguments.cuda}/include/cudnn_graph.h"):
        bytes_folder = work / "bytes/strata/backend/cuda/kernels"
        generated = build and build / "generated"
        if not (generated and (generated / "strata/backend/cuda/kernels/fat_binary.inc").exists()):
            bytes_folder.mkdir(parents=True)
            (bytes_folder / "fat_binary.inc").write_text('""\n#define STRATA_KERNEL_ARCHITECTURES 75\n')
            generated = work / "bytes"
            say("cuda.hpp is compiled without the bytes of its kernels: --build has none")
        cases.append(Case("include: cuda.hpp, header-only", [include, f"-isystem{arguments.cuda}/include", f"-I{generated}"],
                          text="#include <strata/cuda.hpp>\n"))
    else:
        say("cuda.hpp's header-only face is left out: --cuda names no folder with include/cudnn_graph.h")

    if build and (build / "libstrata_cpu.a").exists():
        archives = [str(build / "libstrata_cpu.a"), str(build / "libstrata.a"), *onednn_library, "-fopenmp"]
        cases.append(Case("train_strata, linked face", linked, source="train_strata.cpp", libraries=archives))
        cases.append(Case("predict_strata", linked, source="predict_strata.cpp", libraries=archives))
    else:
        say("strata's programs in the linked face are left out: --build names no folder with libstrata_cpu.a")
    cases.append(Case("train_strata, header-only", header_only, source="train_strata.cpp", libraries=[*onednn_library, "-fopenmp"]))

    if arguments.dlib and os.path.exists(f"{arguments.dlib}/include/dlib/dnn.h"):
        flags = [] if arguments.dlib == "/usr" else [f"-isystem{arguments.dlib}/include"]
        found = sorted(pathlib.Path(arguments.dlib).glob("lib/**/libdlib.a"))
        libraries = [str(found[0]) if found else "-ldlib", *shlex.split(arguments.dlib_libraries)]
        cases += [Case("include: dlib/dnn.h", flags, text="#include <dlib/dnn.h>\n"),
                  Case("train_dlib", flags, source="train_dlib.cpp", libraries=libraries),
                  Case("predict_dlib", flags, source="predict_dlib.cpp", libraries=libraries)]
    else:
        say("dlib is left out: --dlib names no folder with include/dlib/dnn.h (Debian, Ubuntu: libdlib-dev, --dlib /usr)")
    if arguments.torch and os.path.exists(f"{arguments.torch}/include/torch/csrc/api/include/torch/torch.h"):
        flags = [f"-isystem{arguments.torch}/include", f"-isystem{arguments.torch}/include/torch/csrc/api/include"]
        libraries = [f"-L{arguments.torch}/lib", f"-Wl,-rpath,{arguments.torch}/lib", "-Wl,--as-needed", "-ltorch_cpu", "-lc10",
                     "-Wl,--allow-shlib-undefined"]
        cases += [Case("include: torch/torch.h", flags, text="#include <torch/torch.h>\n"),
                  Case("train_torch", flags, source="train_torch.cpp", libraries=libraries),
                  Case("predict_torch", flags, source="predict_torch.cpp", libraries=libraries)]
    else:
        say("libtorch is left out: --torch names no folder with include/torch/csrc/api/include/torch/torch.h")
    return cases


def measure(command):
    """Runs the compiler; (seconds of processor time, peak memory in MiB) of it and its parts."""
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"compile_time: failed: {shlex.join(command)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def lines_of(compiler, flags, path):
    """Lines after preprocessing that are neither empty nor markers."""
    return sum(1 for line in output_of([*compiler, *flags, "-E", str(path)]).splitlines() if line.strip() and not line.startswith("#"))


def megabytes(path):
    return os.path.getsize(path) / 1e6


def shared_libraries(program):
    """Those that ldd finds, without the C and C++ run-time libraries, which every program has."""
    found = re.findall(r"=> (/\S+)", output_of(["ldd", str(program)]))
    every_programs = re.compile(r"/(libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|ld-linux[^/]*)\.so")
    return sorted({os.path.realpath(path) for path in found if not every_programs.search(path)})


def versions(arguments, compiler):
    listed = [output_of([*compiler, "--version"]).splitlines()[0], platform.machine()]
    listed.append("strata " + re.search(r'STRING "(.*)"', (SOURCE / "include/strata/core/config.hpp").read_text()).group(1))
    for name, path, pattern in (("dlib", f"{arguments.dlib}/include/dlib/revision.h", r"_VERSION +(\d+)"),
                                ("libtorch", f"{arguments.torch}/version.py", r"__version__ = '(.*)'")):
        if os.path.exists(path):
            listed.append(name + " " + ".".join(re.findall(pattern, pathlib.Path(path).read_text())[:2]))
    return ", ".join(listed)


def print_table(measurements, sizes):
    """measurements: {case: {"seconds": [...], "memory": [...], "lines": n}}"""
    base = measurements.get("include: <vector> <string> <memory>")
    base_seconds = statistics.median(base["seconds"]) if base else None
    for title, includes in (("an include alone", True), ("a whole program", False)):
        rows = [(name, m) for name, m in measurements.items() if name.startswith("include") == includes]
        if not rows:
            continue
        print(f"\n| {title} | seconds | lowest - highest | of `<vector> <string> <memory>` | lines | peak memory, MiB | runs |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for name, m in rows:
            median = statistics.median(m["seconds"])
            ratio = f"{median / base_seconds:.2f} x" if base_seconds else ""
            print(f"| {name.removeprefix('include: ')} | {median:.2f} | {min(m['seconds']):.2f} - {max(m['seconds']):.2f} | {ratio} | "
                  f"{m['lines']:,} | {statistics.median(m['memory']):.0f} | {len(m['seconds'])} |")
    if sizes:
        print("\n| predicts only, stripped | program, MB | shared libraries that it needs, MB | which |")
        print("| --- | --- | --- | --- |")
        for name, (program, libraries) in sizes.items():
            largest = sorted(libraries, key=megabytes, reverse=True)[:5]
            names = ", ".join(f"{pathlib.Path(path).name} {megabytes(path):.1f}" for path in largest)
            more = f", and {len(libraries) - 5} more" if len(libraries) > 5 else ""
            print(f"| {name} | {program:.2f} | {sum(map(megabytes, libraries)):.1f} | {names}{more} |")


def build_and_run(cases, compiler, flags, work):
    """Links the trainers and the predictors, and runs each once: they are programs, not only text. Sizes of those that predict."""
    sizes = {}
    for case in cases:
        if not case.source:
            continue
        program = work / re.sub(r"\W+", "_", case.name)
        subprocess.run([*compiler, *flags, *case.flags, str(HERE / case.source), "-o", str(program), *case.libraries], check=True)
        weights = work / ("weights_" + case.source.split("_")[1])
        subprocess.run([str(program), str(weights)], check=True, stdout=subprocess.DEVNULL)
        if case.source.startswith("predict"):
            subprocess.run(["strip", str(program)], check=True)
            sizes[case.name] = (megabytes(program), shared_libraries(program))
    return sizes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cxx", default=os.environ.get("CXX", "g++"), help="the compiler (default: %(default)s)")
    parser.add_argument("--flags", default="-std=c++20 -O2", help="its flags, for all alike (default: %(default)s)")
    parser.add_argument("--build", help="a build folder of strata with libstrata.a")
    parser.add_argument("--onednn", help="oneDNN's folder, where it is not the system's")
    parser.add_argument("--cuda", help="the folder of CUDA and cuDNN")
    parser.add_argument("--dlib", help="the folder with include/dlib")
    parser.add_argument("--dlib-libraries", default="-lblas -llapack", help="what libdlib is linked with (default: %(default)s)")
    parser.add_argument("--torch", help="the folder of libtorch, or of Python's package torch")
    parser.add_argument("--rounds", type=int, default=3, help="of the measurements (default: %(default)s); 0: only the table of --csv")
    parser.add_argument("--only", default="", help="cases whose names hold this text, one of several apart by commas")
    parser.add_argument("--csv", help="keep the measurements here, after those that it holds")
    parser.add_argument("--sizes", action="store_true", help="also link every program, run it once, and print the sizes")
    arguments = parser.parse_args()
    compiler, flags = shlex.split(arguments.cxx), shlex.split(arguments.flags)

    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        everything = cases_of(arguments, work)
        cases = [case for case in everything if any(part in case.name for part in arguments.only.split(","))]
        for number, case in enumerate(cases):
            if case.source is None:
                (work / f"include_{number}.cpp").write_text(case.text)
            case.path = HERE / case.source if case.source else work / f"include_{number}.cpp"
        rows = []
        for _ in range(arguments.rounds):
            for case in cases:
                seconds, memory = measure([*compiler, *flags, *case.flags, "-c", str(case.path), "-o", str(work / "object.o")])
                rows.append({"case": case.name, "seconds": f"{seconds:.3f}", "memory": f"{memory:.1f}"})
        if arguments.rounds:
            for case in cases:
                rows.append({"case": case.name, "lines": lines_of(compiler, [*flags, *case.flags], case.path)})
        if arguments.csv:
            kept = pathlib.Path(arguments.csv)
            new = not kept.exists()
            with kept.open("a", newline="") as out:
                writer = csv.DictWriter(out, ["case", "seconds", "memory", "lines"])
                if new:
                    writer.writeheader()
                writer.writerows(rows)
            with kept.open(newline="") as text:
                rows = list(csv.DictReader(text))
        sizes = build_and_run(cases, compiler, flags, work) if arguments.sizes else {}

    measurements = {}
    for case in everything:  # in their order
        own = [row for row in rows if row["case"] == case.name]
        timed = [row for row in own if row.get("seconds")]
        if timed:
            measurements[case.name] = {"seconds": [float(row["seconds"]) for row in timed],
                                       "memory": [float(row["memory"]) for row in timed],
                                       "lines": int([row for row in own if row.get("lines")][-1]["lines"])}
    print(f"{versions(arguments, compiler)}; {arguments.flags}")
    print_table(measurements, sizes)


if __name__ == "__main__":
    main()
