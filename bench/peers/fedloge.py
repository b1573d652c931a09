#!/usr/bin/env python3
"""FedLoGe (ICLR 2024, arXiv 2401.08977) and FedAvg in plain PyTorch: an independent yardstick for FedPlatform.Learning.

Written from the equations alone, sharing no code with the platform. It runs the platform's spec on the platform's Digits.

    theta   backbone with BatchNorm, z = theta(x) in R^d          W_S    SSE-C, C x d, frozen, no bias
    psi     global auxiliary head, C x d with bias                 phi_k  head of client k, C x d with bias, never uploaded

SSE-C    P = Q of reduced QR of U[0,1)^{d x C};  M = sqrt(C/(C-1)) P (I - 11'/C);  floor(beta d C) entries set to zero;
         Adam, lr 1e-4, full batch, masked gradients:  L = sum_c (|w_c| - gamma)^2 - mean_c acos(clamp(max_{j!=c} cos(w_c, w_j)))
Stage 1  m = max(floor(frac K), 1) clients a round, fresh SGD (lr, momentum, no decay), E epochs, last short batch kept; a batch:
         CE(W_S z, y) -> theta;   CE(psi(detach z), y) -> psi;   CE(phi_k(detach z), y) -> phi_k
         theta (running statistics too) and psi <- sum_k n_k / n * (theta_k, psi_k) over the selected clients
GLA-FR   generic    psi'_c = psi_c / |psi_c|, no bias;      personal  phi'_kc = psi_c |phi_kc|
         PM "figure" phi'_k z;  "reference" phi_k(z) + phi'_k z + b_psi (the authors' code rescales psi's rows and leaves its bias);
         "before" phi_k(z).  FedAvg has one prediction, "global"
Masks    argmax over all classes (none), those with local training samples (train), those in the local test (test, leaky)
PM       unweighted mean of local top-1 over the clients that have a local test set
"""
import argparse
import copy
import gzip
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2147483647", "MALLOC_TOP_PAD_": "67108864"}
ROOT = Path(__file__).resolve().parents[2]
MEAN, STD = 0.3050, 0.3759


# ---- data -----------------------------------------------------------------------------------------------------------

def load_digits(path=ROOT / "src/FedPlatform.Datasets/Digits/digits.csv.gz"):
    """All 1,797 scans in file order: images [N, 1, 8, 8] normalised, labels [N]."""
    with gzip.open(path, "rt") as f:
        table = np.loadtxt(f, delimiter=",", dtype=np.int64)
    grey = np.floor(table[:, :64] * 255 / 16 + 0.5)
    x = ((grey / 255 - MEAN) / STD).astype(np.float32).reshape(-1, 1, 8, 8)
    return torch.from_numpy(x), torch.from_numpy(table[:, 64].copy())


