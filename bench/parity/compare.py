# SPDX-License-Identifier: MIT
# Prints a Markdown table of two files of runs, setting by setting: means over the seeds, standard errors, and the
# difference of the means in standard errors of the difference. Exit code 1 when a test accuracy is more than two away.
#   python bench/parity/compare.py [keras.csv strata.csv]
import statistics
import sys
from pathlib import Path

import results

here = Path(__file__).resolve().parent


def mean_and_error(values):
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return statistics.mean(values), error


def by_setting(path):
    groups = {}
    for row in results.read(path):
        setting = tuple(float(row[key]) for key in results.SETTING if key != "framework")
        groups.setdefault(setting, []).append(row)
    return groups


def main():
    paths = sys.argv[1:] or [here / "keras.csv", here / "strata.csv"]
    if len(paths) != 2:
        sys.exit("usage: compare.py [FIRST.csv SECOND.csv]")
    first, second = map(by_setting, paths)
    print("| width | rows | epochs | batch | framework | seeds | validation accuracy | test accuracy | difference | in standard errors |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    far = False
    for setting in sorted({*first, *second}):
        tested = []
        for group in (first.get(setting, []), second.get(setting, [])):
            if not group:
                continue
            validation, test = (mean_and_error([float(row[key]) for row in group]) for key in ("final_val_accuracy", "test_accuracy"))
            tested.append(test)
            name = f"{group[0]['framework']} {group[0]['version']}".strip()
            cells = [f"{setting[0]:g}", *(f"{value:.0f}" for value in setting[1:]), name, str(len(group))]
            cells += [f"{mean:.4f} ± {error:.4f}" for mean, error in (validation, test)]
            if len(tested) == 2:
                (mean_a, error_a), (mean_b, error_b) = tested
                errors = (error_a**2 + error_b**2) ** 0.5
                distance = (mean_b - mean_a) / errors if errors > 0 else float("nan")
                far = far or abs(distance) > 2
                cells += [f"{mean_b - mean_a:+.4f}", f"{distance:+.2f}"]
            print("| " + " | ".join(cells + [""] * (10 - len(cells))) + " |")
    sys.exit(1 if far else 0)


main()
