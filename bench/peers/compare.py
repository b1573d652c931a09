#!/usr/bin/env python3
"""Tables of README.md: the platform's runs (OURS/ALGORITHM-SEED) beside the script's (PEER/ALGORITHM-SEED), mean ± std over seeds.
t: the largest |difference of means| / standard error over the rounds."""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

import fedloge
import replay


def runs(folder, algorithm):
    return [f for f in sorted(folder.glob(f"{algorithm}-*")) if (f / "rounds.jsonl").exists()]


def numbers(folder, rounds):
    lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    out = {}
    for r in rounds:
        line = lines[r - 1]
        for name in ("loss", "gm", "gmClassifier", "gmAuxiliary"):
            if line.get(name) is not None:
                out[name, r] = line[name]
        for name, v in line["pmVariants"].items():
            out["PM " + name, r] = v
    return out


def final_norms(folder, rounds):
    """The script writes them; the platform's come from its last checkpoint and its partition."""
    if (folder / "final.json").exists():
        return json.loads((folder / "final.json").read_text())
    state = replay.safetensors(folder / f"checkpoint-{rounds:06d}.safetensors")
    partition = json.loads((folder / "partition.json").read_text())
    psi = state["head.psi"][:, :-1].norm(dim=1)
    phi = [(v[:, :-1].norm(dim=1), torch.tensor(partition["counts"][int(n.split(".")[1])]) > 0) for n, v in state.items() if n.endswith(".phi")]
    return {"psiSpearman": fedloge.spearman(psi, partition["classCounts"]), "psiRowNorms": psi.tolist(),
            "phiPresent": torch.cat([n[p] for n, p in phi]).mean().item(), "phiAbsent": torch.cat([n[~p] for n, p in phi]).mean().item()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("ours", type=Path)
    arguments.add_argument("peer", type=Path)
    arguments.add_argument("--rounds", type=int, nargs="+", default=[10, 20, 30])
    a = arguments.parse_args()
    spread = lambda v: f"{np.mean(v):.3f} ± {np.std(v, ddof=1):.3f}"  # noqa: E731
    for algorithm in ("fedloge", "fedavg"):
        sides = [runs(a.ours, algorithm), runs(a.peer, algorithm)]
        if not all(sides):
            continue
        values = [[numbers(f, a.rounds) for f in side] for side in sides]
        names = list(dict.fromkeys(n for n, _ in values[0][0]))
        print(f"\n{algorithm}: {len(sides[0])} runs of the platform, {len(sides[1])} of the script\n")
        print("| | " + " | ".join(f"round {r}: ours | PyTorch" for r in a.rounds) + " | t |\n|" + "---|" * (2 * len(a.rounds) + 2))
        for name in names:
            cells, t = [], 0.0
            for r in a.rounds:
                x, y = ([v[name, r] for v in side if (name, r) in v] for side in values)
                error = (np.var(x, ddof=1) / len(x) + np.var(y, ddof=1) / len(y)) ** 0.5
                t = max(t, abs(np.mean(x) - np.mean(y)) / error)
                cells += [spread(x), spread(y)]
            print(f"| {name} | " + " | ".join(cells) + f" | {t:.1f} |")
        if algorithm == "fedloge":
            norms = [[final_norms(f, a.rounds[-1]) for f in side] for side in sides]
            for name in ("psiSpearman", "phiPresent", "phiAbsent"):
                print(f"| {name} | " + " | ".join(spread([n[name] for n in side]) for side in norms) + " |")
            for c in (0, 9):
                print(f"| psi row norm, class {c} | " + " | ".join(spread([n["psiRowNorms"][c] for n in side]) for side in norms) + " |")


if __name__ == "__main__":
    main()
