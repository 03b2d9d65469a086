# SPDX-License-Identifier: MIT
# What run.py makes of its measurements: medians, the ratio to strata with its interval, a Markdown table, CSV and a bar chart (SVG).
import csv
import html
import random
import statistics


def ratio_to(ours, theirs):
    """The ratio of the medians, theirs to ours, and its 95 % interval: rounds drawn again with replacement, 2,000 times. A round is one
    measurement of each, taken one after the other; rounds that only one of them has are left out."""
    pairs = list(zip(ours, theirs))
    ratio = statistics.median(t for _, t in pairs) / statistics.median(o for o, _ in pairs)
    draw, found = random.Random(1), []
    for _ in range(2000):
        taken = draw.choices(pairs, k=len(pairs))
        found.append(statistics.median(t for _, t in taken) / statistics.median(o for o, _ in taken))
    found.sort()
    return ratio, found[49], found[1949]


class Part:
    """The measurements of one task at one batch size: {contestant: [JSON lines]}; the lines of a round stand at the same place."""

    def __init__(self, task, batch_size, pictures, measured, reference="strata"):
        self.task, self.batch_size, self.pictures, self.measured = task, batch_size, pictures, measured
        self.reference = measured.get(reference)

    def title(self):
        what = "training epoch" if self.task == "train" else "prediction"
        return f"{what}, batch {self.batch_size}, {self.pictures} pictures"

    def rows(self):
        for name, lines in self.measured.items():
            seconds = [line["seconds"] for line in lines]
            row = {"name": name, "version": lines[0]["version"], "median": statistics.median(seconds), "lowest": min(seconds),
                   "highest": max(seconds), "rounds": len(seconds), "memory": max(line["memory_mb"] for line in lines),
                   "loss": statistics.median(line["loss"] for line in lines) if self.task == "train" else None}  # fmt: skip
            row["ratio"] = ratio_to([line["seconds"] for line in self.reference], seconds) if self.reference else None
            yield row


def markdown(parts):
    columns = "task framework median_s lowest_-_highest pictures/s ratio_to_strata 95_%_interval memory_MB".split()
    lines = ["| " + " | ".join(columns).replace("_", " ") + " |", "|---" * len(columns) + "|"]
    for part in parts:
        for row in part.rows():
            ratio, over = "-", "-"
            if row["ratio"] is not None:
                ratio, over = f"{row['ratio'][0]:.2f}", f"{row['ratio'][1]:.2f} - {row['ratio'][2]:.2f}"
            lines.append(f"| {part.title()} | {row['name']} | {row['median']:.3f} | {row['lowest']:.3f} - {row['highest']:.3f} | "
                         f"{part.pictures / row['median']:.0f} | {ratio} | {over} | {row['memory']:.0f} |")  # fmt: skip
    return "\n".join(lines)


def versions(parts):
    found = {}
    for part in parts:
        for name, lines in part.measured.items():
            found.setdefault(name, lines[0]["version"])
    return "; ".join(f"{name}: {version}" for name, version in found.items())


def write_csv(path, parts):
    columns = ["task", "batch_size", "pictures", "contestant", "version", "round", "seconds", "memory_mb", "loss", "accuracy", "val_loss",
               "val_accuracy"]  # fmt: skip
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        for part in parts:
            for name, lines in part.measured.items():
                for turn, line in enumerate(lines, 1):
                    setting = [part.task, part.batch_size, part.pictures, name, line["version"], turn]
                    out.writerow(setting + [line.get(column, "") for column in columns[6:]])


def svg(parts, title):
    """Bars of the median seconds, a panel for each task and batch size, each with a scale of its own; whiskers from lowest to highest."""
    left, bar, width, gap = 150, 22, 470, 46
    height = 40 + sum(gap + bar * len(part.measured) for part in parts) + 10
    style = ("text{font:13px system-ui,sans-serif;fill:#222}.head{font-weight:600}.note{fill:#666;font-size:12px}"
             ".ours{fill:#1f6f8b}.peer{fill:#b8c4cc}.whisker{stroke:#444;fill:none}"
             "@media(prefers-color-scheme:dark){text{fill:#ddd}.note{fill:#aaa}.peer{fill:#566}.whisker{stroke:#ccc}}")  # fmt: skip
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 190} {height}" role="img">',
           f"<title>{html.escape(title)}</title>", f"<style>{style}</style>",
           f'<text class="head" x="8" y="22">{html.escape(title)}</text>']  # fmt: skip
    y = 40
    for part in parts:
        rows = list(part.rows())
        scale = width / max(row["highest"] for row in rows)
        y += gap - 12
        out.append(f'<text class="head" x="8" y="{y - 6}">{html.escape(part.title())}: seconds, less is better</text>')
        for row in rows:
            kind = "ours" if row["name"].startswith("strata") else "peer"
            middle, low, high = y + bar / 2 - 2, left + scale * row["lowest"], left + scale * row["highest"]
            label = f"{row['median']:.3f} s"
            if row["ratio"] is not None and kind == "peer":
                label += f", {row['ratio'][0]:.2f} x ({row['ratio'][1]:.2f} - {row['ratio'][2]:.2f})"
            out += [f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{html.escape(row["name"])}</text>',
                    f'<rect class="{kind}" x="{left}" y="{y}" width="{scale * row["median"]:.1f}" height="{bar - 5}"/>',
                    f'<path class="whisker" d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"/>',
                    f'<text class="note" x="{high + 8:.1f}" y="{middle + 4}">{label}</text>']  # fmt: skip
            y += bar
        y += 12
    return "\n".join(out + ["</svg>", ""])
