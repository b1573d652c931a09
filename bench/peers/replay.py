#!/usr/bin/env python3
"""Replays a run of the platform round by round in plain PyTorch, from its own checkpoints, and compares everything that is deterministic.

From checkpoint r: the same clients, the same batches in the same order, the equations of fedloge.py. What comes out is compared with
checkpoint r+1 (every tensor, relative to the tensor's largest entry, and relative to how far the round moved it) and with line r+1
of rounds.jsonl (loss, client losses, GM, groups, PM of every variant and mask). Needs --keepCheckpoints >= rounds in the run's spec and the
plan and orders written by export/.
"""
import argparse
import copy
import json
import struct
from pathlib import Path

import numpy as np
import torch

import fedloge


def safetensors(path):
    raw = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + length])
    out = {}
    for name, entry in header.items():
        if name != "__metadata__":
            a, b = entry["data_offsets"]
            out[name] = torch.from_numpy(np.frombuffer(raw[8 + length + a:8 + length + b], "<f4").reshape(entry["shape"]).copy()).to(torch.get_default_dtype())
    return out


def names(model):
    """(our tensor, the platform's name) of the ResNet-8."""
    pairs = [("conv", "stem.conv"), ("bn", "stem.norm")]
    for b, stage in enumerate(("stage1.0", "stage2.0", "stage3.0")):
        pairs += [(f"blocks.{b}.{mine}", f"{stage}.{theirs}") for mine, theirs in
                  (("conv1", "conv1"), ("bn1", "norm1"), ("conv2", "conv2"), ("bn2", "norm2"), ("short.0", "shortcut.conv"), ("short.1", "shortcut.norm"))]
    theirs = dict(pairs)
    return {k: f"backbone.{theirs[k.rpartition('.')[0]]}.{k.rpartition('.')[2]}" for k in model.state_dict() if not k.endswith("num_batches_tracked")}


def head_of(matrix):
    head = fedloge.Head(matrix.shape[1] - 1, matrix.shape[0])
    with torch.no_grad():
        head.weight.copy_(matrix[:, :-1])
        head.bias.copy_(matrix[:, -1])
    return head


def matrix_of(head):
    return torch.cat([head.weight, head.bias[:, None]], 1).detach()