def make_plan(y, spec, rng, test_per_class=50):
    """Own draw of test split, long tail, Dirichlet partition and local tests; rows of the csv file."""
    classes, k = 10, spec["partition"]["clients"]
    alpha, imbalance = spec["partition"]["alpha"], spec["longTail"]["imbalanceFactor"]
    rows = [rng.permutation(np.flatnonzero(y == c)) for c in range(classes)]
    test, train = [r[:test_per_class] for r in rows], [r[test_per_class:] for r in rows]
    n_max = min(len(r) for r in train)
    counts = [int(n_max * (1 / imbalance) ** (c / (classes - 1))) for c in range(classes)]
    clients = [[] for _ in range(k)]
    held = np.zeros((k, classes), int)
    for c in range(classes):
        owners = rng.choice(k, counts[c], p=rng.dirichlet([alpha] * k))
        for row, owner in zip(train[c][:counts[c]], owners):
            clients[owner].append(int(row))
            held[owner, c] += 1
    images = spec.get("evaluation", {}).get("localTestImages", 10_000)
    local = [[int(r) for c in range(classes) for r in rng.permutation(test[c])[:int(held[i, c]) * images // sum(counts)]]
             for i in range(k)]
    return {"test": [int(r) for t in test for r in t], "clientTrain": clients, "clientTest": local}


# ---- model ----------------------------------------------------------------------------------------------------------

class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.short = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.short(x))


class ResNet8(nn.Module):
    """3x3 stem of 16, one block each of 16, 32, 64 (strides 1, 2, 2), global average pool: d = 64."""

    def __init__(self, channels=1, init="he"):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        for m in self.modules():
            if init == "he" and isinstance(m, nn.Conv2d):                     # N(0, 2/fan_out); else torch's own U(-1/sqrt(fan_in), ...)
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        return self.blocks(F.relu(self.bn(self.conv(x)))).mean((2, 3))


class Head(nn.Module):
    """Linear d -> C with bias, all ~ U(-1/sqrt(d), 1/sqrt(d))."""

    def __init__(self, d, classes):
        super().__init__()
        bound = d ** -0.5
        self.weight = nn.Parameter(torch.empty(classes, d).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(classes).uniform_(-bound, bound))

    def forward(self, z):
        return F.linear(z, self.weight, self.bias)


# ---- SSE-C ----------------------------------------------------------------------------------------------------------

def dense_etf(d, classes, generator=None):
    """[d, C] columns of norm 1 with pairwise cosine -1/(C-1)."""
    p, _ = torch.linalg.qr(torch.rand(d, classes, dtype=torch.float64, generator=generator))
    return (classes / (classes - 1)) ** 0.5 * p @ (torch.eye(classes, dtype=torch.float64) - 1 / classes)


def sparse_mask(d, classes, beta, generator=None):
    """[d, C] with exactly floor(beta d C) zeros, over the whole matrix."""
    mask = torch.ones(d * classes)
    mask[torch.randperm(d * classes, generator=generator)[:int(beta * d * classes)]] = 0
    return mask.view(d, classes)


def etf_loss(m, gamma):
    """The objective for columns m [d, C]."""
    norms = m.norm(dim=0)
    unit = m / norms
    cos = (unit.T @ unit).masked_fill(torch.eye(m.shape[1], dtype=torch.bool), -2)
    return ((norms - gamma) ** 2).sum() - cos.max(1).values.clamp(-0.99999, 0.99999).acos().mean()


def optimise_etf(start, mask, gamma=0.1, steps=10_000, trace=None):
    """Adam on the surviving entries of start [d, C]; returns the classifier [C, d]."""
    m = (start * mask).clone().requires_grad_()
    adam = torch.optim.Adam([m], lr=1e-4)
    for step in range(steps):
        adam.zero_grad()
        loss = etf_loss(m, gamma)
        loss.backward()
        m.grad *= mask
        adam.step()
        if trace is not None:
            trace.append(loss.item())
    return m.detach().T.contiguous()


def sse_c(d, classes, beta=0.6, gamma=0.1, seed=0, steps=10_000, cache=Path("/tmp")):
    """A pure function of its arguments, kept in a file."""
    path = cache / f"sse-c-{d}-{classes}-{beta}-{gamma}-{seed}-{steps}.pt"
    if not path.exists():
        g = torch.Generator().manual_seed(seed)
        torch.save(optimise_etf(dense_etf(d, classes, g).float(), sparse_mask(d, classes, beta, g), gamma, steps), path)
    return torch.load(path)


# ---- stage 1 --------------------------------------------------------------------------------------------------------

def train_client(theta, heads, fixed, x, y, batches, lr, momentum, decay=0.0):
    """One client's local pass, in place.

    heads: FedLoGe [psi, phi_k] on detached features with `fixed` = W_S [C, d] training theta; FedAvg [head] with `fixed` None, trained
    with theta. batches: index tensors into x, y, in order. Returns (sum over samples of theta's loss, samples, losses a step).
    """
    theta.train()
    optimisers = [torch.optim.SGD(m.parameters(), lr=lr, momentum=momentum, weight_decay=decay) for m in [theta, *heads]]
    total, seen, steps = 0.0, 0, []
    for batch in batches:
        for o in optimisers:
            o.zero_grad()
        z = theta(x[batch])
        if fixed is None:
            losses = [F.cross_entropy(heads[0](z), y[batch])]
        else:
            losses = [F.cross_entropy(z @ fixed.T, y[batch])] + [F.cross_entropy(h(z.detach()), y[batch]) for h in heads]
        for loss in losses:
            loss.backward()
        for o in optimisers:
            o.step()
        steps.append([loss.item() for loss in losses])
        total += steps[-1][0] * len(batch)
        seen += len(batch)
    return total, seen, steps


def weighted_mean(states, sizes):
    """sum_k n_k / n * state_k of every floating-point entry (num_batches_tracked is not averaged)."""
    n = sum(sizes)
    return {key: sum((size / n) * s[key] for s, size in zip(states, sizes)) if value.is_floating_point() else value
            for key, value in states[0].items()}


# ---- GLA-FR and measures --------------------------------------------------------------------------------------------

def generic_unit(psi):
    return psi / psi.norm(dim=1, keepdim=True)


def generic_reference(psi):
    return 1.7 * generic_unit(psi)


def personal(psi, phi):
    return psi * phi.norm(dim=1, keepdim=True)


def personal_logits(z, psi, psi_bias, phi, phi_bias):
    """The three personalised predictions."""
    realigned, own = z @ personal(psi, phi).T, z @ phi.T + phi_bias
    return {"figure": realigned, "reference": own + realigned + psi_bias, "before": own}


def masks(train_counts, test_counts):
    return {"none": torch.ones(len(train_counts), dtype=torch.bool), "train": train_counts > 0, "test": test_counts > 0}


def masked_top1(logits, allowed, y):
    return (logits.masked_fill(~allowed, -torch.inf).argmax(1) == y).double().mean().item()


def per_class(predicted, y, classes):
    return [(predicted[y == c] == c).double().mean().item() for c in range(classes)]


def groups_by_counts(counts):
    return ["head" if n > 100 else "medium" if n >= 20 else "tail" for n in counts]


def groups_by_cumulative(counts):
    total, before, groups = sum(counts), 0, [""] * len(counts)
    for c in sorted(range(len(counts)), key=lambda c: -counts[c]):
        groups[c] = "head" if before < 0.75 * total else "medium" if before < 0.95 * total else "tail"
        before += counts[c]
    return groups


def group_accuracy(accuracies, groups):
    of = {g: [a for a, name in zip(accuracies, groups) if name == g] for g in ("head", "medium", "tail")}
    return {g: sum(a) / len(a) if a else None for g, a in of.items()}


def spearman(a, b):
    rank = lambda v: np.argsort(np.argsort(np.asarray(v)))  # noqa: E731 (no ties in what is ranked here)
    return float(np.corrcoef(rank(a), rank(b))[0, 1])


# ---- a run ----------------------------------------------------------------------------------------------------------

class Run:
    def __init__(self, spec, plan, seed, init="he"):
        torch.manual_seed(seed)
        self.rng = np.random.default_rng([seed, 77])
        self.spec, self.options = spec, spec["algorithm"]
        self.loge, self.classes, self.k = self.options["name"] == "fedloge", 10, spec["partition"]["clients"]
        self.x, self.y = load_digits()
        rows = lambda r: torch.tensor(r, dtype=torch.long)  # noqa: E731
        self.test, self.train, self.local = rows(plan["test"]), [rows(r) for r in plan["clientTrain"]], [rows(r) for r in plan["clientTest"]]
        self.counts = [torch.bincount(self.y[r], minlength=self.classes) for r in self.train]
        self.class_counts = sum(self.counts)
        self.theta = ResNet8(init=init)
        self.head = Head(64, self.classes)                                    # psi, or FedAvg's classifier
        self.phi = [Head(64, self.classes) for _ in range(self.k)] if self.loge else []
        self.fixed = sse_c(64, self.classes, seed=self.options.get("classifierSeed", 0)) if self.loge else None
        self.steps = 0

    def round(self):
        o, started, steps = self.options, time.perf_counter(), 0
        m = max(int(self.spec["participation"] * self.k), 1)
        selected = sorted(int(k) for k in self.rng.choice(self.k, m, replace=False) if len(self.train[k]))
        states, total, seen = [], 0.0, 0
        for k in selected:
            theta, head = copy.deepcopy(self.theta), copy.deepcopy(self.head)
            n = len(self.train[k])
            batches = [self.train[k][torch.from_numpy(p)] for _ in range(o["localEpochs"])
                       for p in np.split(self.rng.permutation(n), range(o["batchSize"], n, o["batchSize"]))]
            t, s, _ = train_client(theta, [head, *([self.phi[k]] if self.loge else [])], self.fixed, self.x, self.y, batches,
                                   o["learningRate"], o["momentum"], o.get("weightDecay", 0.0))
            total, seen, steps = total + t, seen + s, steps + len(batches)
            states.append((theta.state_dict(), head.state_dict(), n))
        if states:
            sizes = [n for _, _, n in states]
            self.theta.load_state_dict(weighted_mean([t for t, _, _ in states], sizes))
            self.head.load_state_dict(weighted_mean([h for _, h, _ in states], sizes))
        return {"loss": total / seen if seen else None, "steps": steps, "selected": selected, "trainSeconds": time.perf_counter() - started}

    @torch.no_grad()
    def evaluate(self):
        self.theta.eval()
        z, y = self.theta(self.x[self.test]), self.y[self.test]               # one pass serves every head
        place = {int(row): i for i, row in enumerate(self.test)}
        top1 = lambda logits: (logits.argmax(1) == y).double().mean().item()  # noqa: E731
        psi = self.head.weight
        generic = z @ generic_unit(psi).T if self.loge else self.head(z)
        report = {"gm": top1(generic), "gmClassifier": top1(z @ self.fixed.T) if self.loge else top1(generic)}
        if self.loge:
            report["gmAuxiliary"], report["gmReference"] = top1(self.head(z)), top1(z @ generic_reference(psi).T + self.head.bias)
        report["perClass"] = per_class(generic.argmax(1), y, self.classes)
        rules = {"counts": groups_by_counts, "cumulative": groups_by_cumulative}
        report["groupsByRule"] = {n: group_accuracy(report["perClass"], rule(self.class_counts.tolist())) for n, rule in rules.items()}
        accuracies = {}
        for k in range(self.k):
            if not len(self.local[k]):
                continue
            at = torch.tensor([place[int(r)] for r in self.local[k]])
            zk, yk = z[at], y[at]
            logits = personal_logits(zk, psi, self.head.bias, self.phi[k].weight, self.phi[k].bias) if self.loge else {"global": self.head(zk)}
            allowed = masks(self.counts[k], torch.bincount(yk, minlength=self.classes))
            for v in logits:
                for m in allowed:
                    accuracies.setdefault(f"{v}/{m}", []).append(masked_top1(logits[v], allowed[m], yk))
        report["pmVariants"] = {name: float(np.mean(a)) for name, a in accuracies.items()}
        report["pm"] = report["pmVariants"]["figure/train" if self.loge else "global/train"]
        return report

    def norms(self):
        """Row norms that FedLoGe's argument rests on."""
        psi = self.head.weight.detach().norm(dim=1)
        phi = [(h.weight.detach().norm(dim=1), c > 0) for h, c in zip(self.phi, self.counts)]
        return {"psiRowNorms": psi.tolist(), "psiSpearman": spearman(psi, self.class_counts),
                "phiPresent": torch.cat([n[p] for n, p in phi]).mean().item() if phi else None,
                "phiAbsent": torch.cat([n[~p] for n, p in phi]).mean().item() if phi else None}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="See README.md beside this file.")
    arguments.add_argument("--spec", type=Path, default=ROOT / "docs/examples/fedloge-digits.json")
    arguments.add_argument("--plan", type=Path, help="rows of digits.csv: {test, clientTrain, clientTest}; own draw when left out")
    arguments.add_argument("--seed", type=int, default=1, help="weights, client sampling and batches (and the own draw)")
    arguments.add_argument("--algorithm", choices=["fedloge", "fedavg"], help="instead of the spec's")
    arguments.add_argument("--classifier-of", type=Path, help="checkpoint of the platform whose W_S is used")
    arguments.add_argument("--init", choices=["he", "torch"], default="he", help="of the convolutions")
    arguments.add_argument("--rounds", type=int, help="instead of the spec's")
    arguments.add_argument("--out", type=Path, required=True, help="folder for rounds.jsonl and final.json")
    a = arguments.parse_args()
    torch.set_num_threads(1)
    spec = json.loads(a.spec.read_text())
    if a.algorithm:
        spec["algorithm"]["name"] = a.algorithm
    plan = json.loads(a.plan.read_text()) if a.plan else make_plan(load_digits()[1].numpy(), spec, np.random.default_rng(a.seed))
    run = Run(spec, plan, a.seed, a.init)
    if a.classifier_of:
        import replay
        run.fixed = replay.safetensors(a.classifier_of)["head.etf"][:, :-1].contiguous()
    a.out.mkdir(parents=True, exist_ok=True)
    steps = seconds = 0
    with open(a.out / "rounds.jsonl", "w") as lines:
        for number in range(1, (a.rounds or spec["rounds"]) + 1):
            report = {"round": number, **run.round(), **run.evaluate()}
            steps, seconds = steps + report["steps"], seconds + report["trainSeconds"]
            lines.write(json.dumps(report) + "\n")
    final = {"steps": steps, "stepsPerSecond": steps / seconds, **run.norms()}
    (a.out / "final.json").write_text(json.dumps(final))
    print(f"{a.out}: gm {report['gm']:.3f} pm {report['pm']:.3f} loss {report['loss']:.3f}, {final['stepsPerSecond']:.0f} steps/s")


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in MALLOC.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **MALLOC})  # read by glibc at start only
    main()