class Worst(dict):
    def see(self, name, value):
        self[name] = max(self.get(name, 0.0), float(value))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--run", type=Path, required=True, help="folder of the platform's run")
    arguments.add_argument("--plan", type=Path, required=True)
    arguments.add_argument("--orders", type=Path, required=True)
    arguments.add_argument("--double", action="store_true", help="compute here in float64: how much of a difference is rounding")
    a = arguments.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64 if a.double else torch.float32)
    spec, plan = json.loads((a.run / "spec.json").read_text()), json.loads(a.plan.read_text())
    orders = {(o["round"], o["client"], o["epoch"]): o["rows"] for o in json.loads(a.orders.read_text())}
    lines = [json.loads(line) for line in (a.run / "rounds.jsonl").read_text().splitlines()]
    o, run = spec["algorithm"], fedloge.Run(spec, plan, 1)
    run.x = run.x.to(torch.get_default_dtype())
    shared, mapping, worst = ("head.psi" if run.loge else "head.classifier"), names(run.theta), Worst()
    accuracies, updates = 0, []

    for line in lines[1:]:
        r = line["round"]
        before, after = (safetensors(a.run / f"checkpoint-{i:06d}.safetensors") for i in (r - 1, r))
        run.theta.load_state_dict({**run.theta.state_dict(), **{m: before[t] for m, t in mapping.items()}})
        run.head = head_of(before[shared])
        if run.loge:
            run.fixed = before["head.etf"][:, :-1].contiguous()
            assert not before["head.etf"][:, -1].any() and torch.equal(before["head.etf"], after["head.etf"])
            # A client that has not trained yet is in no checkpoint; before its first round its head is not known here.
            known = {k for k in range(run.k) if f"client.{k:06d}.phi" in before}
            run.phi = [head_of(before.get(f"client.{k:06d}.phi", after.get(f"client.{k:06d}.phi", before[shared]))) for k in range(run.k)]
        states, total, seen = [], 0.0, 0
        for client in line["clients"]:
            k = client["id"]
            if not client["selected"] or not client["samples"]:
                continue
            theta, head = copy.deepcopy(run.theta), copy.deepcopy(run.head)
            epochs = [torch.tensor(orders[r, k, e]) for e in range(o["localEpochs"])]
            batches = [b for e in epochs for b in e.split(o["batchSize"])]
            t, s, _ = fedloge.train_client(theta, [head, *([run.phi[k]] if run.loge else [])], run.fixed, run.x, run.y, batches,
                                           o["learningRate"], o["momentum"], o.get("weightDecay", 0.0))
            worst.see("client loss", abs(t / s - client["loss"]) / client["loss"])
            total, seen = total + t, seen + s
            states.append((theta.state_dict(), head.state_dict(), len(run.train[k])))
            if run.loge and k in known:
                mine, theirs = matrix_of(run.phi[k]), after[f"client.{k:06d}.phi"]
                worst.see("phi_k, tensor", (mine - theirs).abs().max() / theirs.abs().max())
                worst.see("phi_k, update", (mine - theirs).norm() / (theirs - before[f"client.{k:06d}.phi"]).norm())
            elif run.loge:
                run.phi[k] = head_of(after[f"client.{k:06d}.phi"])
        for k in range(run.k if run.loge else 0):
            if k in known and not line["clients"][k]["selected"]:
                assert torch.equal(before[f"client.{k:06d}.phi"], after[f"client.{k:06d}.phi"])
        sizes = [n for _, _, n in states]
        run.theta.load_state_dict(fedloge.weighted_mean([t for t, _, _ in states], sizes))
        run.head.load_state_dict(fedloge.weighted_mean([h for _, h, _ in states], sizes))
        worst.see("loss", abs(total / seen - line["loss"]) / line["loss"])
        mine = {**{t: run.theta.state_dict()[m] for m, t in mapping.items()}, shared: matrix_of(run.head)}
        moved = off = 0.0
        for name, value in mine.items():
            kind = "running statistics" if "running" in name else "psi" if name == "head.psi" else "theta"
            worst.see(f"{kind}, tensor", (value - after[name]).abs().max() / after[name].abs().max())
            if kind == "theta":
                moved, off = moved + (after[name] - before[name]).norm() ** 2, off + (value - after[name]).norm() ** 2
        worst.see("theta, update", (off / moved) ** 0.5)
        updates.append(float((off / moved) ** 0.5))
        if run.loge:
            worst.see("psi, update", (mine[shared] - after[shared]).norm() / (after[shared] - before[shared]).norm())

        # Measures from the platform's own state after the round: every number should be the same to the last picture.
        run.theta.load_state_dict({**run.theta.state_dict(), **{m: after[t] for m, t in mapping.items()}})
        run.head = head_of(after[shared])
        if run.loge:
            run.phi = [head_of(after[f"client.{k:06d}.phi"]) if f"client.{k:06d}.phi" in after else run.phi[k] for k in range(run.k)]
        report = run.evaluate()
        pairs = [(n, report[n], line[n]) for n in ("gm", "gmClassifier", "gmAuxiliary") if n in report]
        pairs += [(f"class {c}", v, line["perClass"][c]) for c, v in enumerate(report["perClass"])]
        pairs += [(f"{rule} {g}", v, line["groupsByRule"][rule][g]) for rule, gs in report["groupsByRule"].items() for g, v in gs.items() if v is not None]
        all_known = not run.loge or len([k for k in range(run.k) if f"client.{k:06d}.phi" in after]) == sum(len(t) > 0 for t in run.local)
        if all_known:
            pairs += [(n, v, line["pmVariants"][n]) for n, v in report["pmVariants"].items()]
        for name, mine_value, theirs in pairs:
            worst.see("accuracies", abs(mine_value - theirs))
            accuracies += 1
            if abs(mine_value - theirs) > 1e-9:
                print(f"round {r} {name}: {mine_value} here, {theirs} there")
    print(json.dumps({"rounds": len(lines) - 1, "accuracies compared": accuracies, "median theta, update": float(f"{np.median(updates):.2g}"), "worst": {k: float(f"{v:.2g}") for k, v in worst.items()}}, indent=1))


if __name__ == "__main__":
    main()
